"""What becomes of questions while they are answered: taken back, stopped, edited, left to another process."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.chat import messages
from adapters.chat.answer_view import AnswerView, Press
from adapters.chat.incoming.attachments import AttachmentReader
from adapters.chat.questions.question_service import Acceptance, QuestionService, ServicePolicy
from adapters.chat.questions.reply import Undeliverable
from bot.config.chat import AttachmentSettings
from bot.journal.database import Database
from bot.journal.records.questions import SqlJournal
from bot.model import Answer, Citation, Outcome, Question
from bot.ports import Asked, Place, Recorded, Scope, Unavailable
from tests.support.fakes import FakeStore
from tests.support.paper import FourWeeks, OpenGate, Paper
from tests.support.waiting import until

EVERYONE = frozenset({"everyone"})
POLICY = ServicePolicy(10, timedelta(days=365))
GRANTED = Scope("slack:T1", EVERYONE)


class Done(Paper):
    """A reply on paper: what was done with it, in order."""

    def __init__(self, *, gone: bool = False) -> None:
        self.done: list[str] = []
        self.gone = gone

    async def show_working(self, remember: Any) -> None:
        self.done.append("working")
        await remember("C1/1")

    async def finish(self, answer: AnswerView) -> None:
        self.done.append("finished")

    async def say(self, text: str) -> None:
        self.done.append(text)
        if self.gone:
            raise Undeliverable("the channel is gone")

    async def leave(self) -> str:
        self.done.append("left")
        return "C1/5"

    async def withdraw(self) -> None:
        self.done.append("withdrawn")
        if self.gone:
            raise Undeliverable("the channel is gone")


class Held(FourWeeks):
    """Answers once it is let."""

    def __init__(self) -> None:
        self.let = asyncio.Event()

    async def answer(self, question: Question, **how: Any) -> Answer:
        await self.let.wait()
        return await super().answer(question, **how)


class Desk(QuestionService):
    """A service with what a test looks at."""

    def __init__(
        self, journal: SqlJournal, store: FakeStore | None = None, now: datetime | None = None, **policy: Any
    ) -> None:
        self.answers, self.revived = Held(), list[Done]()
        super().__init__(
            "slack", self.answers, journal, store or FakeStore(), replace(POLICY, **policy),
            gate=OpenGate(), files=AttachmentReader(AttachmentSettings), revive=self._revive,
            now=lambda: now or datetime.now(UTC),
        )  # fmt: skip

    def _revive(self, _: Recorded) -> Done:
        self.revived.append(Done())
        return self.revived[-1]


@pytest.fixture
async def journal(data: Path) -> AsyncIterator[SqlJournal]:
    database = Database(folder=data, url=None)
    yield SqlJournal(database)
    await database.close()


def asked(number: int = 1, *, edit: str = "", automated: bool = False) -> Asked:
    key = f"slack:C1:{number}" + (f":edited:{edit}" if edit else "")
    place = Place("C1", automated=automated)
    return Asked(f"q{number}{edit}", key, "slack", place, "slack:U1", Question("How much?", frozenset()))


async def working(paper: Done) -> None:
    """Until an answer is being written."""

    async def look() -> bool:
        return "working" in paper.done

    await until(look)


async def said_of(journal: SqlJournal, question: str) -> tuple[str, str] | None:
    """How a question ended, by the journal."""
    found = await journal.recorded(question)
    return (found.answer.outcome, found.answer.text) if found and found.answer else None


async def test_a_question_is_taken_once(journal: SqlJournal) -> None:
    """Also by a process that hasn't seen it, and not by one that closes."""
    question_service, other = Desk(journal), Desk(journal)
    paper = Done()
    assert await question_service.take(asked(), paper) is Acceptance.YES
    assert question_service.running == 1
    assert await question_service.take(asked(), Done()) is Acceptance.KNOWN
    assert await other.take(asked(), Done()) is Acceptance.KNOWN
    assert other.running == 0
    question_service.answers.let.set()
    await question_service.close(grace=60)
    assert paper.done == ["working", "finished"]
    assert question_service.running == 0
    assert await question_service.take(asked(2), Done()) is Acceptance.CLOSING
    assert await said_of(journal, "q1") == ("ANSWERED", "Four weeks. [1]")
    await other.close(grace=60)


