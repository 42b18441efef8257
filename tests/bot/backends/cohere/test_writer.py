"""Cohere's writer: the real SDK against a server of our own, over a socket."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.backends.cohere import ChatOptions, Options, connect
from bot.backends.shared.writing.chat_writer import ChatWriter
from bot.model import Question, Turn
from bot.ports import (
    Brief,
    Finished,
    RateLimited,
    Refused,
    Rejected,
    Style,
    StyleExample,
    Unauthorized,
    Unavailable,
    Wrote,
)
from tests.support.cohere_rules import Block, Quote, Reply, said
from tests.support.cohere_server import (
    KEY,
    REFUSED,
    CohereServer,
    Cut,
    Fault,
    Hang,
    InBand,
    Inject,
    Linger,
    NotJson,
    Status,
    Trickle,
    malformed,
)
from tests.support.fakes import make_passage
from tests.support.waiting import given_up, patiently
from tests.support.writing import BRIEF, DAYS, DOGS, quotes_of, text_of, written

CHAT = ChatOptions(first_token_seconds=1.0, stall_seconds=0.5, whole_seconds=2.0, rewrite_seconds=1.0)


@pytest.fixture
async def server() -> AsyncIterator[CohereServer]:
    async with CohereServer() as running:
        yield running


@pytest.fixture
async def writer(server: CohereServer) -> AsyncIterator[ChatWriter]:
    made = (await connect(Options(KEY, server.url, chat=patiently(CHAT, "seconds")))).writer()
    yield made
    await made.close()


# --- what is written ------------------------------------------------------------------------------


async def test_text_is_streamed_with_citations_of_chunks(server, writer):
    """Words come one by one; each citation leads to the chunk that its document was."""
    server.reply = lambda _: said(("You have 25 vacation days.", "1"), " ", ("Dogs: Fridays.", "2"))

    events = await written(writer)

    assert len([e for e in events if isinstance(e, Wrote)]) > 5
    assert quotes_of(events) == [
        ("You have 25 vacation days.", (DAYS.chunk_id,)),
        ("Dogs: Fridays.", (DOGS.chunk_id,)),
    ]
    assert isinstance(events[-1], Finished)
    assert (events[-1].usage.input_tokens, events[-1].usage.output_tokens) == (120, 30)
    assert writer.usage() == events[-1].usage


async def test_citations_at_the_end_are_taken(server, writer):
    """Older models cite only when all is written."""
    server.reply = lambda _: said(("Büro: 25 days.", "1"), " Bye.", citations_last=True)

    assert quotes_of(await written(writer)) == [("Büro: 25 days.", (DAYS.chunk_id,))]


async def test_a_model_that_thinks_first_is_read_right(server, writer):
    """Thinking is neither shown nor counted in positions, and it is a sign of life."""
    blocks = (Block("Hm, let me see.", kind="thinking"), Block("You have 25.", (Quote(9, 12, ("1",)),)))
    server.reply = lambda _: Reply(blocks)

    events = await written(writer)

    assert text_of(events) == "You have 25."
    assert quotes_of(events) == [("25.", (DAYS.chunk_id,))]


async def test_no_citations_and_no_usage_do_no_harm(server, writer):
    """An answer without citations and a message-end without usage are taken as they are."""
    server.reply = lambda _: said("Hello.", usage=None, finish=None)

    events = await written(writer)

    assert text_of(events) == "Hello."
    assert events[-1] == Finished("complete", events[-1].usage)


async def test_the_greatest_length_is_told(server, writer):
    """MAX_TOKENS ends an answer by length."""
    server.reply = lambda _: said("You have", finish="MAX_TOKENS")

    assert (await written(writer))[-1].reason == "length"


async def test_an_unknown_event_is_passed_over(server, writer):
    """What a later version of the API adds doesn't break an answer."""
    server.always["chat"] = Inject('data: {"type":"mood-change","delta":{"mood":1}}')

    assert text_of(await written(writer)) == "Everyone has 25 vacation days. Dogs are welcome on Fridays."


# --- what is sent ---------------------------------------------------------------------------------


async def test_passages_are_sent_as_documents(server, writer):
    """A document has an id, a title with its heading, its text and its date."""
    await written(writer)

    assert server.calls("chat")[0].body["documents"] == [
        {"id": "1", "data": {"title": "Time off > Vacation", "snippet": DAYS.text, "updated": "2026-01-02"}},
        {"id": "2", "data": {"title": "Dogs", "snippet": DOGS.text, "updated": "2026-01-02"}},
    ]


