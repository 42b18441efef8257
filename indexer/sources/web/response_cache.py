"""Bodies that a listing had to read: kept on disk until they are fetched, so that no page is asked for twice."""

import hashlib
import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import httpx

from bot.runtime.private_files import write_whole
from indexer.sources.http.client import HttpResponse
from indexer.sources.web.address import cleaned
from indexer.sources.web.sitemap import SitemapEntry


class ResponseCache:
    """By address and version. A cache: whatever goes wrong with it, the page is asked for again. Blocking."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, url: str, version: str, reply: HttpResponse) -> None:
        head = json.dumps([reply.status, list(reply.headers.multi_items()), reply.url])
        with suppress(OSError):
            write_whole(self._folder / _name(url, version), head.encode() + b"\n" + reply.data)

    def take(self, url: str, version: str) -> HttpResponse | None:
        file = self._folder / _name(url, version)
        try:
            head, _, data = file.read_bytes().partition(b"\n")
            status, headers, end = json.loads(head)
            file.unlink()
        except (OSError, ValueError):
            return None
        return HttpResponse(status, httpx.Headers([tuple(pair) for pair in headers]), data, end)

    def only(self, listed: Iterable[tuple[str, str]]) -> None:
        """Forget what is not at these addresses, in these versions."""
        names = {_name(url, version) for url, version in listed}
        with suppress(OSError):
            for file in self._folder.iterdir():
                if file.name not in names:
                    file.unlink()


class KeptParts:
    """What each part of a sitemap listed, pages and further parts: one that is dead now takes none of them along."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._before: dict[str, tuple[list[str], list[str]]] | None = None
        self._now: dict[str, tuple[list[str], list[str]]] = {}

    def load(self) -> None:
        """Blocking."""
        self._now = {}
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            self._before = {str(part): (list(pages), list(parts)) for part, (pages, parts) in kept.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            self._before = None

    def save(self) -> None:
        """Blocking. Parts that could not be read stay as they were."""
        with suppress(OSError):
            write_whole(self._file, json.dumps({**(self._before or {}), **self._now}).encode())

    def put(
        self, part: str, listed: Iterable[SitemapEntry], path: Callable[[str], str], *, whole: bool
    ) -> None:
        """`whole`: it is all that the part lists; otherwise what it listed before may still be there."""
        earlier = ((), ()) if whole else (self._before or {}).get(part, ((), ()))
        pages, parts = list(earlier[0]), list(earlier[1])
        for each in listed:
            if each.part:
                parts.append(each.url)
            else:
                pages.append(path(cleaned(each.url)))
        self._now[part] = (pages, parts)

    def before(self, part: str) -> tuple[str, ...]:
        """How the paths begin that may lie behind it."""
        if self._before is None:
            return ("",)
        pages: list[str] = []
        waiting, seen = [part], {part}
        while waiting:
            found, parts = self._before.get(waiting.pop(), ((), ()))
            pages += found
            waiting += [each for each in parts if each not in seen]
            seen.update(parts)
        return tuple(pages)


def _name(url: str, version: str) -> str:
    return hashlib.blake2b(f"{url}\n{version}".encode(), digest_size=16).hexdigest()
