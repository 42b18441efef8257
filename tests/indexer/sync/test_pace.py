"""How far embedding may be ahead of storing: as far as memory should be filled."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bot.ports import IndexedDocument
from indexer.reading.machines import ThisMachine
from indexer.reading.page_builder import NoPage
from indexer.reading.reader_pool import Built, Lot, Readers
from indexer.sources import open_source
from indexer.sources.base import Entry, Fetched, Source, Surroundings
from indexer.sync.pipeline import AHEAD
from indexer.sync.source_sync import SyncOptions
from indexer.sync.sync_all import sync_all, wanted_format
from tests.support.fakes import FakeEmbedder, FakeStore
from tests.support.pages import put, settings
from tests.support.waiting import given_up

CHUNKS = 6_000


class Embedder(FakeEmbedder):
    """Says how many calls it may have under way, and counts the most and the texts that aren't stored yet."""

    calls_at_once = 4

    def __init__(self) -> None:
        super().__init__()
        self.under_way = self.most = self.begun = self.stored = self.furthest = 0
        self.sizes: list[int] = []

    async def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        self.begun += len(texts)
        self.furthest = max(self.furthest, self.begun - self.stored)
        self.sizes.append(len(texts))
        await asyncio.sleep(0)
        rows = await super().embed_documents(texts)
        self.under_way -= 1
        return rows


class LateStore(FakeStore):
    """Stores nothing before the embedder has been idle for a while."""

    def __init__(self, embedder: Embedder) -> None:
        super().__init__()
        self.embedder = embedder

    async def replace(self, documents: Sequence[IndexedDocument]) -> None:
        begun = -1
        while begun != self.embedder.begun:
            begun = self.embedder.begun
            await asyncio.sleep(0.3)
        await super().replace(documents)
        self.embedder.stored += sum(len(document.chunks) for document in documents)


@pytest.mark.slow
async def test_ahead_of_the_store(tmp_path: Path) -> None:
    """However slow the store is, not many more texts are embedded than it has; and all are in full calls."""
    pages = range(CHUNKS // 20)
    put(tmp_path, {f"{n}.md": "\n\n".join(f"# {n} {m}\n\nSome {n} {m}." for m in range(20)) for n in pages})
    embedder = Embedder()
    source = open_source(settings(path=str(tmp_path)), Surroundings(tmp_path / "data"))
    store = LateStore(embedder)
    await store.rebuild(wanted_format(embedder))
    await store.swap(wanted_format(embedder))

    (report,) = await sync_all([source], store, embedder)

    assert (report.added, report.embedded, report.error) == (300, CHUNKS, "")
    assert AHEAD < embedder.furthest < AHEAD + 500
    assert 4 <= embedder.most <= 6
    assert sorted(embedder.sizes) == [48] + [96] * 62


class LateReaders(Readers):
    """Many may be at work, but none is done before nothing more is fetched for a while."""

    groups_at_once = 100
    bytes_at_once = 1_000_000

    def __init__(self, source: "Counted") -> None:
        self._source = source

    async def _read(self, lots: Sequence[Lot]) -> list[Built]:
        fetched = -1
        while fetched != self._source.fetched:
            fetched = self._source.fetched
            await asyncio.sleep(0.1)
        self._source.read += sum(map(len, lots))
        return [[NoPage(page.entry.path, "it is empty", empty=True) for page in lot] for lot in lots]


class Counted(Source):
    """Pages of 90,000 bytes, and how many of them were fetched and not read."""

    def __init__(self, data: Path) -> None:
        super().__init__(settings(type="x"), Surroundings(data))
        self.fetched = self.read = self.furthest = 0

    async def entries(self) -> AsyncIterator[Entry]:
        for number in range(160):
            yield Entry(f"{number}.md", "1")

    async def fetch(self, entry: Entry) -> Fetched:
        self.fetched += 1
        self.furthest = max(self.furthest, self.fetched - self.read)
        return Fetched(entry.path, (f"# {entry.path}\n\n" + "word " * 18_000).encode())


class LateMachines(ThisMachine):
    def __init__(self, source: Counted) -> None:
        self.source = source

    @asynccontextmanager
    async def readers(self, workers: int, pages: int) -> AsyncIterator[Readers]:
        yield LateReaders(self.source)


async def test_fetched_ahead_of_the_readers(tmp_path: Path) -> None:
    """However many readers may be at work, not many more bytes are fetched than may wait for them."""
    source = Counted(tmp_path)
    store = FakeStore()
    await store.rebuild(wanted_format(None))
    await store.swap(wanted_format(None))
    (report,) = await sync_all([source], store, None, SyncOptions(machines=LateMachines(source)))
    assert (report.empty, report.error) == (160, "")
    # A million bytes are 11 pages, and five groups of eight may have been begun by then.
    assert 11 <= source.furthest <= 11 + 48


@pytest.mark.slow
async def test_a_text_that_waits_for_a_full_call(tmp_path: Path) -> None:
    """A page with a new text is written, though all that is read behind it needs no call."""
    same = "\n\n".join(f"# Page\n\nPart {part} is the same everywhere." for part in range(50))
    put(tmp_path, {f"{number:03}.md": same for number in range(100)})
    embedder = Embedder()
    source = open_source(settings(path=str(tmp_path)), Surroundings(tmp_path / "data"))
    store = FakeStore()
    await store.rebuild(wanted_format(embedder))
    await store.swap(wanted_format(embedder))

    async with given_up():
        (report,) = await sync_all([source], store, embedder)

    assert (report.added, report.chunks, report.embedded) == (100, 5_000, 50)
