"""Cohere's embedder and reranker: the real SDK against a server of our own, over a socket."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace

import numpy as np
import pytest

from bot.backends.cohere import EmbedOptions, Options, RerankOptions, connect
from bot.backends.cohere.reranker import CohereReranker
from bot.backends.shared.embedder import ServiceEmbedder
from bot.model import Usage
from bot.ports import RateLimited, Rejected, Unauthorized, Unavailable
from tests.support.cohere_server import (
    KEY,
    TOO_MANY,
    CohereServer,
    Hang,
    NotJson,
    Status,
)
from tests.support.waiting import given_up, patiently

EMBED = EmbedOptions(query_seconds=1.0)


@pytest.fixture
async def server() -> AsyncIterator[CohereServer]:
    async with CohereServer() as running:
        yield running


@pytest.fixture
async def embedder(server: CohereServer) -> AsyncIterator[ServiceEmbedder]:
    made = await _embedder(server, EMBED)
    yield made
    await made.close()


@pytest.fixture
async def reranker(server: CohereServer) -> AsyncIterator[CohereReranker]:
    made = (
        await connect(Options(KEY, server.url, rerank=patiently(RerankOptions(seconds=1.0), "seconds")))
    ).reranker()
    yield made
    await made.close()


async def _embedder(server: CohereServer, options: EmbedOptions, key: str = KEY) -> ServiceEmbedder:
    return (await connect(Options(key, server.url, embed=options))).embedder()


# --- embedding ------------------------------------------------------------------------------------


async def test_vectors_come_in_the_order_of_the_texts(embedder):
    """Each row is the text's own vector, of length 1, over as many calls as it takes."""
    texts = [f"page {number} about holidays" for number in range(250)]

    rows = await embedder.embed_documents(texts)

    assert rows.shape == (250, 1024)
    assert rows.dtype == np.float32
    assert np.allclose(np.linalg.norm(rows, axis=1), 1.0, atol=1e-5)
    query = await embedder.embed_query("page 137 about holidays")
    assert int(np.argmax(rows @ query)) == 137


async def test_at_most_96_texts_a_call(server, embedder):
    """250 texts go in three calls, as documents of 1024 dimensions."""
    await embedder.embed_documents([f"text {number}" for number in range(250)])

    calls = server.calls("embed")
    assert sorted(len(call.body["texts"]) for call in calls) == [58, 96, 96]
    assert {call.body["input_type"] for call in calls} == {"search_document"}
    assert {call.body["output_dimension"] for call in calls} == {1024}


async def test_a_question_is_embedded_as_a_question(server, embedder):
    """A query has an input type of its own."""
    await embedder.embed_query("How many days off?")

    assert server.calls("embed")[0].body["input_type"] == "search_query"


async def test_no_text_is_sent_twice(server, embedder):
    """Equal texts are sent once, in one call or in several at once."""
    first, second = await asyncio.gather(
        embedder.embed_documents(["one", "two", "one"]), embedder.embed_documents(["two", "three"])
    )

    assert sorted(server.texts) == ["one", "three", "two"]
    assert np.array_equal(first[0], first[2])
    assert np.array_equal(first[1], second[0])


async def test_several_callers_fill_one_batch(server, embedder):
    """What many ask for at once is packed into full calls."""
    await asyncio.gather(*(embedder.embed_documents([f"{page} {n}" for n in range(6)]) for page in range(64)))

    assert [len(call.body["texts"]) for call in server.calls("embed")] == [96] * 4


async def test_blank_texts_are_not_sent(server, embedder):
    """Cohere rejects an empty string: its row is zeros, and so is an empty question's."""
    rows = await embedder.embed_documents(["", "text", " \n"])

    assert server.texts == ["text"]
    assert [bool(row.any()) for row in rows] == [False, True, False]
    assert not (await embedder.embed_query(" ")).any()
    assert (await embedder.embed_documents([])).shape == (0, 1024)


@pytest.mark.parametrize("encoding", ["int8", "base64"])
async def test_other_encodings_give_the_same_directions(server, embedder, encoding):
    """int8 is close to the floats, base64 is the same."""
    other = await _embedder(server, replace(EMBED, encoding=encoding))
    texts = ["holidays and days off", "the office dog"]

    rows, others = await embedder.embed_documents(texts), await other.embed_documents(texts)
    await other.close()

    assert np.allclose((rows * others).sum(axis=1), 1.0, atol=2e-3 if encoding == "int8" else 1e-6)
    assert (other.model == embedder.model) is (encoding == "base64")


def _encodings(server: CohereServer) -> list[str]:
    return [call.body["embedding_types"][0] for call in server.calls("embed")]


