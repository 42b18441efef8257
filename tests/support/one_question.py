"""One question on its way through a chat platform on paper, with a real journal: what a test says of each part, and what it kept."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.chat import messages
from adapters.chat.answer_view import AnswerView
from adapters.chat.incoming.attachments import AttachmentReader
from adapters.chat.questions.answer_run import AnswerPolicy, AnswerRun
from adapters.chat.questions.gate import Admission
from adapters.chat.questions.journal_log import JournalLog
from adapters.chat.questions.reply import Context
from bot.config.chat import AttachmentSettings
from bot.journal.records.questions import SqlJournal
from bot.model import Answer, Outcome, Question, Stage, Turn, Usage
from bot.ports import Asked, Place, Recorded, Unavailable
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
        self.until: asyncio.Event | None = None
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
        if self.until:
            await self.until.wait()
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
        self.told = asyncio.Event()

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

    async def tell(self, doing: str) -> None:
        self._do("tell", doing)
        self.told.set()

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


class OneQuestion:
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


def ended(kept: Recorded) -> tuple[Outcome, str, bool]:
    """How a question ended, by the journal."""
    assert kept.answer is not None
    return kept.answer.outcome, kept.answer.text, kept.answer.gap