async def test_a_bot_asks_no_more_than_it_may(journal: SqlJournal) -> None:
    """A second question within a minute is left as if it were known."""
    question_service = Desk(journal)
    question_service.answers.let.set()
    assert await question_service.take(asked(automated=True), Done()) is Acceptance.YES
    assert await question_service.take(asked(2, automated=True), Done()) is Acceptance.KNOWN
    await question_service.close(grace=60)
    assert await journal.recorded("q2") is None


async def test_what_is_known(journal: SqlJournal) -> None:
    """An event is new once to a process; a question is known once it was accepted, as far as the journal says."""
    question_service = Desk(journal)
    assert [question_service.first("a"), question_service.first("a"), question_service.first("b")] == [
        True,
        False,
        True,
    ]
    assert not await question_service.knows("slack:C1:1")
    question_service.answers.let.set()
    await question_service.take(asked(), Done())
    assert await question_service.knows("slack:C1:1")
    await question_service.close(grace=60)


async def test_a_journal_that_is_down_knows_nothing() -> None:
    """So that nobody waits for it."""

    class Down:
        async def recorded_by_key(self, key: str, *, further: str = "") -> Recorded:
            raise Unavailable("the journal", "it is locked.")

    down: Any = Down()
    assert not await Desk(down).knows("slack:C1:1")


@pytest.mark.parametrize("gone", [False, True])
async def test_a_question_that_is_taken_back(journal: SqlJournal, *, gone: bool) -> None:
    """Its answer is withdrawn, in whichever words it stands by now; others are answered, and it isn't when it comes behind."""
    question_service, first, edited, other = Desk(journal), Done(gone=gone), Done(), Done()
    for one, paper in ((asked(), first), (asked(edit="2"), edited), (asked(11), other)):
        await question_service.take(one, paper)
        await working(paper)
    await question_service.abandon("slack:C1:1")
    await question_service.abandon("slack:C1:3")
    assert (first.done, edited.done, other.done) == (
        ["working", "withdrawn"],
        ["working", "withdrawn"],
        ["working"],
    )
    assert question_service.running == 1
    assert await question_service.take(asked(3), Done()) is Acceptance.KNOWN
    question_service.answers.let.set()
    await question_service.close(grace=60)
    assert await said_of(journal, "q1") == ("UNAVAILABLE", "The question was deleted.")
    assert await said_of(journal, "q11") == ("ANSWERED", "Four weeks. [1]")


async def test_stopped_by_a_press(journal: SqlJournal) -> None:
    """What the press is for ends in the way that it gives; others go on."""
    question_service, mine, other = Desk(journal), Done(), Done()
    for one, paper in ((asked(), mine), (asked(2), other)):
        await question_service.take(one, paper)
        await working(paper)

    def ending(reply: Any) -> Any:
        return (lambda: reply.say("stopped")) if reply is mine else None

    await question_service.stop(ending)
    assert (mine.done, other.done) == (["working", "stopped"], ["working"])
    question_service.answers.let.set()
    await question_service.close(grace=60)
    assert await said_of(journal, "q1") == ("UNAVAILABLE", messages.STOPPED)
    assert await said_of(journal, "q2") == ("ANSWERED", "Four weeks. [1]")


async def test_an_edit_takes_the_place_of_what_is_under_way(journal: SqlJournal) -> None:
    """The earlier words' answer isn't written on; the newer ones' stands where it stood."""
    question_service, first, second = Desk(journal), Done(), Done()
    await question_service.take(asked(), first)
    await working(first)
    earlier = await journal.recorded("q1")
    assert earlier is not None
    went_on: list[Any] = []

    def go_on(before: Recorded, now: Asked) -> Any:
        went_on.append((before.reply, now.id))
        return second

    assert await question_service.supersede(earlier, asked(edit="2"), go_on) is Acceptance.YES
    assert await question_service.supersede(earlier, asked(edit="2"), go_on) is Acceptance.KNOWN
    assert first.done == ["working", "left"]
    assert went_on == [("C1/5", "q12")]
    question_service.answers.let.set()
    await question_service.close(grace=60)
    assert second.done == ["working", "finished"]
    assert await said_of(journal, "q1") == ("UNAVAILABLE", messages.EDITED_QUESTION)
    assert await said_of(journal, "q12") == ("ANSWERED", "Four weeks. [1]")
    before = await journal.recorded("q1")
    assert before is not None
    assert before.answer is not None
    assert (before.reply, before.answer.gap, before.seconds) == ("C1/5", False, 0.0)