async def test_many_texts_travel_in_base64(server, embedder):
    """One call tries it; once it went well the rest follow. A few texts and questions stay as they were."""
    await embedder.embed_documents(["a few"])
    await embedder.embed_documents([f"text {number}" for number in range(96 * 12)])
    await embedder.embed_query("question")

    assert _encodings(server)[:2] == ["float", "base64"]
    assert _encodings(server)[-1] == "float"
    assert _encodings(server).count("base64") > 4


@pytest.mark.slow
async def test_a_server_without_base64_is_left_in_peace():
    """It is asked once, no text gets lost, and none is embedded twice."""
    async with CohereServer(compact=False) as server:
        embedder = await _embedder(server, EMBED)
        rows = await embedder.embed_documents([f"text {number}" for number in range(96 * 12)])
        await embedder.embed_documents([f"more {number}" for number in range(96 * 12)])
        await embedder.close()

    assert rows.any(axis=1).all()
    assert _encodings(server).count("base64") == 1
    assert len(server.texts) == len(set(server.texts)) == 2 * 96 * 12


async def test_usage_counts_texts_and_billed_tokens(embedder):
    """The count runs from when the embedder was made."""
    await embedder.embed_documents(["two words", "and three words"])
    await embedder.embed_query("question")

    assert embedder.usage() == Usage("embed-v4.0", calls=2, texts=3, input_tokens=6)


async def test_no_more_calls_at_once_than_set(server):
    """The setting bounds the calls, and all of them are used."""
    server.latency = 0.05
    embedder = await _embedder(server, replace(EMBED, calls_at_once=3))

    await embedder.embed_documents([f"text {number}" for number in range(96 * 9)])
    await embedder.close()

    assert server.busiest == 3


async def test_a_rate_limit_slows_everything_down(server, embedder):
    """After one 429 with Retry-After no call is made, by any worker, until the time is up; nothing is lost."""
    server.next("embed", Status(429, "too many requests", {"Retry-After": "1"}))
    first = asyncio.create_task(embedder.embed_documents(["first"]))
    async with given_up():
        while not embedder._bucket.paused_for:  # noqa: ASYNC110 - no event tells of it
            await asyncio.sleep(0.005)

    rows = await embedder.embed_documents([f"text {number}" for number in range(400)])

    calls = server.calls("embed")
    assert rows.any(axis=1).all()
    assert (await first).any()
    assert [call.at - calls[0].at for call in calls[1:] if call.at - calls[0].at < 0.99] == []
    assert len(server.texts) == len(set(server.texts)) == 401


async def test_a_question_does_not_wait_for_a_long_rate_limit(server, embedder):
    """While indexing is told to wait 30 seconds, a question is told so at once, without a call."""
    server.next("embed", Status(429, "too many requests", {"Retry-After": "30"}))
    with pytest.raises(RateLimited) as first:
        await embedder.embed_query("How many days off?")
    with pytest.raises(RateLimited) as second:
        await embedder.embed_query("How many days off?")

    assert first.value.retry_after == 30.0
    assert 25 < second.value.retry_after <= 30
    assert len(server.calls("embed")) == 1


async def test_batches_survive_passing_failures(server, embedder):
    """A 500, a gateway's HTML and a body that isn't JSON are tried again."""
    server.next("embed", Status(500), Status(502, html=True), NotJson())

    rows = await embedder.embed_documents(["one", "two"])

    assert rows.any(axis=1).all()
    assert len(server.calls("embed")) == 4


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        (Status(401, "invalid api token"), Unauthorized, "Check COHERE_API_KEY."),
        (Status(402, "payment required"), Unauthorized, "billing"),
        (Status(404, "model 'x' not found"), Rejected, "model"),
        (Status(400, "invalid request: texts"), Rejected, "400"),
        (TOO_MANY, RateLimited, "rate limit"),
        (Status(500, "boom"), Unavailable, "500"),
        (Status(502, html=True), Unavailable, "502"),
        (NotJson(), Unavailable, "no usable embeddings|can't be read"),
        (Hang(), Unavailable, "took longer"),
    ],
)
async def test_failures_are_named(server, embedder, fault, error, words):
    """Each failure is the most specific of ours, and says nothing of what the server said."""
    server.always["embed"] = fault

    with pytest.raises(error, match=words) as caught:
        await embedder.embed_query("secret question")

    for hidden in ("secret", KEY, "nginx", "boom", "date"):
        assert hidden not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


async def test_half_characters_are_sent_as_something_else(server, embedder):
    """What a broken file left in a text doesn't break a batch."""
    rows = await embedder.embed_documents(["half \ud83d character", "whole"])

    assert rows.any(axis=1).all()
    assert server.texts == ["half ? character", "whole"]


async def test_nobody_there_is_unavailable():
    """A closed port fails at once."""
    async with CohereServer() as gone:
        url = gone.url
    embedder = (await connect(Options(KEY, url, embed=patiently(EMBED, "seconds")))).embedder()

    with pytest.raises(Unavailable, match="can't be reached"):
        await embedder.embed_query("anybody?")
    await embedder.close()


