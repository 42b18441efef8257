"""The desk that both platforms' questions go through, on a real journal."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from adapters.chat import messages
from adapters.chat.answer_view import AnswerView
from adapters.chat.incoming.attachments import AttachmentReader
from adapters.chat.questions.question_service import Acceptance, QuestionService, ServicePolicy
from adapters.chat.questions.reply import Undeliverable
from bot.config.chat import AttachmentSettings
from bot.journal.database import Database
from bot.journal.records.questions import SqlJournal
from bot.model import Answer, Outcome, Question, SyncReport, Usage
from bot.ports import Asked, Place, Recorded, Scope, Unavailable
from bot.runtime.observers import Observers
from bot.runtime.work_context import Work
from tests.support.fakes import FakeStore
from tests.support.paper import FourWeeks, OpenGate, Paper


class SlowJournal(SqlJournal):
    """Keeps an answer only once it is let."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.let = asyncio.Event()
        self.down = False

    async def accept(self, asked: Asked, *, worker: str, within: float = 60.0) -> int:
        if self.down:
            raise Unavailable("the journal", "it is locked.")
        return await super().accept(asked, worker=worker, within=within)

    async def finish(
        self, question_id: str, answer: Answer, *, seconds: float, scope: Scope | None = None
    ) -> None:
        await self.let.wait()
        await super().finish(question_id, answer, seconds=seconds, scope=scope)


class Notice(Paper):
    """Keeps what its asker is told."""

    def __init__(self) -> None:
        self.shown = asyncio.Event()
        self.said: list[str] = []

    async def finish(self, answer: AnswerView) -> None:
        self.shown.set()

    async def say(self, text: str) -> None:
        self.said.append(text)


@pytest.fixture
async def journal(data: Path):
    database = Database(folder=data, url=None)
    yield SlowJournal(database)
    await database.close()


def limited(per_minute: int) -> ServicePolicy:
    return ServicePolicy(per_minute, timedelta(days=365))


def desk_of(
    journal: SqlJournal,
    notice: Notice,
    observers: Observers | None = None,
    policy: ServicePolicy | None = None,
) -> QuestionService:
    return QuestionService(
        "slack",
        FourWeeks(),
        journal,
        FakeStore(),
        policy or limited(10),
        gate=OpenGate(),
        files=AttachmentReader(AttachmentSettings),
        revive=lambda _: notice,
        observers=observers,
    )


class Heard:
    """Whoever wants to hear how questions end."""

    def __init__(self) -> None:
        self.ended: list[tuple[str, str, str]] = []

    def question_ended(
        self, platform: str, outcome: str, seconds: float, answer: Answer, work: Work | None
    ) -> None:
        self.ended.append((platform, outcome, work.id if work else ""))

    def feedback_given(self, platform: str, verdict: str) -> None: ...

    def sync_ended(self, reports: Sequence[SyncReport], work: Work | None) -> None: ...


class Lost(Notice):
    """A place that takes no answer."""

    async def finish(self, answer: AnswerView) -> None:
        raise Undeliverable("the channel is gone")


class Unasked(Notice):
    """Nobody asked: what isn't sure isn't said."""

    unprompted = True


@pytest.mark.parametrize(
    ("notice", "outcome"),
    [(Notice, "answered"), (Lost, "undeliverable"), (Unasked, "silent")],
    ids=["answered", "undeliverable", "silent"],
)
async def test_how_a_question_ended_is_heard(
    journal: SlowJournal, notice: type[Notice], outcome: str
) -> None:
    """Once, with its platform and its id, also where nobody saw an answer."""
    journal.let.set()
    heard, observers = Heard(), Observers()
    observers.add(heard)
    question_service = desk_of(journal, notice(), observers)
    asked = Asked("q1", "slack:C1:1", "slack", Place("C1"), "slack:U1", Question("How much?", frozenset()))
    await question_service.take(asked, notice())
    assert observers.running == {"slack": 1}
    await question_service.close(grace=5)
    assert heard.ended == [("slack", outcome, "q1")]
    assert observers.running == {"slack": 0}


async def test_a_question_over_the_limit_is_heard_as_such(journal: SlowJournal) -> None:
    """It is no answer that failed."""
    journal.let.set()
    heard, observers = Heard(), Observers()
    observers.add(heard)
    question_service = desk_of(journal, Notice(), observers, limited(1))
    for number in (1, 2):
        key = f"slack:C1:{number}"
        asked = Asked(f"q{number}", key, "slack", Place("C1"), "slack:U1", Question("How much?", frozenset()))
        await question_service.take(asked, Notice())
    await question_service.close(grace=5)
    assert sorted(outcome for _, outcome, _ in heard.ended) == ["answered", "limited"]


