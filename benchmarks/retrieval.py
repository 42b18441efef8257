"""Speed of retrieval: from a question to widened passages, embedding it excluded.

    python -m benchmarks.retrieval [--chunks 10000 100000] [--keep FOLDER]

Over the made-up pages of benchmarks/store.py; each question is words of a chunk, one of them mistyped in
every tenth. Prints a Markdown table.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.store import AUDIENCE, Corpus, fill
from bot.backends.sqlite import SqliteStore
from bot.model import Question, Usage
from bot.ports import Vector
from bot.retrieval.retriever import Retriever

QUESTIONS = 300
DIMENSIONS = 384
EVERYTHING = AUDIENCE | {"staff"}


class Ready:
    """An embedder that has every vector already."""

    model = "ready"
    dimensions = DIMENSIONS

    def __init__(self, vectors: dict[str, Vector]) -> None:
        self._vectors = vectors
        self._other = next(iter(vectors.values()))

    async def embed_query(self, text: str) -> Vector:
        return self._vectors.get(text, self._other)

    async def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.stack([self._other for _ in texts])

    def usage(self) -> Usage:
        return Usage(self.model)

    async def close(self) -> None: ...


def questions(corpus: Corpus) -> dict[str, Vector]:
    """Text → vector; every tenth has its second word's first two letters exchanged."""
    asked: dict[str, Vector] = {}
    for number, query in enumerate(corpus.questions(QUESTIONS, hybrid=True, audience=EVERYTHING)):
        words = query.text.split()
        if number % 10 == 0:
            words[1] = words[1][0] + words[1][2] + words[1][1] + words[1][3:]
        if query.vector is not None:
            asked[" ".join(words)] = query.vector
    return asked


async def measure(path: Path, corpus: Corpus) -> str:
    asked = questions(corpus)
    store = SqliteStore(path)
    cells = []
    for embedder in (Ready(asked), None):
        retriever = Retriever(store=store, embedder=embedder)
        await retriever.retrieve(Question("warm up", EVERYTHING), "warm up")
        times = []
        for text in asked:
            began = time.perf_counter()
            await retriever.retrieve(Question(text, EVERYTHING), text)
            times.append((time.perf_counter() - began) * 1000)
        cells.append(f"{np.percentile(times, 50):.0f} / {np.percentile(times, 95):.0f} ms")
    await store.close()
    return f"| {corpus.chunks:,} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chunks", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--keep", type=Path, help="a folder for the indexes, to use them again")
    options = parser.parse_args()
    print("| chunks | hybrid p50 / p95 | keywords alone p50 / p95 |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.keep or Path(scratch)
        for chunks in options.chunks:
            corpus = Corpus(chunks, DIMENSIONS)
            path = folder / f"{chunks}.db"
            if not path.exists():
                asyncio.run(fill(path, corpus))
            print(asyncio.run(measure(path, corpus)), flush=True)


if __name__ == "__main__":
    main()
