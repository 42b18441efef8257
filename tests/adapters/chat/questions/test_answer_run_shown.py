"""How the answer to one question is shown, and what files that came with it add."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.chat.answer_view import Press
from adapters.chat.incoming.attachments import Attachment, Unfetched
from adapters.chat.questions.reply import Context
from bot.journal.database import Database
from bot.journal.records.questions import SqlJournal
from bot.model import Answer, Citation, Outcome, Question, Trace, Usage
from tests.support.one_question import (
    ASKED,
    FOUR_WEEKS,
    Desk,
    Reply,
    ended,
)


@pytest.fixture
async def question_service(data: Path) -> AsyncIterator[Desk]:
    database = Database(folder=data, url=None)
    yield Desk(SqlJournal(database))
    await database.close()


def cited(updated: datetime) -> Citation:
    return Citation(1, "handbook:leave.md", "Annual leave", "", "", "Give four weeks.", updated)


@pytest.mark.parametrize(
    ("updated", "notes"),
    [(datetime(2025, 10, 31, tzinfo=UTC), ("Check the date: Annual leave may be outdated.",)),
     (datetime(2025, 11, 2, tzinfo=UTC), ())],
    ids=["stale", "fresh"],
)  # fmt: skip
async def test_an_old_page(question_service: Desk, updated: datetime, notes: tuple[str, ...]) -> None:
    """A page that is older than the settings allow is told of."""
    question_service.core.given = replace(FOUR_WEEKS, citations=(cited(updated),))
    reply = Reply()
    await question_service.run(reply)
    assert reply.view is not None
    assert reply.view.notes == notes


@pytest.mark.parametrize(
    ("key", "notes"),
    [("slack:C1:1", ("slow",)), ("slack:C1:1:edited:2", ("edited", "slow"))],
    ids=["first", "edit"],
)
async def test_an_answer_to_an_edit(question_service: Desk, key: str, notes: tuple[str, ...]) -> None:
    """It says so, before anything else in small print."""
    question_service.core.given = replace(FOUR_WEEKS, degraded=("slow",))
    reply = Reply()
    await question_service.run(reply, replace(ASKED, key=key))
    assert reply.view is not None
    assert reply.view.notes == notes


@pytest.mark.parametrize("private", [False, True])
async def test_what_one_person_alone_sees(question_service: Desk, *, private: bool) -> None:
    """It can be shared; what everybody sees can't."""
    reply = Reply(private=private)
    await question_service.run(reply)
    assert reply.view is not None
    assert (Press.SHARE in reply.view.buttons) is private


@pytest.mark.parametrize("can_ask_human", [False, True])
async def test_nothing_found(question_service: Desk, *, can_ask_human: bool) -> None:
    """Where the settings name people to ask, they can be asked."""
    question_service.policy = replace(question_service.policy, can_ask_human=can_ask_human)
    question_service.core.given = Answer("q1", Outcome.NOT_FOUND, "The docs don't say.")
    reply = Reply()
    assert ended(await question_service.run(reply)) == (Outcome.NOT_FOUND, "The docs don't say.", True)
    assert reply.view is not None
    assert (Press.HUMAN in reply.view.buttons) is can_ask_human
    assert question_service.heard.ended == [("slack", "not_found")]


# --- files ----------------------------------------------------------------------------------------


async def _picture(_: int) -> bytes:
    return b"\x89PNG\r\n"


async def _unfetched(_: int) -> bytes:
    raise Unfetched("it is gone")


PICTURE = Attachment("leave.png", "image/png", 6, _picture)
LOST = Attachment("leave.txt", "text/plain", 6, _unfetched)
UNREAD = "I couldn't read `leave.txt`: it is gone."


async def test_a_question_with_files(question_service: Desk) -> None:
    """What they say is part of it, those that can't be read are told of, what reading cost is counted with the rest."""
    answer = replace(
        FOUR_WEEKS, degraded=("slow",), usage=(Usage("writer", calls=1),),
        trace=Trace(queries=("notice calendar",), decision="answer"),
    )  # fmt: skip
    question_service.core.given = answer
    question = replace(ASKED.question, about=("forwarded",))
    await question_service.run(Reply(Context(files=(PICTURE, LOST))), replace(ASKED, question=question))
    assert question_service.core.asked[0][1].about == ("forwarded", "A calendar.")
    assert question_service.heard.answer == replace(
        answer, degraded=("slow", UNREAD), usage=(Usage("writer", calls=1), Usage("looker", calls=1)),
        trace=Trace(decision="answer"),
    )  # fmt: skip


async def test_a_question_whose_files_say_nothing(question_service: Desk) -> None:
    """What was searched for holds nothing of them, and is kept."""
    question_service.core.given = replace(FOUR_WEEKS, trace=Trace(queries=("notice",)))
    await question_service.run(Reply(Context(files=(LOST,))))
    assert question_service.heard.answer == replace(question_service.core.given, degraded=(UNREAD,))


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
    question_service: Desk, words: str, about: tuple[str, ...], files: tuple[Attachment, ...], *, asked: bool
) -> None:
    """Where nothing else is asked and the file can't be read, its sender is asked for words; that is no gap."""
    kept = await question_service.run(
        Reply(Context(files=files)), replace(ASKED, question=Question(words, frozenset(), about=about))
    )
    assert bool(question_service.core.asked) is asked
    if not asked:
        assert ended(kept) == (Outcome.NOT_FOUND, f"{UNREAD} Please ask me in words.", False)
        assert question_service.heard.answer is not None
        assert question_service.heard.answer.id == "q1"
