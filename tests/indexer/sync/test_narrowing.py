"""A page that fewer people may see now stays for them, and for nobody else, whether or not it can be read."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from bot.backends.sqlite import SqliteStore
from bot.ports import SearchQuery, Store, Unavailable
from indexer.sources.base import Entry, Fetched, ListingFailed, PageFailed
from indexer.sync.source_sync import SyncOptions
from indexer.sync.sync_all import sync_all
from tests.indexer.sync.test_source_sync import Desk, Shelf
from tests.support.fakes import FakeEmbedder, FakeStore

BROKEN = PageFailed("it can't be read")


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


class Restricted(Shelf):
    """Its listing says who may see a page, as a wiki's does."""

    def __init__(self, pages: dict[str, str], only: dict[str, frozenset[str]]) -> None:
        super().__init__(pages)
        self.only = only

    async def entries(self) -> AsyncIterator[Entry]:
        async for entry in super().entries():
            yield replace(entry, audience=self.only.get(entry.path))


@pytest.mark.parametrize(
    "change",
    [
        {"audience_of": {"a.md": ["managers"]}},
        {"audience": ["managers"], "audience_of": {"b.md": ["everyone"]}},
    ],
    ids=["a pattern", "the source"],
)
async def test_settings_narrow_what_cannot_be_read(change: dict[str, object]) -> None:
    """A page that docent.yaml gives to fewer people is kept for them, with its text."""
    desk = Desk({"a.md": "Open text.", "b.md": "Other."})
    await desk.sync()
    desk.shelf = desk.shelf.with_settings(**change)
    desk.shelf.broken["a.md"] = BROKEN
    for _ in range(2):
        report = await desk.sync()
        assert desk.audiences == {"a.md": {"managers"}, "b.md": {"everyone"}}
        assert desk.stored["a.md"] == "Open text."
        assert [failure.name for failure in report.failed] == ["a.md"]


async def test_restriction_narrows_what_cannot_be_read() -> None:
    """So does a restriction of the source's own, where the whole source fails behind its listing, too."""
    pages = {"a.md": "Open text.", "b.md": "Other."}
    desk = Desk(pages)
    await desk.sync()

    class Down(Restricted):
        async def fetch(self, entry: Entry) -> Fetched:
            raise ListingFailed(f"{entry.path}: the network is gone")

    desk.shelf = Down(pages, {"a.md": frozenset({"managers"})})
    assert "the network is gone" in (await desk.sync()).error
    assert desk.audiences == {"a.md": {"managers"}, "b.md": {"everyone"}}


async def test_words_are_unlearnt_at_once() -> None:
    """Where the source then fails, whoever lost the pages isn't told by spellings what words stand on them."""
    desk = Desk({"a.md": "Open text."})
    await desk.sync()

    class Settling(FakeStore):
        settled = 0

        async def settle(self) -> None:
            assert all(one.document.audience == {"managers"} for one in self.documents.values())
            self.settled += 1

    class Down(Shelf):
        async def fetch(self, entry: Entry) -> Fetched:
            raise ListingFailed(f"{entry.path}: the network is gone")

    desk.store = store = Settling(desk.store.storage)
    desk.shelf = Down(desk.shelf.pages, audience=["managers"])
    assert "the network is gone" in (await desk.sync()).error
    assert store.settled == 1


async def test_what_a_page_says_of_itself_holds() -> None:
    """A page whose head narrows it is for those whom its head and the settings both allow."""
    desk = Desk({"a.md": "---\naudience: [managers, staff]\n---\nText."})
    desk.shelf = desk.shelf.with_settings(audience=["everyone"])
    await desk.sync()
    desk.shelf = desk.shelf.with_settings(audience_of={"a.md": ["staff", "guests"]})
    desk.shelf.broken["a.md"] = BROKEN
    await desk.sync()
    assert desk.audiences == {"a.md": {"staff"}}


async def test_nothing_is_opened_unread() -> None:
    """A page that more people may see now waits for being read: its head may say something else by now."""
    desk = Desk({"a.md": "Text."})
    desk.shelf = desk.shelf.with_settings(audience=["managers"])
    await desk.sync()
    desk.shelf = desk.shelf.with_settings(audience=["managers", "staff"])
    desk.shelf.broken["a.md"] = BROKEN
    await desk.sync()
    assert desk.audiences == {"a.md": {"managers"}}
    desk.shelf.broken.clear()
    await desk.sync()
    assert desk.audiences == {"a.md": {"managers", "staff"}}


async def test_narrowed_and_back() -> None:
    """Settings that are taken back are in the index with the next sync, and nothing is embedded for it."""
    desk = Desk({"a.md": "Text."})
    await desk.sync()
    desk.embedded()
    desk.shelf = desk.shelf.with_settings(audience=["managers"])
    desk.shelf.broken["a.md"] = BROKEN
    await desk.sync()
    desk.shelf = desk.shelf.with_settings(audience=["everyone"])
    report = await desk.sync()
    assert (desk.audiences, desk.embedded()) == ({"a.md": {"everyone"}}, [])
    assert report.changed == 1
    assert (await desk.sync()).unchanged == 1


async def test_killed_in_between() -> None:
    """A sync that ends between narrowing and reading leaves no page wider; the next one mends the rest."""
    desk = Desk({f"{n:03}.md": f"Text {n}." for n in range(100)})
    await desk.sync()

    class Ends(BaseException):  # an error of one page would be that page's
        pass

    class Killed(Shelf):
        async def fetch(self, entry: Entry) -> Fetched:
            raise Ends

    pages = desk.shelf.pages
    desk.shelf = Killed(pages, audience=["managers"])
    with pytest.raises(Ends):
        await desk.sync()
    assert set(map(frozenset, desk.audiences.values())) == {frozenset({"managers"})}
    desk.store.failing = [Unavailable("search", "it is down.")]
    desk.shelf = Shelf(pages, audience=["staff"])
    assert "it is down" in (await desk.sync()).error
    await desk.sync()
    assert set(map(frozenset, desk.audiences.values())) == {frozenset({"staff"})}
    assert (await desk.sync()).unchanged == 100


async def test_index_that_answers_while_another_is_built() -> None:
    """While an index is built anew, the one that still answers is narrowed, too."""
    desk = Desk({"a.md": "Text.", "b.md": "Other."})
    await desk.sync()
    desk.embedder = FakeEmbedder(model="another")
    desk.shelf = desk.shelf.with_settings(audience_of={"a.md": ["managers"]})
    desk.shelf.broken["a.md"] = BROKEN
    desk.shelf.error = None
    live = desk.store.storage.live
    await desk.sync()
    assert live is not None
    assert live.documents["handbook:a.md"].document.audience == {"managers"}


async def test_in_a_file(tmp_path: Path) -> None:
    """With the embedded store: those still allowed find the page, the others never do."""
    store: Store = SqliteStore(tmp_path / "index.db")
    shelf = Shelf({"a.md": "The vault's number is 4711.", "b.md": "Lunch is at noon."})
    await sync_all([shelf], store, None, SyncOptions())

    async def found(word: str) -> list[str]:
        hits = await store.search(SearchQuery("vault number", None, frozenset({"everyone", word})))
        return [hit.passage.doc_id for hit in hits]

    assert await found("staff") == ["handbook:a.md"]
    shelf = shelf.with_settings(audience_of={"a.md": ["managers"]})
    shelf.broken["a.md"] = BROKEN
    await sync_all([shelf], store, None, SyncOptions())
    assert (await found("staff"), await found("managers")) == ([], ["handbook:a.md"])
    await store.close()
