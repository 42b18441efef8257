"""How the answer to one question is shown, and what files that came with it add."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from adapters.chat.answer_view import Press
from adapters.chat.incoming.attachments import Attachment, Unfetched
from adapters.chat.questions.reply import Context
from bot.model import Answer, Citation, Outcome, Question, Trace, Usage
from tests.support.one_question import (
    ASKED,
    FOUR_WEEKS,
    OneQuestion,
    Reply,
    ended,
)


def cited(updated: datetime) -> Citation:
    return Citation(1, "handbook:leave.md", "Annual leave", "", "", "Give four weeks.", updated)


@pytest.mark.parametrize(
    ("updated", "notes"),
    [(datetime(2025, 10, 31, tzinfo=UTC), ("Check the date: Annual leave may be outdated.",)),
     (datetime(2025, 11, 2, tzinfo=UTC), ())],
    ids=["stale", "fresh"],
)  # fmt: skip
async def test_an_old_page(one_question: OneQuestion, updated: datetime, notes: tuple[str, ...]) -> None:
    """A page that is older than the settings allow is told of."""
    one_question.core.given = replace(FOUR_WEEKS, citations=(cited(updated),))
    reply = Reply()
    await one_question.run(reply)
    assert reply.view is not None
    assert reply.view.notes == notes


@pytest.mark.parametrize(
    ("key", "notes"),
    [("slack:C1:1", ("slow",)), ("slack:C1:1:edited:2", ("edited", "slow"))],
    ids=["first", "edit"],
)
async def test_an_answer_to_an_edit(one_question: OneQuestion, key: str, notes: tuple[str, ...]) -> None:
    """It says so, before anything else in small print."""
    one_question.core.given = replace(FOUR_WEEKS, degraded=("slow",))
    reply = Reply()
    await one_question.run(reply, replace(ASKED, key=key))
    assert reply.view is not None
    assert reply.view.notes == notes


@pytest.mark.parametrize("private", [False, True])
async def test_what_one_person_alone_sees(one_question: OneQuestion, *, private: bool) -> None:
    """It can be shared; what everybody sees can't."""
    reply = Reply(private=private)
    await one_question.run(reply)
    assert reply.view is not None
    assert (Press.SHARE in reply.view.buttons) is private


@pytest.mark.parametrize("can_ask_human", [False, True])
async def test_nothing_found(one_question: OneQuestion, *, can_ask_human: bool) -> None:
    """Where the settings name people to ask, they can be asked."""
    one_question.policy = replace(one_question.policy, can_ask_human=can_ask_human)
    one_question.core.given = Answer("q1", Outcome.NOT_FOUND, "The docs don't say.")
    reply = Reply()
    assert ended(await one_question.run(reply)) == (Outcome.NOT_FOUND, "The docs don't say.", True)
    assert reply.view is not None
    assert (Press.HUMAN in reply.view.buttons) is can_ask_human
    assert one_question.heard.ended == [("slack", "not_found")]


# --- files ----------------------------------------------------------------------------------------


async def _picture(_: int) -> bytes:
    return b"\x89PNG\r\n"


async def _unfetched(_: int) -> bytes:
    raise Unfetched("it is gone")


PICTURE = Attachment("leave.png", "image/png", 6, _picture)
LOST = Attachment("leave.txt", "text/plain", 6, _unfetched)
UNREAD = "I couldn't read `leave.txt`: it is gone."


async def test_a_question_with_files(one_question: OneQuestion) -> None:
    """What they say is part of it, those that can't be read are told of, what reading cost is counted with the rest."""
    answer = replace(
        FOUR_WEEKS, degraded=("slow",), usage=(Usage("writer", calls=1),),
        trace=Trace(queries=("notice calendar",), decision="answer"),
    )  # fmt: skip
    one_question.core.given = answer
    question = replace(ASKED.question, about=("forwarded",))
    await one_question.run(Reply(Context(files=(PICTURE, LOST))), replace(ASKED, question=question))
    assert one_question.core.asked[0][1].about == ("forwarded", "A calendar.")
    assert one_question.heard.answer == replace(
        answer, degraded=("slow", UNREAD), usage=(Usage("writer", calls=1), Usage("looker", calls=1)),
        trace=Trace(decision="answer"),
    )  # fmt: skip


async def test_a_question_whose_files_say_nothing(one_question: OneQuestion) -> None:
    """What was searched for holds nothing of them, and is kept."""
    one_question.core.given = replace(FOUR_WEEKS, trace=Trace(queries=("notice",)))
    await one_question.run(Reply(Context(files=(LOST,))))
    assert one_question.heard.answer == replace(one_question.core.given, degraded=(UNREAD,))


@pytest.mark.parametrize(
    ("words", "about", "files", "asked"),
    [
        ("", (), (LOST,), False),
        ("", ("forwarded",), (LOST,), True),
        ("", (), (LOST, PICTURE), True),
        ("How much notice?", (), (LOST,), True),
        ("", (), (), True),
    ],
    ids=["nothing", "forwarded", "another file", "words", "no file"],
)
async def test_a_file_without_words(
    one_question: OneQuestion,
    words: str,
    about: tuple[str, ...],
    files: tuple[Attachment, ...],
    *,
    asked: bool,
) -> None:
    """Where nothing else is asked and the file can't be read, its sender is asked for words; that is no gap."""
    kept = await one_question.run(
        Reply(Context(files=files)), replace(ASKED, question=Question(words, frozenset(), about=about))
    )
    assert bool(one_question.core.asked) is asked
    if not asked:
        assert ended(kept) == (Outcome.NOT_FOUND, f"{UNREAD} Please ask me in words.", False)
        assert one_question.heard.answer is not None
        assert one_question.heard.answer.id == "q1"
