"""When the indexer can't do its work: the same clear word in `status`, in chat and in the log; nothing lost."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bot.bootstrap import App, open_app
from bot.config.loader import load
from bot.model import Progress
from bot.ports import IndexedDocument, Store, SyncRequest
from indexer.leadership import LEASE
from indexer.service import Indexer
from indexer.sources.base import Entry, Surroundings
from indexer.sources.folder import FolderSource
from indexer.sync.pipeline import BATCH_PAGES
from indexer.sync.source_sync import SyncOptions
from indexer.sync.sync_all import sync_all
from tests.indexer.sources.test_notion import TOKEN, Workspace, two_pages
from tests.indexer.test_service import ended
from tests.indexer.test_status import in_chat, on_the_command_line
from tests.support.command_line import HANDBOOK, CommandLine
from tests.support.fakes import FakeStore
from tests.support.opened_sources import sources_of
from tests.support.pages import put, settings
from tests.support.source_server import Server, Trouble, serving
from tests.support.waiting import until

pytestmark = pytest.mark.slow

PAGES = 5 * BATCH_PAGES


@pytest.fixture
def workspace() -> Workspace:
    return two_pages()


@pytest.fixture
async def server(workspace: Workspace) -> AsyncIterator[Server]:
    async with serving(workspace.answer) as running:
        yield running


def notion(server: Server) -> str:
    return f"{{name: notes, type: notion, audience: [everyone], token: {TOKEN}, api_url: '{server.url}'}}"


def folder(name: str) -> str:
    return f"{{name: docs, type: folder, audience: [everyone], path: ./{name}}}"


def configured(tmp_path: Path, *sources: str) -> Path:
    file = tmp_path / "docent.yaml"
    file.write_text(f"sources: [{', '.join(sources)}]\nindexer: {{poll: 50ms}}\n")
    return file


async def once(app: App) -> None:
    """One sync of each source."""
    async with opened(app) as indexer:
        await indexer.once()


@asynccontextmanager
async def opened(app: App, **how: Callable[[], float]) -> AsyncIterator[Indexer]:
    sources = sources_of(app)
    try:
        yield Indexer(app, sources, **how)
    finally:
        for source in sources:
            await source.close()


@asynccontextmanager
async def indexing(app: App, **how: Callable[[], float]) -> AsyncIterator[Indexer]:
    """An indexer that runs."""
    stop = asyncio.Event()
    async with opened(app, **how) as indexer:
        running = asyncio.create_task(indexer.run(stop))
        try:
            yield indexer
        finally:
            stop.set()
            await running


async def told(app: App, caplog: pytest.LogCaptureFixture, words: str) -> bool:
    """Whether it stands in all three."""
    logged = any(words in record.getMessage() for record in caplog.records)
    return words in await in_chat(app) and words in await on_the_command_line(app) and logged


async def test_lost_credentials(
    server: Server, workspace: Workspace, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A token that was withdrawn is told in plain words; the pages stay, and all is well when it is mended."""
    caplog.set_level(logging.INFO)
    async with open_app(load(configured(tmp_path, notion(server)))) as app:
        await once(app)
        server.trouble.append(Trouble(401))
        await once(app)
        assert await told(
            app, caplog, "notes can't be listed: 127.0.0.1 doesn't accept the credentials (401)"
        )
        assert TOKEN not in caplog.text
        assert (await app.store.stats()).documents == 2
        await once(app)
        assert "sync failed" not in await in_chat(app) + await on_the_command_line(app)


