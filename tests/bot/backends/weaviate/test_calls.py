"""How often a question calls Weaviate, counted on the way, and what it does when calls fail or take long."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from numpy.typing import NDArray

from bot.backends.weaviate import WeaviateStore, open_store
from bot.backends.weaviate.server.hedge import first_answer
from bot.config.models import WeaviateSettings
from bot.model import Question, Usage
from bot.ports import Store, Unavailable, Vector
from bot.retrieval.retriever import Retriever
from tests.support.store_contract import EVERYONE, ask, begin, embed, ids, page
from tests.support.waiting import given_up
from tests.support.weaviate_proxy import Proxy, proxied
from tests.support.weaviate_stores import Stores

PAGES = [
    page("wiki:dogs.md", "Dogs may come to the office on Fridays.", title="Office dogs"),
    page("wiki:leave.md", "You have 28 days of annual leave.", "Unused leave expires.", title="Annual leave"),
    page("wiki:travel.md", "Hotels in London cost up to 180 pounds.", title="Travel expenses"),
    page("wiki:board.md", "The Brontolux project is secret.", title="Brontolux", audience=["board"]),
]
QUESTIONS = [
    "May dogs come to the office?",
    "How many days of anual leave do I get, and does unusd leave expire?",
    "Wie viele Tage Urlaub habe ich im Jahr?",
    "What does a hotel in London cost? And may my dog come along?",
    "Who won the zebra lottery?",
    "What is Brontolux?",
]


class WordsEmbedder:
    """Bags of words as vectors."""

    model = "hashed words 64"
    dimensions = 64

    async def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.stack([embed(text) for text in texts])

    async def embed_query(self, text: str) -> Vector:
        return embed(text)

    def usage(self) -> Usage:
        return Usage()

    async def close(self) -> None: ...


@pytest.fixture
async def stores(weaviate_server: WeaviateSettings, tmp_path: Path) -> AsyncIterator[Stores]:
    stores = Stores(weaviate_server.model_copy(update={"collection": f"T{uuid4().hex[:12]}"}), tmp_path)
    writer = await begin(await stores.open())
    await writer.replace(PAGES)
    await writer.settle()
    yield stores
    await stores.close()


@pytest.fixture
async def proxy(stores: Stores) -> AsyncIterator[Proxy]:
    async with proxied(str(stores.settings.grpc_url)) as proxy:
        yield proxy


@pytest.fixture
async def reader(stores: Stores, proxy: Proxy, tmp_path: Path) -> AsyncIterator[WeaviateStore]:
    """Asks through the proxy, and has looked ahead for a minute."""
    settings = stores.settings.model_copy(update={"grpc_url": proxy.address})
    store = open_store(settings, tmp_path, fresh=60)
    await loaded(store)
    await store.search(ask("dogs"))
    yield store
    await store.close()


async def loaded(store: Store) -> None:
    """Returns when the vocabulary is there."""
    async with given_up():
        while True:
            if (await store.vocabulary(["dog"], EVERYONE)).holding == {"dog": 1}:
                return
            await asyncio.sleep(0.05)


async def retrieved(store: Store, text: str) -> bool:
    question = Question(text=text, audience=EVERYONE)
    retriever = Retriever(
        store=store, embedder=WordsEmbedder(), audiences=lambda: frozenset({"everyone", "board"})
    )
    return (await retriever.retrieve(question, text)).enough


@pytest.mark.parametrize("text", QUESTIONS)
async def test_calls_a_question(reader: WeaviateStore, proxy: Proxy, text: str) -> None:
    """A question makes at most three calls, whatever it is like."""
    proxy.calls.clear()
    await retrieved(reader, text)
    assert set(proxy.calls) == {"Search"}
    assert proxy.calls["Search"] <= 3


async def test_a_search_is_one_call(reader: WeaviateStore, proxy: Proxy) -> None:
    """A search of pages that nobody writes is one call."""
    proxy.calls.clear()
    assert ids(await reader.search(ask("office dogs")))[0] == "wiki:dogs.md"
    assert dict(proxy.calls) == {"Search": 1}


async def test_typos_are_mended_by_what_is_counted(reader: WeaviateStore) -> None:
    """A mistyped word finds the page that has the right one."""
    assert await retrieved(reader, "anual leave")


async def test_without_a_vocabulary(stores: Stores, proxy: Proxy, tmp_path: Path) -> None:
    """While the vocabulary can't be read, questions are answered without it."""
    proxy.hide_notes = True
    settings = stores.settings.model_copy(update={"grpc_url": proxy.address})
    store = open_store(settings, tmp_path, fresh=60)
    assert (await store.vocabulary(["dog"], EVERYONE)).chunks is None
    assert await retrieved(store, "May dogs come to the office?")
    await store.close()


