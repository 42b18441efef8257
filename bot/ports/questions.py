"""What is written down of questions: who asked, how they ended, what people thought of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from bot.model import Answer, Outcome, Question, Usage
from bot.ports.people import Someone


@dataclass(frozen=True, slots=True)
class Place:
    """Where a question was asked.

    `thread` is the platform's name for the thread that its answer stands in, the same for all questions there ("": in
    none). `direct`: nobody but the asker reads there. `automated`: another bot asked. `details` is what else the adapter
    needs to answer there, in JSON's own types.
    """

    thread: str = ""
    direct: bool = False
    automated: bool = False
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as an adapter accepted it.

    `key` is the same for every delivery of one message, on every process. `reply` is the adapter's own address of the
    message that holds the answer, "" until there is one.
    """

    id: str
    key: str
    platform: str
    place: Place
    person: str
    question: Question
    reply: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose a question, an answer or a lesson is. `tenant` is a workspace or server, like `slack:T0123`.

    `audience` is the words that were answered for; None: it isn't known.
    """

    tenant: str
    audience: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Rights:
    """What an admin may read: of these tenants (None: of the whole instance), and of these audiences."""

    tenants: frozenset[str] | None
    audience: frozenset[str]

    def covers(self, scope: Scope) -> bool:
        """Whether what is of this scope is theirs to read. What isn't known is for those of the whole instance."""
        if self.tenants is not None and scope.tenant not in self.tenants:
            return False
        return self.tenants is None if scope.audience is None else scope.audience <= self.audience


@dataclass(frozen=True, slots=True)
class Recorded:
    """A question and how it ended (None: not yet)."""

    asked: Asked
    asked_at: datetime
    answer: Answer | None
    reply: str
    seconds: float | None
    scope: Scope = Scope("", None)


Rating = Literal["up", "down"]

Complaint = Literal["wrong", "outdated", "incomplete", "not my question", ""]


@dataclass(frozen=True, slots=True)
class Feedback:
    answer_id: str
    person: str
    verdict: Rating
    complaint: Complaint = ""
    comment: str = ""
    tenant: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """A question that the docs don't answer, by its most usual wording.

    `id` is the same for all of its wordings, `audience` whom the last one who asked stood for; None: it isn't known.
    """

    question: str
    times: int
    last_asked: datetime
    id: str = ""
    audience: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A question that somebody gave feedback on."""

    recorded: Recorded
    feedback: tuple[Feedback, ...]


@dataclass(frozen=True, slots=True)
class QuestionFilter:
    """Which questions to look back at: of so many days, `bad` those that somebody gave a thumb down.

    `person` is an id, or `platform:id`; `rights` None: all are theirs who look.
    """

    days: int = 7
    outcome: Outcome | None = None
    bad: bool = False
    person: Someone | None = None
    limit: int = 20
    rights: Rights | None = None


@dataclass(frozen=True, slots=True)
class SpendingTotals:
    """Questions of some days. Seconds are of whole answers; None: there were none."""

    outcomes: Mapping[Outcome, int]
    unfinished: int
    degraded: int
    seconds_p50: float | None
    seconds_p95: float | None


class Journal(Protocol):
    """Questions, answers, feedback. An answer's id is its question's."""

    async def accept(self, asked: Asked, *, worker: str, within: float = 60.0) -> int:
        """Write the question down as this worker's, unless one with its key was accepted before, by whichever process.

        Returns its number among those that the person asked within so many seconds, 1 for the first; 0 if it was known.
        """
        ...

    async def set_reply(self, question_id: str, reply: str) -> None: ...

    async def finish(
        self, question_id: str, answer: Answer, *, seconds: float, scope: Scope | None = None
    ) -> None:
        """Keep how it ended. `scope` None: it was refused before it was known whose it is."""
        ...

    async def recorded(self, question_id: str) -> Recorded | None: ...

    async def recorded_by_key(self, key: str, *, further: str = "") -> Recorded | None:
        """The question with this key; or with `further`, the latest whose key is this one or goes on so behind it."""
        ...

    async def recorded_by_reply(self, platform: str, reply: str) -> Recorded | None: ...

    async def beat(self, worker: str) -> None:
        """Tell that this worker lives; its unfinished questions are left to it."""
        ...

    async def adopt(
        self,
        platform: str,
        *,
        worker: str,
        silent_for: float,
        died: Callable[[str], bool] = lambda _: False,
    ) -> list[Recorded]:
        """Take over the unfinished questions of workers that were silent for so many seconds, or `died`."""
        ...

    async def give_back(self, worker: str) -> None:
        """Leave this worker's unfinished questions to whoever adopts next, at once."""
        ...

    async def asked_by(self, platform: str, person: str, *, within: float) -> int:
        """How many questions this person had accepted in the last so many seconds."""
        ...

    async def places(
        self, platform: str, *, thread: str | None = None, direct: bool | None = None, limit: int
    ) -> list[Place]:
        """Where the latest questions were asked, the latest first; only those in this thread, or (not) `direct`."""
        ...

    async def give_feedback(self, feedback: Feedback) -> None:
        """Once for each person and answer; a later one replaces the earlier."""
        ...

    async def feedback(self, answer_id: str) -> list[Feedback]: ...

    async def claim(self, key: str) -> bool:
        """True for the first who names this key, in whichever process: what it stands for is theirs to do."""
        ...

    async def claimed(self, key: str) -> bool:
        """Whether anybody has named this key."""
        ...

    async def release(self, key: str) -> None:
        """It couldn't be done: the next one may try."""
        ...

    async def tally(self, *, days: int = 7) -> SpendingTotals: ...

    async def spend(self, spent: Sequence[Usage]) -> None:
        """Add what models were billed for, beside answers (`finish`) and syncs (`Runs.end`)."""
        ...

    async def spent(self, *, days: int = 30) -> list[Usage]:
        """Sums by model."""
        ...

    async def purge(self, *, older_than_days: int) -> int: ...


class Lookback(Protocol):
    """What was asked, for those who look after the docs."""

    async def questions(self, wanted: QuestionFilter) -> list[Judged]:
        """The latest first, each with what people thought of its answer."""
        ...

    async def judged(self, *, limit: int = 1000) -> list[Judged]:
        """The latest questions that got feedback."""
        ...

    async def gaps(self, *, limit: int = 20, rights: Rights | None = None) -> list[Gap]:
        """Questions that the docs didn't answer, most asked first; of those that `rights` cover (None: all).

        What was dismissed or solved is not among them.
        """
        ...

    async def dismiss(self, gap_id: str, *, rights: Rights | None = None) -> bool:
        """Never list it again, however often it is asked; False if there is no such gap that is theirs."""
        ...

    async def solve(self, gap: Gap) -> None:
        """The docs answer it now: it counts anew, should they not."""
        ...
