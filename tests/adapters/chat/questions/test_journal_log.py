"""The journal of what is asked in chat, while it is down and when it is back."""

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from adapters.chat.questions.journal_log import JournalLog
from bot.journal.database import Database
from bot.journal.records.questions import SqlJournal
from bot.model import Answer, Outcome, Question
from bot.ports import Asked, Place, Scope, Unavailable

EVERYONE = frozenset({"everyone"})
SCOPE = Scope("slack:T1", EVERYONE)


class Breaking(SqlJournal):
    """A real journal that can be out of reach, and counts what it accepts."""

    down = False
    accepted = 0

    def _check(self) -> None:
        if self.down:
            raise Unavailable("the journal", "it is locked.")

    async def accept(self, asked: Asked, *, worker: str, within: float = 60.0) -> int:
        self._check()
        self.accepted += 1
        return await super().accept(asked, worker=worker, within=within)

    async def set_reply(self, question_id: str, reply: str) -> None:
        self._check()
        await super().set_reply(question_id, reply)

    async def finish(self, question_id: str, answer: Answer, **how) -> None:
        self._check()
        await super().finish(question_id, answer, **how)


@pytest.fixture
async def journal(data: Path) -> AsyncIterator[Breaking]:
    database = Database(folder=data)
    yield Breaking(database)
    await database.close()


def asked(name: str) -> Asked:
    return Asked(f"id{name}", f"key{name}", "slack", Place(), "U1", Question("How much notice?", frozenset()))


def answer(name: str) -> Answer:
    return Answer(f"id{name}", Outcome.ANSWERED, "Four weeks.")


@pytest.mark.parametrize("lost", ["all of it", "how it ended"])
async def test_what_it_missed_is_written_down_when_it_is_back(journal: Breaking, lost: str) -> None:
    """With its address; a process that comes after this one doesn't answer it a second time."""
    ledger = JournalLog(journal, "w1")
    journal.down = lost == "all of it"
    assert await ledger.accept(asked("1")) == (None if journal.down else 1)
    journal.down = True
    await ledger.remember("id1", "C1/2")
    await ledger.record(asked("1"), answer("1"), 0.5, SCOPE)
    with pytest.raises(Unavailable):
        await ledger.catch_up()
    journal.down = False
    await ledger.catch_up()
    kept = await journal.recorded("id1")
    assert kept is not None
    assert kept.answer is not None
    assert (kept.answer.text, kept.reply, kept.seconds, kept.scope) == ("Four weeks.", "C1/2", 0.5, SCOPE)
    assert await journal.adopt("slack", worker="w2", silent_for=0.0, died=lambda _: True) == []


async def test_an_address_that_was_missed_is_written_down(journal: Breaking) -> None:
    """Also where the question itself is being answered still: it can be revived."""
    ledger = JournalLog(journal, "w1")
    await ledger.accept(asked("1"))
    journal.down = True
    await ledger.remember("id1", "C1/2")
    journal.down = False
    await ledger.catch_up()
    kept = await journal.recorded("id1")
    assert kept is not None
    assert (kept.reply, kept.answer) == ("C1/2", None)


async def test_an_outage_is_told_once(journal: Breaking, caplog: pytest.LogCaptureFixture) -> None:
    """And that it is over, with how many answers were written down then."""
    caplog.set_level(logging.INFO, logger="adapters.chat.questions.journal_log")
    ledger = JournalLog(journal, "w1")
    for _ in range(2):
        caplog.clear()
        journal.down = True
        for name in ("1", "2"):
            await ledger.accept(asked(name))
            await ledger.remember(f"id{name}", "C1/2")
            await ledger.record(asked(name), answer(name), 0.5, SCOPE)
        journal.down = False
        await ledger.catch_up()
        await ledger.catch_up()
        said = [record for record in caplog.records if record.name == "adapters.chat.questions.journal_log"]
        assert [record.levelname for record in said] == ["WARNING", "INFO"]
        assert said[1].getMessage() == "the journal is back; answers written down now: 2"


async def test_what_was_accepted_without_it_is_written_down_with_its_answer(journal: Breaking) -> None:
    """Where the journal comes back while the question is being answered, nothing waits for a look."""
    ledger = JournalLog(journal, "w1")
    journal.down = True
    assert await ledger.accept(asked("1")) is None
    journal.down = False
    await ledger.remember("id1", "C1/2")
    await ledger.record(asked("1"), answer("1"), 0.5, SCOPE)
    assert journal.accepted == 1
    kept = await journal.recorded("id1")
    assert kept is not None
    assert kept.answer is not None
    assert kept.answer.text == "Four weeks."


@pytest.mark.parametrize("back", ["at the address", "at a look"])
async def test_an_outage_that_ends_while_it_is_answered(journal: Breaking, back: str) -> None:
    """Where the journal is back before the answer is, the question can be revived with its address."""
    ledger = JournalLog(journal, "w1")
    journal.down = True
    await ledger.accept(asked("1"))
    journal.down = back != "at the address"
    await ledger.remember("id1", "C1/2")
    journal.down = False
    if back == "at a look":
        await ledger.catch_up()
    await journal.beat("w1")
    assert await journal.adopt("slack", worker="w2", silent_for=60.0) == []
    (lost,) = await journal.adopt("slack", worker="w2", silent_for=0.0, died=lambda _: True)
    assert (lost.asked.id, lost.reply, lost.answer) == ("id1", "C1/2", None)


async def test_what_is_accepted_is_left_to_this_process(journal: Breaking) -> None:
    """As long as it lives, nobody else takes it over."""
    ledger = JournalLog(journal, "w1")
    await journal.beat("w1")
    assert await ledger.accept(asked("1")) == 1
    assert await journal.adopt("slack", worker="w2", silent_for=60.0) == []


async def test_a_question_is_accepted_once(journal: Breaking) -> None:
    """Also while the journal is down, and also where another process had it before."""
    await JournalLog(journal, "w1").accept(asked("1"))
    ledger = JournalLog(journal, "w2")
    assert [await ledger.accept(asked("1")) for _ in range(2)] == [0, 0]
    journal.down = True
    assert [await ledger.accept(asked("2")) for _ in range(2)] == [None, 0]
    assert [ledger.first("key2"), ledger.first("key3"), ledger.first("key3")] == [False, True, False]