async def test_long_passages_are_sent_as_several_documents(server, writer):
    """No snippet is longer than Cohere advises; all of them cite the one chunk."""
    paragraphs = [f"Rule {number}. " + "word " * 118 for number in range(9)]
    long = make_passage("\n\n".join(paragraphs), updated_at=None)
    server.reply = lambda _: said(("Rule 8.", "3"))

    events = await written(writer, Brief("Rule 8?", (long, make_passage(" ", ordinal=1)), Style()))

    snippets = [document["data"]["snippet"] for document in server.calls("chat")[0].body["documents"]]
    assert [len(snippet.split()) for snippet in snippets] == [240, 240, 240, 240, 120]
    assert quotes_of(events) == [("Rule 8.", (long.chunk_id,))]


async def test_style_examples_are_earlier_turns(server, writer):
    """System text with the style's rules, examples, the conversation, the question, in this order."""
    style = Style(
        rules=("Say du.",), examples=(StyleExample("e1", "Pets?", "Sure, bring Rex!"),), max_characters=300
    )
    history = (Turn("user", "Hi"), Turn("assistant", "Dogs may come [1]."))

    await written(writer, Brief("And cats?", (DOGS,), style, history))

    messages = server.calls("chat")[0].body["messages"]
    assert [(message["role"], message["content"]) for message in messages[1:]] == [
        ("user", "Pets?"),
        ("assistant", "Sure, bring Rex!"),
        ("user", "Hi"),
        ("assistant", "Dogs may come."),
        ("user", "And cats?"),
    ]
    assert messages[0]["role"] == "system"
    assert "- Say du." in messages[0]["content"]
    assert "300 characters" in messages[0]["content"]


async def test_more_is_asked_of_the_model(server, writer):
    """Who wants more after a first answer gets a model that knows so: the same words again would be no help."""
    await written(writer, replace(BRIEF, detailed=True))
    await written(writer)
    asked = [call.body["messages"][0]["content"] for call in server.calls("chat")]
    assert ["more is wanted" in told for told in asked] == [True, False]


async def test_a_question_without_history_costs_nothing(server, writer):
    """There is nothing to rewrite it from."""
    assert await writer.standalone(Question("How many?", frozenset())) == "How many?"
    assert server.seen == []


async def test_a_follow_up_is_rewritten_from_its_history(server, writer):
    """The conversation is sent along; what comes back is the question, without quotation marks."""
    server.rewrite = lambda _: '"How many vacation days do contractors have?"\n'
    history = (Turn("user", "How many vacation days?"), Turn("assistant", "25 [1]."))

    rewritten = await writer.standalone(Question("And contractors?", frozenset(), history))

    assert rewritten == "How many vacation days do contractors have?"
    assert [m["content"] for m in server.calls("chat")[0].body["messages"][1:]] == [
        "How many vacation days?",
        "25.",
        "And contractors?",
    ]
    assert writer.usage().calls == 1


async def test_a_long_paragraph_is_cut(server, writer):
    """A table or a wall of text of more words than Cohere advises is sent in pieces of lines, or of words."""
    table = "\n".join(f"| row {number} | with seven words in it |" for number in range(100))
    wall = make_passage("word " * 800, ordinal=1)

    await written(writer, Brief("Row 8?", (make_passage(table), wall), Style()))

    snippets = [document["data"]["snippet"] for document in server.calls("chat")[0].body["documents"]]
    assert max(len(snippet.split()) for snippet in snippets) <= 350
    assert "\n".join(snippets[:-3]) == table
    assert sum(len(snippet.split()) for snippet in snippets[-3:]) == 800


async def test_half_characters_are_sent_as_something_else(server, writer):
    """What a broken file or client left in a text doesn't break the call."""
    await written(writer, Brief("Why \ud83d?", (make_passage("A \ud83d page."),), Style()))

    body = server.calls("chat")[0].body
    assert body["messages"][-1]["content"] == "Why ??"
    assert body["documents"][0]["data"]["snippet"] == "A ? page."


@pytest.mark.parametrize(
    "useless", ["contractors " * 60, "I'm sorry, I'm not allowed to help with this.", "?"]
)
async def test_a_useless_rewriting_is_not_used(server, writer, useless):
    """What is too long to be a question, or has nothing of the conversation, leaves the question as it was."""
    server.rewrite = lambda _: useless

    question = Question("And contractors?", frozenset(), (Turn("user", "Hi"),))

    assert await writer.standalone(question) == "And contractors?"


async def test_a_connection_serves_one_answer_after_the_other(server, writer):
    """A stream is read to its end, so that the next answer needs no new connection."""
    for _ in range(5):
        await written(writer)

    assert len(server.connections) == 1


async def test_a_stream_that_stays_open_behind_its_end(server, writer):
    """The answer is whole with its last event."""
    server.always["chat"] = Linger()

    async with given_up():
        events = await written(writer)

    assert isinstance(events[-1], Finished)


