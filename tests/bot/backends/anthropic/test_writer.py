"""Anthropic's writer: the real SDK against a server of our own, over a socket."""

import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from bot.backends.anthropic import Access, ChatOptions, connect
from bot.backends.shared.writing.chat_writer import ChatWriter, Pace
from bot.model import Question, Turn
from bot.ports import (
    Finished,
    RateLimited,
    Refused,
    Rejected,
    Style,
    StyleExample,
    Unauthorized,
    Unavailable,
    Waiting,
)
from tests.support.anthropic_server import KEY, MODEL, AnthropicServer, Fault, Reply
from tests.support.cohere_server import Cut, Hang, Inject, NotJson, Status
from tests.support.fakes import make_passage
from tests.support.waiting import patiently
from tests.support.writing import BRIEF, DAYS, DOGS, quotes_of, text_of, written

PACE = Pace(first_token=1.0, between_tokens=0.5, answer=2.0, rewrite=1.0)


@asynccontextmanager
async def opened(
    server: AnthropicServer, *, model: str = MODEL, key: str = KEY, url: str = "", context: int | None = None
) -> AsyncIterator[ChatWriter]:
    service = await connect(Access(key, url or server.url))
    writer = service.writer(ChatOptions(model, context=context), patiently(PACE), None)
    try:
        yield writer
    finally:
        await writer.close()


@pytest.fixture
async def server() -> AsyncIterator[AnthropicServer]:
    async with AnthropicServer() as running:
        yield running


@pytest.fixture
async def writer(server: AnthropicServer) -> AsyncIterator[ChatWriter]:
    async with opened(server) as made:
        yield made


@pytest.mark.slow
async def test_native_citations_lead_to_chunks(server, writer):
    """A block is cited by the documents that it names, each once; what lies between is not."""
    server.reply = lambda _: Reply([("You have 25 days", 0, 0), ", and ", ("dogs come on Fridays.", 1, 0)])

    events = await written(writer)

    assert text_of(events) == "You have 25 days, and dogs come on Fridays."
    assert quotes_of(events) == [
        ("You have 25 days", (DAYS.chunk_id,)),
        ("dogs come on Fridays.", (DOGS.chunk_id, DAYS.chunk_id)),
    ]
    assert isinstance(events[-1], Finished)
    assert (events[-1].usage.input_tokens, events[-1].usage.output_tokens) == (120, 30)


@pytest.mark.slow
async def test_thinking_is_a_sign_of_life_and_never_shown(server, writer):
    """It comes as a block of its own."""
    server.reply = lambda _: Reply([{"type": "thinking", "thinking": "Hm, 24?"}, ("You have 25.", 0)])

    events = await written(writer)

    assert text_of(events) == "You have 25."
    assert quotes_of(events) == [("You have 25.", (DAYS.chunk_id,))]
    assert Waiting() in events


async def test_passages_are_documents_with_citations(server, writer):
    """Title with heading, date as context; blank ones are left out, and places still lead to their chunks."""
    server.reply = lambda _: Reply([("Fridays.", 1)])
    blank = replace(DOGS, chunk_id="blank", text=" \n")

    events = await written(writer, replace(BRIEF, passages=(DAYS, blank, DOGS)))

    assert quotes_of(events) == [("Fridays.", (DOGS.chunk_id,))]
    documents = server.seen[0].body["messages"][-1]["content"][:-1]
    assert documents[0] == {
        "type": "document",
        "source": {"type": "text", "media_type": "text/plain", "data": DAYS.text},
        "title": "Time off > Vacation",
        "citations": {"enabled": True},
        "context": "Last updated 2026-01-02.",
    }
    assert len(documents) == 2
    assert "temperature" not in server.seen[0].body


async def test_a_conversation_begins_with_a_question(server, writer):
    """The API accepts no other beginning; examples of the guide are earlier turns."""
    style = Style(examples=(StyleExample("e", "May I bring my dog?", "Yes [1]."),))
    history = (Turn("assistant", "Hello."), Turn("user", "How many days?"), Turn("assistant", "25."))
    await written(writer, replace(BRIEF, history=history))
    await written(writer, replace(BRIEF, style=style, history=history))

    first, second = (seen.body["messages"] for seen in server.seen)
    assert [turn["role"] for turn in first] == ["user", "assistant", "user"]
    assert second[1] == {"role": "assistant", "content": "Yes."}


async def test_what_is_too_long_is_cut_once():
    """By what the service counts."""
    many = tuple(make_passage(f"Fact {n} is so. " * 40, page=f"p{n}.md") for n in range(12))
    async with AnthropicServer(window=1000) as server, opened(server) as writer:
        assert text_of(await written(writer, replace(BRIEF, passages=many))) == "Yes."
        assert len(server.seen) == 2
    async with AnthropicServer(window=10) as server, opened(server) as writer:
        with pytest.raises(Rejected, match="too long"):
            await written(writer)
        assert len(server.seen) == 2


