"""Speed of syncing: a folder, made-up pages, a git history, and beside the embedder alone.

    python -m benchmarks.sync [--folder DOCS] [--pages 100000 [--keep FOLDER]] [--history REPOSITORY --below content --commits 300]
                              [--model FOLDER --file model_int8.onnx]

Everything goes through the embedded store. Prints a Markdown table.
"""

import argparse
import asyncio
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

from bot.backends.fastembed.embedder import open_embedder
from bot.backends.sqlite import SqliteStore
from bot.config.models import LocalEmbedderSettings
from bot.config.sources import SourceSettings
from bot.model import SyncReport
from bot.ports import BackendError, SearchQuery, Store
from indexer.reading.chunker import embedded_text
from indexer.reading.page_builder import Page, build, raw_page
from indexer.sources import open_source
from indexer.sources.base import Entry, Fetched, Source, Surroundings
from indexer.sync.source_sync import SyncOptions
from indexer.sync.sync_all import sync_all

WORDS = [f"word{n}" for n in range(3000)]
# Made once: what a page costs to make up isn't the indexer's.
PARAGRAPHS = [" ".join(random.Random(n).choices(WORDS, k=60)) for n in range(5000)]  # noqa: S311
EVERYONE = frozenset({"everyone"})
SMALL_UPDATES = 20


class MadeUp(Source):
    """Pages of 600 words, each made when it is asked for."""

    def __init__(self, pages: int, data: Path) -> None:
        settings = SourceSettings.model_validate({"name": "made-up", "type": "x", "audience": ["everyone"]})
        super().__init__(settings, Surroundings(data))
        self.pages = pages

    async def entries(self) -> AsyncIterator[Entry]:
        for number in range(self.pages):
            yield Entry(f"{number % 100}/page-{number}.md", "1")

    async def fetch(self, entry: Entry) -> Fetched:
        rng = random.Random(entry.path)  # noqa: S311 - the same page every time
        paragraphs = enumerate(rng.choices(PARAGRAPHS, k=10))
        sections = "\n\n".join(f"## Section {n}\n\n{text}" for n, text in paragraphs)
        return Fetched(entry.path, f"# Page {entry.path}\n\n{sections}\n".encode())


async def timed(source: Source, store: Store) -> tuple[SyncReport, float]:
    began = time.perf_counter()
    (report,) = await sync_all([source], store, None, SyncOptions(confirm_deletes=True))
    if report.error:
        sys.exit(report.error)
    return report, time.perf_counter() - began


async def folder(docs: Path, data: Path) -> AsyncIterator[tuple[str, str]]:
    copy = data / "docs"
    await asyncio.to_thread(shutil.copytree, docs, copy, copy_function=shutil.copyfile)
    store = SqliteStore(data / "folder.db")
    source = opened("folder", data, path=str(copy))
    first, seconds = await timed(source, store)
    yield f"first index of {first.added} pages, keywords alone", f"{first.added / seconds:.0f} pages/s"
    _, seconds = await timed(source, store)
    yield "nothing changed", f"{seconds:.2f} s"
    page = max(copy.rglob("*.md"), key=lambda path: path.stat().st_size)
    waits = []
    for number in range(SMALL_UPDATES):
        page.write_text(page.read_text() + f"\n\nA fact about quokka{number}.\n")
        began = time.perf_counter()
        await timed(source, store)
        hits = await store.search(SearchQuery(f"quokka{number}", None, EVERYONE))
        assert hits, "the change was not found"
        waits.append(time.perf_counter() - began)
    yield "one changed page until it is found (the largest)", f"{statistics.median(waits):.2f} s"
    await store.close()


async def made_up(pages: int, kept: Path) -> AsyncIterator[tuple[str, str]]:
    """In processes of their own, so that each has its own memory; an index that is there isn't made again."""
    if not (kept / "made-up.db").exists():
        seconds, peak = await alone(pages, kept)
        yield f"first index of {pages:,} made-up pages, keywords alone", f"{pages / seconds:.0f} pages/s"
        yield "its memory, without the processes that read", f"{peak:.0f} MB"
    seconds, peak = await alone(pages, kept)
    yield f"listing and comparing {pages:,} pages, nothing changed", f"{seconds:.1f} s, {peak:.0f} MB"


async def alone(pages: int, kept: Path) -> tuple[float, float]:
    command = [sys.executable, "-m", "benchmarks.sync", "--one", str(pages), str(kept)]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    told, _ = await process.communicate()
    if process.returncode:
        sys.exit("the sync failed")
    seconds, peak = told.decode().split()
    return float(seconds), float(peak)


async def one(pages: int, kept: Path) -> None:
    """One sync of made-up pages; prints its seconds and the process's memory in MB."""
    store = SqliteStore(kept / "made-up.db")
    _, seconds = await timed(MadeUp(pages, kept), store)
    await store.close()
    print(seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)