@pytest.mark.parametrize(
    ("kind", "owed", "told"),
    [(Notice, True, 3), (Notice, False, 1), (Unasked, False, 0)],
    ids=["command", "mention", "unasked"],
)
async def test_over_the_limit_nothing_is_left_open(
    journal: SlowJournal, kind: type[Notice], *, owed: bool, told: int
) -> None:
    """Who waits for a word hears of the limit each time, others once, who didn't ask never; nothing is answered."""
    journal.let.set()
    question_service = desk_of(journal, Notice(), policy=limited(1))
    notices = [kind() for _ in range(4)]
    taken = []
    for number, notice in enumerate(notices):
        notice.owed = owed
        taken.append(await question_service.take(asked_by_one(number), notice))
    await question_service.close(grace=5)
    assert taken == [Acceptance.YES, Acceptance.LIMITED, Acceptance.LIMITED, Acceptance.LIMITED]
    assert [notice.shown.is_set() for notice in notices] == [kind is Notice, False, False, False]
    said = [text for notice in notices for text in notice.said]
    assert said == [messages.TOO_MANY.format(limit=1)] * told
    recorded = await journal.recorded("q3")
    assert recorded is not None
    assert recorded.answer is not None
    ended = (recorded.answer.outcome, recorded.answer.text, recorded.answer.gap)
    assert ended == (Outcome.UNAVAILABLE, "Over the limit of questions.", True)


async def test_each_person_is_told_of_the_limit(
    journal: SlowJournal, caplog: pytest.LogCaptureFixture
) -> None:
    """One hears of it although another did just now, and one who can't be reached keeps nobody up."""
    journal.let.set()
    question_service = desk_of(journal, Notice(), policy=limited(1))
    notices = {"one": Notice(), "other": Notice(), "gone": Unreachable()}
    for person, notice in notices.items():
        for number in range(2):
            question = replace(asked_by_one(number), person=person)
            await question_service.take(
                replace(question, id=f"{person}{number}", key=f"{person}{number}"), notice
            )
    await question_service.close(grace=5)
    assert [len(notice.said) for notice in notices.values()] == [1, 1, 1]
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


async def test_what_an_edit_replaces_stays_as_it_was(journal: SlowJournal) -> None:
    """How long it took and for whom it was is kept, it is no gap any more, and nothing is billed twice."""
    journal.let.set()
    earlier, notice = asked_by_one(1), Notice()
    scope = Scope("slack:T1", frozenset({"everyone"}))
    await journal.accept(earlier, worker="before")
    answered = Answer("q1", Outcome.NOT_FOUND, "The docs don't say.", usage=(Usage("m", 1, 0, 100, 20),))
    await journal.finish("q1", answered, seconds=3.0, scope=scope)
    before = await journal.recorded("q1")
    assert before is not None
    question_service = desk_of(journal, notice)
    edited = replace(asked_by_one(1), id="q9", key="slack:C1:1:edited:2")
    assert await question_service.supersede(before, edited, lambda *_: notice) is Acceptance.YES
    await question_service.close(grace=5)
    kept = await journal.recorded("q1")
    assert kept is not None
    assert kept.answer is not None
    assert (kept.seconds, kept.scope, kept.answer.gap) == (3.0, scope, False)
    assert [(one.model, one.calls) for one in await journal.spent()] == [("m", 1)]


class Unreachable(Notice):
    """Somebody who can't be told anything."""

    async def say(self, text: str) -> None:
        await super().say(text)
        raise Undeliverable("the channel is gone")


async def test_the_limit_holds_while_the_journal_is_down(journal: SlowJournal) -> None:
    """Questions are then counted by each process for itself."""
    journal.let.set()
    journal.down = True
    question_service = desk_of(journal, Notice(), policy=limited(2))
    taken = [await question_service.take(asked_by_one(number), Notice()) for number in range(4)]
    another = await question_service.take(replace(asked_by_one(4), person="slack:U2"), Notice())
    journal.down = False
    await question_service.close(grace=5)
    assert taken == [Acceptance.YES, Acceptance.YES, Acceptance.LIMITED, Acceptance.LIMITED]
    assert another is Acceptance.YES
    assert await journal.recorded("q3") is not None


