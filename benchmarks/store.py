"""Speed, memory and recall of the embedded store on made-up pages.

    python benchmarks/store.py [--chunks 10000 100000] [--dimensions 384] [--keep FOLDER]

Pages are words by Zipf's law, vectors lie in clusters as real ones do, and each question is seven words of a
chunk that a person might remember (none of the hundred commonest) with a vector near that chunk's.
A fresh process asks, so that its memory is a reader's alone. Prints a Markdown table.
"""

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.backends.sqlite import SqliteStore
from bot.model import Chunk, Document
from bot.ports import IndexedChunk, IndexedDocument, IndexFormat, SearchQuery, Vector

VOCABULARY = 50_000
CHUNK_WORDS = 180
PAGE_CHUNKS = 10
QUESTION_WORDS = 7
STOP_WORDS = 100
CLUSTERS = 2_000
QUESTIONS = 300
UPDATES = 1_000
BATCH = 50
AUDIENCE = frozenset({"everyone"})


@dataclass(frozen=True, slots=True)
class Figures:
    """What one reader measured; times in milliseconds, memory in MB."""

    first: float
    hybrid: tuple[float, float]
    filtered: tuple[float, float]
    keyword: tuple[float, float]
    memory: float
    recall: float


class Corpus:
    """Made-up pages: the same for the same size, each made when it is asked for."""

    def __init__(self, chunks: int, dimensions: int, words: int = CHUNK_WORDS) -> None:
        self.chunks = chunks
        self._usual = words
        self.dimensions = dimensions
        rng = np.random.default_rng(1)
        self._words = np.array([_word(n) for n in range(VOCABULARY)])
        frequency = 1 / np.arange(1, VOCABULARY + 1)
        self._cumulated = np.cumsum(frequency / frequency.sum())
        self._centres = _unit(rng.standard_normal((CLUSTERS, dimensions), np.float32))

    def page(self, number: int, revision: int = 1) -> IndexedDocument:
        parts = range(PAGE_CHUNKS)
        source = "wiki" if number % 5 else "private"
        return IndexedDocument(
            Document(
                id=f"{source}:page{number}.md", source=source, revision=str(revision),
                title=self._text(self._pick(number, 0, 4)), url=f"https://docs.example.com/{number}", text="",
                audience=AUDIENCE if number % 5 else frozenset({"staff", "board"}),
            ),
            tuple(
                IndexedChunk(
                    Chunk(part, self._words[number % 997], self._text(self._pick(number, revision * 100 + part))),
                    f"{number}/{part}/{revision if part == 0 else 1}",
                    self.vector(number * PAGE_CHUNKS + part),
                )
                for part in parts
            ),
        )  # fmt: skip

    def vector(self, chunk: int, *, noise: float = 0.6) -> Vector:
        rng = np.random.default_rng((2, chunk))
        centre = self._centres[rng.integers(CLUSTERS)]
        spread = rng.standard_normal(self.dimensions, np.float32) / np.sqrt(self.dimensions)
        vector: Vector = _unit(centre + noise * spread.astype(np.float32))
        return vector

    def questions(self, count: int, *, hybrid: bool, audience: frozenset[str]) -> Iterator[SearchQuery]:
        rng = np.random.default_rng(3)
        for chunk in rng.integers(self.chunks, size=count).tolist():
            page, part = divmod(chunk, PAGE_CHUNKS)
            words = self._pick(page, 100 + part)
            words = words[words >= STOP_WORDS]
            text = self._text(rng.choice(words, min(QUESTION_WORDS, len(words)), replace=False))
            near = self.vector(chunk) + 0.3 * self.vector(chunk + self.chunks)
            yield SearchQuery(text, _unit(near) if hybrid else None, audience)

    def _pick(self, page: int, part: int, count: int | None = None) -> NDArray[np.intp]:
        """Words by their rank."""
        drawn = np.random.default_rng((4, page, part)).random(count or self._usual)
        return np.minimum(np.searchsorted(self._cumulated, drawn), VOCABULARY - 1)

    def _text(self, words: NDArray[np.intp]) -> str:
        return " ".join(self._words[words].tolist())


