"""Carries out a run of the journal: with a heartbeat and its progress there, until it ends or is cancelled."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from bot.model import Progress, SyncReport
from bot.ports import BackendError, Embedder, Runs, RunState, Store, SyncRequest, SyncRun
from indexer.reading.machines import Machines, ThisMachine
from indexer.sources.base import Source
from indexer.sync.source_sync import SyncOptions
from indexer.sync.sync_all import sync_all
from indexer.sync.sync_tally import ShowProgress

log = logging.getLogger(__name__)

_BEAT = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class Means:
    """What a run works with. `lost` tells that this process may write no more; `show` is told the progress.

    `changed` is called after a sync with the names of sources whose pages changed. `machines` opens those of one run.
    """

    sources: Sequence[Source]
    store: Store
    embedder: Embedder | None
    runs: Runs
    max_deleted_share: float = 0.2
    workers: int = 2
    lost: Callable[[], bool] = field(default=lambda: False)
    show: Callable[[Progress], None] = field(default=lambda _: None)
    changed: Callable[[Collection[str]], Awaitable[object]] | None = None
    machines: Callable[[], Machines] = ThisMachine


@dataclass(frozen=True, slots=True)
class Ended:
    """How a run ended. `state` None: it was broken off, and the next leader goes on with it."""

    state: RunState | None
    reports: Sequence[SyncReport]


async def carry_out(run: SyncRun, means: Means) -> Ended:
    """Do what a run asks for, and write its end to the journal."""
    watch = _Watch(means, run.id)
    beating = asyncio.create_task(watch.beat(), name=f"run {run.id} heartbeat")
    reports: list[SyncReport] = []
    error = ""
    try:
        reports = await carried_out(run.request, means, progress=watch.show, stop=watch.stop)
    except Exception as bug:  # the outermost loop of a run: it must end in the journal
        log.exception("run %s failed", run.id)
        error = f"A bug in Docent stopped it: {type(bug).__name__} (run {run.id}; the log has more)."
    finally:
        beating.cancel()
        with suppress(asyncio.CancelledError):
            await beating
    if means.lost() and any(report.cancelled for report in reports):
        return Ended(None, reports)
    return Ended(await _end(run, means.runs, reports, error, cancelled=watch.cancelled), reports)


async def carried_out(
    request: SyncRequest,
    means: Means,
    *,
    progress: ShowProgress | None = None,
    stop: Callable[[], bool] | None = None,
) -> list[SyncReport]:
    """Do what a request asks for, without a journal's run."""

    async def show(told: Progress) -> None:
        means.show(told)

    machines = means.machines()
    options = SyncOptions(
        full=request.full,
        confirm_deletes=request.confirm_deletes,
        paths=request.paths,
        held=await _held(means),
        max_deleted_share=means.max_deleted_share,
        workers=means.workers,
        machines=machines,
        progress=progress or show,
        stop=stop or means.lost,
    )
    only = None if request.source is None else {request.source}
    try:
        embedder = machines.embedder(means.embedder)
        reports = await sync_all(means.sources, means.store, embedder, options, only=only)
    finally:
        await machines.close()
    touched = {one.source for one in reports if one.changed or one.renamed or one.deleted}
    if means.changed is not None and touched:
        try:
            await means.changed(touched)
        except BackendError as error:
            log.warning("what rests on the changed pages could not be looked at: %s", error)
    return reports


async def _held(means: Means) -> frozenset[str]:
    """List the sources whose deletions have been held back since an earlier sync; none while the journal can't be read."""
    try:
        reports = [await means.runs.last_report(source.name) for source in means.sources]
    except BackendError as error:
        log.warning("whether deletions wait since an earlier sync is not known: %s", error)
        return frozenset()
    return frozenset(report.source for report in reports if report is not None and report.held_back)


async def _end(
    run: SyncRun, runs: Runs, reports: Sequence[SyncReport], error: str, *, cancelled: bool
) -> RunState:
    failed = bool(error) or any(report.error for report in reports)
    stopped = cancelled and any(report.cancelled for report in reports)
    state: RunState = "cancelled" if stopped else "failed" if failed else "done"
    try:
        await runs.end(run.id, state, reports, error)
    except BackendError as down:
        log.warning("the end of run %s is not in the journal: %s", run.id, down)
    return state


class _Watch:
    """Keeps a run and its journal in step, each at its own pace."""

    def __init__(self, means: Means, run_id: str) -> None:
        self._runs = means.runs
        self._id = run_id
        self._lost = means.lost
        self._show = means.show
        self._progress: Progress | None = None
        self.cancelled = False

    async def show(self, progress: Progress) -> None:
        """Keep the progress for the next heartbeat."""
        self._progress = progress
        self._show(progress)

    def stop(self) -> bool:
        """Tell whether the run was cancelled, or this process may write no more."""
        return self.cancelled or self._lost()

    async def beat(self) -> None:
        """Write progress to the journal and look for a cancellation, again and again."""
        while True:
            try:
                if self._progress is None:
                    await self._runs.beat(self._id)
                else:
                    await self._runs.report_progress(self._id, self._progress)
                run = await self._runs.run(self._id)
                self.cancelled = run is not None and run.cancel_wanted
            except BackendError as error:
                log.debug("the journal doesn't hear of run %s: %s", self._id, error)
            await asyncio.sleep(_BEAT)
