"""One sync run in the journal: it beats, tells its progress, sees whether it is cancelled, writes its end."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from bot.model import Progress, SyncReport
from bot.ports import BackendError, Embedder, Runs, RunState, Store, SyncRun
from indexer.sources.base import Source
from indexer.sync import SyncOptions, sync_all

log = logging.getLogger(__name__)

_BEAT = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class Means:
    """What a run works with. `lost` says that this process may not write any more."""

    sources: Sequence[Source]
    store: Store
    embedder: Embedder | None
    runs: Runs
    max_deleted_share: float = 0.2
    workers: int = 2
    lost: Callable[[], bool] = field(default=lambda: False)


async def carry_out(run: SyncRun, means: Means) -> RunState | None:
    """Do what the run asks for. None: it was broken off, and whoever leads next goes on with it."""
    watch = _Watch(means.runs, run.id, means.lost)
    beating = asyncio.create_task(watch.beat(), name=f"run {run.id} heartbeat")
    request = run.request
    options = SyncOptions(
        full=request.full,
        confirm_deletes=request.confirm_deletes,
        paths=request.paths,
        max_deleted_share=means.max_deleted_share,
        workers=means.workers,
        progress=watch.show,
        stop=watch.stop,
    )
    only = None if request.source is None else {request.source}
    reports: list[SyncReport] = []
    error = ""
    try:
        reports = await sync_all(means.sources, means.store, means.embedder, options, only=only)
    except Exception as bug:  # the outermost loop of a run: it must end in the journal
        log.exception("run %s failed", run.id)
        error = f"A bug in Docent stopped it: {type(bug).__name__} (run {run.id}; the log has more)."
    finally:
        beating.cancel()
        with suppress(asyncio.CancelledError):
            await beating
    if means.lost() and any(report.cancelled for report in reports):
        return None
    return await _end(run, means.runs, reports, error, cancelled=watch.cancelled)


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
    for report in reports:
        _tell(report)
    return state


def _tell(report: SyncReport) -> None:
    if report.error:
        log.warning("%s was not synced: %s", report.source, report.error)
        return
    log.info(
        "%s: %d added, %d changed, %d renamed, %d deleted, %d unchanged, %d failed, %d embedded in %.1f s",
        report.source,
        report.added,
        report.changed,
        report.renamed,
        report.deleted,
        report.unchanged,
        len(report.failed),
        report.embedded,
        report.seconds,
    )
    if report.held_back:
        log.warning(
            "%s: %d pages are gone at once; they stay until: docent reindex %s --confirm-deletes",
            report.source,
            report.held_back,
            report.source,
        )


class _Watch:
    """Between the run and the journal, each at its own pace."""

    def __init__(self, runs: Runs, run_id: str, lost: Callable[[], bool]) -> None:
        self._runs = runs
        self._id = run_id
        self._lost = lost
        self._progress: Progress | None = None
        self.cancelled = False

    async def show(self, progress: Progress) -> None:
        self._progress = progress

    def stop(self) -> bool:
        return self.cancelled or self._lost()

    async def beat(self) -> None:
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
