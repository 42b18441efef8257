"""The Weaviate store at a million chunks, and beside the vendor's bare client.

    python -m benchmarks.weaviate_scale fill FOLDER [--chunks 1000000] [--dimensions 384] [--words 180]
    python -m benchmarks.weaviate_scale ask FOLDER

`fill` starts a `weaviate-server` from PATH over FOLDER, and goes on where it was stopped; `ask` measures what is
there, in a fresh process whose memory is the reader's and writer's alone. Pages, vectors and questions are made up
by `benchmarks.store`. Prints a Markdown table.
"""

import argparse
import asyncio
import os
import resource
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.store import AUDIENCE, PAGE_CHUNKS, Corpus
from bot.backends.weaviate import WeaviateStore, mapping, open_store
from bot.backends.weaviate.reading import queries
from bot.backends.weaviate.server.sdk_types import query as ask_for
from bot.ports import IndexedDocument, IndexFormat, SearchQuery
from bot.text.analyzer import query_terms
from tests.support.weaviate_server import Node

EVERYTHING = AUDIENCE | {"staff"}
QUESTIONS = 300
BATCH = 100
UPDATES = 20


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[tuple[Node, WeaviateStore]]:
    node = Node(folder / "server", environment={"GOMEMLIMIT": "12GiB", "GOGC": "300"})
    await asyncio.to_thread(node.start)
    store = open_store(node.settings("Scale", write_deadline=600, ef_construction=64), folder)
    try:
        yield node, store
    finally:
        await store.close()
        node.stop()


async def fill(folder: Path, corpus: Corpus) -> None:
    async with opened(folder) as (_, store):
        await store.rebuild(IndexFormat("made up", corpus.dimensions, "made up"))
        stats = await store.stats()
        pages = corpus.chunks // PAGE_CHUNKS
        began, first = time.perf_counter(), stats.documents // BATCH * BATCH
        for start in range(first, pages, BATCH):
            await store.replace([_analysed(corpus.page(n)) for n in range(start, min(start + BATCH, pages))])
            if start % 2_000 == 0:
                done = (start + BATCH - first) * PAGE_CHUNKS
                rate = done / (time.perf_counter() - began)
                print(
                    f"{start + BATCH:,} pages, {rate:.0f} chunks/s, load {os.getloadavg()[0]:.1f}", flush=True
                )
        counting = time.perf_counter()
        await store.settle()
        print(f"the vocabulary counted in {time.perf_counter() - counting:.1f} s")


def _analysed(page: IndexedDocument) -> IndexedDocument:
    """The made-up words are their own stems, so that the analysis is left out of the time."""
    title = page.document.title
    chunks = (
        replace(each, terms=f"{title}\n{each.chunk.heading}\n{each.chunk.text}") for each in page.chunks
    )
    return replace(page, chunks=tuple(chunks))


async def ask(folder: Path, corpus: Corpus) -> None:
    rows_: dict[str, str] = {}
    async with opened(folder) as (node, store):
        stats = await store.stats()
        rows_["chunks, pages"] = f"{stats.chunks:,}, {stats.documents:,}"
        for turn in ("first", "again"):
            began = time.perf_counter()
            known = await store.revisions("wiki")
            rows_[f"nothing changed, {turn}"] = (
                f"{time.perf_counter() - began:.1f} s for {len(known):,} pages"
            )
        await _warm(store, corpus)
        rows_["hybrid p50/p95, store and bare client"] = await beside(store, corpus)
        rows_["one changed page: revision, write, vocabulary, p50/max"] = await update(store, corpus)
        rows_["hybrid p50/p95 after the changes"] = await beside(store, corpus)
        rows_["memory of this process"] = f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB"
        rows_["memory of the server"] = f"{_resident(node)} MB"
        rows_["load"] = "/".join(f"{each:.1f}" for each in os.getloadavg())
    print("\n| | |\n|---|---|")
    for name, value in rows_.items():
        print(f"| {name} | {value} |")


async def _warm(store: WeaviateStore, corpus: Corpus) -> None:
    for query in corpus.questions(50, hybrid=True, audience=EVERYTHING):
        await store.search(query)


async def beside(store: WeaviateStore, corpus: Corpus) -> str:
    """The same question to both, one after the other, in turns."""
    ours: list[float] = []
    theirs: list[float] = []
    for number, query in enumerate(corpus.questions(QUESTIONS, hybrid=True, audience=EVERYTHING)):
        for which in (0, 1) if number % 2 else (1, 0):
            began = time.perf_counter()
            if which:
                await store.search(query)
            else:
                await bare(store, query)
            (ours if which else theirs).append((time.perf_counter() - began) * 1000)
    ratio = float(np.median(ours)) / float(np.median(theirs))
    return f"{_percentiles(ours)} and {_percentiles(theirs)} ms: {ratio:.2f} times"


async def bare(store: WeaviateStore, query: SearchQuery) -> None:
    """One call of the vendor's client: same words, vector, filter, limit and properties."""
    assert query.vector is not None
    vector = {"text": query.vector.tolist()}

    async def search(client: object) -> object:
        chunks = client.collections.use("Scale_1")  # type: ignore[attr-defined]
        return await chunks.query.hybrid(
            " ".join(query_terms(query.text, ("en",))),
            vector=vector,
            target_vector="text",
            alpha=query.alpha,
            fusion_type=ask_for.HybridFusion.RELATIVE_SCORE,
            query_properties=queries.WEIGHTED,
            limit=query.limit,
            filters=queries.audience_filter(query.audience, query.sources),
            return_metadata=ask_for.MetadataQuery(score=True),
            return_properties=[*mapping.SHOWN],
        )

    await store._connection.read(search, 10.0)  # noqa: SLF001 - the very same connection


async def update(store: WeaviateStore, corpus: Corpus) -> str:
    times = []
    for turn in range(UPDATES):
        document = corpus.page(turn * 1_237 + 1, revision=2 + int(time.time()) % 50)
        began = time.perf_counter()
        await store.replace([document])
        await store.settle()
        times.append((time.perf_counter() - began) * 1000)
    return f"{np.median(times):.0f}/{max(times):.0f} ms"


def _percentiles(times: Sequence[float]) -> str:
    return f"{np.percentile(times, 50):.0f}/{np.percentile(times, 95):.0f}"


def _resident(node: Node) -> int:
    assert node.process is not None
    status = Path(f"/proc/{node.process.pid}/status").read_text()
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("VmRSS"))) // 1024


def main() -> None:
    parser = argparse.ArgumentParser(description="The Weaviate store at a million chunks.")
    parser.add_argument("what", choices=["fill", "ask"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--chunks", type=int, default=1_000_000)
    parser.add_argument("--dimensions", type=int, default=384)
    parser.add_argument("--words", type=int, default=180, help="of a chunk")
    given = parser.parse_args()
    work = fill if given.what == "fill" else ask
    asyncio.run(work(given.folder, Corpus(given.chunks, given.dimensions, given.words)))


if __name__ == "__main__":
    main()
