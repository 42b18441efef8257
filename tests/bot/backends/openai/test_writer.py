"""The writer for every server with OpenAI's API: the real SDK against a server of our own, over a socket."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace

import pytest

from bot.backends.openai import Access, ChatOptions, connect
from bot.backends.shared.errors import Service
from bot.backends.shared.writing.chat_writer import ChatWriter, Pace
from bot.model import Question, Turn
from bot.ports import (
    BackendError,
    Brief,
    Finished,
    RateLimited,
    Refused,
    Rejected,
    Style,
    StyleExample,
    Unauthorized,
    Unavailable,
    Waiting,
    Wrote,
)
from tests.support.cohere_server import Cut, Hang, Inject, Linger, NotJson, Status, Trickle
from tests.support.fakes import make_passage
from tests.support.openai_server import KEY, MODEL, Fault, OpenAIServer, Said, chunk, words
from tests.support.waiting import patiently
from tests.support.writing import BRIEF, DAYS, DOGS, quotes_of, text_of, written

PACE = Pace(first_token=1.0, between_tokens=0.5, answer=3.0, rewrite=1.0)


@asynccontextmanager
async def opened(
    server: OpenAIServer,
    *,
    model: str = MODEL,
    key: str = KEY,
    url: str = "",
    pace: Pace = PACE,
    at_once: int | None = None,
    native: bool = False,
    **options: object,
) -> AsyncIterator[ChatWriter]:
    service = Service("a server", key="Check the key.", url="Check the address.")
    access = Access(service, key, url or server.url, native=native)
    writer = (await connect(access)).writer(ChatOptions(model, **options), patiently(pace), at_once)  # type: ignore[arg-type]
    try:
        yield writer
    finally:
        await writer.close()


@pytest.fixture
async def server() -> AsyncIterator[OpenAIServer]:
    async with OpenAIServer() as running:
        yield running


@pytest.fixture
async def writer(server: OpenAIServer) -> AsyncIterator[ChatWriter]:
    async with opened(server) as made:
        yield made


# --- what is written ------------------------------------------------------------------------------


@pytest.mark.slow
async def test_markers_become_citations_of_chunks(server, writer):
    """Text streams without its markers; each sentence leads to the passage whose number stood behind it."""
    server.reply = lambda _: words("You have 25 vacation days [1]. Dogs: Fridays [2].")

    events = await written(writer)

    assert text_of(events) == "You have 25 vacation days. Dogs: Fridays."
    assert quotes_of(events) == [
        ("You have 25 vacation days", (DAYS.chunk_id,)),
        ("Dogs: Fridays", (DOGS.chunk_id,)),
    ]
    assert len([e for e in events if isinstance(e, Wrote)]) > 5
    assert isinstance(events[-1], Finished)
    assert (events[-1].usage.input_tokens, events[-1].usage.output_tokens) == (120, 30)
    assert writer.usage() == events[-1].usage


async def test_the_first_chunk_may_hold_nothing_and_usage_may_never_come(server, writer):
    """`content: null`, `choices: []`, no usage at all: none of it is an error."""
    server.reply = lambda _: words("You have 25 [1].", usage=False)

    events = await written(writer)

    assert text_of(events) == "You have 25."
    assert events[-1].usage.calls == 1
    assert events[-1].usage.output_tokens == 0


async def test_chunks_of_odd_shapes_are_read_as_far_as_they_go(server, writer):
    """No choices, no delta, a delta of null, a message in its place, blocks instead of a text."""
    server.reply = lambda _: Said((), raw=[
        {"id": "c", "choices": None},
        {"id": "c", "choices": [{"index": 0, "delta": None, "finish_reason": None}]},
        {"id": "c", "choices": [{"index": 0, "finish_reason": None}]},
        chunk({"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm."}]}]}),
        chunk({"content": [{"type": "text", "text": "You have "}]}),
        {"id": "c", "choices": [{"index": 0, "message": {"content": "25 [1]."}, "finish_reason": "stop"}]},
        {"id": "c", "choices": [], "usage": {"prompt_tokens": "many"}},
    ])  # fmt: skip

    assert text_of(await written(writer)) == "You have 25."


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning", "thinking"])
async def test_thinking_beside_the_text_is_a_sign_of_life_and_never_shown(server, writer, name):
    """Each server has a field of its own for it."""
    server.reply = lambda _: words("You have 25 [1].", thinking=["Hm", ", 24? "], field=name)

    events = await written(writer)

    assert text_of(events) == "You have 25."
    assert events.count(Waiting()) == 2


@pytest.mark.parametrize(
    "thought",
    [
        "<think>Hm, 24? [1]</think>\n\n",
        "<thinking>Hm.</thinking>",
        "[THINK]Hm.[/THINK]",
        "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>",
    ],
)
async def test_thinking_within_the_text_is_never_shown(server, writer, thought):
    """Whatever signs it stands in, in whatever pieces it comes."""
    server.reply = lambda _: words(f"{thought}You have 25 [1].")

    events = await written(writer)

    assert text_of(events) == "You have 25."
    assert quotes_of(events) == [("You have 25", (DAYS.chunk_id,))]
    assert Waiting() in events


async def test_thinking_that_only_ends_is_kept_back_where_it_may_come():
    """A model that may think by its name: nothing is given out before it is known where the answer begins."""
    async with OpenAIServer(any_model=True) as server, opened(server, model="qwen3:8b") as writer:
        server.reply = lambda _: words("Hm, 24? Or 23 [2].</think>You have 25 [1].")
        assert text_of(await written(writer)) == "You have 25."

        server.reply = lambda _: words("You have 25 [1].")
        assert text_of(await written(writer)) == "You have 25."


async def test_thinking_that_only_ends_unexpectedly_gives_no_answer_and_is_known_from_then_on(server, writer):
    """What was given out was no answer: the next try knows better."""
    server.reply = lambda _: words("Hm, 24?</think>You have 25 [1].")

    with pytest.raises(Unavailable, match="mixed its thinking"):
        await written(writer)
    assert text_of(await written(writer)) == "You have 25."


async def test_an_answer_of_thinking_alone_says_so(server, writer):
    """The length was used up before the answer began: with what to set."""
    server.reply = lambda _: words("<think>Hm, hm, hm.", finish="length")

    with pytest.raises(Unavailable, match=r"cut before it began\. Set its max_tokens higher"):
        await written(writer)


async def test_a_bare_marker_is_no_answer(server, writer):
    """It says nothing, and cites nothing."""
    server.reply = lambda _: words("[1]")

    with pytest.raises(Unavailable, match="empty"):
        await written(writer)


async def test_the_greatest_length_is_told(server, writer):
    """finish_reason length ends an answer by length."""
    server.reply = lambda _: words("You have 25 [1].", finish="length")

    assert (await written(writer))[-1].reason == "length"


async def test_a_connection_that_stays_open_behind_the_answer_holds_nothing_up(server, writer):
    """The last word was said: what may follow is waited for a moment only."""
    server.reply = lambda _: words("You have 25 [1].", usage=False)
    server.always["chat/completions"] = Linger()

    assert text_of(await written(writer)) == "You have 25."


# --- what is sent ---------------------------------------------------------------------------------


async def test_passages_are_numbered_and_the_fixed_part_comes_first(server, writer):
    """Title, heading and date stand with each; what changes with the question stands last, for the server's cache."""
    await written(writer)
    await written(writer, replace(BRIEF, question="And dogs?", passages=(DOGS,)))

    first, second = (call.body["messages"] for call in server.calls("chat/completions"))
    assert first[-1]["content"].startswith(
        "Passages:\n[1] Time off > Vacation (updated 2026-01-02)\nEveryone has 25 vacation days. Ask Ann first.\n\n"
        "[2] Dogs (updated 2026-01-02)\nDogs are welcome on Fridays.\n\nQuestion: How many vacation days do I have?"
    )
    assert first[:-1] == second[:-1]
    assert first[0]["role"] == "system"


