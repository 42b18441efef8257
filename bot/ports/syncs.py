"""Says what is written down of syncs: which were asked for, are going on and have ended, and which indexer leads."""

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
    """A request for a sync. `source` None is all of them; `paths` narrows it to those; `asked_by` is for the report.

    `anew`: a run that is going on may have passed what has changed, so that another one is wanted after it.
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
    """A requested sync: how far it is and, at its end, its reports, one for each source."""

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
    """Keeps syncs. They are asked for in chat, by command or webhook, and done by the indexer that leads."""

    async def request(self, request: SyncRequest) -> tuple[SyncRun, bool]:
        """Return a new run and True; or a run that does it anyway, waiting or running, and False."""
        ...

    async def begin_run(
        self, request: SyncRequest, *, worker: str, died: Callable[[str], bool] = lambda _: False
    ) -> tuple[SyncRun, bool]:
        """Begin the run, or a waiting one like it, in this process, and return it with True; False with one that is running.

        A run whose worker `died` is in nobody's way; whoever asks for the same goes on with it.
        """
        ...

    async def take(self, worker: str) -> SyncRun | None:
        """Take the oldest waiting run that no running one stands in the way of, or one whose worker was lost."""
        ...

    async def break_off(self, died: Callable[[str], bool]) -> None:
        """Make the runs of workers that died wait for the next worker."""
        ...

    async def report_progress(self, run_id: str, progress: Progress) -> None: ...

    async def beat(self, run_id: str) -> None:
        """Note that the run's worker is alive, while there is no progress to report."""
        ...

    async def cancel(self, run_id: str) -> None:
        """Cancel a waiting run at once; ask a running one to stop."""
        ...

    async def give_back(self, run_id: str) -> None:
        """Give back a run that was broken off: the indexer that leads next takes it at once, and goes on."""
        ...

    async def end(
        self, run_id: str, state: RunState, reports: Sequence[SyncReport], error: str = ""
    ) -> None: ...

    async def run(self, run_id: str) -> SyncRun | None: ...

    async def latest(self, *, limit: int = 20) -> list[SyncRun]: ...

    async def going_on(self) -> list[SyncRun]:
        """Return the runs that wait or run, the oldest first."""
        ...

    async def last_good(self) -> dict[str, datetime]:
        """Return when each source's last sync without an error ended."""
        ...

    async def last_report(self, source: str) -> SyncReport | None:
        """Return the report of the source's last sync that was whole and not broken off, whatever other runs came since."""
        ...

    async def failing(self) -> list[Failing]:
        """Return the pages that failed in their source's last whole sync."""
        ...


@dataclass(frozen=True, slots=True)
class RunMessage:
    """A message that shows a run; `address` is the platform's own."""

    run_id: str
    platform: str
    address: str


class RunMessages(Protocol):
    """Keeps the messages that show runs, until these have ended."""

    async def keep(self, message: RunMessage, *, worker: str) -> None:
        """Keep the message, which this worker updates."""
        ...

    async def drop(self, message: RunMessage) -> None:
        """Drop a message that shows the run's end."""
        ...

    async def adopt(
        self, platform: str, *, worker: str, silent_for: float, died: Callable[[str], bool] = lambda _: False
    ) -> list[RunMessage]:
        """Take over the messages of workers that were silent for `silent_for` seconds, or that `died`."""
        ...


class Leases(Protocol):
    """Says who may do a thing now. Times are the database's, so that clocks needn't agree."""

    async def acquire(
        self, name: str, holder: str, *, seconds: float, died: Callable[[str], bool] = lambda _: False
    ) -> bool:
        """Take or renew the lease; False while it is another's who hasn't `died`."""
        ...

    async def held(self, name: str, *, died: Callable[[str], bool] = lambda _: False) -> bool:
        """Tell whether somebody who hasn't `died` has the lease now."""
        ...

    async def release(self, name: str, holder: str) -> None: ...
