"""Speed of the Weaviate store on made-up pages, with what `benchmarks.store` measures the embedded one by.

    python -m benchmarks.weaviate [--chunks 10000] [--dimensions 384]

Asks the server at WEAVIATE_TEST_URL, or starts a `weaviate-server` from PATH with a fresh folder. Prints a
Markdown table.
"""

import argparse
import asyncio
import os
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import numpy as np

from benchmarks.store import AUDIENCE, BATCH, PAGE_CHUNKS, QUESTIONS, Corpus
from bot.backends.weaviate import WeaviateStore, open_store
from bot.config.models import WeaviateSettings
from bot.ports import IndexFormat
from tests.support.weaviate_server import Node, binary

UPDATES = 200
AT_ONCE = 8
REBUILT = 100


async def fill(store: WeaviateStore, corpus: Corpus) -> float:
    """Chunks a second, the time that making them up takes left out."""
    pages = corpus.chunks // PAGE_CHUNKS
    spent = 0.0
    for start in range(0, pages, BATCH):
        batch = [corpus.page(number) for number in range(start, min(start + BATCH, pages))]
        began = time.perf_counter()
        await store.replace(batch)
        spent += time.perf_counter() - began
    return corpus.chunks / spent


async def update(store: WeaviateStore, corpus: Corpus) -> float:
    """Milliseconds that one changed page takes, in the median."""
    times = []
    for turn in range(UPDATES):
        document = corpus.page(turn * 7 % (corpus.chunks // PAGE_CHUNKS), revision=2 + turn % 3)
        began = time.perf_counter()
        await store.replace([document])
        times.append(time.perf_counter() - began)
    return float(np.median(times)) * 1000


async def ask(store: WeaviateStore, corpus: Corpus, *, hybrid: bool, audience: frozenset[str]) -> str:
    """p50 and p95 in milliseconds, one question at a time."""
    times = []
    for query in corpus.questions(QUESTIONS, hybrid=hybrid, audience=audience):
        began = time.perf_counter()
        hits = await store.search(query)
        times.append((time.perf_counter() - began) * 1000)
        if not hits:
            raise AssertionError("a search found nothing")
    return f"{np.percentile(times, 50):.0f}/{np.percentile(times, 95):.0f} ms"


async def side_by_side(store: WeaviateStore, corpus: Corpus) -> float:
    """Questions a second."""
    queries = list(corpus.questions(QUESTIONS, hybrid=True, audience=AUDIENCE))
    slots = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with slots:
            await store.search(queries[number])

    began = time.perf_counter()
    await asyncio.gather(*map(one, range(len(queries))))
    return len(queries) / (time.perf_counter() - began)


async def swap(store: WeaviateStore, corpus: Corpus) -> str:
    """Build another index of some pages and swap it in, while somebody asks all the time."""
    query = next(corpus.questions(1, hybrid=True, audience=AUDIENCE))
    times: list[float] = []
    empty = 0

    async def keep_asking() -> None:
        nonlocal empty
        while True:
            began = time.perf_counter()
            empty += not await store.search(query)
            times.append((time.perf_counter() - began) * 1000)

    asking = asyncio.create_task(keep_asking())
    wanted = IndexFormat("made up", corpus.dimensions, "otherwise")
    beside = await store.rebuild(wanted)
    for start in range(0, REBUILT, BATCH):
        await beside.replace([corpus.page(number) for number in range(start, start + BATCH)])
    await store.swap(wanted)
    if asking.done():
        await asking  # raises what a search raised
    asking.cancel()
    return f"{len(times)} questions, no error, {empty} empty, longest {max(times):.0f} ms"


async def measure(settings: WeaviateSettings, corpus: Corpus, folder: Path) -> None:
    store = open_store(settings, folder)
    wanted = IndexFormat("made up", corpus.dimensions, "made up")
    await store.rebuild(wanted)
    everything = AUDIENCE | {"staff"}
    rate = await fill(store, corpus)
    rows = {
        "server": await store.about(),
        "indexing": f"{rate:.0f} chunks/s",
        "hybrid p50/p95": await ask(store, corpus, hybrid=True, audience=everything),
        "hybrid, some pages hidden": await ask(store, corpus, hybrid=True, audience=AUDIENCE),
        "keywords alone": await ask(store, corpus, hybrid=False, audience=everything),
        f"questions, {AT_ONCE} at once": f"{await side_by_side(store, corpus):.0f}/s",
        "one changed page of ten chunks": f"{await update(store, corpus):.0f} ms",
    }
    rows["hybrid after the changes"] = await ask(store, corpus, hybrid=True, audience=everything)
    began = time.perf_counter()
    known = await store.revisions("wiki")
    rows["what is stored, for a sync"] = (
        f"{(time.perf_counter() - began) * 1000:.0f} ms for {len(known):,} pages"
    )
    rows[f"a rebuild of {REBUILT * PAGE_CHUNKS:,} chunks and its swap"] = await swap(store, corpus)
    await store.close()
    _drop(settings)
    print(f"\n{corpus.chunks:,} chunks of {corpus.dimensions} dimensions\n\n| | |\n|---|---|")
    for name, value in rows.items():
        print(f"| {name} | {value.partition(' at http')[0]} |")


def _drop(settings: WeaviateSettings) -> None:
    with httpx.Client(base_url=f"{settings.url}/v1") as rest:
        rest.delete(f"/aliases/{settings.collection}")
        for each in rest.get("/schema").json()["classes"]:
            if each["class"].startswith(f"{settings.collection}_"):
                rest.delete(f"/schema/{each['class']}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Speed of the Weaviate store.")
    parser.add_argument("--chunks", type=int, nargs="+", default=[10_000])
    parser.add_argument("--dimensions", type=int, default=384)
    given = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if url := os.environ.get("WEAVIATE_TEST_URL"):
            settings = WeaviateSettings(url=url, collection="DocentBench")
        elif binary():
            node = Node(folder / "server")
            stack.callback(node.kill)
            settings = node.start().settings("DocentBench")
        else:
            print("Weaviate: skipped, there is neither WEAVIATE_TEST_URL nor weaviate-server on PATH")
            return
        for chunks in given.chunks:
            asyncio.run(measure(settings, Corpus(chunks, given.dimensions), folder))


if __name__ == "__main__":
    main()
