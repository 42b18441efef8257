"""How far embedding may be ahead of storing: as far as memory should be filled."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bot.ports import IndexedDocument
from indexer.sources import open_source
from indexer.sources.base import Surroundings
from indexer.sync.pipeline import AHEAD
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
