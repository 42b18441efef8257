"""Crawls a site by its links, breadth first; what was seen the last time is kept as a cache."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from bot.runtime.process.private_files import write_whole
from indexer.sources.base import Unlisted
from indexer.sources.http.failures import CallFailed, one_item
from indexer.sources.web.address import alike, circles

_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Seen:
    """What was found at an address. `version` is its revision. `page` False: only its links count.

    `same_as` is the address of which it says it is a copy; `alone`: nothing was found there.
    """

    etag: str
    changed: str
    version: str
    links: tuple[str, ...]
    page: bool
    same_as: str = ""
    alone: bool = False


@dataclass(frozen=True, slots=True)
class Rules:
    """What a crawl is bound by: `may` admits addresses, `path` makes an address a page's path.

    At most 4 * `most` addresses are looked at, and at most `rows` that differ in numbers alone.
    """

    may: Callable[[str], bool]
    path: Callable[[str], str]
    most: int
    rows: int


class Crawl:
    """Crawls with `look`, which fetches what is at an address now. What can't be told of goes to `unlisted`."""

    def __init__(
        self,
        cache: Path,
        look: Callable[[str, Seen | None], Awaitable[Seen | None]],
        rules: Rules,
        unlisted: list[Unlisted],
    ) -> None:
        self._cache = cache
        self._look = look
        self._rules = rules
        self._unlisted = unlisted
        self._rows: Counter[str] = Counter()

    async def pages(self, start: str) -> AsyncIterator[tuple[str, Seen]]:
        """Yield each address that was reached, and what is there. Raises CallFailed if the start fails, or there is no end."""
        before = await asyncio.to_thread(_loaded, self._cache)
        now: dict[str, Seen] = {}
        known, level = {start}, [start]
        while level:
            links: dict[str, None] = {}
            for first in range(0, len(level), _AT_ONCE):
                urls = level[first : first + _AT_ONCE]
                found = await asyncio.gather(*(self._seen(url, before, door=url == start) for url in urls))
                for url, seen in zip(urls, found, strict=True):
                    if seen is not None:
                        now[url] = seen
                        links.update(dict.fromkeys(seen.links))
                        if seen.page:
                            yield url, seen
            level = [link for link in links if link not in known and self._follows(link)]
            known.update(level)
            if len(known) > 4 * self._rules.most:
                raise CallFailed(
                    f"there are more than {4 * self._rules.most} links to follow; narrow it by `site`"
                )
        for url in _alone(now):
            yield url, replace(now[url], page=True, alone=True)
        await asyncio.to_thread(_save, self._cache, now)

    async def _seen(self, url: str, before: Mapping[str, Seen], *, door: bool) -> Seen | None:
        """Look at an address; where that fails now, give what was there the last time."""
        if door:
            return await self._look(url, before.get(url))
        # Where nothing is remembered, anything may have been found behind it.
        below = (self._rules.path(url),) if before else ("",)
        with one_item(self._unlisted, url, below):
            return await self._look(url, before.get(url))
        return before.get(url)

    def _follows(self, link: str) -> bool:
        if not self._rules.may(link):
            return False
        row = alike(link)
        endless = circles(link)
        self._rows[row] += 1
        if self._rows[row] == self._rules.rows + 1:
            why = f"more than {self._rules.rows:,} addresses differ in numbers alone, as a calendar's do: exclude them, or raise max_alike"
            self._unlisted.append(Unlisted(row, why, ()))
        elif endless and self._rows[row] == 1:
            why = "its path goes round in a circle: a link on the page before lacks its first /"
            self._unlisted.append(Unlisted(link, why, ()))
        return not endless and self._rows[row] <= self._rules.rows


def _alone(now: Mapping[str, Seen]) -> list[str]:
    """Find pages to index among copies: those whose original isn't there, and one of each circle of copies."""
    found: dict[str, None] = {}
    for url, seen in now.items():
        trail = [url]
        while (following := now.get(trail[-1])) and following.same_as and trail[-1] not in trail[:-1]:
            trail.append(following.same_as)
        if not seen.same_as:
            continue
        if trail[-1] in trail[:-1]:
            found[min(trail[trail.index(trail[-1]) :])] = None
        elif trail[-1] not in now:
            found[trail[-2]] = None
    return list(found)


def _loaded(cache: Path) -> dict[str, Seen]:
    try:
        kept = json.loads(cache.read_text(encoding="utf-8"))
        return {url: Seen(**{**seen, "links": tuple(seen["links"])}) for url, seen in kept.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def _save(cache: Path, seen: dict[str, Seen]) -> None:
    """Write the cache; where that fails, the next crawl asks for every page."""
    with suppress(OSError):
        write_whole(cache, json.dumps({url: asdict(each) for url, each in seen.items()}).encode())
