"""Following links, a level at a time, with what was seen the last time as a cache."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from bot.runtime.private_files import write_whole
from indexer.sources.http_client import CallFailed

_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class Seen:
    """What is at an address. `page` False: only its links count. `version` is its revision."""

    etag: str
    changed: str
    version: str
    links: tuple[str, ...]
    page: bool


class Crawl:
    """`look` gives what is at an address now; `may` says whether it is looked at. At most `most` * 4 calls."""

    def __init__(
        self,
        cache: Path,
        look: Callable[[str, Seen | None], Awaitable[Seen | None]],
        may: Callable[[str], bool],
        most: int,
    ) -> None:
        self._cache = cache
        self._look = look
        self._may = may
        self._most = 4 * most

    async def pages(self, start: str) -> AsyncIterator[tuple[str, Seen]]:
        """Raises CallFailed for whatever keeps it from seeing every page."""
        before = await asyncio.to_thread(_loaded, self._cache)
        now: dict[str, Seen] = {}
        known, level = {start}, [start]
        while level:
            links: dict[str, None] = {}
            for first in range(0, len(level), _AT_ONCE):
                urls = level[first : first + _AT_ONCE]
                found = await asyncio.gather(*(self._look(url, before.get(url)) for url in urls))
                for url, seen in zip(urls, found, strict=True):
                    if seen is not None:
                        now[url] = seen
                        links.update(dict.fromkeys(seen.links))
                        if seen.page:
                            yield url, seen
            level = [link for link in links if link not in known and self._may(link)]
            known.update(level)
            if len(known) > self._most:
                raise CallFailed(f"there are more than {self._most} links to follow; narrow it by `site`")
        await asyncio.to_thread(_save, self._cache, now)


def _loaded(cache: Path) -> dict[str, Seen]:
    try:
        kept = json.loads(cache.read_text(encoding="utf-8"))
        return {url: Seen(**{**seen, "links": tuple(seen["links"])}) for url, seen in kept.items()}
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return {}


def _save(cache: Path, seen: dict[str, Seen]) -> None:
    """A cache: where it can't be written, the next crawl asks for every page."""
    with suppress(OSError):
        write_whole(cache, json.dumps({url: asdict(each) for url, each in seen.items()}).encode())