def _word(number: int) -> str:
    """A word that can be spoken: the analysis sees letters, as in real text."""
    word = "k"
    while number or len(word) == 1:
        number, syllable = divmod(number, 100)
        word += "bcdfghjklmnprstvwxyz"[syllable // 5] + "aeiou"[syllable % 5]
    return word + "k"


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    unit: NDArray[np.float32] = (rows / np.linalg.norm(rows, axis=-1, keepdims=True)).astype(np.float32)
    return unit


async def fill(path: Path, corpus: Corpus) -> float:
    """Chunks a second."""
    wanted = IndexFormat("made up", corpus.dimensions, "made up")
    store = SqliteStore(path)
    await store.rebuild(wanted)
    pages = corpus.chunks // PAGE_CHUNKS
    spent = 0.0
    for start in range(0, pages, BATCH):
        batch = [corpus.page(number) for number in range(start, min(start + BATCH, pages))]
        began = time.perf_counter()
        await store.replace(batch)
        spent += time.perf_counter() - began
    began = time.perf_counter()
    await store.settle()
    spent += time.perf_counter() - began
    await store.close()
    return corpus.chunks / spent


async def update(path: Path, corpus: Corpus) -> float:
    """Milliseconds that one small update takes, in the median."""
    store = SqliteStore(path)
    pages = np.random.default_rng(5).integers(corpus.chunks // PAGE_CHUNKS, size=UPDATES).tolist()
    times = []
    for turn, number in enumerate(pages):
        document = corpus.page(number, revision=1 + turn % 3)
        began = time.perf_counter()
        await store.replace([document])
        times.append(time.perf_counter() - began)
    await store.close()
    return float(np.median(times)) * 1000


async def measure(path: Path, corpus: Corpus) -> Figures:
    began = time.perf_counter()
    store = SqliteStore(path)
    everything = AUDIENCE | {"staff"}
    await store.search(next(corpus.questions(1, hybrid=True, audience=everything)))
    first = (time.perf_counter() - began) * 1000

    async def timed(*, hybrid: bool, audience: frozenset[str]) -> tuple[float, float]:
        times = []
        for query in corpus.questions(QUESTIONS, hybrid=hybrid, audience=audience):
            began = time.perf_counter()
            await store.search(query)
            times.append((time.perf_counter() - began) * 1000)
        return float(np.percentile(times, 50)), float(np.percentile(times, 95))

    hybrid = await timed(hybrid=True, audience=everything)
    filtered = await timed(hybrid=True, audience=AUDIENCE)
    keyword = await timed(hybrid=False, audience=everything)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures = Figures(first, hybrid, filtered, keyword, memory, await recall(store, corpus))
    await store.close()
    return figures


async def recall(store: SqliteStore, corpus: Corpus) -> float:
    """How much of the exact ten nearest the vector search gives."""
    matrix = np.stack([corpus.vector(chunk) for chunk in range(corpus.chunks)]).astype(np.float16)
    shares = []
    for query in corpus.questions(30, hybrid=True, audience=AUDIENCE | {"staff"}):
        tenth = np.sort(matrix.astype(np.float32) @ np.asarray(query.vector))[-10]
        hits = await store.search(replace(query, text="", alpha=1.0, limit=10))
        shares.append(np.mean([(hit.vector or 0) >= tenth - 1e-3 for hit in hits]))
    return float(np.mean(shares))


def ask(path: Path, corpus: Corpus) -> Figures:
    command = [
        sys.executable, __file__, "--reader", str(path),
        "--chunks", str(corpus.chunks), "--dimensions", str(corpus.dimensions),
    ]  # fmt: skip
    told = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)  # noqa: S603 - ourselves
    return Figures(**told)


def report(chunks: int, dimensions: int, folder: Path) -> None:
    corpus, path = Corpus(chunks, dimensions), folder / f"{chunks}x{dimensions}.db"
    filled = None if path.exists() else asyncio.run(fill(path, corpus))
    before = ask(path, corpus)
    one_update = asyncio.run(update(path, corpus))
    after = ask(path, corpus)
    speed = f"{filled:,.0f} chunks/s" if filled else "kept"
    print(
        f"\n{chunks:,} chunks of {dimensions} dimensions ({path.stat().st_size / 2**20:,.0f} MB, {speed})\n"
    )
    print("| | p50 / p95 ms | after 1,000 small updates |\n|---|---|---|")
    for name in ("hybrid", "filtered", "keyword"):
        (a, b), (c, d) = getattr(before, name), getattr(after, name)
        print(f"| {name} | {a:.1f} / {b:.1f} | {c:.1f} / {d:.1f} |")
    print(f"| first search, from opening | {before.first:.0f} | {after.first:.0f} |")
    print(f"| memory of the process, MB | {before.memory:.0f} | {after.memory:.0f} |")
    print(f"| recall@10 of the vector search | {before.recall:.3f} | {after.recall:.3f} |")
    print(f"| one update of a page of {PAGE_CHUNKS} chunks | | {one_update:.1f} |")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--chunks", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--dimensions", type=int, default=384)
    parser.add_argument("--keep", type=Path, help="a folder where the index stays for the next run")
    parser.add_argument("--reader", type=Path, help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.reader:
        figures = asyncio.run(measure(wanted.reader, Corpus(wanted.chunks[0], wanted.dimensions)))
        sys.stdout.write(json.dumps(asdict(figures)))
        return
    with tempfile.TemporaryDirectory() as folder:
        for chunks in wanted.chunks:
            report(chunks, wanted.dimensions, wanted.keep or Path(folder))


if __name__ == "__main__":
    main()
