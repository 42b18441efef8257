"""One question on its way from the gate to an answer that is shown and recorded."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.chat import messages
from adapters.chat.answer_view import AnswerView, Press
from adapters.chat.incoming.attachments import Attachment, AttachmentReader, Unfetched
from adapters.chat.questions.answer_run import AnswerPolicy, AnswerRun
from adapters.chat.questions.gate import Admission
from adapters.chat.questions.journal_log import JournalLog
from adapters.chat.questions.reply import Context, Undeliverable
from bot.config.chat import AttachmentSettings
from bot.journal.database import Database
from bot.journal.records.questions import SqlJournal
from bot.model import Answer, Citation, Outcome, Question, Stage, Trace, Turn, Usage
from bot.ports import Asked, Place, Recorded, Scope, Unavailable
from bot.runtime.observers import Observers
from bot.runtime.usage_meter import spend
from bot.runtime.work_context import Work
from tests.support.paper import Paper

ASKED = Asked("q1", "slack:C1:1", "slack", Place("C1"), "slack:U1", Question("How much notice?", frozenset()))
STAFF = frozenset({"staff"})
FOUR_WEEKS = Answer("q1", Outcome.ANSWERED, "Four weeks. [1]", strong=True)
EARLIER = (Turn("user", "Hello"),)
BROKEN = messages.BROKEN.format(id="q1")


class Gate:
    """Lets everybody into one place, for what staff may see."""

    shut = False
    down = False

    async def opens(self, asked: Asked) -> bool:
        return asked.place.thread == "C1" and not self.shut

    async def admit(self, asked: Asked) -> Admission:
        if self.down:
            raise Unavailable("Slack", "it gives no answer.")
        return Admission("slack:T1", STAFF, frozenset({asked.place.thread, "#help"}), "Not here.")


class Core:
    """Answers what a test says, or raises it."""

    def __init__(self, answer: Answer | Exception = FOUR_WEEKS) -> None:
        self.given = answer
        self.asked: list[tuple[str, Question]] = []
        self.pieces: tuple[str, ...] = ()
        self.streams = False

    async def answer(
        self,
        question: Question,
        *,
        id: str | None = None,  # noqa: A002 - the real one's
        on_text: Any = None,
        on_stage: Any = None,
    ) -> Answer:
        self.asked.append((id or "", question))
        self.streams = on_text is not None and on_stage is not None
        if on_stage:
            await on_stage(Stage("searching"))
        for piece in self.pieces:
            await on_text(piece)
        if isinstance(self.given, Exception):
            raise self.given
        return self.given


class Reply(Paper):
    """Keeps what was done with it, in order, and what was shown at last; `fails` are raised by its methods."""

    def __init__(
        self, context: Context | None = None, *, unprompted: bool = False, private: bool = False
    ) -> None:
        self.context = context or Context()
        self.unprompted, self.private = unprompted, private
        self.done: list[str] = []
        self.fails: dict[str, Exception] = {}
        self.view: AnswerView | None = None

    def _do(self, method: str, words: str = "") -> None:
        self.done.append(words or method)
        if method in self.fails:
            raise self.fails[method]

    async def recall(self) -> Context:
        self._do("recall")
        return self.context

    async def show_working(self, remember: Any) -> None:
        self._do("working")
        await remember("C1/2")

    async def write(self, text: str) -> None:
        self._do("write", text)

    async def say(self, text: str) -> None:
        self._do("say", text)

    async def finish(self, answer: AnswerView) -> None:
        self._do("finish", answer.text)
        self.view = answer


class Pictures:
    """Looks at pictures."""

    async def described(self, picture: bytes, media_type: str) -> str:
        spend(Usage("looker", calls=1))
        return "A calendar."


@dataclass
class Heard:
    """How questions ended."""

    ended: list[tuple[str, str]] = field(default_factory=list)
    seconds: float = -1.0
    answer: Answer | None = None
    work: Work | None = None

    def question_ended(
        self, platform: str, outcome: str, seconds: float, answer: Answer, work: Work | None
    ) -> None:
        self.ended.append((platform, outcome))
        self.seconds, self.answer, self.work = seconds, answer, work

    def feedback_given(self, platform: str, verdict: str) -> None: ...

    def sync_ended(self, *_: object) -> None: ...


class Desk:
    """A run with what is around it; a question is accepted before it gets there."""

    def __init__(self, journal: SqlJournal) -> None:
        self.journal, self.gate, self.core, self.heard = journal, Gate(), Core(), Heard()
        self.policy = AnswerPolicy(timedelta(days=365), can_ask_human=False)

    async def run(self, reply: Reply, asked: Asked = ASKED) -> Recorded:
        observers = Observers()
        observers.add(self.heard)
        ledger = JournalLog(self.journal, "w1")
        run = AnswerRun(
            "slack",
            self.core,
            self.policy,
            gate=self.gate,
            files=AttachmentReader(lambda: AttachmentSettings(pictures=True), Pictures()),
            ledger=ledger,
            observers=observers,
            now=lambda: datetime(2026, 11, 1, tzinfo=UTC),
        )
        await ledger.accept(asked)
        await run.run(asked, reply)
        kept = await self.journal.recorded(asked.id)
        assert kept is not None
        return kept


@pytest.fixture
async def desk(data: Path) -> AsyncIterator[Desk]:
    database = Database(folder=data, url=None)
    yield Desk(SqlJournal(database))
    await database.close()


def ended(kept: Recorded) -> tuple[Outcome, str, bool]:
    """How a question ended, by the journal."""
    assert kept.answer is not None
    return kept.answer.outcome, kept.answer.text, kept.answer.gap


async def test_a_question_that_is_answered(desk: Desk) -> None:
    """Work is shown before anything else, the answer in its place; it is recorded with whom it was for."""
    reply = Reply()
    desk.core.pieces = ("Four", " weeks.")
    kept = await desk.run(reply)
    assert reply.done == ["working", "recall", "Four", " weeks.", "Four weeks. [1]"]
    assert ended(kept) == (Outcome.ANSWERED, "Four weeks. [1]", True)
    assert (kept.reply, kept.scope) == ("C1/2", Scope("slack:T1", STAFF))
    assert desk.heard.ended == [("slack", "answered")]


async def test_what_is_told_of_a_question(desk: Desk) -> None:
    """Who counts questions gets the answer, the seconds that the journal has, and the stages of the work."""
    kept = await desk.run(Reply())
    assert desk.heard.answer == FOUR_WEEKS
    assert 0 <= desk.heard.seconds < 3600
    assert kept.seconds == desk.heard.seconds
    work = desk.heard.work
    assert work is not None
    assert (work.kind, work.id) == ("answer", "q1")
    assert [one.name for one in work.spans] == ["admit", "recall", "deliver"]


async def test_what_a_question_is_answered_from(desk: Desk) -> None:
    """The core gets what the gate allows and the conversation before it, with the question's id."""
    await desk.run(Reply(Context(history=EARLIER)))
    ((name, question),) = desk.core.asked
    assert name == "q1"
    assert question == Question(
        "How much notice?", STAFF, EARLIER, places=frozenset({"C1", "#help"}), not_found="Not here."
    )
    assert desk.core.streams