async def test_a_model_gets_the_best_ten_passages(server, writer):
    """What is far down the list costs tokens and hardly ever answers."""
    many = tuple(make_passage(f"Fact {number}.", page=f"p{number}.md") for number in range(14))
    await written(writer, replace(BRIEF, passages=many))
    asked = json.dumps(server.calls("chat/completions")[0].body["messages"])
    assert [number for number in range(14) if f"Fact {number}." in asked] == list(range(10))


async def test_the_guides_examples_are_shown_with_their_markers(server, writer):
    """A small model does what it sees: the team's own examples stand where ours do."""
    style = Style(examples=(StyleExample("e", "May I bring my dog?", "Yes, on Fridays [1]."),))
    await written(writer, replace(BRIEF, style=style))

    turns = server.calls("chat/completions")[0].body["messages"]
    assert {"role": "assistant", "content": "Yes, on Fridays [1]."} in turns


async def test_without_passages_the_model_is_asked_plainly(server, writer):
    """For measuring what it knows by itself."""
    server.reply = lambda _: words("I don't know.")
    assert text_of(await written(writer, Brief("How many days?", (), Style()))) == "I don't know."
    assert "Passages" not in server.calls("chat/completions")[0].body["messages"][-1]["content"]


async def test_half_a_character_can_be_sent(server, writer):
    """A broken file may hold one."""
    await written(writer, replace(BRIEF, passages=(replace(DAYS, text="25 \ud83d days"),)))


