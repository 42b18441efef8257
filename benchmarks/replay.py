"""A real history, commit by commit: each one sync, after which the index must be as a fresh one.

    python -m benchmarks.replay [--commits 300] [--kills 30] [--fresh-every 50] [--bundle FILE]

The commits are runs of successive ones around the big renames, deletions and edits of the handbook in
../shared, each run after the one before, so that the steps between are leaps. Vectors are made of hashes:
embedding costs next to nothing and is counted. With kills the same goes on in a process that gets kill -9 at
random moments. Prints a Markdown table.
"""

import argparse
import asyncio
import hashlib
import os
import random
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.backends.sqlite import SqliteStore
from bot.config.sources import SourceSettings
from bot.model import SyncReport, Usage
from bot.ports import Span, Vector
from indexer.reading.chunker import text_hash
from indexer.reading.page_builder import NoPage, Page, build, raw_page
from indexer.sources import open_source
from indexer.sources.base import Entry, Source, Surroundings
from indexer.sync.source_sync import SyncOptions
from indexer.sync.sync_all import sync_all

BUNDLE = Path("../shared/data/sourcegraph-handbook/history/sourcegraph-handbook.bundle")
# 442 renames, 159 changed at once, 21 new, 302 renames, 19 deleted.
TELLING = ("4dbd3fee579a", "8e9e9bbb4145", "f28a466270e6", "2dedff1e4f9b", "a70b7c40a92d")
EVERYONE = frozenset({"everyone"})
BASE_SECONDS, PAGE_SECONDS = 0.050, 0.020


class HashEmbedder:
    """A vector for each text, made of its hash. `told` gets the name of each text that was embedded."""

    model = "hash/16"
    dimensions = 16

    def __init__(self, told: Path | None = None) -> None:
        self.told = told
        self.texts = 0
        self.largest = 0

    async def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.texts += len(texts)
        self.largest = max(self.largest, len(texts))
        if self.told is not None:
            with self.told.open("a") as lines:
                lines.write("".join(f"{text_hash(text)}\n" for text in texts))
        return np.stack([await self.embed_query(text) for text in texts])

    async def embed_query(self, text: str) -> Vector:
        digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        row = np.frombuffer(digest, np.uint8).astype(np.float32) - 127.5
        vector: Vector = row / np.linalg.norm(row)
        return vector

    def usage(self) -> Usage:
        return Usage(self.model, texts=self.texts)

    async def close(self) -> None: ...


# --- an index, and what it should hold ----------------------------------------------------------------

# revision, titles, audience by who finds it, and the chunks of each page
Content = dict[str, tuple[str, tuple[tuple[object, ...], ...]]]


async def held(store: SqliteStore) -> Content:
    """What an index holds. Only what everyone may see is found, so a wrong audience is a page without chunks."""
    revisions = await store.revisions("docs")
    spans = [Span(doc_id, 0, 10_000) for doc_id in revisions]
    chunks: dict[str, list[tuple[object, ...]]] = {doc_id: [] for doc_id in revisions}
    for one in await store.passages(spans, EVERYONE):
        moment = one.updated_at and one.updated_at.isoformat()
        said = (one.title, one.heading, one.url, one.text, one.owners, moment)
        chunks[one.doc_id].append(said)
    return {doc_id: (revision, tuple(chunks[doc_id])) for doc_id, revision in revisions.items()}


class Fresh:
    """A fresh index of each commit: a source, an index and an embedder that know of no other commit."""

    def __init__(self, repository: Path, data: Path) -> None:
        self.repository = repository
        self.data = data
        self.number = 0

    async def at(self, commit: str) -> Content:
        self.number += 1
        data = self.data / f"fresh-{self.number}"
        source = opened(self.repository, data)
        store = SqliteStore(data / "index.db")
        data.mkdir(parents=True)
        (report,) = await sync_all([source], store, HashEmbedder(), SyncOptions(workers=1))
        check(not report.error, f"{commit}: {report.error}")
        content = await held(store)
        await source.close()
        await store.close()
        return content


class Expected:
    """What an index of a commit should hold, made of the pages alone: no comparing, no store, no index before.

    What is made of a page depends on nothing but its entry and its bytes, so each is read once: a fresh
    index for each of 300 commits would take an hour.
    """

    def __init__(self, repository: Path, data: Path) -> None:
        self.source = opened(repository, data / "expected")
        self.pages: dict[Entry, Page | NoPage] = {}

    async def now(self) -> Content:
        content: Content = {}
        async for entry in self.source.entries():
            if entry not in self.pages:
                self.pages[entry] = build(
                    raw_page(self.source.settings, entry, await self.source.fetch(entry))
                )
            page = self.pages[entry]
            if isinstance(page, Page):
                chunks = tuple(
                    (page.document.title, piece.chunk.heading, piece.chunk.text) for piece in page.pieces
                )
                content[page.document.id] = (page.document.revision, chunks)
        return content