async def test_an_address_that_is_none_is_rejected():
    """A base URL without a scheme is a matter of configuration."""
    embedder = (await connect(Options(KEY, "not a url", embed=patiently(EMBED, "seconds")))).embedder()

    with pytest.raises(Rejected, match="COHERE_BASE_URL"):
        await embedder.embed_query("anybody?")
    await embedder.close()


async def test_a_wrong_key_is_not_tried_again(server):
    """Indexing with a wrong key fails after one call a batch."""
    embedder = await _embedder(server, EMBED, key="wrong")

    with pytest.raises(Unauthorized):
        await embedder.embed_documents(["one"])
    await embedder.close()

    assert len(server.calls("embed")) == 1


@pytest.mark.parametrize("key", ["two\nlines", "schlüssel"])
async def test_a_key_that_cant_be_one_is_named(server, key):
    """What can't even be sent is a matter of the key, not of the connection."""
    embedder = await _embedder(server, EMBED, key=key)

    with pytest.raises(Unauthorized, match="COHERE_API_KEY") as caught:
        await embedder.embed_query("hello")
    await embedder.close()

    assert key not in str(caught.value)


async def test_other_dimensions_than_set_are_named():
    """A model of another size is told with what to do."""
    async with CohereServer() as server:
        options = replace(EMBED, model="embed-english-v3.0", dimensions=384)
        embedder = await _embedder(server, options)
        with pytest.raises(Rejected, match="1024 dimensions, not 384"):
            await embedder.embed_query("hello")
        await embedder.close()


async def test_a_failed_batch_fails_only_who_asked_for_it(server):
    """One caller's rejected texts don't take another's down."""
    embedder = await _embedder(server, replace(EMBED, encoding="float"))
    server.next("embed", Status(400, "invalid request"))

    many = [embedder.embed_documents([f"{caller} {n}" for n in range(96)]) for caller in range(3)]
    results = await asyncio.gather(*many, return_exceptions=True)

    assert sorted(type(result).__name__ for result in results) == ["Rejected", "ndarray", "ndarray"]
    await embedder.close()


async def test_logs_hold_neither_key_nor_text(server, embedder, caplog):
    """Above DEBUG nothing is logged of what was sent."""
    caplog.set_level(logging.INFO)
    server.next("embed", Status(500), Status(400, "bad: secret question"))

    with pytest.raises(Rejected):
        await embedder.embed_query("secret question")

    assert "secret" not in caplog.text
    assert KEY not in caplog.text


# --- reranking ------------------------------------------------------------------------------------


async def test_relevance_comes_in_the_order_of_the_texts(server, reranker):
    """The server's ranking is undone; a blank text is not sent and has no relevance."""
    scores = await reranker.rerank("vacation days", ["the dog", "", "vacation days: 25", "vacation"])

    assert scores[2] > scores[3] > scores[0]
    assert scores[1] == 0.0
    assert server.calls("rerank")[0].body["documents"] == ["the dog", "vacation days: 25", "vacation"]


async def test_nothing_to_rank_calls_nobody(server, reranker):
    """No texts, or no question, need no call."""
    assert await reranker.rerank("question", []) == []
    assert await reranker.rerank("  ", ["text"]) == [0.0]
    assert server.calls("rerank") == []


async def test_reranking_is_billed_in_searches(reranker):
    """Usage counts the searches that were billed and the texts ranked."""
    await reranker.rerank("question", [f"text {number}" for number in range(150)])

    assert reranker.usage() == Usage("rerank-v4.0-fast", calls=2, texts=150)


async def test_reranking_is_tried_twice(server, reranker):
    """A passing failure costs a second call, not the answer."""
    server.next("rerank", Status(503))

    assert len(await reranker.rerank("question", ["text"])) == 1
    assert len(server.calls("rerank")) == 2


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Status(401), Unauthorized),
        (Status(402), Unauthorized),
        (Status(429, "slow down", {"Retry-After": "2"}), RateLimited),
        (Status(500), Unavailable),
        (Status(502, html=True), Unavailable),
        (NotJson(), Unavailable),
        (Hang(), Unavailable),
    ],
)
async def test_a_reranker_that_is_down_says_so(server, reranker, fault, error):
    """Each of its failures is one of ours, within the deadline."""
    server.always["rerank"] = fault

    async with given_up():
        with pytest.raises(error):
            await reranker.rerank("question", ["text"])


async def test_connections_close_with_the_last_part(server):
    """Parts share their connections: closing one leaves the others working."""
    cohere = await connect(Options(KEY, server.url))
    embedder, reranker = cohere.embedder(), cohere.reranker()

    await embedder.close()

    assert await reranker.rerank("question", ["text"]) != []
    await reranker.close()
