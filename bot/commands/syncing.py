"""Syncing from the command line: one run in the journal, progress on a terminal, a report at the end."""

import asyncio
import logging
import os
import socket
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import asdict, dataclass, field

from bot.bootstrap import App, open_app
from bot.commands.opening import opened_sources
from bot.commands.output import ago, report_lines, show, show_json
from bot.commands.progress import Display
from bot.commands.running import CommandError
from bot.config import Settings
from bot.model import Progress, SyncReport
from bot.ports import BackendError, Runs, RunState, SyncRequest
from indexer.sources.base import Source
from indexer.sync import SyncOptions, sync_all

log = logging.getLogger(__name__)

_BEAT = 2.0


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for. No names: all sources."""

    names: tuple[str, ...] = ()
    full: bool = False
    confirm_deletes: bool = False
    rebuild: bool = False

    def requests(self) -> list[SyncRequest]:
        """One for each source that was named."""
        by = f"cli:{os.getpid()}"
        return [
            SyncRequest(name, full=self.full, confirm_deletes=self.confirm_deletes, asked_by=by)
            for name in self.names or (None,)
        ]


async def index(settings: Settings, wish: Wish, *, as_json: bool) -> int:
    """Sync and report; 1 if a source could not be synced."""
    if not settings.sources:
        raise CommandError(f"{settings.path} lists no sources; add one under sources:", code=2)
    sources = opened_sources(settings)
    try:
        async with open_app(settings) as app:
            if wish.rebuild:
                await _discard(app)
            with Display(shown=not as_json) as display:
                reports = [
                    report
                    for request in wish.requests()
                    for report in await _sync(app, sources, request, display)
                ]
            await _purge(app)
    finally:
        for source in sources:
            await source.close()
    if as_json:
        show_json({"ok": not any(report.error for report in reports), "sources": [_json(r) for r in reports]})
    else:
        for line in (line for report in reports for line in report_lines(report)):
            show(line)
    return 1 if any(report.error for report in reports) else 0


async def _purge(app: App) -> None:
    """Where no indexer runs, this is when the journal forgets what is too old."""
    try:
        await app.journal.purge(older_than_days=app.settings.journal.keep_days)
    except BackendError as error:
        log.debug("the journal was not cleared of what is old: %s", error)


async def _discard(app: App) -> None:
    from bot.backends.embedded import EmbeddedStore

    if not isinstance(app.store, EmbeddedStore):
        raise CommandError(
            "--rebuild is for the embedded index; Weaviate's is made anew with --full.", code=2
        )
    await asyncio.to_thread(app.store.discard)


async def _sync(
    app: App, sources: Sequence[Source], request: SyncRequest, display: Display
) -> list[SyncReport]:
    run = _Run(app.runs)
    await run.begin(request)
    options = SyncOptions(
        full=request.full,
        confirm_deletes=request.confirm_deletes,
        max_deleted_share=app.settings.indexer.max_deleted_share,
        workers=app.settings.indexer.workers,
        progress=lambda progress: _both(display, run, progress),
        stop=lambda: run.cancel_wanted,
    )
    only = None if request.source is None else {request.source}
    async with run.going_on():
        run.reports = await sync_all(sources, app.store, app.embedder, options, only=only)
    return run.reports


async def _both(display: Display, run: "_Run", progress: Progress) -> None:
    display.update(progress)
    run.progress = progress


@dataclass(slots=True)
class _Run:
    """The run in the journal, as far as the journal is there: a sync goes on without it."""

    runs: Runs
    id: str | None = None
    progress: Progress | None = None
    cancel_wanted: bool = False
    reports: list[SyncReport] = field(default_factory=list)

    async def begin(self, request: SyncRequest) -> None:
        """Raises CommandError where another process syncs the same."""
        worker = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:6]}"
        try:
            run, mine = await self.runs.begin(request, worker=worker)
        except BackendError as error:
            log.warning("this sync is not in the journal: %s", error)
            return
        if not mine:
            what = request.source or "all sources"
            raise CommandError(
                f"Another process syncs {what} (begun {ago(run.started_at)}). See: docent status"
            )
        self.id = run.id

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        """Beat, report progress and see whether it is cancelled meanwhile; write down the end."""
        beating = asyncio.create_task(self._beat(), name="sync heartbeat")
        state: RunState = "cancelled"
        try:
            yield
            failed = any(report.error for report in self.reports)
            state = "cancelled" if self.cancel_wanted else "failed" if failed else "done"
        except BackendError:
            state = "failed"
            raise
        finally:
            beating.cancel()
            with suppress(asyncio.CancelledError):
                await beating
            await asyncio.shield(self._end(state))

    async def _end(self, state: RunState) -> None:
        if self.id is None:
            return
        try:
            await self.runs.end(self.id, state, self.reports)
        except BackendError as error:
            log.warning("the end of this sync is not in the journal: %s", error)

    async def _beat(self) -> None:
        while self.id is not None:
            await asyncio.sleep(_BEAT)
            try:
                if self.progress is not None:
                    await self.runs.report_progress(self.id, self.progress)
                else:
                    await self.runs.beat(self.id)
                run = await self.runs.run(self.id)
                self.cancel_wanted = run is not None and run.cancel_wanted
            except BackendError as error:
                log.debug("the journal doesn't hear of the sync: %s", error)


def _json(report: SyncReport) -> dict[str, object]:
    return asdict(report)
