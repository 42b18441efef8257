"""Reads what the index and the journal say of sources and costs, which outlives a process and so isn't counted."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from bot.bootstrap import App
from bot.ports import BackendError
from bot.runtime.prices import cost

log = logging.getLogger(__name__)

DAYS: Final = 30
_WITHIN: Final = 3.0  # seconds, for each of both
_HOLDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class SourceReading:
    """A source's state. `succeeded` is when its last good sync ended, in seconds since 1970; None: not known.

    `may_be_old` is how old that may be, in seconds; None: any age.
    """

    pages: int | None = None
    failed_pages: int | None = None
    succeeded: float | None = None
    may_be_old: float | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """The states of docent.yaml's sources, and the dollars of the last 30 days by model."""

    sources: Mapping[str, SourceReading] = field(default_factory=dict)
    dollars: Mapping[str, float] = field(default_factory=dict)


# Reading takes a while, in which the other half may have been read: what was found is put into what there is then.
Change = Callable[[Reading], Reading]
Read = Callable[[], Awaitable[Change]]


class Readings:
    """Reads, and keeps the last reading of what can't be read now."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._reading = asyncio.Lock()
        self._now = Reading()
        self._read_at = float("-inf")

    async def now(self) -> Reading:
        """Return a reading that is at most some seconds old, within some seconds."""
        async with self._reading:
            clock = asyncio.get_running_loop().time
            if clock() - self._read_at >= _HOLDS:
                settings = self._app.settings
                before = self._now.sources
                sources = {
                    one.name: replace(
                        before.get(one.name, SourceReading()), may_be_old=settings.may_be_old(one)
                    )
                    for one in settings.sources
                }
                self._now = replace(self._now, sources=sources)
                await asyncio.gather(self._bounded(self._index), self._bounded(self._journal))
                self._read_at = clock()
        return self._now

    async def _bounded(self, read: Read) -> None:
        try:
            async with asyncio.timeout(_WITHIN):
                self._now = (await read())(self._now)
        except (BackendError, TimeoutError) as error:
            log.debug("metrics of the sources are as they were: %s", error)
        except Exception:  # the outermost loop of a scrape: what is counted is told all the same
            log.exception("metrics of the sources can't be read")

    async def _index(self) -> Change:
        held = (await self._app.store.stats()).sources

        def change(now: Reading) -> Reading:
            pages = {name: held[name].documents if name in held else 0 for name in now.sources}
            return replace(
                now, sources={name: replace(one, pages=pages[name]) for name, one in now.sources.items()}
            )

        return change

    async def _journal(self) -> Change:
        good = await self._app.runs.last_good()
        failing = Counter(one.source for one in await self._app.runs.failing())
        spent = await self._app.journal.spent(days=DAYS)
        prices = self._app.settings.own_prices
        dollars = {used.model: price for used in spent if (price := cost(used, prices)) is not None}

        def change(now: Reading) -> Reading:
            sources = {
                name: replace(
                    one,
                    failed_pages=failing[name],
                    succeeded=good[name].timestamp() if name in good else None,
                )
                for name, one in now.sources.items()
            }
            return Reading(sources, dollars)

        return change