class Unreadable(SqlJournal):
    """A journal that can be written only."""

    async def recorded(self, question_id: str) -> Recorded | None:
        raise Unavailable("the journal", "it is locked.")


@pytest.mark.parametrize("where", ["here", "elsewhere"])
async def test_an_edit_while_the_journal_cannot_be_read(journal: SqlJournal, data: Path, where: str) -> None:
    """It is answered all the same, after a time limit where another process had the earlier words."""
    database = Database(folder=data, url=None)
    question_service = Desk(Unreadable(database), wait_for_others=0.05, look_every=0.01)
    first, second = Done(), Done()
    if where == "here":
        await question_service.take(asked(), first)
        await working(first)
    else:
        await journal.accept(asked(), worker="another")
    earlier = await journal.recorded("q1")
    assert earlier is not None
    assert await question_service.supersede(earlier, asked(edit="2"), lambda *_: second) is Acceptance.YES
    question_service.answers.let.set()
    await question_service.close(grace=60)
    assert first.done == (["working", "left"] if where == "here" else [])
    assert second.done == ["working", "finished"]
    assert await said_of(journal, "q1") == ("UNAVAILABLE", messages.EDITED_QUESTION)
    await database.close()


async def test_an_answer_again(journal: SqlJournal) -> None:
    """As everybody saw it; none where there is none, or none yet."""
    question_service, paper = Desk(journal, recorded_within=0.01), Done()
    assert await question_service.again("q1") is None
    await journal.accept(asked(), worker="another")
    assert await question_service.again("q1") is None
    await question_service.take(asked(2), paper)
    assert await question_service.again("q2") is None
    question_service.answers.let.set()
    await question_service.close(grace=60)
    found = await question_service.again("q2")
    assert found is not None
    assert (found[0].asked.id, found[1].text) == ("q2", "Four weeks. [1]")
    assert (Press.SHARE in found[1].buttons, found[1].notes) == (False, ())


async def test_how_an_answer_is_shown(journal: SqlJournal) -> None:
    """By the service's own clock an old page is told of, and by its policy a human can be asked."""
    noon = datetime(2026, 6, 1, 12, tzinfo=UTC)
    question_service = Desk(journal, now=noon, stale_after=timedelta(days=1), can_ask_human=True)
    shown = []
    for number, written in ((1, noon - timedelta(days=2)), (2, noon - timedelta(hours=2))):
        await journal.accept(asked(number), worker="another")
        leave = replace(cited("a.md"), updated_at=written)
        answer = Answer(f"q{number}", Outcome.ANSWERED, "Four weeks. [1]", (leave,))
        await journal.finish(f"q{number}", answer, seconds=1.0)
        shown.append(await question_service.again(f"q{number}"))
    assert [found and found[1].notes for found in shown] == [(messages.STALE.format(titles="a.md"),), ()]
    await journal.accept(asked(3), worker="another")
    await journal.finish("q3", Answer("q3", Outcome.NOT_FOUND, "The docs don't say."), seconds=1.0)
    found = await question_service.again("q3")
    assert found is not None
    assert found[1].buttons == (Press.HUMAN,)
    await question_service.close(grace=60)


# --- who may see an answer ------------------------------------------------------------------------


def cited(page: str) -> Citation:
    return Citation(1, f"handbook:{page}", page, "", "", "", None)