@pytest.mark.parametrize("unknown", [["stream_options"], ["temperature"], ["max_tokens"],
                                     ["stream_options", "temperature", "max_tokens"]])  # fmt: skip
async def test_what_a_server_doesnt_know_is_left_out_from_then_on(unknown):
    """It is refused by name once, and never sent again; max_tokens has another name with some."""
    async with OpenAIServer(unknown=unknown) as server, opened(server) as writer:
        await written(writer)
        await written(writer)
        calls = server.calls("chat/completions")
        assert len(calls) == 2 + len(unknown)
        assert not set(calls[-1].body) & set(unknown)
        if "max_tokens" in unknown:
            assert calls[-1].body["max_completion_tokens"] == 1500


async def test_a_model_without_a_systems_turn_is_told_in_the_first_question():
    """Some templates have no such turn."""
    async with OpenAIServer(system=False) as server, opened(server) as writer:
        await written(writer)
        turns = server.calls("chat/completions")[-1].body["messages"]
        assert turns[0]["role"] == "user"
        assert turns[0]["content"].startswith("You answer colleagues' questions")


# --- the window -----------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "native"), [("llama.cpp", False), ("vllm", False), ("ollama", True)])
async def test_the_window_is_asked_for_and_passages_fit_it(kind, native):
    """Whole passages go, the last first; what is sent and what is written fit together."""
    many = tuple(make_passage(f"Fact {n}. " * 60, page=f"p{n}.md") for n in range(12))
    async with OpenAIServer(kind=kind, window=1500) as server, opened(server, native=native) as writer:
        assert await writer.chat.window() == 1500
        await written(writer, replace(BRIEF, passages=many))
        (call,) = server.calls("chat/completions")
        shown = call.body["messages"][-1]["content"]
        assert shown.count("Fact 0.") == 60
        assert "Fact 11." not in shown
        assert call.body["max_tokens"] == 500


async def test_a_request_that_is_too_long_is_cut_once_by_what_the_server_counts():
    """Where nobody tells the window, the error does: one more try with less, and it is known from then on."""
    many = tuple(make_passage(f"Fact {n} is so. " * 40, page=f"p{n}.md") for n in range(12))
    async with OpenAIServer(kind="llama.cpp", window=900, tells=False) as server, opened(server) as writer:
        server.reply = lambda _: words("So it is [1].")
        assert text_of(await written(writer, replace(BRIEF, passages=many))) == "So it is."
        assert len(server.calls("chat/completions")) == 2
        await written(writer, replace(BRIEF, passages=many))
        assert len(server.calls("chat/completions")) == 3


async def test_what_is_too_long_even_when_cut_is_rejected_with_a_remedy():
    """A single question may be longer than the window."""
    async with OpenAIServer(window=20, tells=False) as server, opened(server) as writer:
        with pytest.raises(Rejected, match="too long for the model's window"):
            await written(writer)
        assert len(server.calls("chat/completions")) == 2


async def test_a_window_that_is_set_is_not_asked_for():
    """`context` goes before what a server says."""
    async with OpenAIServer(kind="vllm", window=100_000) as server, opened(server, context=1200) as writer:
        await written(writer)
        assert server.calls("models") == []
        assert server.calls("chat/completions")[0].body["max_tokens"] == 400


async def test_only_a_passage_alone_is_cut_and_at_a_sentence():
    """Half a sentence is worse than none."""
    long = make_passage("".join(f"Rule {n} holds for all who work here. " for n in range(300)))
    async with OpenAIServer(kind="vllm", window=1200) as server, opened(server) as writer:
        await written(writer, replace(BRIEF, passages=(long,)))
        shown = server.calls("chat/completions")[0].body["messages"][-1]["content"]
        assert "Rule 0 holds for all who work here." in shown
        assert "work here.\n\nQuestion:" in shown


# --- one after the other --------------------------------------------------------------------------


