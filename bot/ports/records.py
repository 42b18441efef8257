"""What is written down: questions, syncs, lessons, and who leads."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from bot.model import Answer, Citation, Failure, Outcome, Progress, Question, SyncReport, Usage


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as an adapter accepted it.

    `key` is the same for every delivery of one message, on every process. `place` and `reply` are the
    adapter's own addresses (of the channel or thread, and of the message that will hold the answer).
    """

    id: str
    key: str
    platform: str
    place: str
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
    person: "Someone | None" = None
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


@dataclass(frozen=True, slots=True)
class Failing:
    """A page that can't be indexed, and since when."""

    source: str
    failure: Failure
    since: datetime


SCHEDULE = "schedule"  # asks for syncs that nobody asked for


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """`source` None is all of them; `paths` narrows to those; `asked_by` is for the report.

    `anew`: a run that goes on may have passed what has changed, so that one after it is asked for.
    """

    source: str | None = None
    full: bool = False
    confirm_deletes: bool = False
    paths: tuple[str, ...] = ()
    asked_by: str = ""
    anew: bool = False


RunState = Literal["waiting", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class SyncRun:
    """A requested sync: where it is, and at the end its reports, one a source."""

    id: str
    request: SyncRequest
    state: RunState
    requested_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    progress: Progress | None = None
    reports: tuple[SyncReport, ...] = ()
    error: str = ""
    cancel_wanted: bool = False


class Journal(Protocol):
    """Questions, answers, feedback. An answer's id is its question's."""

    async def accept(self, asked: Asked, *, worker: str) -> bool:
        """False if a question with this key was accepted before, by whichever process."""
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

    async def places(self, platform: str, holding: str, *, limit: int) -> list[str]:
        """The places of the latest questions whose place holds this text, the latest first."""
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


class Runs(Protocol):
    """Syncs, asked for in chat, by command or webhook; done by the indexer that leads."""

    async def request(self, request: SyncRequest) -> tuple[SyncRun, bool]:
        """The run and True, or the one that does it anyway, waiting or running, and False."""
        ...

    async def begin_run(
        self, request: SyncRequest, *, worker: str, died: Callable[[str], bool] = lambda _: False
    ) -> tuple[SyncRun, bool]:
        """Run it here and now: True if it is this worker's (a waiting one is taken), False if one runs.

        A run whose worker `died` is in nobody's way; whoever asks for the same goes on with it.
        """
        ...

    async def take(self, worker: str) -> SyncRun | None:
        """The oldest waiting run that no running one is in the way of, now running; or one whose worker was lost."""
        ...

    async def break_off(self, died: Callable[[str], bool]) -> None:
        """Have the runs of workers that died wait for the next worker."""
        ...

    async def report_progress(self, run_id: str, progress: Progress) -> None: ...

    async def beat(self, run_id: str) -> None:
        """Tell that the run's worker lives, where there is no progress to report."""
        ...

    async def cancel(self, run_id: str) -> None:
        """A waiting run is cancelled at once, of a running one it is wanted."""
        ...

    async def give_back(self, run_id: str) -> None:
        """It was broken off: whoever leads next takes it at once and goes on."""
        ...

    async def end(
        self, run_id: str, state: RunState, reports: Sequence[SyncReport], error: str = ""
    ) -> None: ...

    async def run(self, run_id: str) -> SyncRun | None: ...

    async def latest(self, *, limit: int = 20) -> list[SyncRun]: ...

    async def going_on(self) -> list[SyncRun]:
        """Those that wait or run, the oldest first."""
        ...

    async def last_good(self) -> dict[str, datetime]:
        """Source → end of its last sync without an error."""
        ...

    async def last_report(self, source: str) -> SyncReport | None:
        """Of its last whole sync that wasn't broken off, however many runs others had since."""
        ...

    async def failing(self) -> list[Failing]:
        """Pages that failed in their source's last whole sync."""
        ...


@dataclass(frozen=True, slots=True)
class RunMessage:
    """A message that shows a run; `address` is the platform's own."""

    run_id: str
    platform: str
    address: str


class RunMessages(Protocol):
    """Messages that show runs until these have ended."""

    async def keep(self, message: RunMessage, *, worker: str) -> None:
        """This worker keeps it current."""
        ...

    async def drop(self, message: RunMessage) -> None:
        """It shows the end."""
        ...

    async def adopt(
        self, platform: str, *, worker: str, silent_for: float, died: Callable[[str], bool] = lambda _: False
    ) -> list[RunMessage]:
        """Take over the messages of workers that were silent for so many seconds, or `died`."""
        ...


LessonKind = Literal["example", "verified"]
LessonState = Literal["proposed", "accepted", "rejected", "review"]


@dataclass(frozen=True, slots=True)
class Lesson:
    """A question and answer that an admin saved: an example of style, or a verified answer.

    An example is `proposed` until an admin accepts it; a verified answer is accepted as it is saved. `review`:
    it was in use and was withdrawn, for `reason`. `revisions` are of the cited pages when it was saved;
    `tenant` is where that was, `audience` what could be shown there. `person` is the id of who is named in `by`.
    """

    id: str
    kind: LessonKind
    state: LessonState
    question: str
    answer: str
    by: str
    saved_at: datetime
    citations: tuple[Citation, ...] = ()
    revisions: Mapping[str, str] = field(default_factory=dict)
    audience: frozenset[str] = frozenset()
    answer_id: str = ""
    language: str = ""
    expires_at: datetime | None = None
    reason: str = ""
    file: str = ""
    tenant: str = ""
    person: str = ""


class Lessons(Protocol):
    """What was saved in chat."""

    async def add(self, lesson: Lesson) -> None: ...

    async def lesson(self, lesson_id: str) -> Lesson | None: ...

    async def lessons(
        self, *, kind: LessonKind | None = None, states: Sequence[LessonState] = ()
    ) -> list[Lesson]:
        """Oldest first; no states: all."""
        ...

    async def change(self, lesson: Lesson, *, was: LessonState) -> bool:
        """Put it in place of the one with its id if that is still in state `was`; False if it isn't."""
        ...


@dataclass(frozen=True, slots=True)
class Someone:
    """A person on a platform; without one, whoever has this id."""

    platform: str
    id: str

    def __str__(self) -> str:
        return f"{self.platform}:{self.id}" if self.platform else self.id


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was taken out. `lessons` stay without a name; `files` are examples that may have one, `names` what it was."""

    questions: int = 0
    feedback: int = 0
    runs: int = 0
    lessons: int = 0
    files: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class Forgetting(Protocol):
    """Taking people out of what is written down."""

    async def forget(self, people: Collection[Someone], names: Collection[str] = ()) -> Forgotten:
        """Delete what they asked and judged, and their ids and names where else they stand.

        `names` are those that lessons of before have, which know no ids. Raises BackendError.
        """
        ...


class Leases(Protocol):
    """Who may do a thing. Times are the database's, so that clocks needn't agree."""

    async def acquire(
        self, name: str, holder: str, *, seconds: float, died: Callable[[str], bool] = lambda _: False
    ) -> bool:
        """Take or renew it; False while the lease of another, who hasn't `died`, lasts."""
        ...

    async def held(self, name: str, *, died: Callable[[str], bool] = lambda _: False) -> bool:
        """Whether somebody has it now who hasn't `died`."""
        ...

    async def release(self, name: str, holder: str) -> None: ...
