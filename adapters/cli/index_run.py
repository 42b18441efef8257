"""Syncs from the command line: one run in the journal, progress on a terminal, a report at the end."""

import asyncio
import logging
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Protocol, runtime_checkable

from adapters.cli.command import CommandError
from adapters.cli.open_sources import opened_sources
from adapters.cli.output import ago, report_lines, show, show_json
from adapters.cli.progress import Display
from bot.bootstrap import App, open_app
from bot.config.loader import Settings
from bot.diagnostics.audiences import are_given, check_pages
from bot.journal.records.retention import forget_old
from bot.model import SyncReport
from bot.ports import BackendError, Newer, Runs, SyncRequest, SyncRun
from bot.runtime.process import process_identity
from indexer.chosen_machines import chosen_machines
from indexer.sources.base import Source
from indexer.sync.run_executor import Means, carried_out, carry_out

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class IndexRequest:
    """The sync that was asked for. Without `names` it is for all sources."""

    names: tuple[str, ...] = ()
    full: bool = False
    confirm_deletes: bool = False
    rebuild: bool = False

    def requests(self) -> list[SyncRequest]:
        """Return a request for each named source, or one for all."""
        by = f"cli:{os.getpid()}"
        return [
            SyncRequest(name, full=self.full, confirm_deletes=self.confirm_deletes, asked_by=by)
            for name in self.names or (None,)
        ]


async def index(settings: Settings, wish: IndexRequest, *, as_json: bool) -> int:
    """Sync and print the report. Return 1 if a source could not be synced or somebody cancelled it, else 0."""
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
            unseen = await _unseen(settings, app)
            await forget_old(app.journal, app.settings.journal.keep_days)  # where no service runs
    finally:
        for source in sources:
            await source.close()
    cancelled = any(report.cancelled for report in reports)
    whole = not cancelled and not any(report.error for report in reports)
    if as_json:
        show_json({"ok": whole, "sources": [_json(r) for r in reports]})
    else:
        for line in (line for report in reports for line in report_lines(report)):
            show(line)
        for line in unseen:
            show(f"note: {line}")
        if cancelled:
            show("It was cancelled. What was done so far is kept.")
    return 0 if whole else 1


async def _unseen(settings: Settings, app: App) -> list[str]:
    """Return warnings about pages that nobody can see.

    They are only checked once docent.yaml says who belongs to which audience.
    """
    if not are_given(settings):
        return []
    try:
        held = {one.name: await app.store.revisions(one.name) for one in settings.sources}
        return [each.finding async for each in check_pages(settings, app.store, held)]
    except BackendError:
        return []


@runtime_checkable
class Outdatable(Protocol):
    """A store on a server, which is rebuilt beside the one in use; nothing is deleted before."""

    async def outdate(self) -> None: ...


async def _discard(app: App) -> None:
    from bot.backends.sqlite import SqliteStore

    if isinstance(app.store, SqliteStore):
        await asyncio.to_thread(app.store.discard)
    elif isinstance(app.store, Outdatable):
        await app.store.outdate()


async def _sync(
    app: App, sources: Sequence[Source], request: SyncRequest, display: Display
) -> Sequence[SyncReport]:
    rule = app.settings.indexer
    means = Means(
        sources,
        app.store,
        app.embedder,
        app.runs,
        rule.max_deleted_share,
        rule.workers,
        show=display.update,
        changed=app.verified.check,
        machines=lambda: chosen_machines(app.settings),
    )
    run = await _begun(app.runs, request)
    if run is None:
        return await carried_out(request, means)
    try:
        return (await carry_out(run, means)).reports
    except asyncio.CancelledError:
        await asyncio.shield(_stopped(app.runs, run))
        raise


async def _begun(runs: Runs, request: SyncRequest) -> SyncRun | None:
    """Begin the run in the journal; None if the journal is down.

    Raises CommandError if another process syncs the same source.
    """
    try:
        run, mine = await runs.begin_run(
            request, worker=process_identity.name("cli"), died=process_identity.died
        )
    except Newer:
        raise
    except BackendError as error:
        log.warning("this sync is not in the journal: %s", error)
        return None
    if not mine:
        what = request.source or "all sources"
        raise CommandError(f"Another process syncs {what} (begun {ago(run.started_at)}). See: docent status")
    return run


async def _stopped(runs: Runs, run: SyncRun) -> None:
    try:
        await runs.end(run.id, "cancelled", [])
    except BackendError as error:
        log.warning("the end of this sync is not in the journal: %s", error)


def _json(report: SyncReport) -> dict[str, object]:
    return asdict(report)
