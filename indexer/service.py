"""The indexer: one process leads, keeps the schedule, and does the runs that anybody asked for."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack, suppress

from bot.bootstrap import App
from bot.ports import BackendError, SyncRequest, SyncRun
from bot.runtime import process_identity
from indexer.schedule import Schedule
from indexer.sources import open_source
from indexer.sources.base import Source, Surroundings
from indexer.sync.run_executor import Means, carry_out, tell
from indexer.sync.sync_all import forget

log = logging.getLogger(__name__)

LEASE = "indexer"


class Indexer:
    """Syncs while it holds the lease. `clock` is monotonic, in seconds."""

    def __init__(
        self, app: App, sources: Sequence[Source], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._app = app
        self._sources = sources
        self._clock = clock
        self._settings = app.settings.indexer
        self._holder = process_identity.name("indexer")
        self._leads_until = 0.0
        self._why_lost = "the lease ended"
        self._stopping = False
        self._busy = {source.name: asyncio.Lock() for source in sources}
        self._running: set[asyncio.Task[None]] = set()
        self._been: set[str] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Lead whenever no other does, until `stop`. What runs then is left to the next, between two writes."""
        watching = asyncio.create_task(self._stop_at(stop))
        try:
            while not stop.is_set():
                # A call that took as long as the lease (a journal's first one may) has gained nothing.
                if await self._renewed() and not self.lost():
                    log.info("this indexer leads")
                    await self._lead(stop)
                else:
                    await _wait(stop, min(self._settings.lease / 4, 5.0))
        finally:
            watching.cancel()
            await self._drain()
            with suppress(BackendError):
                await self._app.leases.release(LEASE, self._holder)

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
        renewing = asyncio.create_task(self._keep_lease(stop))
        try:
            while not stop.is_set() and not self.lost():
                if not await self._begin_one():
                    await _wait(stop, self._settings.poll)
        finally:
            renewing.cancel()
            await schedule.stop()
        if self.lost() and not stop.is_set():
            log.warning("%s: what ran here stops before its next write", self._why_lost)
            await self._drain()

    def lost(self) -> bool:
        """Whether this process may not write: it was told to stop, or its lease may be another's."""
        return self._stopping or self._clock() >= self._leads_until

    async def _stop_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._stopping = True

    async def _renewed(self) -> bool:
        """Take or renew the lease. Counted from before the call, so that it ends here first."""
        before = self._clock()
        try:
            mine = await self._app.leases.acquire(
                LEASE, self._holder, seconds=self._settings.lease, died=process_identity.died
            )
            if mine:
                # A second less than the others see, for the way there.
                self._leads_until = before + self._settings.lease - min(1.0, self._settings.lease / 10)
                return True
            self._leads_until, self._why_lost = 0.0, "another indexer leads now"
        except BackendError as error:
            self._why_lost = "the lease ended, since the journal can't be reached"
            log.warning("the lease can't be renewed: %s", error)
        return False

    async def _keep_lease(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            await asyncio.sleep(self._settings.lease / 4)
            await self._renewed()

    # --- runs -------------------------------------------------------------------------------------

    async def _begin_one(self) -> bool:
        """Start the next run, if there is one."""
        try:
            run = await self._app.runs.take(self._holder)
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
        """One at a time for each source, whatever was asked for."""
        wanted = [name for name in self._busy if run.request.source in (None, name)]
        if run.request.source is not None and not wanted:
            error = f"There is no source {run.request.source}."
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
                self.lost,
                changed=self._app.verified.check,
            )
            ended = await carry_out(run, means)
            for report in ended.reports:
                tell(report)
            if ended.state is None:
                with suppress(BackendError):
                    await self._app.runs.give_back(run.id)
            self._been.update(wanted)
        await self._forget()

    async def _forget(self) -> None:
        """The pages of sources that left docent.yaml: nobody is shown them, and nobody needs them.

        A new source may be an old one by another name: what was embedded for that is there until it has been synced.
        """
        names = {source.name for source in self._sources}
        try:
            held = (await self._app.store.stats()).sources
            if not held.keys() - names or names - held.keys() - self._been or self.lost():
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
        return SyncRequest(source, asked_by="schedule")

    async def _ask(self, source: str) -> None:
        try:
            await self._app.runs.request(self._request(source))
        except BackendError as error:
            log.warning("the sync of %s could not be asked for: %s", source, error)


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


def sources_of(app: App) -> list[Source]:
    """Every source of docent.yaml. Raises ConfigError, UnknownSource."""
    around = Surroundings(app.settings.data, app.settings.indexer.max_bytes)
    return [open_source(source, around) for source in app.settings.sources]


async def run(app: App, stop: asyncio.Event) -> None:
    """The indexer as a service, with its webhooks where a port is set, until `stop`."""
    sources = sources_of(app)
    indexer = Indexer(app, sources)
    try:
        if app.settings.indexer.port is None:
            await indexer.run(stop)
            return
        from indexer.webhooks import serve  # noqa: PLC0415 - a web server only where one is wanted

        async with asyncio.TaskGroup() as group:
            group.create_task(serve(app, stop))
            group.create_task(indexer.run(stop))
    finally:
        for source in sources:
            await source.close()
