"""The embedder for every server with OpenAI's API: the real SDK against a server of our own, over a socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import numpy as np
import pytest

from bot.backends.openai import Access, EmbedOptions, connect
from bot.backends.shared.embedder import ServiceEmbedder
from bot.backends.shared.errors import Service
from bot.ports import RateLimited, Rejected, Unauthorized, Unavailable
from tests.support.cohere_server import Hang, NotJson, Status
from tests.support.openai_server import KEY, MODEL, OpenAIServer
from tests.support.waiting import patiently

OPTIONS = EmbedOptions(MODEL, 32, query_seconds=1.0, batch_seconds=1.0, patience_seconds=5.0)


@asynccontextmanager
async def opened(
    server: OpenAIServer, options: EmbedOptions = OPTIONS, key: str = KEY
) -> AsyncIterator[ServiceEmbedder]:
    access = Access(Service("a server", key="Check the key.", url="Check the address."), key, server.url)
    embedder = (await connect(access)).embedder(patiently(options, "seconds"))
    try:
        yield embedder
    finally:
        await embedder.close()


@pytest.fixture
async def server() -> AsyncIterator[OpenAIServer]:
    async with OpenAIServer() as running:
        yield running


@pytest.mark.slow
async def test_vectors_come_in_the_order_of_the_texts(server):
    """By their index, whatever order the server sends them in; full batches, each text once."""
    texts = [f"page {number} about holidays" for number in range(250)]
    async with opened(server) as embedder:
        rows = await embedder.embed_documents([*texts, texts[0], " "])
        query = await embedder.embed_query("page 137 about holidays")
    assert rows.shape == (252, 32)
    assert np.allclose(np.linalg.norm(rows[:251], axis=1), 1.0, atol=1e-5)
    assert np.array_equal(rows[0], rows[250])
    assert not rows[251].any()
    assert int(np.argmax(rows[:250] @ query)) == 137
    assert sorted(len(call.body["input"]) for call in server.calls("embeddings")) == [1, 58, 96, 96]
    assert embedder.usage().texts == 251


async def test_a_batch_is_no_larger_than_the_server_takes(server):
    """text-embeddings-inference takes 32 by default."""
    async with opened(server, replace(OPTIONS, batch=32)) as embedder:
        await embedder.embed_documents([f"text {number}" for number in range(70)])
    assert sorted(len(call.body["input"]) for call in server.calls("embeddings")) == [6, 32, 32]


async def test_dimensions_are_asked_for_only_where_that_is_set(server):
    """Most models have one size, and refuse the question."""
    async with opened(server, replace(OPTIONS, dimensions=16, sized=True)) as embedder:
        assert (await embedder.embed_query("days off")).shape == (16,)
    assert server.calls("embeddings")[0].body["dimensions"] == 16
    async with opened(server, replace(OPTIONS, dimensions=16)) as embedder:
        with pytest.raises(Rejected, match="gives 32 dimensions, not 16"):
            await embedder.embed_query("days off")


async def test_prefixes_stand_before_texts_and_make_another_index(server):
    """Some models want to know what is a question and what is a page."""
    prefixed = replace(OPTIONS, query_prefix="query: ", document_prefix="passage: ")
    async with opened(server, prefixed) as embedder, opened(server) as plain:
        await embedder.embed_query("days off")
        await embedder.embed_documents(["25 days"])
        assert embedder.model != plain.model
    assert [call.body["input"] for call in server.calls("embeddings")] == [
        ["query: days off"],
        ["passage: 25 days"],
    ]


async def test_a_rate_limit_is_waited_for_while_indexing_and_told_to_a_question(server):
    """With Retry-After by so much, without it by more each time."""
    server.next("embeddings", Status(429, "slow down", {"retry-after": "0.05"}), Status(429, "slow down"))
    async with opened(server) as embedder:
        assert (await embedder.embed_documents(["25 days"])).any()
        assert len(server.calls("embeddings")) == 3
        server.always["embeddings"] = Status(429, "slow down", {"retry-after": "60"})
        with pytest.raises(RateLimited):
            await embedder.embed_query("days off")


async def test_a_question_is_tried_once_more(server):
    """Within its deadline."""
    server.next("embeddings", Status(503))
    async with opened(server) as embedder:
        assert (await embedder.embed_query("days off")).any()


@pytest.mark.parametrize(
    ("fault", "error", "told"),
    [
        (Status(401), Unauthorized, r"doesn't accept the key \(401\)\. Check the key\."),
        (Status(404, "The model `x` does not exist"), Rejected, "no such model"),
        (Status(400), Rejected, "rejected the request"),
        (Hang(), Unavailable, "took longer"),
        (NotJson(), Unavailable, "."),
    ],
)
async def test_each_failure_is_one_of_ours(server, fault, error, told):
    """For a question and while indexing."""
    server.always["embeddings"] = fault
    async with opened(server, replace(OPTIONS, query_seconds=0.2, batch_seconds=0.2)) as embedder:
        with pytest.raises(error, match=told):
            await embedder.embed_query("days off")
        if not issubclass(error, Unavailable):
            with pytest.raises(error, match=told):
                await embedder.embed_documents(["25 days"])


async def test_several_callers_share_calls(server):
    """What many ask for at once is packed together."""
    async with opened(server) as embedder:
        await asyncio.gather(
            *(embedder.embed_documents([f"{page} {n}" for n in range(6)]) for page in range(16))
        )
    assert [len(call.body["input"]) for call in server.calls("embeddings")] == [96]