# --- failures -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Status(400, "invalid request"), Rejected),
        (Status(401, "invalid api token"), Unauthorized),
        (Status(402, "payment required"), Unauthorized),
        (Status(404, "model not found"), Rejected),
        (REFUSED, Refused),
        (Status(422, "unknown field"), Rejected),
        (Status(429, "too many requests", {"Retry-After": "7"}), RateLimited),
        (Status(498, "invalid token"), Unauthorized),
        (Status(500, "boom"), Unavailable),
        (Status(502, html=True), Unavailable),
        (Status(503), Unavailable),
        (NotJson(), Unavailable),
        (Hang(), Unavailable),
        (Trickle(), Unavailable),
        (Cut(0), Unavailable),
        (Cut(4), Unavailable),
        (Cut(4, torn=True), Unavailable),
        (Hang(4), Unavailable),
        (InBand(0), Unavailable),
        (InBand(4), Unavailable),
        (malformed(0), Unavailable),
        (malformed(4), Unavailable),
        (
            Inject('data: {"type":"content-delta","index":0,"delta":{"message":{"content":"bare"}}}'),
            Unavailable,
        ),
        (Inject('data: {"message":"internal error"}'), Unavailable),
        (Inject("data: []"), Unavailable),
    ],
)
async def test_each_failure_is_one_of_ours(server, writer, fault: Fault, error):
    """However a stream goes wrong, it ends in time, in our words, and hides what the server said."""
    server.always["chat"] = fault

    async with given_up():
        with pytest.raises(error) as caught:
            await written(writer)

    assert type(caught.value) is error
    for hidden in ("secret-detail", "boom", "nginx", "bare", KEY, "vacation"):
        assert hidden not in str(caught.value)


async def test_what_was_written_before_a_cut_was_passed_on(server, writer):
    """A stream that breaks off has given its words until then."""
    server.always["chat"] = Cut(4, torn=True)
    events = writer.write(BRIEF)

    assert [await anext(events), await anext(events)] == [Wrote("Everyone"), Wrote(" has")]
    with pytest.raises(Unavailable):
        await anext(events)


async def test_an_empty_answer_is_a_failure(server, writer):
    """An answer of nothing is not an answer."""
    server.reply = lambda _: said("")

    with pytest.raises(Unavailable, match="empty"):
        await written(writer)


async def test_retry_after_is_passed_on(server, writer):
    """A rate limit says when, also as a date; without a word it is a second."""
    for value, least, most in (("7", 7, 7), ("Fri, 31 Dec 2100 23:59:59 GMT", 10**9, 10**10), ("soon", 1, 1)):
        server.next("chat", Status(429, "too many requests", {"Retry-After": value}))
        with pytest.raises(RateLimited) as caught:
            await written(writer)
        assert least <= caught.value.retry_after <= most


async def test_rewriting_is_tried_twice_within_its_deadline(server, writer):
    """A passing failure costs a second call; a server that hangs costs the deadline."""
    question = Question("And contractors?", frozenset(), (Turn("user", "Hi"),))
    server.next("chat", Status(500))
    assert await writer.standalone(question) == "And contractors?"
    assert len(server.calls("chat")) == 2

    server.always["chat"] = Hang()
    async with given_up():
        with pytest.raises(Unavailable, match="took longer"):
            await writer.standalone(question)


async def test_a_reader_that_leaves_closes_the_stream(server, writer):
    """Who stops reading leaves no connection behind."""
    server.reply = lambda _: said("word " * 500)
    events = writer.write(BRIEF)

    await anext(events)
    await events.aclose()

    assert text_of(await written(writer)).startswith("word word")


async def test_fifty_at_once_are_all_answered(server):
    """Nothing limits how many are written at once, and none gets another's words."""
    writer = (await connect(Options(KEY, server.url))).writer()
    server.reply = lambda body: said((body["messages"][-1]["content"], "1"))
    briefs = [Brief(f"Question number {number}?", (DAYS,), Style()) for number in range(50)]

    answers = await asyncio.gather(*(written(writer, brief) for brief in briefs))
    await writer.close()

    assert [text_of(answer) for answer in answers] == [brief.question for brief in briefs]


async def test_logs_hold_nothing_of_question_or_documents(server, writer, caplog):
    """Also where the SDK would log the events that it couldn't read."""
    caplog.set_level(logging.INFO)
    server.next("chat", malformed(4), Status(400, "bad: vacation"), REFUSED)
    for _ in range(3):
        with pytest.raises((Unavailable, Rejected, Refused)):
            await written(writer)

    for hidden in ("vacation", "content-delta", KEY):
        assert hidden not in caplog.text


async def test_documents_without_a_date_have_none(server, writer):
    """A page whose date isn't known sends none."""
    undated = make_passage("Text.", updated_at=None)
    dated = make_passage("Text.", ordinal=1, updated_at=datetime(2026, 3, 4, tzinfo=UTC))

    await written(writer, Brief("Question?", (undated, dated), Style()))

    documents = server.calls("chat")[0].body["documents"]
    assert [document["data"].get("updated") for document in documents] == [None, "2026-03-04"]
