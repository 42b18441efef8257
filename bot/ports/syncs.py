"""What is written down of syncs: asked for, under way, ended; and who leads."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from bot.model import Failure, Progress, SyncReport


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
