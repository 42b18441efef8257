"""Questions of processes that died, taken over by one that lives."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.chat import messages
from adapters.chat.answer_view import AnswerView
from adapters.chat.incoming.attachments import AttachmentReader
from adapters.chat.questions.question_service import QuestionService, ServicePolicy
from bot.config.chat import AttachmentSettings
from bot.journal.database import Database
from bot.journal.records.questions import SqlJournal
from bot.model import Outcome, Question
from bot.ports import Asked, Place, Recorded, Unavailable
from bot.runtime.observers import Observers
from bot.runtime.process import process_identity
from tests.support.fakes import FakeStore
from tests.support.paper import FourWeeks, OpenGate, Paper
from tests.support.waiting import until

POLICY = ServicePolicy(10, timedelta(days=365), beat_every=0.01, silent_for=30.0, too_old_to_answer=600.0)


class Shown(Paper):
    """Keeps what stands on it."""

    def __init__(self, *, unprompted: bool = False) -> None:
        self.unprompted = unprompted
        self.shown: list[str] = []

    async def finish(self, answer: AnswerView) -> None:
        self.shown.append(answer.text)

    async def say(self, text: str) -> None:
        self.shown.append(text)


class Flaky(SqlJournal):
    """A journal that is out of reach for a while."""

    fails = 0
    beats = 0

    async def beat(self, worker: str) -> None:
        self.beats += 1
        if self.fails:
            self.fails -= 1
            raise Unavailable("the journal", "it is locked.")
        await super().beat(worker)


@dataclass
class Process:
    """One that runs, with the papers that it answered on, by question."""

    service: QuestionService
    papers: dict[str, Shown] = field(default_factory=dict)
    ended: list[tuple[str, str]] = field(default_factory=list)

    def question_ended(self, platform: str, outcome: str, seconds: float, *_: object) -> None:
        self.ended.append((platform, outcome))
        assert seconds >= 0

    def feedback_given(self, platform: str, verdict: str) -> None: ...

    def sync_ended(self, *_: object) -> None: ...


@pytest.fixture
async def journal(data: Path) -> AsyncIterator[Flaky]:
    database = Database(folder=data, url=None)
    yield Flaky(database)
    await database.close()


@pytest.fixture
async def begin(journal: Flaky) -> AsyncIterator[Callable[..., Process]]:
    """Makes a process of Slack's; `refused` are questions whose place is gone, `later` is how late it is by its clock."""
    made: list[Process] = []

    def one(
        *, later: float = 0.0, unprompted: bool = False, refused: tuple[str, ...] = (), **policy: Any
    ) -> Process:
        observers = Observers()

        def revive(recorded: Recorded) -> Shown:
            if recorded.asked.id in refused:
                raise ValueError(recorded.asked.id)
            return process.papers.setdefault(recorded.asked.id, Shown(unprompted=unprompted))

        service = QuestionService(
            "slack",
            FourWeeks(),
            journal,
            FakeStore(),
            replace(POLICY, **policy),
            gate=OpenGate(),
            files=AttachmentReader(AttachmentSettings),
            revive=revive,
            now=lambda: datetime.now(UTC) + timedelta(seconds=later),
            observers=observers,
        )
        process = Process(service)
        observers.add(process)
        made.append(process)
        return process

    yield one
    for process in made:
        await process.service.close(grace=30)


def asked(name: str, *, platform: str = "slack", words: str = "How much notice?") -> Asked:
    return Asked(name, f"{platform}:{name}", platform, Place("C1"), "U1", Question(words, frozenset()))


async def shown(process: Process, name: str) -> list[str]:
    """What stands on a question's paper, once something does."""

    async def look() -> list[str]:
        return process.papers[name].shown if name in process.papers else []

    return await until(look)


async def test_what_a_dead_process_left_is_answered(journal: Flaky, begin: Callable[..., Process]) -> None:
    """Where it was asked, once, also if it was long on its way; of another platform nothing."""
    for one in (asked("q1"), asked("q2"), asked("q3", platform="discord")):
        await journal.accept(one, worker="one that died")
    process = begin(later=590.0)
    await process.service.open()
    assert await shown(process, "q1") == ["Four weeks. [1]"]
    assert await shown(process, "q2") == ["Four weeks. [1]"]
    await process.service.close(grace=30)
    assert set(process.papers) == {"q1", "q2"}
    assert process.ended == [("slack", "answered")] * 2
    kept = await journal.recorded("q1")
    assert kept is not None
    assert kept.answer is not None
    assert kept.answer.outcome is Outcome.ANSWERED
    assert await journal.adopt("discord", worker="next", silent_for=0.0)