# --- where nobody asked the bot -------------------------------------------------------------------


async def test_a_strong_answer_where_nobody_asked(desk: Desk) -> None:
    """It is shown once it is whole; until then nothing is."""
    reply = Reply(unprompted=True)
    kept = await desk.run(reply)
    assert reply.done == ["recall", "working", "Four weeks. [1]"]
    assert ended(kept) == (Outcome.ANSWERED, "Four weeks. [1]", False)
    assert kept.reply == "C1/2"
    assert desk.heard.ended == [("slack", "answered")]
    assert desk.core.asked[0][0] == "q1"
    assert desk.core.asked[0][1].unasked
    assert not desk.core.streams


@pytest.mark.parametrize(
    "answer",
    [
        replace(FOUR_WEEKS, strong=False),
        Answer("q1", Outcome.NOT_FOUND, "The docs don't say.", strong=True),
        Unavailable("the index", "it is away."),
    ],
    ids=["weak", "not found", "down"],
)
async def test_silence_where_nobody_asked(desk: Desk, answer: Answer | Exception) -> None:
    """Nothing but a strong answer is worth a word; whatever it is, it is no gap."""
    reply = Reply(unprompted=True)
    desk.core.given = answer
    kept = await desk.run(reply)
    assert reply.done == ["recall"]
    assert not ended(kept)[2]
    assert desk.heard.ended == [("slack", "silent")]


# --- places that aren't served --------------------------------------------------------------------