def as_expected(content: Content) -> Content:
    """Without what a document's revision stands for anyway."""
    return {
        doc_id: (revision, tuple((title, heading, text) for title, heading, _, text, *_ in chunks))
        for doc_id, (revision, chunks) in content.items()
    }


def check(right: bool, otherwise: str) -> None:  # noqa: FBT001 - an assertion that -O leaves in
    if not right:
        sys.exit(f"WRONG: {otherwise}")


def same(one: Content, other: Content, where: str) -> None:
    different = sorted(key for key in one.keys() | other.keys() if one.get(key) != other.get(key))
    check(not different, f"{where}: the index differs from a fresh one in {different[:5]}")


# --- the history --------------------------------------------------------------------------------------


def git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], check=True, capture_output=True, text=True)  # noqa: S603, S607
    return done.stdout.strip()


def chosen(repository: Path, commits: int) -> list[str]:
    """So many commits, in their order: as many around each telling one."""
    every = git("-C", str(repository), "rev-list", "--first-parent", "--reverse", "HEAD").split()
    number = {commit[:12]: index for index, commit in enumerate(every)}
    around = max(2, commits // len(TELLING))
    picked: set[int] = set()
    for commit in TELLING:
        first = max(0, number[commit] - around // 2)
        picked |= set(range(first, first + around))
    return [every[index] for index in sorted(picked)][:commits]


def opened(repository: Path, data: Path) -> Source:
    given = {
        "name": "docs",
        "type": "git",
        "audience": ["everyone"],
        "repo": str(repository),
        "path": "content",
    }
    return open_source(SourceSettings.model_validate({**given, "include": ["**/*.md"]}), Surroundings(data))


def check_out(repository: Path, commit: str) -> None:
    git("-C", str(repository), "update-ref", "refs/heads/main", commit)


# --- one sync a commit --------------------------------------------------------------------------------


@dataclass
class Costs:
    """In seconds; `cpu` with that of git."""

    wall: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    pages: list[int] = field(default_factory=list)
    fresh: int = 0
    renamed: int = 0
    deleted: int = 0

    def over(self, seconds: Sequence[float]) -> float:
        """The median of what a sync took beside the pages' own."""
        return statistics.median(took - PAGE_SECONDS * n for took, n in zip(seconds, self.pages, strict=True))


def cpu() -> float:
    both = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(one.ru_utime + one.ru_stime for one in both)


async def replayed(repository: Path, commits: Sequence[str], data: Path, every: int) -> Costs:
    store, embedder = SqliteStore(data / "index.db"), HashEmbedder()
    source, costs = opened(repository, data), Costs()
    expected, fresh = Expected(repository, data), Fresh(repository, data)
    parent = ""
    for number, commit in enumerate(commits):
        check_out(repository, commit)
        before, began, cpu_before = embedder.texts, time.perf_counter(), cpu()
        (report,) = await sync_all([source], store, embedder, SyncOptions(confirm_deletes=True))
        took, cpu_took = time.perf_counter() - began, cpu() - cpu_before
        check(not report.error, f"{commit}: {report.error}")
        successive = parent and git("-C", str(repository), "rev-parse", f"{commit}^") == parent
        parent = commit
        if successive:
            costs.wall.append(took)
            costs.cpu.append(cpu_took)
            costs.pages.append(report.added + report.changed + report.renamed + report.deleted)
            costs.renamed += report.renamed
            costs.deleted += report.deleted
            renames_only = not (report.added or report.changed)
            pure = renames_only and pure_renames(repository, commit)
            check(not pure or embedder.texts == before, f"{commit}: a rename embedded something")
        content = await held(store)
        same(as_expected(content), await expected.now(), commit)
        if number % every == 0 or commit[:12] in TELLING:
            same(content, await fresh.at(commit), commit)
            costs.fresh += 1
        if number % 25 == 0:
            print(f"<!-- {number} {commit[:12]} {outline(report)} -->", file=sys.stderr, flush=True)
    await source.close()
    await expected.source.close()
    await store.close()
    return costs


def pure_renames(repository: Path, commit: str) -> bool:
    names = git("-C", str(repository), "diff", "--name-status", "-M100%", "-l3000", f"{commit}^", commit)
    return all(line.startswith(("R100", "D")) for line in names.splitlines())


def outline(report: SyncReport) -> str:
    return (
        f"+{report.added} ~{report.changed} >{report.renamed} -{report.deleted}"
        f" embedded {report.embedded} in {report.seconds:.2f} s"
    )


# --- kill -9 ------------------------------------------------------------------------------------------


async def one_sync(repository: Path, data: Path) -> None:
    """A process of its own, to be killed."""
    store = SqliteStore(data / "index.db")
    source = opened(repository, data)
    (report,) = await sync_all(
        [source], store, HashEmbedder(data / "embedded"), SyncOptions(confirm_deletes=True)
    )
    await source.close()
    await store.close()
    check(not report.error, report.error)


def start(repository: Path, data: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "benchmarks.replay", "--child", str(repository), str(data)]
    return subprocess.Popen(command)  # noqa: S603 - ourselves


async def killed(repository: Path, commits: Sequence[str], data: Path, kills: int) -> tuple[int, int, int]:
    """(kills that came before the end, most texts embedded twice after one, in all)."""
    rng = random.Random(6)  # noqa: S311 - a repeatable run
    expected, told = Expected(repository, data), data / "embedded"
    told.touch()
    done = worst = whole = turn = 0
    while done < kills:
        commit = commits[turn * 7 % len(commits)] if turn % 2 else commits[-1 - turn * 11 % len(commits)]
        turn += 1
        check_out(repository, commit)
        marks = len(told.read_text().splitlines())
        first = start(repository, data)
        # Once it has begun to embed it may die any moment; a moment before is less telling.
        limit = time.monotonic() + 60
        while (
            first.poll() is None and len(told.read_text().splitlines()) == marks and time.monotonic() < limit
        ):
            time.sleep(0.005)  # noqa: ASYNC251 - nothing else runs here
        await asyncio.sleep(rng.uniform(0.0, 0.6))
        if first.poll() is None:
            first.kill()
            done += 1
        first.wait()
        stored_before = set(await hashes(data))
        lost = [name for name in told.read_text().splitlines()[marks:] if name not in stored_before]
        after = len(told.read_text().splitlines())
        check(start(repository, data).wait() == 0, f"{commit}: the sync after a kill failed")
        again = told.read_text().splitlines()[after:]
        twice = len(set(lost) & set(again))
        kept = [name for name in again if name in stored_before]
        check(not kept, f"{commit}: {len(kept)} texts were stored and embedded again")
        worst, whole = max(worst, twice), whole + twice
        store = SqliteStore(data / "index.db")
        same(as_expected(await held(store)), await expected.now(), f"{commit} after a kill")
        if done == kills:
            same(await held(store), await Fresh(repository, data).at(commit), f"{commit} after all kills")
        await store.close()
    await expected.source.close()
    return done, worst, whole


async def hashes(data: Path) -> list[str]:
    """The names of the texts whose vectors an index has."""
    store = SqliteStore(data / "index.db")
    names = (data / "embedded").read_text().splitlines()
    known = await store.vectors(names)
    await store.close()
    return list(known)


# --- the table ----------------------------------------------------------------------------------------


async def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--commits", type=int, default=300)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--fresh-every", type=int, default=50, help="with a fresh index")
    parser.add_argument("--bundle", type=Path, default=BUNDLE)
    parser.add_argument("--child", nargs=2, type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.child:
        await one_sync(*given.child)
        return
    if not given.bundle.exists():
        print(f"skipped: there is no {given.bundle}")
        return
    print("| what | figure |\n|---|---|")
    with tempfile.TemporaryDirectory() as name:
        data = Path(name)
        repository = data / "history"
        git("clone", "--quiet", "--bare", str(given.bundle), str(repository))
        async for what, figure in figures(repository, data, given):
            print(f"| {what} | {figure} |", flush=True)


async def figures(repository: Path, data: Path, given: argparse.Namespace) -> AsyncIterator[tuple[str, str]]:
    commits = chosen(repository, given.commits or 300)
    load = os.getloadavg()[0]
    yield "load (1 minute), cores", f"{load:.1f}, {os.cpu_count()}"
    if given.commits:
        (data / "replay").mkdir()
        costs = await replayed(repository, commits, data / "replay", given.fresh_every)
        yield (
            "commits, each one sync; after every one compared the index was a fresh one's",
            f"{len(commits)}",
        )
        yield "of them renamed and deleted pages", f"{costs.renamed} and {costs.deleted}"
        yield "a sync, median", f"{1000 * statistics.median(costs.wall):.0f} ms"
        yield "less 20 ms for each changed page, median", f"{1000 * costs.over(costs.wall):.0f} ms"
        yield "the same of CPU time, git's with it", f"{1000 * costs.over(costs.cpu):.0f} ms"
    if given.kills:
        (data / "kills").mkdir()
        done, worst, whole = await killed(repository, commits, data / "kills", given.kills)
        yield "kill -9 during a sync; after the next one the index held what the pages say", f"{done} times"
        yield "texts embedded twice after a kill, most and in all", f"{worst} and {whole}"


if __name__ == "__main__":
    asyncio.run(main())
