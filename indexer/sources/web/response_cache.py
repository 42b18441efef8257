"""Bodies that a listing had to read: kept on disk until they are fetched, so that no page is asked for twice."""

import hashlib
import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import httpx

from bot.runtime.private_files import write_whole
from indexer.sources.http_client import HttpResponse


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


def _name(url: str, version: str) -> str:
    return hashlib.blake2b(f"{url}\n{version}".encode(), digest_size=16).hexdigest()