@pytest.mark.parametrize("gone", [False, True])
async def test_a_place_that_is_not_served(desk: Desk, *, gone: bool) -> None:
    """It is told so, if it can be, and nothing is searched; that is no gap."""
    reply = Reply()
    desk.gate.shut = True
    if gone:
        reply.fails["say"] = Undeliverable("the channel is gone")
    kept = await desk.run(reply)
    assert reply.done == [messages.NOT_HERE]
    assert desk.core.asked == []
    assert ended(kept) == (Outcome.UNAVAILABLE, messages.NOT_HERE, False)
    assert (kept.seconds, kept.scope) == (0.0, Scope("", None))
    assert desk.heard.ended == [("slack", "turned_away")]
    assert (desk.heard.seconds, desk.heard.work) == (0.0, None)
    assert desk.heard.answer == kept.answer


async def test_a_place_that_is_not_served_where_nobody_asked(desk: Desk) -> None:
    """It isn't told of it."""
    reply = Reply(unprompted=True)
    desk.gate.shut = True
    assert ended(await desk.run(reply))[1] == messages.NOT_HERE
    assert reply.done == []


# --- what fails -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "failure", [Unavailable("the index", "it is away."), ValueError("a bug")], ids=["down", "bug"]
)
async def test_a_core_that_fails(desk: Desk, failure: Exception) -> None:
    """The asker is told so with the question's id, which the journal has with whom it was for."""
    reply = Reply()
    desk.core.given = failure
    kept = await desk.run(reply)
    assert reply.done == ["working", "recall", BROKEN]
    assert reply.view is not None
    assert reply.view.answer_id == "q1"
    assert ended(kept) == (Outcome.UNAVAILABLE, BROKEN, True)
    assert kept.scope == Scope("slack:T1", STAFF)
    assert desk.heard.ended == [("slack", "unavailable")]


async def test_a_gate_that_fails(desk: Desk) -> None:
    """Nothing is searched, and the asker is told; for whom it was isn't known."""
    reply = Reply()
    desk.gate.down = True
    kept = await desk.run(reply)
    assert reply.done == ["working", BROKEN]
    assert desk.core.asked == []
    assert kept.scope == Scope("", None)


async def test_a_place_that_takes_nothing(desk: Desk) -> None:
    """Where work can't be shown nothing is searched, and the journal says why."""
    reply = Reply()
    reply.fails["working"] = Undeliverable("the channel is gone")
    kept = await desk.run(reply)
    assert reply.done == ["working"]
    assert desk.core.asked == []
    assert ended(kept) == (Outcome.UNAVAILABLE, "the channel is gone", True)
    assert kept.seconds is not None
    assert 0 < kept.seconds < 3600
    assert desk.heard.ended == [("slack", "undeliverable")]
    assert desk.heard.work is not None


async def test_a_place_that_goes_while_it_is_answered(desk: Desk) -> None:
    """For whom the answer would have been is kept."""
    reply = Reply()
    reply.fails["write"] = Undeliverable("the channel is gone")
    desk.core.pieces = ("Four",)
    kept = await desk.run(reply)
    assert kept.scope == Scope("slack:T1", STAFF)
    assert desk.heard.ended == [("slack", "undeliverable")]


@pytest.mark.parametrize("reached", [True, False])
async def test_an_answer_that_cannot_be_drawn(desk: Desk, *, reached: bool) -> None:
    """The asker is told, if that works; the answer is kept."""
    reply = Reply()
    reply.fails["finish"] = ValueError("a bug")
    if not reached:
        reply.fails["say"] = ValueError("another")
    kept = await desk.run(reply)
    assert reply.done == ["working", "recall", "Four weeks. [1]", BROKEN]
    assert ended(kept)[0] is Outcome.ANSWERED
    assert desk.heard.ended == [("slack", "undeliverable")]


async def test_an_answer_that_the_place_refuses(desk: Desk) -> None:
    """Nothing more is tried there."""
    reply = Reply()
    reply.fails["finish"] = Undeliverable("the channel is gone")
    kept = await desk.run(reply)
    assert reply.done == ["working", "recall", "Four weeks. [1]"]
    assert ended(kept)[0] is Outcome.ANSWERED
    assert desk.heard.ended == [("slack", "undeliverable")]


# --- how it is shown ------------------------------------------------------------------------------


def cited(updated: datetime) -> Citation:
    return Citation(1, "handbook:leave.md", "Annual leave", "", "", "Give four weeks.", updated)