@pytest.mark.parametrize(("later", "words"), [(605.0, "How much notice?"), (0.0, "")], ids=["old", "no text"])
async def test_what_cannot_be_answered_any_more_is_told(
    journal: Flaky, begin: Callable[..., Process], later: float, words: str
) -> None:
    """Its asker hears that the question was lost, and the journal knows how it ended."""
    await journal.accept(asked("q1", words=words), worker="one that died")
    process = begin(later=later)
    await process.service.open()
    assert await shown(process, "q1") == [messages.LOST_ANSWER]
    kept = await journal.recorded("q1")
    assert kept is not None
    assert kept.answer is not None
    assert (kept.answer.outcome, kept.answer.text) == (Outcome.UNAVAILABLE, messages.LOST_ANSWER)
    assert process.ended == [("slack", "lost")]
    assert process.service.running == 0


async def test_nobody_hears_of_what_nobody_asked(journal: Flaky, begin: Callable[..., Process]) -> None:
    """A message that wasn't addressed to the bot ends without a word."""
    await journal.accept(asked("q1"), worker="one that died")
    process = begin(later=605.0, unprompted=True)
    await process.service.open()
    kept = await journal.recorded("q1")
    assert kept is not None
    assert kept.answer is not None
    assert process.papers["q1"].shown == []
    assert process.ended == [("slack", "lost")]


async def test_one_that_cannot_be_taken_up_keeps_nobody_up(
    journal: Flaky, begin: Callable[..., Process]
) -> None:
    """Its place is gone: the questions after it are answered all the same."""
    for name in ("q1", "q2", "q3"):
        await journal.accept(asked(name), worker="one that died")
    process = begin(refused=("q1", "q2"))
    await process.service.open()
    assert await shown(process, "q3") == ["Four weeks. [1]"]
    assert set(process.papers) == {"q3"}


async def test_it_goes_on_looking(journal: Flaky, begin: Callable[..., Process]) -> None:
    """Also for what is left after it has begun, and after the journal was out of reach; not once it is closed."""
    process = begin()
    journal.fails = 2
    await process.service.open()
    await journal.accept(asked("q1"), worker="one that died")
    assert await shown(process, "q1") == ["Four weeks. [1]"]
    assert journal.fails == 0
    assert "slack heartbeat" in {task.get_name() for task in asyncio.all_tasks()}
    await process.service.close(grace=30)
    assert "slack heartbeat" not in {task.get_name() for task in asyncio.all_tasks()}


async def test_the_questions_of_who_lives_are_left_alone(
    journal: Flaky, begin: Callable[..., Process]
) -> None:
    """A process whose heart beats, or that was silent for a moment only, answers its own."""
    alive = begin(beat_every=60.0)
    await alive.service.open()
    await journal.accept(asked("q1"), worker=alive.service.worker)
    await journal.beat("elsewhere")
    await journal.accept(asked("q2"), worker="elsewhere")
    process = begin()
    await process.service.open()

    async def looked_often() -> bool:
        return journal.beats > 8

    await until(looked_often)
    assert process.papers == {}


async def test_who_was_silent_for_long_is_given_up(journal: Flaky, begin: Callable[..., Process]) -> None:
    """So many seconds without a beat are enough, and no more are waited for."""
    await journal.beat("elsewhere")
    await journal.accept(asked("q1"), worker="elsewhere")
    process = begin(silent_for=0.05)
    await process.service.open()
    assert await shown(process, "q1") == ["Four weeks. [1]"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
async def test_who_is_known_to_be_gone_is_not_waited_for(
    journal: Flaky, begin: Callable[..., Process]
) -> None:
    """Where this machine says so, a heart that beat just now proves nothing."""
    kind, machine, number, _, unique = process_identity.name("slack").split(" ")
    gone = f"{kind} {machine} {number} 1 {unique}"  # its number is another's by now
    await journal.beat(gone)
    await journal.accept(asked("q1"), worker=gone)
    process = begin()
    await process.service.open()
    assert await shown(process, "q1") == ["Four weeks. [1]"]


async def test_a_beat_writes_down_what_the_journal_missed(
    journal: Flaky, begin: Callable[..., Process], data: Path
) -> None:
    """An answer that couldn't be recorded is there once the journal is back."""
    process = begin()
    working, journal.accept = journal.accept, _refuse  # type: ignore[method-assign]
    finishing, journal.finish = journal.finish, _refuse  # type: ignore[method-assign]
    paper = Shown()
    await process.service.take(asked("q1"), paper)

    async def ended() -> bool:
        return bool(process.ended)

    await until(ended)
    journal.accept, journal.finish = working, finishing  # type: ignore[method-assign]
    await process.service.open()

    async def there() -> bool:
        return await journal.recorded("q1") is not None

    await until(there)


async def _refuse(*_: object, **__: object) -> Any:
    raise Unavailable("the journal", "it is locked.")
