"""Keeps what a listing had to read on disk, until pages are fetched: no page is asked for twice."""

import hashlib
import json
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import httpx

from bot.runtime.process.private_files import write_whole
from indexer.sources.http.client import HttpResponse
from indexer.sources.web.address import cleaned
from indexer.sources.web.sitemap import SitemapEntry


class ResponseCache:
    """Keeps responses by address and version in `folder`. Where the disk fails, pages are asked for again. Blocking."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, url: str, version: str, reply: HttpResponse) -> None:
        """Keep a response."""
        head = json.dumps([reply.status, list(reply.headers.multi_items()), reply.url])
        with suppress(OSError):
            write_whole(self._folder / _name(url, version), head.encode() + b"\n" + reply.data)

    def take(self, url: str, version: str) -> HttpResponse | None:
        """Remove and return a response; None where none is kept."""
        file = self._folder / _name(url, version)
        try:
            head, _, data = file.read_bytes().partition(b"\n")
            status, headers, end = json.loads(head)
            file.unlink()
        except (OSError, ValueError):
            return None
        return HttpResponse(status, httpx.Headers([tuple(pair) for pair in headers]), data, end)

    def only(self, listed: Iterable[tuple[str, str]]) -> None:
        """Delete all but the responses at these addresses, in these versions."""
        names = {_name(url, version) for url, version in listed}
        with suppress(OSError):
            for file in self._folder.iterdir():
                if file.name not in names:
                    file.unlink()


class KeptParts:
    """Keeps which pages and parts each part of a sitemap listed: if it can't be read now, those pages aren't deleted."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._before: dict[str, tuple[list[str], list[str]]] | None = None
        self._now: dict[str, tuple[list[str], list[str]]] = {}

    def load(self) -> None:
        """Read what was kept. Blocking."""
        self._now = {}
        try:
            kept = json.loads(self._file.read_text(encoding="utf-8"))
            self._before = {str(part): (list(pages), list(parts)) for part, (pages, parts) in kept.items()}
        except (OSError, ValueError, TypeError, AttributeError):
            self._before = None

    def save(self) -> None:
        """Write it; parts that could not be read stay as they were. Blocking."""
        with suppress(OSError):
            write_whole(self._file, json.dumps({**(self._before or {}), **self._now}).encode())

    def put(
        self, part: str, listed: Iterable[SitemapEntry], path: Callable[[str], str], *, whole: bool
    ) -> None:
        """Note what a part lists. `whole`: it is all; otherwise what it listed before may still be there."""
        earlier = ((), ()) if whole else (self._before or {}).get(part, ((), ()))
        pages, parts = list(earlier[0]), list(earlier[1])
        for each in listed:
            if each.part:
                parts.append(each.url)
            else:
                pages.append(path(cleaned(each.url)))
        self._now[part] = (pages, parts)

    def before(self, part: str) -> tuple[str, ...]:
        """List how the paths begin of pages that may lie behind a part; `("",)` for any where nothing is known."""
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