@pytest.mark.parametrize(
    ("updated", "notes"),
    [(datetime(2025, 10, 31, tzinfo=UTC), ("Check the date: Annual leave may be outdated.",)),
     (datetime(2025, 11, 2, tzinfo=UTC), ())],
    ids=["stale", "fresh"],
)  # fmt: skip
async def test_an_old_page(desk: Desk, updated: datetime, notes: tuple[str, ...]) -> None:
    """A page that is older than the settings allow is told of."""
    desk.core.given = replace(FOUR_WEEKS, citations=(cited(updated),))
    reply = Reply()
    await desk.run(reply)
    assert reply.view is not None
    assert reply.view.notes == notes


@pytest.mark.parametrize(
    ("key", "notes"),
    [("slack:C1:1", ("slow",)), ("slack:C1:1:edited:2", ("edited", "slow"))],
    ids=["first", "edit"],
)
async def test_an_answer_to_an_edit(desk: Desk, key: str, notes: tuple[str, ...]) -> None:
    """It says so, before anything else in small print."""
    desk.core.given = replace(FOUR_WEEKS, degraded=("slow",))
    reply = Reply()
    await desk.run(reply, replace(ASKED, key=key))
    assert reply.view is not None
    assert reply.view.notes == notes


@pytest.mark.parametrize("private", [False, True])
async def test_what_one_person_alone_sees(desk: Desk, *, private: bool) -> None:
    """It can be shared; what everybody sees can't."""
    reply = Reply(private=private)
    await desk.run(reply)
    assert reply.view is not None
    assert (Press.SHARE in reply.view.buttons) is private


@pytest.mark.parametrize("can_ask_human", [False, True])
async def test_nothing_found(desk: Desk, *, can_ask_human: bool) -> None:
    """Where the settings name people to ask, they can be asked."""
    desk.policy = replace(desk.policy, can_ask_human=can_ask_human)
    desk.core.given = Answer("q1", Outcome.NOT_FOUND, "The docs don't say.")
    reply = Reply()
    assert ended(await desk.run(reply)) == (Outcome.NOT_FOUND, "The docs don't say.", True)
    assert reply.view is not None
    assert (Press.HUMAN in reply.view.buttons) is can_ask_human
    assert desk.heard.ended == [("slack", "not_found")]


# --- files ----------------------------------------------------------------------------------------


async def _picture(_: int) -> bytes:
    return b"\x89PNG\r\n"


async def _unfetched(_: int) -> bytes:
    raise Unfetched("it is gone")


PICTURE = Attachment("leave.png", "image/png", 6, _picture)
LOST = Attachment("leave.txt", "text/plain", 6, _unfetched)
UNREAD = "I couldn't read `leave.txt`: it is gone."


async def test_a_question_with_files(desk: Desk) -> None:
    """What they say is part of it, those that can't be read are told of, what reading cost is counted with the rest."""
    answer = replace(
        FOUR_WEEKS, degraded=("slow",), usage=(Usage("writer", calls=1),),
        trace=Trace(queries=("notice calendar",), decision="answer"),
    )  # fmt: skip
    desk.core.given = answer
    question = replace(ASKED.question, about=("forwarded",))
    await desk.run(Reply(Context(files=(PICTURE, LOST))), replace(ASKED, question=question))
    assert desk.core.asked[0][1].about == ("forwarded", "A calendar.")
    assert desk.heard.answer == replace(
        answer, degraded=("slow", UNREAD), usage=(Usage("writer", calls=1), Usage("looker", calls=1)),
        trace=Trace(decision="answer"),
    )  # fmt: skip


async def test_a_question_whose_files_say_nothing(desk: Desk) -> None:
    """What was searched for holds nothing of them, and is kept."""
    desk.core.given = replace(FOUR_WEEKS, trace=Trace(queries=("notice",)))
    await desk.run(Reply(Context(files=(LOST,))))
    assert desk.heard.answer == replace(desk.core.given, degraded=(UNREAD,))


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
    desk: Desk, words: str, about: tuple[str, ...], files: tuple[Attachment, ...], *, asked: bool
) -> None:
    """Where nothing else is asked and the file can't be read, its sender is asked for words; that is no gap."""
    kept = await desk.run(
        Reply(Context(files=files)), replace(ASKED, question=Question(words, frozenset(), about=about))
    )
    assert bool(desk.core.asked) is asked
    if not asked:
        assert ended(kept) == (Outcome.NOT_FOUND, f"{UNREAD} Please ask me in words.", False)
        assert desk.heard.answer is not None
        assert desk.heard.answer.id == "q1"
