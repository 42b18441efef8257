"""A run that is cancelled ends soon, whatever it waits for, and leaves nothing half-written."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from bot.bootstrap import App, open_app
from bot.config.loader import load
from bot.ports import IndexedDocument, IndexFormat, Store, SyncRequest, SyncRun, Vector
from indexer.service import Indexer
from indexer.sources.base import Entry, Fetched, Source, Surroundings
from indexer.sync.source_sync import SyncOptions
from indexer.sync.sync_all import sync_all
from tests.indexer.sources.test_notion import TOKEN, Workspace, two_pages
from tests.indexer.test_service import ended
from tests.support.fakes import FakeEmbedder, FakeStore
from tests.support.opened_sources import sources_of
from tests.support.pages import put, settings
from tests.support.source_server import Server, Trouble, serving
from tests.support.waiting import given_up, patience, until

SOON = 2.0  # seconds: the journal is looked at each second


@pytest.fixture
def workspace() -> Workspace:
    return two_pages()


@pytest.fixture
async def server(workspace: Workspace) -> AsyncIterator[Server]:
    async with serving(workspace.answer) as running:
        yield running


@asynccontextmanager
async def indexing(folder: Path, source: str) -> AsyncIterator[App]:
    """An indexer that runs, with this source."""
    (folder / "docent.yaml").write_text(f"sources: [{source}]\nindexer: {{poll: 50ms}}\n")
    stop = asyncio.Event()
    async with open_app(load(folder / "docent.yaml")) as app:
        sources = sources_of(app)
        running = asyncio.create_task(Indexer(app, sources).run(stop))
        try:
            yield app
        finally:
            stop.set()
            await running
            for each in sources:
                await each.close()


def notion(server: Server) -> str:
    return f"{{name: notes, type: notion, audience: [everyone], token: {TOKEN}, api_url: '{server.url}'}}"


async def cancelled(app: App, waits: Callable[[], Awaitable[object]]) -> tuple[SyncRun, float]:
    """The run that goes on, cancelled once it waits: its end, and after how many seconds."""
    await until(waits)
    (run, *_) = await app.runs.latest()
    began = time.monotonic()
    await app.runs.cancel(run.id)
    return await ended(app, run), time.monotonic() - began


async def asked_again(app: App) -> SyncRun:
    return await ended(app, (await app.runs.request(SyncRequest()))[0])


@pytest.mark.slow
@pytest.mark.parametrize("at", ["/v1/search", "/v1/pages"], ids=["listing", "fetching"])
async def test_a_server_that_asks_for_patience(server: Server, tmp_path: Path, at: str) -> None:
    """A run that waits for Retry-After ends as cancelled within two seconds; the next one does its work."""
    server.trouble.append(Trouble(429, {"Retry-After": "120"}, at=at))

    async def waits() -> bool:
        return not server.trouble

    async with indexing(tmp_path, notion(server)) as app:
        run, seconds = await cancelled(app, waits)
        assert (run.state, [report.cancelled for report in run.reports]) == ("cancelled", [True])
        assert seconds < SOON * patience()
        assert [report.added for report in (await asked_again(app)).reports] == [2]


@pytest.mark.slow
async def test_a_slow_answer(server: Server, workspace: Workspace, tmp_path: Path) -> None:
    """A server that takes its time over a page keeps no run from being cancelled."""
    arrived, go_on = asyncio.Event(), asyncio.Event()

    async def slow(request: web.Request) -> web.Response:
        if request.path.startswith("/v1/pages"):
            arrived.set()
            await go_on.wait()
        return await workspace.answer(request)

    async def waits() -> bool:
        return arrived.is_set()

    server.handler = slow
    async with indexing(tmp_path, notion(server)) as app:
        run, seconds = await cancelled(app, waits)
        go_on.set()
        assert run.state == "cancelled"
        assert seconds < SOON * patience()


@pytest.mark.slow
async def test_a_long_conversion(tmp_path: Path) -> None:
    """A file that takes long to read keeps no run from being cancelled, and its process ends."""
    put(tmp_path / "docs", {"slow.html": "<p>" + "<b>word</b> word\n" * 300_000})  # half a minute's work
    source = "{name: docs, type: folder, path: ./docs, audience: [everyone]}"

    async def waits() -> bool:
        runs = await app.runs.latest()
        return bool(runs and runs[0].progress and runs[0].progress.stage == "indexing")

    async with indexing(tmp_path, source) as app:
        run, seconds = await cancelled(app, waits)
        assert run.state == "cancelled"
        assert seconds < SOON * patience()


# --- what is under way -------------------------------------------------------------------------------


class Shelf(Source):
    """A page in memory."""

    async def entries(self) -> AsyncIterator[Entry]:
        yield Entry("a.md", "1")

    async def fetch(self, entry: Entry) -> Fetched:
        return Fetched(entry.path, b"# A\n\nText.\n")


class Slow:
    """A store whose writes take until they are let go on."""

    def __init__(self) -> None:
        self._store: Store = FakeStore()
        self._beside = self._store
        self.writing = asyncio.Event()
        self.go_on = asyncio.Event()
        self.whole = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def rebuild(self, wanted: IndexFormat) -> "Slow":
        self._beside = await self._store.rebuild(wanted)
        return self

    async def replace(self, documents: Sequence[IndexedDocument]) -> None:
        self.writing.set()
        await self.go_on.wait()
        await self._beside.replace(documents)
        self.whole += 1


async def test_a_write(tmp_path: Path) -> None:
    """A write that is under way is done to its end before the run ends."""
    store = Slow()
    options = SyncOptions(stop=store.writing.is_set)
    syncing = asyncio.create_task(sync_all([Shelf(settings(), Surroundings(tmp_path))], store, None, options))
    await store.writing.wait()
    done, _ = await asyncio.wait({syncing}, timeout=0.5)
    assert not done
    store.go_on.set()
    (report,) = await syncing
    assert (report.cancelled, store.whole) == (True, 1)


async def test_an_embedder(tmp_path: Path) -> None:
    """A call of the embedder is broken off, and nothing of its batch is written."""
    called = asyncio.Event()

    class Waiting(FakeEmbedder):
        async def embed_documents(self, texts: Sequence[str]) -> Sequence[Vector]:
            called.set()
            await asyncio.Event().wait()
            raise AssertionError

    store = FakeStore()
    source = Shelf(settings(), Surroundings(tmp_path))
    async with given_up():
        (report,) = await sync_all([source], store, Waiting(), replace(SyncOptions(), stop=called.is_set))
    assert report.cancelled
    assert store.documents == {}


async def test_another_source_that_makes_the_index(tmp_path: Path) -> None:
    """A run that waits for another one to make the first index can be cancelled, too."""
    store = Slow()
    sources = [Shelf(settings(), Surroundings(tmp_path))]
    first = asyncio.create_task(sync_all(sources, store, None))
    await store.writing.wait()
    async with given_up():
        (report,) = await sync_all(sources, store, None, SyncOptions(stop=lambda: True))
    assert report.cancelled
    store.go_on.set()
    assert not (await first)[0].cancelled
