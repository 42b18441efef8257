"""Runs the indexer: one process leads, keeps the schedule, and carries out the runs that anybody asked for."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack, suppress

from bot.bootstrap import App
from bot.config.loader import ConfigError, Settings
from bot.ports import SCHEDULE, BackendError, SyncRequest, SyncRun
from bot.runtime.process import process_identity
from bot.runtime.work_context import working_on
from indexer.chosen_machines import chosen_machines
from indexer.leadership import Leadership
from indexer.schedule import Schedule
from indexer.sources import UnknownSource, open_source
from indexer.sources.base import Source, Surroundings
from indexer.sync.run_executor import Means, carry_out
from indexer.sync.sync_all import forget
from indexer.sync.sync_log import SyncLog

log = logging.getLogger(__name__)

_PORT_AGAIN = 60.0  # seconds


class Indexer:
    """Syncs while it leads. `clock` is monotonic, in seconds. `unopened` says by source why it can't be opened."""

    def __init__(
        self,
        app: App,
        sources: Sequence[Source],
        *,
        clock: Callable[[], float] = time.monotonic,
        unopened: Mapping[str, str] | None = None,
    ) -> None:
        self._app = app
        self._sources = sources
        self._unopened = unopened or {}
        self._settings = app.settings.indexer
        self._leadership = Leadership(app.leases, self._settings.lease, clock)
        self._busy = {source.name: asyncio.Lock() for source in sources}
        self._running: set[asyncio.Task[None]] = set()
        self._been: set[str] = set()
        self._log = SyncLog()

    async def run(self, stop: asyncio.Event) -> None:
        """Lead whenever no other indexer does, until `stop`; runs are then broken off between two writes, for the next leader."""
        watching = asyncio.create_task(self._leadership.end_at(stop))
        try:
            while not stop.is_set():
                # A call that took as long as the lease (a journal's first one may) has gained nothing.
                if await self._leadership.renew() and not self._leadership.lost():
                    log.info("this indexer leads")
                    await self._lead(stop)
                else:
                    await _wait(stop, min(self._settings.lease / 4, 5.0))
        finally:
            watching.cancel()
            await self._drain()
            await self._leadership.release()

    async def once(self) -> list[SyncRun]:
        """Sync every source now, and return. Raises BackendError if another indexer leads."""
        asked = [(await self._app.runs.request(self._request(one.name)))[0] for one in self._sources]
        stop = asyncio.Event()
        leading = asyncio.create_task(self.run(stop))
        try:
            return [await self._ended(run.id) for run in asked]
        finally:
            stop.set()
            await leading

    # --- leading ----------------------------------------------------------------------------------

    async def _lead(self, stop: asyncio.Event) -> None:
        schedule = Schedule([source.settings for source in self._sources], self._settings, self._ask)
        await self._forget()
        with suppress(BackendError):  # they are taken later, when they were silent for a while
            await self._app.runs.break_off(process_identity.died)
        schedule.start()
        renewing = asyncio.create_task(self._leadership.keep(stop))
        try:
            while not stop.is_set() and not self._leadership.lost():
                if not await self._begin_one():
                    await _wait(stop, self._settings.poll)
        finally:
            renewing.cancel()
            await schedule.stop()
        if self._leadership.lost() and not stop.is_set():
            log.warning("%s: what ran here stops before its next write", self._leadership.why_lost)
            await self._drain()

    # --- runs -------------------------------------------------------------------------------------

    async def _begin_one(self) -> bool:
        """Start the next run; False where none waits."""
        try:
            run = await self._app.runs.take(self._leadership.holder)
        except BackendError as error:
            log.warning("the journal can't be reached: %s", error)
            return False
        if run is None:
            return False
        task = asyncio.create_task(self._carry_out(run), name=f"run {run.id}")
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return True

    async def _carry_out(self, run: SyncRun) -> None:
        """Carry out a run; each source is in one run at a time, whatever was asked for."""
        wanted = [name for name in self._busy if run.request.source in (None, name)]
        if run.request.source is not None and not wanted:
            name = run.request.source
            error = self._unopened.get(name, f"There is no source {name}.")
            await self._app.runs.end(run.id, "failed", [], error)
            return
        async with AsyncExitStack() as stack:
            for name in wanted:
                await stack.enter_async_context(self._busy[name])
            means = Means(
                self._sources,
                self._app.store,
                self._app.embedder,
                self._app.runs,
                self._settings.max_deleted_share,
                self._settings.workers,
                self._leadership.lost,
                changed=self._app.verified.check,
                machines=lambda: chosen_machines(self._app.settings),
            )
            with working_on("sync", run.id) as work:
                ended = await carry_out(run, means)
                for report in ended.reports:
                    self._log.tell(report)
            if ended.state is not None:
                self._app.observers.sync_ended(ended.reports, work)
            if ended.state is None:
                with suppress(BackendError):
                    await self._app.runs.give_back(run.id)
            self._been.update(wanted)
        await self._forget()

    async def _forget(self) -> None:
        """Delete the pages of sources that left docent.yaml.

        While a new source hasn't been synced, nothing is deleted: it may be an old one by another name, whose vectors it uses.
        """
        names = {source.name for source in self._sources} | self._unopened.keys()
        try:
            held = (await self._app.store.stats()).sources
            if not held.keys() - names or names - held.keys() - self._been or self._leadership.lost():
                return
            for report in await forget(held.keys() - names, self._app.store):
                log.info("%s left docent.yaml: its %d pages are deleted", report.source, report.deleted)
        except BackendError as error:
            log.warning("sources that left docent.yaml are not deleted yet: %s", error)

    async def _drain(self) -> None:
        if self._running:
            await asyncio.wait(set(self._running))

    async def _ended(self, run_id: str) -> SyncRun:
        while True:
            run = await self._app.runs.run(run_id)
            if run is not None and run.state not in ("waiting", "running"):
                return run
            await asyncio.sleep(0.1)

    # --- what the schedule does -------------------------------------------------------------------

    def _request(self, source: str) -> SyncRequest:
        return SyncRequest(source, asked_by=SCHEDULE)

    async def _ask(self, source: str) -> None:
        try:
            await self._app.runs.request(self._request(source))
        except BackendError as error:
            log.warning("the sync of %s could not be asked for: %s", source, error)


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