async def read_meanwhile(pages: int, data: Path) -> AsyncIterator[tuple[str, str]]:
    """A reader that searches all the time while every page is read and stored again."""
    store, source = SqliteStore(data / "read.db"), MadeUp(pages, data)
    await timed(source, store)
    full = SyncOptions(full=True, confirm_deletes=True)
    indexing = asyncio.create_task(sync_all([source], store, None, full))
    seen: Counter[str] = Counter()
    waits: list[float] = []
    while not indexing.done():
        began = time.perf_counter()
        try:
            hits = await store.search(SearchQuery(f"word{len(waits) % 3000} word7", None, EVERYONE, limit=20))
        except BackendError:
            seen["errors"] += 1
            continue
        waits.append(time.perf_counter() - began)
        places = {(hit.passage.doc_id, hit.passage.ordinal) for hit in hits}
        seen["empty answers"] += not hits
        seen["chunks twice"] += len(hits) - len(places)
    (report,) = await indexing
    await store.close()
    troubles = ", ".join(f"{seen[what]} {what}" for what in ("errors", "empty answers", "chunks twice"))
    yield (
        f"a reader during a full reindex of {report.unchanged:,} pages ({report.seconds:.0f} s)",
        f"{len(waits):,} searches, median {1000 * statistics.median(waits):.0f} ms: {troubles}",
    )


async def history(repository: Path, below: str, commits: int, data: Path) -> AsyncIterator[tuple[str, str]]:
    """The cost of a sync beside 20 ms for each page that changed."""
    bare = data / "history.git"
    git("clone", "--quiet", "--bare", str(repository), str(bare))
    every = git("-C", str(bare), "rev-list", "--first-parent", "--reverse", "HEAD").split()[-commits:]
    branch = git("-C", str(bare), "symbolic-ref", "HEAD").strip()
    source = opened("git", data, repo=str(bare), path=below, include=["**/*.md"])
    store = SqliteStore(data / "history.db")
    costs, pages = [], 0
    for number, commit in enumerate(every):
        git("-C", str(bare), "update-ref", branch, commit)
        report, seconds = await timed(source, store)
        if number:
            changed = report.added + report.changed + report.renamed
            pages += changed
            costs.append(seconds - 0.020 * changed)
    median = statistics.median(costs) * 1000
    yield f"a commit of {len(costs)} ({pages} pages), less 20 ms a changed page, median", f"{median:.0f} ms"
    await source.close()
    await store.close()


async def beside_the_embedder(
    docs: Path, model: Path, file: str, data: Path
) -> AsyncIterator[tuple[str, str]]:
    embedder = await open_embedder(
        LocalEmbedderSettings(path=model, file=file, dimensions=384), data / "models"
    )
    await embedder.load()
    store = SqliteStore(data / "embedded.db")
    source = opened("folder", data, path=str(docs), include=["**/*.md"], exclude=["**/[!a-m]*.md"])
    began = time.perf_counter()
    (report,) = await sync_all([source], store, embedder)
    whole = time.perf_counter() - began
    texts = [text async for text in texts_of(source)]
    began = time.perf_counter()
    await embedder.embed_documents(texts)
    alone = time.perf_counter() - began
    yield f"whole index ({report.embedded} texts) beside the embedder alone", f"{whole / alone:.2f} times"
    await embedder.close()
    await store.close()


async def texts_of(source: Source) -> AsyncIterator[str]:
    """What was embedded, each once."""
    seen = set()
    async for entry in source.entries():
        page = build(raw_page(source.settings, entry, await source.fetch(entry)))
        for piece in page.pieces if isinstance(page, Page) else ():
            if piece.text_hash not in seen:
                seen.add(piece.text_hash)
                yield embedded_text(page.document, piece.chunk)


def opened(kind: str, data: Path, **options: object) -> Source:
    given = {"name": "docs", "type": kind, "audience": ["everyone"], **options}
    return open_source(SourceSettings.model_validate(given), Surroundings(data))


def git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], check=True, capture_output=True, text=True)  # noqa: S603, S607
    return done.stdout


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, default=Path("examples/handbook"))
    parser.add_argument("--pages", type=int, default=5000)
    parser.add_argument("--keep", type=Path, help="where the made-up pages' index stays, for another run")
    parser.add_argument("--reader", type=int, default=2000, help="pages of the full reindex with a reader")
    parser.add_argument("--one", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--history", type=Path)
    parser.add_argument("--below", default="")
    parser.add_argument("--commits", type=int, default=300)
    parser.add_argument("--model", type=Path)
    parser.add_argument("--file", default="model_int8.onnx")
    chosen = parser.parse_args()
    if chosen.one:
        await one(int(chosen.one[0]), Path(chosen.one[1]))
        return
    print("| what | figure |\n|---|---|")
    with tempfile.TemporaryDirectory() as name:
        data = Path(name)
        parts = [folder(chosen.folder, data), read_meanwhile(chosen.reader, data)]
        if chosen.pages:
            parts.append(made_up(chosen.pages, chosen.keep or data))
        if chosen.history:
            parts.append(history(chosen.history, chosen.below, chosen.commits, data))
        if chosen.model:
            parts.append(beside_the_embedder(chosen.folder, chosen.model, chosen.file, data))
        for part in parts:
            async for what, figure in part:
                print(f"| {what} | {figure} |", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
