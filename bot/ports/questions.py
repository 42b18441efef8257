"""Says what is written down of questions: who asked, how they ended, what people thought of the answers."""

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

    `key` is the same for every delivery of one message, on every process. `reply` is the adapter's own address of
    the message that holds the answer, "" until there is one.
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
    """Whom a question, an answer or a lesson belongs to. `tenant` is a workspace or server, like `slack:T0123`.

    `audience` are the words that were answered for; None: it isn't known.
    """

    tenant: str
    audience: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Rights:
    """What an admin may read: of these tenants (None: of the whole instance), and of these audiences."""

    tenants: frozenset[str] | None
    audience: frozenset[str]

    def covers(self, scope: Scope) -> bool:
        """Tell whether the admin may read what is of this scope.

        Where its audience isn't known, only the instance's admins may.
        """
        if self.tenants is not None and scope.tenant not in self.tenants:
            return False
        return self.tenants is None if scope.audience is None else scope.audience <= self.audience


@dataclass(frozen=True, slots=True)
class Recorded:
    """A question and how it ended; `answer` is None as long as it hasn't."""

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
    """A question that the docs don't answer, in its most usual wording.

    All its wordings share one `id`. `audience` is that of the last who asked; None: it isn't known.
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
    """Which questions to look back at: of the last `days`; with `bad`, only those that somebody gave a thumb down.

    `rights` None: all questions may be read.
    """

    days: int = 7
    outcome: Outcome | None = None
    bad: bool = False
    person: Someone | None = None
    limit: int = 20
    rights: Rights | None = None


@dataclass(frozen=True, slots=True)
class SpendingTotals:
    """Totals over the questions of some days. Seconds are of whole answers, None where there were no questions."""

    outcomes: Mapping[Outcome, int]
    unfinished: int
    degraded: int
    seconds_p50: float | None
    seconds_p95: float | None


class Journal(Protocol):
    """Keeps questions, answers and feedback. An answer has its question's id."""

    async def accept(self, asked: Asked, *, worker: str, within: float = 60.0) -> int:
        """Write the question down as this worker's, unless one with its key was accepted before, by whichever process.

        Returns its number among those that the person asked in the last `within` seconds, 1 for the first; 0 if it
        was known.
        """
        ...

    async def set_reply(self, question_id: str, reply: str) -> None: ...

    async def finish(
        self, question_id: str, answer: Answer, *, seconds: float, scope: Scope | None = None
    ) -> None:
        """Keep how the question ended. `scope` None: it stays as it was, or isn't known."""
        ...

    async def recorded(self, question_id: str) -> Recorded | None: ...

    async def recorded_by_key(self, key: str, *, further: str = "") -> Recorded | None:
        """Return the question with this key; with `further`, the latest whose key is this one or begins with it."""
        ...

    async def recorded_by_reply(self, platform: str, reply: str) -> Recorded | None: ...

    async def beat(self, worker: str) -> None:
        """Note that this worker is alive; its unfinished questions are left to it."""
        ...

    async def adopt(
        self,
        platform: str,
        *,
        worker: str,
        silent_for: float,
        died: Callable[[str], bool] = lambda _: False,
    ) -> list[Recorded]:
        """Take over the unfinished questions of workers that were silent for `silent_for` seconds, or that `died`."""
        ...

    async def give_back(self, worker: str) -> None:
        """Leave this worker's unfinished questions to whoever adopts next, at once."""
        ...

    async def asked_by(self, platform: str, person: str, *, within: float) -> int:
        """Return how many questions of this person were accepted in the last `within` seconds."""
        ...

    async def places(
        self, platform: str, *, thread: str | None = None, direct: bool | None = None, limit: int
    ) -> list[Place]:
        """Return where the latest questions were asked, the latest first; of a `thread`, or (not) `direct`, alone if given."""
        ...

    async def give_feedback(self, feedback: Feedback) -> None:
        """Keep feedback, one for each person and answer; a later one replaces the earlier."""
        ...

    async def feedback(self, answer_id: str) -> list[Feedback]: ...

    async def claim(self, key: str) -> bool:
        """Claim a task by its key. True for the first that does, in whichever process: the task is theirs."""
        ...

    async def claimed(self, key: str) -> bool:
        """Tell whether anybody has claimed this key."""
        ...

    async def release(self, key: str) -> None:
        """Give a claim up, because the task couldn't be done: the next one may claim it."""
        ...

    async def tally(self, *, days: int = 7) -> SpendingTotals: ...

    async def spend(self, spent: Sequence[Usage]) -> None:
        """Add what models were billed for, apart from answers (`finish`) and syncs (`Runs.end`)."""
        ...

    async def spent(self, *, days: int = 30) -> list[Usage]:
        """Return the sums of the last `days`, one for each model."""
        ...

    async def purge(self, *, older_than_days: int) -> int: ...


class Lookback(Protocol):
    """Tells what was asked, for those who look after the docs."""

    async def questions(self, wanted: QuestionFilter) -> list[Judged]:
        """Return the questions that the filter wants, the latest first, each with its feedback."""
        ...

    async def judged(self, *, limit: int = 1000) -> list[Judged]:
        """Return the latest questions that got feedback."""
        ...

    async def gaps(self, *, limit: int = 20, rights: Rights | None = None) -> list[Gap]:
        """Return questions that the docs didn't answer and that `rights` cover (None: all), most asked first.

        Gaps that were dismissed or solved are left out.
        """
        ...

    async def dismiss(self, gap_id: str, *, rights: Rights | None = None) -> bool:
        """Never list this gap again, however often it is asked; False if `rights` cover no such gap."""
        ...

    async def solve(self, gap: Gap) -> None:
        """Note that the docs answer it now. Should it end without an answer again, it is counted anew."""
        ...