def _opened(settings: Settings) -> tuple[list[Source], dict[str, str]]:
    """Open the sources of docent.yaml; say by name why one can't be opened, so that the others are synced."""
    around = Surroundings(settings.data, settings.indexer.max_bytes)
    sources: list[Source] = []
    unopened: dict[str, str] = {}
    for wanted in settings.sources:
        try:
            sources.append(open_source(wanted, around))
        except (ConfigError, UnknownSource) as error:
            unopened[wanted.name] = str(error)
            log.error("%s is not synced: %s", wanted.name, error)  # noqa: TRY400 - its own words suffice
    return sources, unopened


async def run(app: App, stop: asyncio.Event) -> None:
    """Run the indexer as a service, with webhooks where a port is set, until `stop`."""
    hearing = asyncio.create_task(_hear(app, stop), name="webhooks") if app.settings.indexer.port else None
    try:
        while not stop.is_set():
            await _as_configured(app, stop)
    finally:
        if hearing is not None:
            if not stop.is_set():
                hearing.cancel()
            await asyncio.gather(hearing, return_exceptions=True)


async def _as_configured(app: App, stop: asyncio.Event) -> None:
    """Index until `stop`, or until docent.yaml changes in what concerns the indexer."""
    sources, unopened = _opened(app.settings)
    end = asyncio.Event()
    watching = asyncio.create_task(_end(app, stop, end), name="docent.yaml for the indexer")
    try:
        with app.connections.open("indexer"):
            await Indexer(app, sources, unopened=unopened).run(end)
    finally:
        watching.cancel()
        for source in sources:
            await source.close()


async def _end(app: App, stop: asyncio.Event, end: asyncio.Event) -> None:
    """Set `end` at `stop`, or when the settings change."""
    before = _concerns(app.settings)
    stopping = asyncio.create_task(stop.wait())
    try:
        while not stop.is_set() and _concerns(app.settings) == before:
            changing = asyncio.create_task(app.live.changed())
            await asyncio.wait([stopping, changing], return_when=asyncio.FIRST_COMPLETED)
            changing.cancel()
    finally:
        stopping.cancel()
        end.set()


def _concerns(settings: Settings) -> list[object]:
    """Collect the settings that the indexer depends on."""
    return [settings.indexer.model_dump(), *(source.model_dump() for source in settings.sources)]


async def _hear(app: App, stop: asyncio.Event) -> None:
    """Serve webhooks until `stop`. Where the port can't be opened the schedule goes on, and it is tried again."""
    from indexer.webhooks import serve  # noqa: PLC0415 - a web server only where one is wanted

    told = ""
    while not stop.is_set():
        try:
            await serve(app, stop)
        except BackendError as error:
            if told != str(error):
                where = app.settings.where("indexer", "port")
                log.error("webhooks aren't heard: %s: %s", where, error)  # noqa: TRY400
            told = str(error)
            await _wait(stop, _PORT_AGAIN)
        except Exception:  # the outermost loop: sources are synced all the same
            log.exception("webhooks aren't heard")
            await _wait(stop, _PORT_AGAIN)
