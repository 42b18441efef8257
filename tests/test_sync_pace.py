"""How far embedding may be ahead of storing: a crash loses what lies between."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from bot.ports import IndexedDocument
from indexer.sources import open_source
from indexer.sources.base import Surroundings
from indexer.sync import sync_all, wanted_format
from tests.fakes import FakeEmbedder, FakeStore
from tests.pages import put, settings


class Embedder(FakeEmbedder):
    """Says how many calls it may have under way, and counts those whose texts aren't stored yet."""

    def __init__(self, calls_at_once: int) -> None:
        super().__init__()
        self.calls_at_once = calls_at_once
        self.begun = self.stored = self.furthest = 0

    async def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.begun += 1
        self.furthest = max(self.furthest, self.begun - self.stored)
        return await super().embed_documents(texts)


class SlowStore(FakeStore):
    """Stores nothing before the embedder is as far ahead as it may be, and slowly then."""

    def __init__(self, embedder: Embedder, ahead: int) -> None:
        super().__init__()
        self.embedder = embedder
        self.ahead = ahead

    async def replace(self, documents: Sequence[IndexedDocument]) -> None:
        async with asyncio.timeout(30):
            while self.embedder.furthest < self.ahead:  # noqa: ASYNC110 - another task is waited for
                await asyncio.sleep(0.01)
        for _ in range(100):
            await asyncio.sleep(0)
        await super().replace(documents)
        self.embedder.stored += 1


@pytest.mark.parametrize(("calls_at_once", "ahead"), [(1, 1), (4, 8)])
async def test_ahead_of_the_store(tmp_path: Path, calls_at_once: int, ahead: int) -> None:
    """One batch, or two for each call that the embedder may have under way, so that none of them waits."""
    put(
        tmp_path,
        {f"{n}.md": "\n\n".join(f"# {n} {m}\n\nSome {n} {m}." for m in range(10)) for n in range(149)},
    )
    embedder = Embedder(calls_at_once)
    source = open_source(settings(path=str(tmp_path)), Surroundings(tmp_path))

    store = SlowStore(embedder, ahead)
    await store.rebuild(wanted_format(embedder))
    await store.swap(wanted_format(embedder))

    (report,) = await sync_all([source], store, embedder)

    assert (report.added, report.error) == (149, "")
    assert embedder.begun > 8
    assert embedder.furthest == ahead
