"""One question on its way from the gate to an answer that is shown and recorded."""

from dataclasses import replace

import pytest

from adapters.chat import messages
from adapters.chat.questions.reply import Context, Undeliverable
from bot.model import Answer, Outcome, Question
from bot.ports import Scope, Unavailable
from tests.support.one_question import (
    BROKEN,
    EARLIER,
    FOUR_WEEKS,
    STAFF,
    OneQuestion,
    Reply,
    ended,
)


async def test_a_question_that_is_answered(one_question: OneQuestion) -> None:
    """Work is shown before anything else, the answer in its place; it is recorded with whom it was for."""
    reply = Reply()
    one_question.core.pieces = ("Four", " weeks.")
    kept = await one_question.run(reply)
    assert reply.done == ["working", "recall", "Four", " weeks.", "Four weeks. [1]"]
    assert ended(kept) == (Outcome.ANSWERED, "Four weeks. [1]", True)
    assert (kept.reply, kept.scope) == ("C1/2", Scope("slack:T1", STAFF))
    assert one_question.heard.ended == [("slack", "answered")]


async def test_an_answer_that_takes_long(one_question: OneQuestion) -> None:
    """What is done is told until the first words are there."""
    reply = Reply()
    one_question.policy = replace(one_question.policy, tell_after=0.0)
    one_question.core.until, one_question.core.pieces = reply.told, ("Four",)
    await one_question.run(reply)
    assert reply.done == ["working", "recall", "searching the docs", "Four", "Four weeks. [1]"]


async def test_what_is_told_of_a_question(one_question: OneQuestion) -> None:
    """Who counts questions gets the answer, the seconds that the journal has, and the stages of the work."""
    kept = await one_question.run(Reply())
    assert one_question.heard.answer == FOUR_WEEKS
    assert 0 <= one_question.heard.seconds < 3600
    assert kept.seconds == one_question.heard.seconds
    work = one_question.heard.work
    assert work is not None
    assert (work.kind, work.id) == ("answer", "q1")
    assert [one.name for one in work.spans] == ["admit", "recall", "deliver"]


async def test_what_a_question_is_answered_from(one_question: OneQuestion) -> None:
    """The core gets what the gate allows and the conversation before it, with the question's id."""
    await one_question.run(Reply(Context(history=EARLIER)))
    ((name, question),) = one_question.core.asked
    assert name == "q1"
    assert question == Question(
        "How much notice?", STAFF, EARLIER, places=frozenset({"C1", "#help"}), not_found="Not here."
    )
    assert one_question.core.streams


# --- where nobody asked the bot -------------------------------------------------------------------


async def test_a_strong_answer_where_nobody_asked(one_question: OneQuestion) -> None:
    """It is shown once it is whole; until then nothing is."""
    reply = Reply(unprompted=True)
    kept = await one_question.run(reply)
    assert reply.done == ["recall", "working", "Four weeks. [1]"]
    assert ended(kept) == (Outcome.ANSWERED, "Four weeks. [1]", False)
    assert kept.reply == "C1/2"
    assert one_question.heard.ended == [("slack", "answered")]
    assert one_question.core.asked[0][0] == "q1"
    assert one_question.core.asked[0][1].unasked
    assert not one_question.core.streams


@pytest.mark.parametrize(
    "answer",
    [
        replace(FOUR_WEEKS, strong=False),
        Answer("q1", Outcome.NOT_FOUND, "The docs don't say.", strong=True),
        Unavailable("the index", "it is away."),
    ],
    ids=["weak", "not found", "down"],
)
async def test_silence_where_nobody_asked(one_question: OneQuestion, answer: Answer | Exception) -> None:
    """Nothing but a strong answer is worth a word; whatever it is, it is no gap."""
    reply = Reply(unprompted=True)
    one_question.core.given = answer
    kept = await one_question.run(reply)
    assert reply.done == ["recall"]
    assert not ended(kept)[2]
    assert one_question.heard.ended == [("slack", "silent")]


# --- places that aren't served --------------------------------------------------------------------