async def test_a_follow_up_is_made_to_stand_alone(server, writer):
    """In one call that isn't streamed."""
    server.reply = lambda _: Reply(["How many vacation days do contractors have?"])
    question = Question("And contractors?", frozenset(), (Turn("user", "How many vacation days?"),))

    assert await writer.standalone(question) == "How many vacation days do contractors have?"
    assert "stream" not in server.seen[0].body


@pytest.mark.parametrize(
    ("fault", "error", "told"),
    [
        (Status(401), Unauthorized, r"Anthropic doesn't accept the key \(401\)\. Check ANTHROPIC_API_KEY\."),
        (Status(403), Unauthorized, "doesn't accept the key"),
        (Status(400, "Your credit balance is too low"), Unauthorized, "out of credit"),
        (Status(400, "odd"), Rejected, "rejected the request"),
        (Status(404), Rejected, "no such model"),
        (Status(500), Unavailable, "has a problem"),
        (Status(529), Unavailable, "has a problem"),
        (Status(502, html=True), Unavailable, "has a problem"),
        (NotJson(), Unavailable, "."),
        (Cut(6), Unavailable, "cut off"),
        (Cut(6, torn=True), Unavailable, "broke off"),
        (Inject('event: content_block_delta\ndata: {"type": "conte', 6), Unavailable, "can't be read"),
        (Inject('event: error\ndata: {"type": "error", "error": {"type": "overloaded_error", "message": "secret-detail"}}', 6),
         Unavailable, "failed while"),
        (Inject('event: error\ndata: {"type": "error", "error": {"type": "rate_limit_error", "message": "x"}}', 6),
         RateLimited, "rate limit"),
        (Hang(), Unavailable, "stopped answering"),
        (Hang(6), Unavailable, "stopped answering"),
    ],
)  # fmt: skip
async def test_each_failure_is_one_of_ours(  # noqa: PLR0917 - fixtures
    server, writer, fault: Fault, error, told, caplog
):
    """With what to do where there is something; nothing of what the service said is shown or logged."""
    server.always = fault
    server.reply = lambda _: Reply([("You have 25 vacation days.", 0)])
    caplog.set_level(logging.INFO)

    with pytest.raises(error, match=told) as caught:
        await written(writer)
    assert caught.value.__cause__ is None
    assert "secret-detail" not in f"{caught.value}{caplog.text}"
    assert KEY not in caplog.text


@pytest.mark.parametrize(
    ("reply", "error", "told"),
    [
        (Reply([("You", 0)], "refusal"), Refused, "declined"),
        (Reply([], "tool_use"), Unavailable, "asked for a tool"),
        (Reply([" "]), Unavailable, "empty"),
        (Reply([("You have", 0)], None), Unavailable, "cut off"),
    ],
)
async def test_an_answer_that_didnt_end_well_is_none(server, writer, reply, error, told):
    """Refusals, tools that nobody asked for, nothing at all."""
    server.reply = lambda _: reply

    with pytest.raises(error, match=told):
        await written(writer)


@pytest.mark.parametrize("stop", ["max_tokens", "model_context_window_exceeded"])
async def test_the_greatest_length_is_told(server, writer, stop):
    """The answer's own, or what was left of the window."""
    server.reply = lambda _: Reply([("You have 25.", 0)], stop)

    assert (await written(writer))[-1].reason == "length"


async def test_a_rate_limit_says_how_long(server, writer):
    """As Retry-After does."""
    server.always = Status(429, "slow down", {"retry-after": "7"})

    with pytest.raises(RateLimited) as caught:
        await written(writer)
    assert caught.value.retry_after == 7.0


async def test_wrong_access_is_told(server):
    """A key that is refused, a model that isn't there, an address where nobody is."""
    for options, error, told in (
        ({"key": "wrong"}, Unauthorized, "ANTHROPIC_API_KEY"),
        ({"model": "claude-typo"}, Rejected, "Check the model"),
        ({"url": "http://127.0.0.1:9"}, Unavailable, "can't be reached. Check ANTHROPIC_BASE_URL"),
    ):
        async with opened(server, **options) as writer:
            with pytest.raises(error, match=told):
                await written(writer)


# --- pictures -------------------------------------------------------------------------------------


async def test_a_picture_is_described(server, writer):
    """The model is shown the picture as its service documents it, and what it says is counted."""
    server.reply = lambda _: Reply(["ERROR E1042: the certificate has expired."])
    said = await writer.described(b"\x89PNG\r\n\x1a\n", "image/png")
    assert said == "ERROR E1042: the certificate has expired."
    assert '"image"' in json.dumps(server.seen[-1].body)
    assert writer.usage().calls == 1
