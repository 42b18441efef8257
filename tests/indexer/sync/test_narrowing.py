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
    question_service = Desk({"a.md": "Open text.", "b.md": "Other."})
    await question_service.sync()
    question_service.shelf = question_service.shelf.with_settings(**change)
    question_service.shelf.broken["a.md"] = BROKEN
    for _ in range(2):
        report = await question_service.sync()
        assert question_service.audiences == {"a.md": {"managers"}, "b.md": {"everyone"}}
        assert question_service.stored["a.md"] == "Open text."
        assert [failure.name for failure in report.failed] == ["a.md"]


async def test_restriction_narrows_what_cannot_be_read() -> None:
    """So does a restriction of the source's own, where the whole source fails behind its listing, too."""
    pages = {"a.md": "Open text.", "b.md": "Other."}
    question_service = Desk(pages)
    await question_service.sync()

    class Down(Restricted):
        async def fetch(self, entry: Entry) -> Fetched:
            raise ListingFailed(f"{entry.path}: the network is gone")

    question_service.shelf = Down(pages, {"a.md": frozenset({"managers"})})
    assert "the network is gone" in (await question_service.sync()).error
    assert question_service.audiences == {"a.md": {"managers"}, "b.md": {"everyone"}}


async def test_words_are_unlearnt_at_once() -> None:
    """Where the source then fails, whoever lost the pages isn't told by spellings what words stand on them."""
    question_service = Desk({"a.md": "Open text."})
    await question_service.sync()

    class Settling(FakeStore):
        settled = 0

        async def settle(self) -> None:
            assert all(one.document.audience == {"managers"} for one in self.documents.values())
            self.settled += 1

    class Down(Shelf):
        async def fetch(self, entry: Entry) -> Fetched:
            raise ListingFailed(f"{entry.path}: the network is gone")

    question_service.store = store = Settling(question_service.store.storage)
    question_service.shelf = Down(question_service.shelf.pages, audience=["managers"])
    assert "the network is gone" in (await question_service.sync()).error
    assert store.settled == 1


async def test_what_a_page_says_of_itself_holds() -> None:
    """A page whose head narrows it is for those whom its head and the settings both allow."""
    question_service = Desk({"a.md": "---\naudience: [managers, staff]\n---\nText."})
    question_service.shelf = question_service.shelf.with_settings(audience=["everyone"])
    await question_service.sync()
    question_service.shelf = question_service.shelf.with_settings(audience_of={"a.md": ["staff", "guests"]})
    question_service.shelf.broken["a.md"] = BROKEN
    await question_service.sync()
    assert question_service.audiences == {"a.md": {"staff"}}


async def test_nothing_is_opened_unread() -> None:
    """A page that more people may see now waits for being read: its head may say something else by now."""
    question_service = Desk({"a.md": "Text."})
    question_service.shelf = question_service.shelf.with_settings(audience=["managers"])
    await question_service.sync()
    question_service.shelf = question_service.shelf.with_settings(audience=["managers", "staff"])
    question_service.shelf.broken["a.md"] = BROKEN
    await question_service.sync()
    assert question_service.audiences == {"a.md": {"managers"}}
    question_service.shelf.broken.clear()
    await question_service.sync()
    assert question_service.audiences == {"a.md": {"managers", "staff"}}


@pytest.mark.slow
async def test_narrowed_and_back() -> None:
    """Settings that are taken back are in the index with the next sync, and nothing is embedded for it."""
    question_service = Desk({"a.md": "Text."})
    await question_service.sync()
    question_service.embedded()
    question_service.shelf = question_service.shelf.with_settings(audience=["managers"])
    question_service.shelf.broken["a.md"] = BROKEN
    await question_service.sync()
    question_service.shelf = question_service.shelf.with_settings(audience=["everyone"])
    report = await question_service.sync()
    assert (question_service.audiences, question_service.embedded()) == ({"a.md": {"everyone"}}, [])
    assert report.changed == 1
    assert (await question_service.sync()).unchanged == 1


@pytest.mark.slow
async def test_killed_in_between() -> None:
    """A sync that ends between narrowing and reading leaves no page wider; the next one mends the rest."""
    question_service = Desk({f"{n:03}.md": f"Text {n}." for n in range(100)})
    await question_service.sync()

    class Ends(BaseException):  # an error of one page would be that page's
        pass

    class Killed(Shelf):
        async def fetch(self, entry: Entry) -> Fetched:
            raise Ends

    pages = question_service.shelf.pages
    question_service.shelf = Killed(pages, audience=["managers"])
    with pytest.raises(Ends):
        await question_service.sync()
    assert set(map(frozenset, question_service.audiences.values())) == {frozenset({"managers"})}
    question_service.store.failing = [Unavailable("search", "it is down.")]
    question_service.shelf = Shelf(pages, audience=["staff"])
    assert "it is down" in (await question_service.sync()).error
    await question_service.sync()
    assert set(map(frozenset, question_service.audiences.values())) == {frozenset({"staff"})}
    assert (await question_service.sync()).unchanged == 100


@pytest.mark.slow
async def test_index_that_answers_while_another_is_built() -> None:
    """While an index is built anew, the one that still answers is narrowed, too."""
    question_service = Desk({"a.md": "Text.", "b.md": "Other."})
    await question_service.sync()
    question_service.embedder = FakeEmbedder(model="another")
    question_service.shelf = question_service.shelf.with_settings(audience_of={"a.md": ["managers"]})
    question_service.shelf.broken["a.md"] = BROKEN
    question_service.shelf.error = None
    live = question_service.store.storage.live
    await question_service.sync()
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