@pytest.mark.parametrize(
    ("answer", "scope", "audience", "may"),
    [
        (Answer("q", Outcome.ANSWERED, "x", (cited("a.md"),)), GRANTED, {"everyone"}, True),
        (Answer("q", Outcome.ANSWERED, "x", (cited("a.md"), cited("hr.md"))), GRANTED, {"everyone"}, False),
        (Answer("q", Outcome.ANSWERED, "x", (cited("a.md"), cited("hr.md"))), GRANTED, {"everyone", "hr"}, True),
        (Answer("q", Outcome.ANSWERED, "x", (cited("a.md"),), nearest=(cited("hr.md"),)), GRANTED, {"everyone"}, True),
        (Answer("q", Outcome.NOT_FOUND, "x", nearest=(cited("hr.md"),)), GRANTED, {"everyone"}, False),
        (Answer("q", Outcome.NOT_FOUND, "x", nearest=(cited("a.md"),)), GRANTED, {"everyone"}, True),
        (Answer("q", Outcome.ANSWERED, "x"), GRANTED, {"everyone", "hr"}, True),
        (Answer("q", Outcome.ANSWERED, "x"), GRANTED, {"hr"}, False),
        (Answer("q", Outcome.ANSWERED, "x", audience=frozenset({"hr"})), GRANTED, {"everyone"}, False),
        (Answer("q", Outcome.ANSWERED, "x", audience=frozenset({"hr"})), GRANTED, {"hr"}, True),
        (None, GRANTED, {"everyone"}, False),
    ],
)  # fmt: skip
async def test_who_may_see_an_answer(
    answer: Answer | None, scope: Scope, audience: set[str], *, may: bool
) -> None:
    """Who may see every page that it rests on; where it names none, for whom it was written or asked."""
    nobody: Any = None
    recorded = Recorded(asked(), datetime(2026, 1, 1, tzinfo=UTC), answer, "", 1.0, scope)
    assert await Desk(nobody, Shelf()).may_see(recorded, frozenset(audience)) is may  # type: ignore[arg-type]


class Shelf(FakeStore):
    """One page for everyone, and one for HR."""

    async def passages(self, spans: Any, audience: frozenset[str]) -> Any:
        for_whom = {"handbook:a.md": "everyone", "handbook:hr.md": "hr"}
        return [span for span in spans if for_whom[span.doc_id] in audience]


# --- the end of a process -------------------------------------------------------------------------


async def test_what_is_not_done_in_time_is_left_to_the_next(journal: SqlJournal) -> None:
    """It takes it up when it opens, and answers it as it was asked."""
    question_service, paper = Desk(journal), Done()
    await question_service.open()
    await question_service.take(asked(), paper)
    await working(paper)
    await question_service.close(grace=0.01)
    assert paper.done == ["working"]
    assert await said_of(journal, "q1") is None
    later = Desk(journal)
    later.answers.let.set()
    await later.open()
    await later.close(grace=60)
    assert [one.done for one in later.revived] == [["working", "finished"]]
    assert await said_of(journal, "q1") == ("ANSWERED", "Four weeks. [1]")
    assert (question_service.worker.split(" ")[0], question_service.worker == later.worker) == (
        "slack",
        False,
    )


class Unsaid(Done):
    """Says nothing until it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.let = asyncio.Event()

    async def say(self, text: str) -> None:
        await self.let.wait()
        await super().say(text)


@pytest.mark.parametrize("in_time", [True, False])
async def test_the_end_waits_for_who_is_told_of_the_limit(journal: SqlJournal, *, in_time: bool) -> None:
    """As long as for answers."""
    question_service, paper = Desk(journal, questions_per_minute=0), Unsaid()
    assert await question_service.take(asked(), paper) is Acceptance.LIMITED
    closing = asyncio.create_task(question_service.close(grace=60 if in_time else 0.01))
    if in_time:
        assert not (await asyncio.wait([closing], timeout=0.1))[0]
        paper.let.set()
    await closing
    assert len(paper.done) == int(in_time)


class Away(SqlJournal):
    """A journal that can't be reached."""

    given_back = False

    async def accept(self, asked: Asked, *, worker: str, within: float = 60.0) -> int:
        raise Unavailable("the journal", "it is locked.")

    async def give_back(self, worker: str) -> None:
        self.given_back = True
        raise Unavailable("the journal", "it is locked.")


async def test_an_end_without_the_journal(data: Path) -> None:
    """It is an end all the same: what can be written down is tried, and fails nobody."""
    database = Database(folder=data, url=None)
    away, paper = Away(database), Done()
    question_service = Desk(away)
    question_service.answers.let.set()
    assert await question_service.take(asked(), paper) is Acceptance.YES
    await question_service.close(grace=60)
    assert paper.done == ["working", "finished"]
    assert away.given_back
    await database.close()