async def test_a_slow_server_is_asked_once(stores: Stores, proxy: Proxy, tmp_path: Path) -> None:
    """One server alone that takes most of the deadline answers, and isn't asked the same again meanwhile."""
    settings = stores.settings.model_copy(update={"grpc_url": proxy.address, "search_deadline": 4.0})
    store = open_store(settings, tmp_path, fresh=60)
    await loaded(store)
    await store.search(ask("dogs"))
    proxy.calls.clear()
    proxy.delay = 2.5
    assert ids(await store.search(ask("office dogs")))[0] == "wiki:dogs.md"
    assert dict(proxy.calls) == {"Search": 1}
    await store.close()


async def test_the_faster_node_answers(stores: Stores, tmp_path: Path) -> None:
    """Of two addresses the one that answers first counts, and a node that hangs makes no search fail."""
    real = str(stores.settings.grpc_url)
    async with proxied(real) as slow, proxied(real) as quick:
        both = {
            "url": f"{stores.settings.url},{stores.settings.url}",
            "grpc_url": f"{slow.address},{quick.address}",
        }
        store = open_store(stores.settings.model_copy(update=both), tmp_path, fresh=60)
        await loaded(store)
        slow.hang = True
        for _ in range(4):
            assert ids(await store.search(ask("office dogs")))[0] == "wiki:dogs.md"
        await store.close()


async def test_reads_are_spread(stores: Stores, tmp_path: Path) -> None:
    """Several addresses take turns."""
    real = str(stores.settings.grpc_url)
    async with proxied(real) as one, proxied(real) as other:
        both = {
            "url": f"{stores.settings.url},{stores.settings.url}",
            "grpc_url": f"{one.address},{other.address}",
        }
        store = open_store(stores.settings.model_copy(update=both), tmp_path, fresh=60)
        await loaded(store)
        for _ in range(2):
            await store.search(ask("office dogs"))
        one.calls.clear()
        other.calls.clear()
        for _ in range(6):
            await store.search(ask("office dogs"))
        assert (one.calls["Search"], other.calls["Search"]) == (3, 3)
        await store.close()


async def test_first_answer() -> None:
    """The second attempt's answer counts where the first one hangs, which is then cancelled."""
    never, seen = asyncio.Event(), list[str]()

    async def hanging() -> str:
        try:
            await never.wait()
        finally:
            seen.append("cancelled")
        return "never"

    async def quick() -> str:
        return "answer"

    assert await first_answer([hanging, quick], after=0.01, passing=lambda _: True) == "answer"
    assert seen == ["cancelled"]


async def test_first_answer_after_failures() -> None:
    """A failure that passes begins the next attempt at once; another one, and the last one, is raised."""

    async def down() -> str:
        raise Unavailable("search", "down")

    async def broken() -> str:
        raise ValueError("a bug")

    async def quick() -> str:
        return "answer"

    def passing(error: Exception) -> bool:
        return isinstance(error, Unavailable)

    assert await first_answer([down, down, quick], after=60, passing=passing) == "answer"
    with pytest.raises(ValueError, match="a bug"):
        await first_answer([down, broken, quick], after=60, passing=passing)
    with pytest.raises(Unavailable, match="down"):
        await first_answer([down, down], after=60, passing=passing)
