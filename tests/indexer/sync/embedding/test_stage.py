"""Which texts are embedded while others are stored."""

import asyncio
from collections.abc import Sequence

from bot.ports import Vector
from indexer.sync.embedding.stage import EmbeddingStage
from indexer.sync.sync_all import wanted_format
from tests.support.fakes import FakeEmbedder, FakeStore
from tests.support.pages import page


class SlowStore(FakeStore):
    """Answers for vectors once it may."""

    def __init__(self) -> None:
        super().__init__()
        self.asked, self.may_answer = asyncio.Event(), asyncio.Event()
        self.may_answer.set()

    async def vectors(self, text_hashes: Sequence[str]) -> dict[str, Vector]:
        self.asked.set()
        await self.may_answer.wait()
        return await super().vectors(text_hashes)


async def test_a_text_is_stored_with_one_page_while_another_asks_for_it() -> None:
    """A page whose text also stood in one that is stored at this very moment has its vector nevertheless."""
    store, embedder = SlowStore(), FakeEmbedder()
    await store.rebuild(wanted_format(embedder))
    await store.swap(wanted_format(embedder))
    embedding = EmbeddingStage(store, embedder, None, None)
    await embedding.recall()
    async with asyncio.TaskGroup() as tasks:
        (first,) = await embedding.add([page("# Leave\n\nThe same.")], tasks)
        await embedding.flush(tasks)
        await first.arrived()
        store.asked.clear()
        store.may_answer.clear()
        adding = tasks.create_task(embedding.add([page("# Leave\n\nThe same.\n\n# More\n\nNew.")], tasks))
        await store.asked.wait()
        await store.replace([embedding.indexed(first)])
        await embedding.stored([first])
        store.may_answer.set()
        (second,) = await adding
        await embedding.flush(tasks)
    await embedding.end(done=True)
    assert len(second.vectors) == 2
    assert all(vector.result() is not None for vector in second.vectors.values())
    assert embedding.texts == 2
