"""A reranker behind `/v1/rerank`: httpx against a server of our own, over a socket."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from bot.backends.rerank_url import RerankOptions, UrlReranker
from bot.ports import RateLimited, Rejected, Unauthorized, Unavailable
from tests.support.cohere_server import Hang, NotJson, Status
from tests.support.openai_server import KEY, MODEL, OpenAIServer
from tests.support.waiting import patience

TEXTS = ["Bring your dog.", "You get 25 vacation days.", " ", "Ask Ann."]


@asynccontextmanager
async def opened(
    server: OpenAIServer, *, url: str = "", key: str = KEY, **more
) -> AsyncIterator[UrlReranker]:
    reranker = UrlReranker(
        RerankOptions(url or server.url, model=MODEL, api_key=key, seconds=0.5 * patience(), **more)
    )
    try:
        yield reranker
    finally:
        await reranker.close()


@pytest.fixture
async def server() -> AsyncIterator[OpenAIServer]:
    async with OpenAIServer() as running:
        yield running


async def test_each_text_gets_its_own_relevance(server):
    """In the order of the texts; a blank one isn't sent and has none."""
    async with opened(server) as reranker:
        scores = await reranker.rerank("How many vacation days?", TEXTS)
    assert scores.index(max(scores)) == 1
    assert all(0 <= score <= 1 for score in scores)
    assert scores[2] == 0.0
    (call,) = server.calls("rerank")
    assert call.path == "/v1/rerank"
    assert len(call.body["documents"]) == 3
    assert reranker.usage().calls == 1


@pytest.mark.parametrize("end", ["", "/v1", "/v1/", "/v1/rerank"])
async def test_the_address_may_name_the_path(server, end):
    """As people copy it."""
    async with opened(server, url=f"{server.root}{end}") as reranker:
        await reranker.rerank("How many?", TEXTS)
    assert server.calls("rerank")[0].path == "/v1/rerank"


async def test_text_embeddings_inference_has_a_form_of_its_own():
    """It is found by one refused call, and kept."""
    async with OpenAIServer(kind="tei") as server, opened(server, url=server.root) as reranker:
        scores = await reranker.rerank("How many vacation days?", TEXTS)
        await reranker.rerank("How many vacation days?", TEXTS)
    assert scores.index(max(scores)) == 1
    assert [call.path for call in server.calls("rerank")] == ["/v1/rerank", "/rerank", "/rerank"]


async def test_logits_become_relevances_from_0_to_1(server):
    """llama.cpp gives them raw: known by the first that is none between 0 and 1, and from then on."""
    server.relevance = lambda query, text: 6.0 if "25" in text else -4.0
    async with opened(server) as reranker:
        scores = await reranker.rerank("How many?", TEXTS)
        assert scores[1] > 0.99
        assert 0 < scores[0] < 0.1
        server.relevance = lambda query, text: 0.5
        assert await reranker.rerank("How many?", ["a word"]) == [pytest.approx(0.622, abs=0.01)]


async def test_many_texts_go_in_several_calls(server):
    """A server may take so many at once only."""
    async with opened(server, batch=2) as reranker:
        scores = await reranker.rerank("How many vacation days?", TEXTS)
    assert scores.index(max(scores)) == 1
    assert sorted(len(call.body["documents"]) for call in server.calls("rerank")) == [1, 2]


async def test_a_call_is_tried_once_more(server):
    """After what may have passed."""
    server.next("rerank", Status(503))
    async with opened(server) as reranker:
        assert max(await reranker.rerank("How many vacation days?", TEXTS)) > 0


@pytest.mark.parametrize(
    ("fault", "error", "told"),
    [
        (Status(401), Unauthorized, r"doesn't accept the key \(401\)\. Check the reranker's api_key"),
        (Status(404), Rejected, "no such model or address"),
        (Status(429, "slow", {"retry-after": "9"}), RateLimited, "rate limit"),
        (Status(500), Unavailable, "has a problem"),
        (Hang(), Unavailable, "took longer"),
        (NotJson(), Rejected, "is no reranker"),
    ],
)
async def test_each_failure_is_one_of_ours(server, fault, error, told):
    """With what to do where there is something."""
    server.always["rerank"] = fault
    async with opened(server) as reranker:
        with pytest.raises(error, match=told):
            await reranker.rerank("How many?", TEXTS)


async def test_wrong_access_is_told(server):
    """A key that is refused, an address where nobody is, one that is none."""
    for options, error, told in (
        ({"key": "wrong"}, Unauthorized, "Check the reranker's api_key"),
        ({"url": "http://127.0.0.1:9"}, Unavailable, "can't be reached. Check the reranker's url"),
        ({"url": "http://[nowhere"}, Rejected, "not a valid URL"),
    ):
        try:
            async with opened(server, **options) as reranker:
                with pytest.raises(error, match=told):
                    await reranker.rerank("How many?", TEXTS)
        except ValueError:
            assert "[nowhere" in str(options)