async def test_bad_configuration(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A source that is configured wrongly is told; the others are synced."""
    caplog.set_level(logging.INFO)
    put(tmp_path / "docs", {"a.md": "# A\n\nText.\n"})
    wrong = "{name: wrong, type: folder, audience: [everyone], path: ./nowhere}"
    async with open_app(load(configured(tmp_path, wrong, folder("docs")))) as app:
        await once(app)
        assert await told(app, caplog, "wrong can't be listed: ")
        assert "nowhere" in await in_chat(app)
        assert (await app.store.stats()).documents == 1


async def test_full_disk(tmp_path: Path) -> None:
    """A full disk is told wherever one looks; what was indexed is kept, and the rest comes when there is room."""
    docent = CommandLine(tmp_path)
    docent.write(HANDBOOK)
    await asyncio.to_thread(docent.process, "indexer", "--once")
    docent.write({f"more/p{n}.md": f"# Page {n}\n\n" + f"Word{n} stands here. " * 500 for n in range(300)})
    full = await asyncio.to_thread(docent.process, "indexer", "--once", limit=600_000)
    assert full.returncode == 1
    assert "Traceback" not in full.stderr
    async with open_app(load(docent.config)) as app:
        for said in (full.stdout, full.stderr, await in_chat(app), await on_the_command_line(app)):
            assert "Check the disk" in said
        assert (await app.store.stats()).documents >= len(HANDBOOK)
    await asyncio.to_thread(docent.process, "indexer", "--once")
    async with open_app(load(docent.config)) as app:
        assert "sync failed" not in await in_chat(app) + await on_the_command_line(app)
        assert (await app.store.stats()).documents == len(HANDBOOK) + 300


# --- ended in the middle ------------------------------------------------------------------------------


class Watched:
    """A store that tells of each write before it is done."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.writes = 0
        self.writing = asyncio.Event()
        self.go_on = asyncio.Event()

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    async def rebuild(self, wanted: object) -> "Watched":
        await self._store.rebuild(wanted)
        return self

    async def replace(self, documents: Sequence[IndexedDocument]) -> None:
        self.writes += 1
        self.writing.set()
        await self.go_on.wait()
        await self._store.replace(documents)


@pytest.fixture
async def many(tmp_path: Path) -> AsyncIterator[tuple[App, Watched]]:
    """Five batches of pages, and a store that waits in the first write."""
    put(tmp_path / "docs", {f"{n}.md": f"# {n}\n\nText of {n}.\n" for n in range(PAGES)})
    async with open_app(load(configured(tmp_path, folder("docs")))) as app:
        watched = Watched(app.store)
        yield replace(app, store=watched), watched


async def test_cancel(many: tuple[App, Watched]) -> None:
    """A run that is cancelled while it goes on ends before its next write; the next one does the rest."""
    app, store = many
    async with indexing(app):
        await store.writing.wait()
        (run,) = await app.runs.latest()
        await app.runs.cancel(run.id)
        await asyncio.sleep(1.5)  # it looks once a second
        store.go_on.set()
        done = await ended(app, run)
        assert (done.state, done.reports[0].cancelled, store.writes) == ("cancelled", True, 1)
        assert (await app.store.stats()).documents == BATCH_PAGES
        done = await ended(app, (await app.runs.request(SyncRequest("docs")))[0])
    assert (done.state, done.reports[0].added) == ("done", PAGES - BATCH_PAGES)


async def test_a_lease_lost_in_the_middle(many: tuple[App, Watched]) -> None:
    """An indexer that loses its lease during a sync stops before its next write; the next leader goes on."""
    app, store = many
    moment = [0.0]

    async def given_back() -> bool:
        (run,) = await app.runs.latest()
        return run.state == "waiting"

    async with indexing(app, clock=lambda: moment[0]) as indexer:
        await store.writing.wait()
        await app.leases.release(LEASE, indexer._leadership.holder)
        assert await app.leases.acquire(LEASE, "another", seconds=60)
        moment[0] += 60.0
        store.go_on.set()
        await until(given_back)
        assert (store.writes, (await app.store.stats()).documents) == (1, BATCH_PAGES)
    await app.leases.release(LEASE, "another")
    (run,) = await app.runs.latest()
    async with indexing(app):
        done = await ended(app, run)
    assert (done.state, done.reports[0].added) == ("done", PAGES - BATCH_PAGES)


async def test_cancel_while_listing(tmp_path: Path) -> None:
    """A listing without end ends when it is cancelled, and tells how far it is until then."""
    seen: list[Progress] = []

    async def show(progress: Progress) -> None:
        seen.append(progress)

    class Endless(FolderSource):
        async def entries(self) -> AsyncIterator[Entry]:
            while True:
                yield Entry("a.md", "1")
                await asyncio.sleep(0)

    source = Endless(settings(path=str(tmp_path)), Surroundings(tmp_path))
    options = SyncOptions(progress=show, stop=lambda: bool(seen) and seen[-1].done > 0)
    (report,) = await sync_all([source], FakeStore(), None, options)
    assert report.cancelled
    assert (seen[-1].stage, seen[-1].done, seen[-1].total) == ("listing", 1, None)
