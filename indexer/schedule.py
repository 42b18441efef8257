"""Decides when each source is synced: APScheduler asks for runs, and does nothing else."""

import asyncio
import logging
import random
import time
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from apscheduler.job import Job
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger

from bot.config.reading import cron
from bot.config.sources import Every, IndexerSettings, SourceSettings

log = logging.getLogger(__name__)

_LATE = 24 * 3600  # seconds: a job that is late by less still runs, once
# A clock that is put right little by little never goes so far between two looks.
_JUMP = 30.0
_LOOK_EVERY = 5.0


class CrontabTrigger(BaseTrigger):  # type: ignore[misc]  # it has no types
    """Fires as a crontab's line says, by a time zone's clocks; up to `jitter` seconds later."""

    def __init__(self, line: str, timezone: str, jitter: float = 0.0) -> None:
        self.line = line
        self.timezone = ZoneInfo(timezone)
        self.jitter = jitter

    def get_next_fire_time(self, previous: datetime | None, now: datetime) -> datetime | None:
        """Tell APScheduler when to fire next; `previous` is when it fired last."""
        following = next(cron.moments(self.line, str(self.timezone), previous or now), None)
        if following is None or not self.jitter:
            return following
        return following + timedelta(seconds=random.uniform(0, self.jitter))  # noqa: S311 - no secret


def trigger(every: Every, timezone: str, jitter: float) -> BaseTrigger:
    """Make APScheduler's trigger of a cycle in seconds or a crontab's line."""
    if every.cron is not None:
        return CrontabTrigger(every.cron, timezone, jitter)
    return IntervalTrigger(
        seconds=int(every.seconds or 3600), timezone=ZoneInfo(timezone), jitter=int(jitter) or None
    )


class Schedule:
    """Calls `ask(source)` whenever a source is due. `wall` and `steady` are clocks, in seconds."""

    def __init__(
        self,
        sources: Sequence[SourceSettings],
        settings: IndexerSettings,
        ask: Callable[[str], Coroutine[None, None, None]],
        *,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._under_way: set[asyncio.Task[None]] = set()
        self._wall = wall
        self._steady = steady
        self._apart = wall() - steady()
        self._watching: asyncio.Task[None] | None = None
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": _LATE},
        )

        # Plain `async def`s: the scheduler awaits nothing else.
        async def asked(name: str) -> None:
            await self._done(ask(name))

        for source in sources:
            self._scheduler.add_job(
                asked,
                trigger(source.every or settings.every, source.timezone, source.jitter or settings.jitter),
                args=(source.name,),
                id=source.name,
                next_run_time=datetime.now(UTC),  # the first sync is at the start
            )

    def start(self) -> None:
        """Start the scheduler, inside a running event loop."""
        self._scheduler.start()
        self._watching = asyncio.create_task(self._watch())

    async def stop(self) -> None:
        """Start no further job, and wait for one that runs: the scheduler would cancel it."""
        if self._watching is not None:
            self._watching.cancel()
        self._scheduler.pause()
        if self._under_way:
            await asyncio.wait(self._under_way)
            await asyncio.sleep(0)  # for the scheduler to hear of it
        self._scheduler.shutdown(wait=False)

    def look_at_clock(self) -> float:
        """Find how far the wall clock jumped since the last look, in seconds, and keep what is due as it was.

        A cycle goes on from where it was, a crontab's line from what the clock shows now.
        """
        jump, self._apart = self._wall() - self._steady() - self._apart, self._wall() - self._steady()
        if abs(jump) < _JUMP:
            return 0.0
        way = "back" if jump < 0 else "on"
        log.warning("the clock was set %s by %s", way, timedelta(seconds=round(abs(jump))))
        if jump < 0:
            for job in self._scheduler.get_jobs():
                self._shift(job, jump)
        self._scheduler.wakeup()
        return jump

    def _shift(self, job: Job, jump: float) -> None:
        if job.next_run_time is None:
            return
        if isinstance(job.trigger, CrontabTrigger):
            now = datetime.fromtimestamp(self._wall(), UTC)
            job.modify(next_run_time=job.trigger.get_next_fire_time(None, now))
        else:
            job.modify(next_run_time=job.next_run_time + timedelta(seconds=jump))

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            self.look_at_clock()

    async def _done(self, job: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(job)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        await task