async def test_a_queue_tells_its_places():
    """Each hears how many come before, and that it moves."""
    async with OpenAIServer(one_at_a_time=True) as server, opened(server, at_once=1) as writer:
        server.gate.clear()
        tasks = [asyncio.create_task(written(writer)) for _ in range(3)]
        await server.begun.wait()
        await asyncio.sleep(0)
        server.gate.set()
        first, second, third = await asyncio.gather(*tasks)
        assert [e.ahead for e in first if isinstance(e, Waiting)] == []
        assert [e.ahead for e in second if isinstance(e, Waiting)] == [1]
        assert [e.ahead for e in third if isinstance(e, Waiting)] == [2, 1]
        assert len(server.calls("chat/completions")) == 3


async def test_who_gives_up_early_doesnt_block_the_next_unseen():
    """The server works on until its first word: until then its turn isn't over, and who comes next knows."""
    async with OpenAIServer(one_at_a_time=True) as server, opened(server, at_once=1) as writer:
        server.gate.clear()
        async with aclosing(writer.write(BRIEF)) as events:
            leaving = asyncio.create_task(anext(events))
            await server.begun.wait()
            leaving.cancel()
            await asyncio.wait([leaving])
        async with aclosing(writer.write(BRIEF)) as events:
            assert await anext(events) == Waiting(1)
            assert len(server.calls("chat/completions")) == 1
            server.gate.set()
            later = [event async for event in events]
        assert text_of(later) == "Yes."


async def test_who_leaves_the_queue_loses_nobodys_turn():
    """The one behind comes next."""
    async with OpenAIServer(one_at_a_time=True) as server, opened(server, at_once=1) as writer:
        server.gate.clear()
        first = asyncio.create_task(written(writer))
        await server.begun.wait()
        async with aclosing(writer.write(BRIEF)) as events:
            assert await anext(events) == Waiting(1)
        server.gate.set()
        assert text_of(await first) == "Yes."
        assert text_of(await written(writer)) == "Yes."


# --- follow-ups -----------------------------------------------------------------------------------

FOLLOW_UP = Question(
    "And contractors?", frozenset(), (Turn("user", "How many vacation days?"), Turn("assistant", "25 [1]."))
)


async def test_a_follow_up_is_made_to_stand_alone(server, writer):
    """Thinking is none of it, and quotes around it are taken off."""
    server.reply = lambda _: words('<think>Hm.</think>"How many vacation days do contractors have?"')

    assert await writer.standalone(FOLLOW_UP) == "How many vacation days do contractors have?"
    assert await writer.standalone(Question("Hello?", frozenset())) == "Hello?"
    assert len(server.calls("chat/completions")) == 1


async def test_an_essay_in_place_of_a_question_is_not_taken(server, writer):
    """The question as it was asked is better."""
    server.reply = lambda _: words("The weather is fine. " * 60)

    assert await writer.standalone(FOLLOW_UP) == "And contractors?"


# --- what goes wrong ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "error", "told"),
    [
        (Status(401), Unauthorized, r"a server doesn't accept the key \(401\)\. Check the key\."),
        (Status(403), Unauthorized, "doesn't accept the key"),
        (Status(402), Unauthorized, "run out of credit"),
        (Status(429, "You exceeded your current quota, insufficient_quota"), Unauthorized, "out of credit"),
        (Status(404, "The model `x` does not exist"), Rejected, r"no such model or address \(404\)"),
        (Status(404, html=True), Rejected, "Check the address"),
        (Status(400), Rejected, "rejected the request"),
        (Status(400, "content_filter: ResponsibleAIPolicyViolation"), Refused, "declined"),
        (Status(500), Unavailable, "has a problem"),
        (Status(502, html=True), Unavailable, "has a problem"),
        (Status(503, "Loading model"), Unavailable, "has a problem"),
        (NotJson(), Rejected, "is not this API"),
        (Cut(4), Unavailable, "cut off"),
        (Cut(4, torn=True), Unavailable, "broke off"),
        (Inject('data: {"id": "c", "choi'), Unavailable, "can't be read"),
        (Inject('data: {"error": {"message": "secret-detail", "type": "server_error"}}'), Unavailable, "failed while"),
        (Hang(), Unavailable, "stopped answering"),
        (Hang(4), Unavailable, "stopped answering"),
        (Trickle(), Unavailable, "stopped answering"),
    ],
)  # fmt: skip
async def test_each_failure_is_one_of_ours(  # noqa: PLR0917 - fixtures
    server, writer, fault: Fault, error, told, caplog
):
    """With what to do where there is something; nothing of what the server said is shown or logged."""
    server.always["chat/completions"] = fault
    server.reply = lambda _: words("You have 25 vacation days [1].")
    caplog.set_level(logging.INFO)

    with pytest.raises(error, match=told) as caught:
        await written(writer)
    assert type(caught.value) is error or isinstance(caught.value, error)
    assert caught.value.__cause__ is None
    assert "secret-detail" not in f"{caught.value}{caplog.text}"
    assert KEY not in caplog.text