@pytest.mark.slow
async def test_the_limit_holds_for_all_processes(journal: SlowJournal) -> None:
    """What a person has asked elsewhere counts, too."""
    journal.let.set()
    await journal.accept(asked_by_one(1), worker="another")
    question_service = desk_of(journal, Notice(), policy=limited(1))
    assert await question_service.take(asked_by_one(2), Notice()) is Acceptance.LIMITED
    await question_service.close(grace=5)


async def test_an_edit_over_the_limit_leaves_the_answer(journal: SlowJournal) -> None:
    """The earlier answer stands, and its asker hears why it stays as it is."""
    journal.let.set()
    question_service, first, second = (
        desk_of(journal, Notice(), policy=limited(1)),
        Notice(),
        Notice(),
    )
    asked = asked_by_one(0)
    await question_service.take(asked, first)
    await first.shown.wait()
    earlier = await journal.recorded("q0")
    assert earlier is not None
    edited = replace(asked, id="q9", key=f"{asked.key}:edited:2")
    gone_on: list[tuple[Recorded, Asked]] = []

    def go_on(before: Recorded, now: Asked) -> Notice:
        gone_on.append((before, now))
        return second

    assert await question_service.supersede(earlier, edited, go_on) is Acceptance.LIMITED
    assert gone_on == [(earlier, edited)]
    await question_service.close(grace=5)
    assert len(second.said) == 1
    kept = await journal.recorded("q0")
    assert kept is not None
    assert kept.answer is not None
    assert kept.answer.outcome is Outcome.ANSWERED


def asked_by_one(number: int) -> Asked:
    question = Question("How much?", frozenset())
    return Asked(f"q{number}", f"slack:C1:{number}", "slack", Place("C1"), "slack:U1", question)


async def test_a_question_that_is_stopped_is_heard_as_such(journal: SlowJournal) -> None:
    """It is no answer that failed either."""
    heard, observers = Heard(), Observers()
    observers.add(heard)
    notice = Notice()
    question_service = desk_of(journal, notice, observers)
    await question_service.take(asked_by_one(1), notice)
    await notice.shown.wait()  # the journal keeps it from ending
    journal.let.set()
    await question_service.stop(lambda reply: reply.withdraw)
    await question_service.close(grace=5)
    assert [outcome for _, outcome, _ in heard.ended][-1:] == ["stopped"]


async def test_a_press_before_the_answer_is_in_the_journal(journal: SlowJournal) -> None:
    """A button that is pressed in the moment in which its answer is shown finds the answer."""
    notice = Notice()
    question_service = desk_of(journal, notice)
    asked = Asked(
        "q1",
        "slack:C1:1",
        "slack",
        Place("C1"),
        "slack:U1",
        Question("How much notice?", frozenset({"everyone"})),
    )
    assert await question_service.take(asked, notice) is Acceptance.YES
    await notice.shown.wait()
    pressed = asyncio.create_task(question_service.again("q1"))
    assert not (await asyncio.wait([pressed], timeout=0.2))[0]
    journal.let.set()
    found = await pressed
    assert found is not None
    assert found[1].text == "Four weeks. [1]"
    await question_service.close(grace=5)


async def test_an_edit_waits_for_the_process_that_answers(data: Path) -> None:
    """A question that another process is answering is answered anew once that is done, in its place."""
    database = Database(folder=data, url=None)
    journal, notice, gone_on = SqlJournal(database), Notice(), []
    question_service = desk_of(journal, notice, policy=replace(limited(10), look_every=0.01))
    first = Asked("q1", "slack:C1:1", "slack", Place("C1"), "U1", Question("How much notcie?", frozenset()))
    await journal.accept(first, worker="another")
    earlier = await journal.recorded("q1")
    assert earlier is not None
    edited = replace(first, id="q2", key="slack:C1:1:edited:2", question=Question("How much?", frozenset()))

    def go_on(before: Recorded, _: Asked) -> Notice:
        gone_on.append(before.reply)
        return notice

    superseding = asyncio.create_task(question_service.supersede(earlier, edited, go_on))
    assert not (await asyncio.wait([superseding], timeout=0.1))[0]
    await journal.set_reply("q1", "C1/2")
    await journal.finish("q1", Answer("q1", Outcome.NOT_FOUND, "The docs don't say."), seconds=1.0)
    assert await superseding is Acceptance.YES
    await notice.shown.wait()
    assert gone_on == ["C1/2"]
    await question_service.close(grace=5)
    found = await journal.recorded_by_key("slack:C1:1", further=":edited:")
    assert found is not None
    assert (found.asked.id, found.reply) == ("q2", "C1/2")
    await database.close()
