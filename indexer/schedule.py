"""When each source is synced: APScheduler asks for runs, nothing more."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from bot.config.sources import Every, IndexerSettings, SourceSettings

log = logging.getLogger(__name__)

_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat", "sun")
_LATE = 24 * 3600  # seconds: a job that is late by less still runs, once


def trigger(every: Every, timezone: str, jitter: float) -> BaseTrigger:
    """APScheduler's form of a cycle. Its own reading of crontab lines begins weeks with Monday: ours don't."""
    zone = ZoneInfo(timezone)
    seconds = int(jitter) or None
    if every.cron is None:
        return IntervalTrigger(seconds=int(every.seconds or 3600), timezone=zone, jitter=seconds)
    minute, hour, day, month, weekday = every.cron.split()
    return CronTrigger(
        minute=minute,
        hour=hour,
        day=day,
        month=month,
        day_of_week=weekdays(weekday),
        timezone=zone,
        jitter=seconds,
    )


def longest_gap(every: Every, timezone: str, *, moments: int = 10) -> float:
    """Seconds between two of a cycle's next moments, the longest: a line for working days has weekends."""
    line = trigger(every, timezone, 0.0)
    at = line.get_next_fire_time(None, datetime.now(UTC))
    gaps = [0.0]
    for _ in range(moments):
        later = at and line.get_next_fire_time(at, at)
        if not later:
            break
        gaps.append((later - at).total_seconds())
        at = later
    return max(gaps)


def weekdays(field: str) -> str:
    """A crontab's days of the week by name, as 0 and 7 are Sunday there: `1-5` is `mon-fri`."""
    parts: list[str] = []
    for part in field.split(","):
        days, slash, step = part.partition("/")
        first, dash, last = days.partition("-")
        names = [_DAYS[int(one)] if one.isdigit() and int(one) < len(_DAYS) else one for one in (first, last)]
        if dash and names[0] == "sun" and names[1] != "sun":  # APScheduler's week ends with Sunday
            parts += ["sun", f"mon-{names[1]}{slash}{step}"]
        else:
            parts.append(f"{names[0]}{dash}{names[1]}{slash}{step}")
    return ",".join(parts)


class Schedule:
    """Runs `ask(source)` in each source's cycle."""

    def __init__(
        self,
        sources: Sequence[SourceSettings],
        settings: IndexerSettings,
        ask: Callable[[str], Coroutine[None, None, None]],
    ) -> None:
        self._under_way: set[asyncio.Task[None]] = set()
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
        """Inside a running loop."""
        self._scheduler.start()

    async def stop(self) -> None:
        """No further job; one that is under way is waited for, since the scheduler would cancel it."""
        self._scheduler.pause()
        if self._under_way:
            await asyncio.wait(self._under_way)
            await asyncio.sleep(0)  # for the scheduler to hear of it
        self._scheduler.shutdown(wait=False)

    async def _done(self, job: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(job)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        await task