@pytest.mark.parametrize("gone", [False, True])
async def test_a_place_that_is_not_served(one_question: OneQuestion, *, gone: bool) -> None:
    """It is told so, if it can be, and nothing is searched; that is no gap."""
    reply = Reply()
    one_question.gate.shut = True
    if gone:
        reply.fails["say"] = Undeliverable("the channel is gone")
    kept = await one_question.run(reply)
    assert reply.done == [messages.NOT_HERE]
    assert one_question.core.asked == []
    assert ended(kept) == (Outcome.UNAVAILABLE, messages.NOT_HERE, False)
    assert (kept.seconds, kept.scope) == (0.0, Scope("", None))
    assert one_question.heard.ended == [("slack", "turned_away")]
    assert (one_question.heard.seconds, one_question.heard.work) == (0.0, None)
    assert one_question.heard.answer == kept.answer


async def test_a_place_that_is_not_served_where_nobody_asked(one_question: OneQuestion) -> None:
    """It isn't told of it."""
    reply = Reply(unprompted=True)
    one_question.gate.shut = True
    assert ended(await one_question.run(reply))[1] == messages.NOT_HERE
    assert reply.done == []


# --- what fails -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "failure", [Unavailable("the index", "it is away."), ValueError("a bug")], ids=["down", "bug"]
)
async def test_a_core_that_fails(one_question: OneQuestion, failure: Exception) -> None:
    """The asker is told so with the question's id, which the journal has with whom it was for."""
    reply = Reply()
    one_question.core.given = failure
    kept = await one_question.run(reply)
    assert reply.done == ["working", "recall", BROKEN]
    assert reply.view is not None
    assert reply.view.answer_id == "q1"
    assert ended(kept) == (Outcome.UNAVAILABLE, BROKEN, True)
    assert kept.scope == Scope("slack:T1", STAFF)
    assert one_question.heard.ended == [("slack", "unavailable")]


async def test_a_gate_that_fails(one_question: OneQuestion) -> None:
    """Nothing is searched, and the asker is told; for whom it was isn't known."""
    reply = Reply()
    one_question.gate.down = True
    kept = await one_question.run(reply)
    assert reply.done == ["working", BROKEN]
    assert one_question.core.asked == []
    assert kept.scope == Scope("", None)


async def test_a_place_that_takes_nothing(one_question: OneQuestion) -> None:
    """Where work can't be shown nothing is searched, and the journal says why."""
    reply = Reply()
    reply.fails["working"] = Undeliverable("the channel is gone")
    kept = await one_question.run(reply)
    assert reply.done == ["working"]
    assert one_question.core.asked == []
    assert ended(kept) == (Outcome.UNAVAILABLE, "the channel is gone", True)
    assert kept.seconds is not None
    assert 0 < kept.seconds < 3600
    assert one_question.heard.ended == [("slack", "undeliverable")]
    assert one_question.heard.work is not None


async def test_a_place_that_goes_while_it_is_answered(one_question: OneQuestion) -> None:
    """For whom the answer would have been is kept."""
    reply = Reply()
    reply.fails["write"] = Undeliverable("the channel is gone")
    one_question.core.pieces = ("Four",)
    kept = await one_question.run(reply)
    assert kept.scope == Scope("slack:T1", STAFF)
    assert one_question.heard.ended == [("slack", "undeliverable")]


@pytest.mark.parametrize("reached", [True, False])
async def test_an_answer_that_cannot_be_drawn(one_question: OneQuestion, *, reached: bool) -> None:
    """The asker is told, if that works; the answer is kept."""
    reply = Reply()
    reply.fails["finish"] = ValueError("a bug")
    if not reached:
        reply.fails["say"] = ValueError("another")
    kept = await one_question.run(reply)
    assert reply.done == ["working", "recall", "Four weeks. [1]", BROKEN]
    assert ended(kept)[0] is Outcome.ANSWERED
    assert one_question.heard.ended == [("slack", "undeliverable")]


async def test_an_answer_that_the_place_refuses(one_question: OneQuestion) -> None:
    """Nothing more is tried there."""
    reply = Reply()
    reply.fails["finish"] = Undeliverable("the channel is gone")
    kept = await one_question.run(reply)
    assert reply.done == ["working", "recall", "Four weeks. [1]"]
    assert ended(kept)[0] is Outcome.ANSWERED
    assert one_question.heard.ended == [("slack", "undeliverable")]
