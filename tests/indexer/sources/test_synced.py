"""The further sources through a whole sync: what becomes of their pages in the index."""

from pathlib import Path

import pytest

from bot.config.loader import ConfigError
from bot.model import SyncReport
from indexer.sources import require
from indexer.sources.base import Source
from indexer.sync.source_sync import SyncOptions
from indexer.sync.sync_all import sync_all
from tests.indexer.sources.test_confluence import options
from tests.support.confluence_server import Confluence, Page
from tests.support.fakes import FakeStore
from tests.support.pages import settings
from tests.support.source_server import Trouble, opened, serving


async def synced(source: Source, store: FakeStore) -> SyncReport:
    (report,) = await sync_all([source], store, None, SyncOptions())
    return report


def test_missing_extras() -> None:
    """A type whose library isn't installed says what to install, as a mistake in docent.yaml."""
    for module in ("no_such_module", "no_such.module"):
        with pytest.raises(ConfigError, match=r"docent-bot\[web\]"):
            require(settings(type="web"), module, "web")
    require(settings(type="web"), "trafilatura", "web")


@pytest.mark.slow
async def test_confluence(tmp_path: Path) -> None:
    """Pages have their audience, title, link and tables; a narrower restriction is in the index after one sync."""
    confluence = Confluence()
    table = "<table><tbody><tr><th>Level</th><th>Pay</th></tr><tr><td>L1</td><td>50</td></tr></tbody></table>"
    confluence.pages = {
        "1": Page("Home"),
        "2": Page("Pay", table, "1", groups=("managers",)),
        "3": Page("Nobody's", "<p>Alone</p>", "2", users=("carol",)),
    }
    store = FakeStore()
    async with (
        serving(confluence.answer) as server,
        opened(tmp_path, **options(server, confluence)) as (source, _),
    ):
        assert (await synced(source, store)).added == 3
        document = store.documents["pages:ENG/2.html"].document
        assert (document.title, document.audience, document.owners) == ("Pay", {"managers"}, ("Ada",))
        assert "| L1 | 50 |" in document.text
        assert store.documents["pages:ENG/3.html"].document.audience == set()
        confluence.pages["1"].groups = ("board",)
        report = await synced(source, store)
        assert (report.changed, report.unchanged) == (2, 1)  # nobody stays nobody
        assert store.documents["pages:ENG/1.html"].document.audience == {"board"}
        assert store.documents["pages:ENG/2.html"].document.audience == set()


@pytest.mark.slow
async def test_failing_listings_delete_nothing(tmp_path: Path) -> None:
    """A listing that fails half-way leaves every page as it was, and the report says why."""
    confluence = Confluence()
    confluence.pages = {str(n): Page(f"Page {n}") for n in range(10)}
    store = FakeStore()
    async with (
        serving(confluence.answer) as server,
        opened(tmp_path, **options(server, confluence)) as (source, _),
    ):
        await synced(source, store)
        del confluence.pages["3"]
        server.trouble.append(Trouble(401, at="/wiki/rest"))
        report = await synced(source, store)
        assert report.error is not None
        assert "credentials" in report.error
        assert len(store.documents) == 10
        assert (await synced(source, store)).deleted == 1
