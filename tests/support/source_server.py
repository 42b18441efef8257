"""A server to test sources against, over a real socket: it hands out what it is told and notes what was asked."""

import json
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from indexer.sources import open_source
from indexer.sources.base import Entry, Source, Surroundings
from tests.support.pages import settings

Handler = Callable[[web.Request], Awaitable[web.Response]]


@dataclass(frozen=True)
class Trouble:
    """Instead of the answer; at the paths that begin with `at`."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    at: str = "/"
    body: str = "<html>no</html>"


@dataclass
class Server:
    """`trouble` comes first, in its order; `asked` are the requests as "GET /path?query"."""

    handler: Handler
    url: str = ""
    trouble: deque[Trouble] = field(default_factory=deque)
    asked: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.asked.append(f"{request.method} {request.path_qs}")
        if self.trouble and request.path.startswith(self.trouble[0].at):
            found = self.trouble.popleft()
            return web.Response(status=found.status, headers=found.headers, text=found.body)
        return await self.handler(request)


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[Server]:
    server = Server(handler)
    app = web.Application(client_max_size=10_000_000)
    app.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    server.url = f"http://127.0.0.1:{port}"
    try:
        yield server
    finally:
        await runner.cleanup()


def answered(body: object, status: int = 200, **headers: str) -> web.Response:
    return web.Response(
        text=json.dumps(body), status=status, content_type="application/json", headers=headers
    )


@asynccontextmanager
async def opened(folder: Path, /, **fields: object) -> AsyncIterator[tuple[Source, list[float]]]:
    """A source by its settings, and how long it would have waited: it doesn't, here."""
    waited: list[float] = []

    async def pause(seconds: float) -> None:
        waited.append(seconds)

    given = {"name": "pages", "audience": ["everyone"], **fields}
    source = open_source(type(settings()).model_validate(given), Surroundings(folder))
    if hasattr(source, "http"):
        source.http.pause = pause
    try:
        yield source, waited
    finally:
        await source.close()


async def listed(source: Source) -> dict[str, Entry]:
    found = [entry async for entry in source.entries()]
    assert len({entry.path for entry in found}) == len(found), "a path came twice"
    return {entry.path: entry for entry in found}


async def text_of(source: Source, entry: Entry) -> str:
    return (await source.fetch(entry)).data.decode()