@pytest.mark.parametrize(
    ("headers", "seconds"), [({"Retry-After": "7"}, 7.0), ({"retry-after": "0"}, 0.0), ({}, 1.0)]
)
async def test_a_rate_limit_says_how_long(server, writer, headers, seconds):
    """With and without Retry-After."""
    server.always["chat/completions"] = Status(429, "slow down", headers)

    with pytest.raises(RateLimited) as caught:
        await written(writer)
    assert caught.value.retry_after == seconds


@pytest.mark.parametrize(
    ("said", "error", "told"),
    [
        (words("You", finish="content_filter"), Refused, "declined"),
        (Said((), finish="tool_calls"), Unavailable, "asked for a tool"),
        (Said((), raw=[chunk({"refusal": "I can't."}), chunk({}, "stop")]), Refused, "declined"),
        (words("", finish="stop"), Unavailable, "empty"),
        (words("You have 25", finish=None), Unavailable, "cut off"),
        (words("You", finish="error"), Unavailable, "failed while"),
    ],
)
async def test_an_answer_that_didnt_end_well_is_none(server, writer, said, error, told):
    """Filters, refusals, tools that nobody asked for, nothing at all."""
    server.reply = lambda _: said

    with pytest.raises(error, match=told):
        await written(writer)


@pytest.mark.parametrize(
    ("url", "error", "told"),
    [
        ("http://127.0.0.1:9/v1", Unavailable, "can't be reached. Check the address"),
        ("http://nowhere.invalid/v1", Unavailable, "can't be reached"),
        ("localhost:1/v1", Rejected, "not a valid URL"),
    ],
)
async def test_a_wrong_address_is_told(server, url, error, told):
    """With where to look."""
    async with opened(server, url=url) as writer:
        with pytest.raises(error, match=told):
            await written(writer)


async def test_a_key_that_cant_be_one_is_told(server):
    """A line break from a file, a quote sign from a document."""
    async with opened(server, key="sk-“quoted”") as writer:
        with pytest.raises(Unauthorized, match=r"key"):
            await written(writer)


async def test_an_unknown_model_may_be_answered_all_the_same():
    """llama.cpp serves what it has under any name: which models there are is told to who asks."""
    async with OpenAIServer(any_model=True) as server, opened(server, model="typo") as writer:
        assert text_of(await written(writer)) == "Yes."
        assert await writer.chat.models() == [MODEL]


async def test_azures_own_address_and_version_are_used():
    """Deployments stand in the path, the API's date in the query, the key in a header of its own."""
    async with OpenAIServer(kind="azure") as server:
        access = Access(Service("Azure", "", ""), KEY, azure=server.root, api_version="2024-10-21")
        writer = (await connect(access)).writer(ChatOptions(MODEL), patiently(PACE), None)
        assert text_of(await written(writer)) == "Yes."
        await writer.close()
        (call,) = server.calls("chat/completions")
        assert call.path == f"/openai/deployments/{MODEL}/chat/completions"
        assert call.headers["api-key"] == KEY


# --- pictures -------------------------------------------------------------------------------------


async def test_a_picture_is_described(server, writer):
    """The model is shown the picture as its service documents it, and what it says is counted."""
    server.reply = lambda _: words("ERROR E1042: the certificate has expired.")
    said = await writer.described(b"\x89PNG\r\n\x1a\n", "image/png")
    assert said == "ERROR E1042: the certificate has expired."
    assert '"image_url"' in json.dumps(server.seen[-1].body)
    assert writer.usage().calls == 1


async def test_a_model_that_cannot_look_is_a_refusal(server, writer):
    """A text model's server refuses pictures: that is an error like any other."""
    server.sees = False
    with pytest.raises(BackendError):
        await writer.described(b"\x89PNG\r\n\x1a\n", "image/png")


async def test_several_people_before_a_question_are_one_turn(server, writer):
    """Templates that want turns to alternate get such, also where a thread begins with the bot."""
    history = (
        Turn("assistant", "Hello."),
        Turn("user", "the hotel limit in London"),
        Turn("user", "it changed"),
    )
    server.reply = lambda _: words("What is the hotel limit in London?")
    asked = await writer.standalone(Question("so what is it?", frozenset(), history=history))
    assert asked == "What is the hotel limit in London?"
    await written(writer, replace(BRIEF, history=history))
