"""A store is made to match a source."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.model import Progress, SyncReport, WordsKept
from bot.ports import IndexFormat, ReadOnly, Unavailable
from indexer.reading.chunker import CHUNKING
from indexer.reading.words_kept import lossy_pages
from indexer.sources import open_source
from indexer.sources.base import (
    Entry,
    Fetched,
    ListingFailed,
    PageFailed,
    PageGone,
    Source,
    Surroundings,
    Unlisted,
)
from indexer.sync.source_sync import SyncOptions
from indexer.sync.sync_all import sync_all, wanted_format
from tests.support.fakes import FakeEmbedder, FakeStorage, FakeStore
from tests.support.pages import put, settings

WORDS = " ".join(f"word{number}" for number in range(40))
LOSSY = f"<p>{WORDS}</p><p><del>" + " ".join(f"old{number}" for number in range(80)) + "</del></p>"
DOWN = Unavailable("the embedder", "it is down.")


class Shelf(Source):
    """Pages in memory; `error` is raised behind them while listing."""

    def __init__(self, pages: dict[str, str], **fields: object) -> None:
        super().__init__(settings(**fields), Surroundings(Path()))
        self.pages = pages
        self.error: ListingFailed | None = None
        self.broken: dict[str, PageFailed] = {}
        self.previous: dict[str, tuple[str, ...]] = {}
        self.fetched: list[str] = []

    def with_settings(self, **fields: object) -> "Shelf":
        return Shelf(self.pages, **fields)

    async def entries(self) -> AsyncIterator[Entry]:
        for path, text in list(self.pages.items()):
            yield Entry(path, str(hash(text)), previous=self.previous.get(path, ()))
        if self.error:
            raise self.error

    async def fetch(self, entry: Entry) -> Fetched:
        self.fetched.append(entry.path)
        if entry.path in self.broken:
            raise self.broken[entry.path]
        return Fetched(entry.path, self.pages[entry.path].encode())


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A shelf's data folder is the one that it is in."""
    monkeypatch.chdir(tmp_path)


class Desk:
    """A source, a store and an embedder, and syncing in a word."""

    def __init__(self, pages: dict[str, str] | None = None) -> None:
        self.shelf = Shelf({} if pages is None else pages)
        self.store = FakeStore()
        self.embedder: FakeEmbedder | None = FakeEmbedder()

    async def sync(self, **options: object) -> SyncReport:
        made = SyncOptions(**options)  # type: ignore[arg-type]
        (report,) = await sync_all([self.shelf], self.store, self.embedder, made)
        return report

    @property
    def stored(self) -> dict[str, str]:
        return {
            doc_id.partition(":")[2]: "\n".join(one.chunk.text for one in indexed.chunks)
            for doc_id, indexed in self.store.documents.items()
        }

    @property
    def audiences(self) -> dict[str, set[str]]:
        return {
            doc_id.partition(":")[2]: set(each.document.audience)
            for doc_id, each in self.store.documents.items()
        }

    def embedded(self) -> list[str]:
        """What was embedded since this was last asked."""
        assert self.embedder is not None
        texts, self.embedder.embedded = self.embedder.embedded, []
        return texts


def many(number: int) -> dict[str, str]:
    return {f"page-{n}.md": f"# Page {n}\n\nThis is what page {n} says." for n in range(number)}


@pytest.fixture
async def question_service() -> Desk:
    """Ten pages, synced."""
    made = Desk(many(10))
    report = await made.sync()
    assert (report.added, report.embedded, report.chunks) == (10, 10, 10)
    made.embedded()
    return made


def counts(report: SyncReport) -> dict[str, int]:
    """Those that are not 0."""
    names = ("added", "changed", "renamed", "deleted", "unchanged", "held_back", "embedded")
    return {name: getattr(report, name) for name in names if getattr(report, name)}


async def test_nothing_changed(question_service: Desk) -> None:
    """A sync that finds nothing changed reads, embeds and writes nothing."""
    question_service.shelf.fetched.clear()
    writes = len(question_service.store.writes)
    assert counts(await question_service.sync()) == {"unchanged": 10}
    assert question_service.shelf.fetched == []
    assert len(question_service.store.writes) == writes


async def test_each_kind_of_change(question_service: Desk) -> None:
    """Added, changed, renamed and deleted pages are told apart, and only new texts are embedded."""
    pages = question_service.shelf.pages
    pages["new.md"] = "# New\n\nNew text."
    pages["page-1.md"] += "\n\n## More\n\nMore text."
    pages["moved/two.md"] = pages.pop("page-2.md")
    del pages["page-3.md"]
    report = await question_service.sync()
    assert counts(report) == {
        "added": 1,
        "changed": 1,
        "renamed": 1,
        "deleted": 1,
        "unchanged": 7,
        "embedded": 2,
    }
    assert sorted(question_service.embedded()) == ["New\nNew text.", "Page 1\nMore\nMore text."]
    assert set(question_service.stored) == set(pages)


async def test_rename_and_edit(question_service: Desk) -> None:
    """A page that its source says was renamed counts so, although it was edited too."""
    pages = question_service.shelf.pages
    pages["moved.md"] = pages.pop("page-2.md") + "\n\nEdited."
    question_service.shelf.previous["moved.md"] = ("page-2.md",)
    assert counts(await question_service.sync()) == {"renamed": 1, "unchanged": 9, "embedded": 1}


@pytest.mark.slow
async def test_copy_is_no_rename(question_service: Desk) -> None:
    """A copy beside its original is an added page, and embeds nothing."""
    question_service.shelf.pages["copy.md"] = question_service.shelf.pages["page-0.md"]
    assert counts(await question_service.sync()) == {"added": 1, "unchanged": 10}


@pytest.mark.slow
async def test_same_text_is_embedded_once() -> None:
    """A text that many pages share is embedded once, also across batches."""
    pages = {f"{n}.md": f"# Legal\n\nThe same notice.\n\n## Page {n}\n\nOwn {n}." for n in range(300)}
    question_service = Desk(pages)
    assert (await question_service.sync()).embedded == 301


@pytest.mark.slow
async def test_changed_audience(question_service: Desk) -> None:
    """A changed audience or address is in the index after the next sync, and embeds nothing."""
    question_service.shelf = question_service.shelf.with_settings(
        audience=["hr"], url="https://x.example/{path}"
    )
    assert counts(await question_service.sync()) == {"changed": 10}
    for indexed in question_service.store.documents.values():
        assert indexed.document.audience == {"hr"}
        assert indexed.document.url.startswith("https://x.example/")
    assert all(one.vector is not None for i in question_service.store.documents.values() for one in i.chunks)


async def test_audience_of_one_folder(question_service: Desk) -> None:
    """Only the pages whose audience changed are read again."""
    question_service.shelf = question_service.shelf.with_settings(audience_of={"page-1.md": ["hr"]})
    assert counts(await question_service.sync()) == {"changed": 1, "unchanged": 9}


# --- deleting with care ------------------------------------------------------------------------------


async def test_many_deletes_are_held_back(question_service: Desk) -> None:
    """More than a fifth gone at once stays until an admin confirms it; other changes go through."""
    for n in range(3):
        del question_service.shelf.pages[f"page-{n}.md"]
    question_service.shelf.pages["new.md"] = "New."
    assert counts(await question_service.sync()) == {
        "added": 1,
        "held_back": 3,
        "unchanged": 7,
        "embedded": 1,
    }
    assert len(question_service.stored) == 11
    assert counts(await question_service.sync(confirm_deletes=True)) == {"deleted": 3, "unchanged": 8}
    assert set(question_service.stored) == set(question_service.shelf.pages)


@pytest.mark.slow
async def test_what_is_left_of_many_deletes_waits(question_service: Desk) -> None:
    """Where some of those pages came back, the others aren't deleted unasked; what was emptied goes."""
    for n in range(3):
        del question_service.shelf.pages[f"page-{n}.md"]
    assert (await question_service.sync()).held == ("page-0.md", "page-1.md", "page-2.md")
    question_service.shelf.pages |= many(2) | {"page-9.md": ""}
    report = await question_service.sync(held=frozenset({question_service.shelf.name}))
    assert (report.held, report.held_back, report.deleted) == (("page-2.md",), 1, 1)
    assert counts(await question_service.sync(held=frozenset({"other"}))) == {"deleted": 1, "unchanged": 8}


async def test_a_fifth_is_deleted(question_service: Desk) -> None:
    """A fifth gone at once is deleted."""
    for n in range(2):
        del question_service.shelf.pages[f"page-{n}.md"]
    assert counts(await question_service.sync()) == {"deleted": 2, "unchanged": 8}


@pytest.mark.parametrize(("share", "held"), [(0.05, 2), (0.5, 0)])
async def test_share_of_a_source(question_service: Desk, share: float, held: int) -> None:
    """A source may have its own share of pages that may go at once."""
    for n in range(2):
        del question_service.shelf.pages[f"page-{n}.md"]
    question_service.shelf = question_service.shelf.with_settings(max_deleted_share=share)
    assert (await question_service.sync()).held_back == held


async def test_single_page_of_a_small_source() -> None:
    """One page of a small source may go, although it is more than a fifth; the last one may not."""
    question_service = Desk(many(2))
    await question_service.sync()
    del question_service.shelf.pages["page-0.md"]
    assert counts(await question_service.sync()) == {"deleted": 1, "unchanged": 1}
    question_service.shelf.pages.clear()
    assert counts(await question_service.sync()) == {"held_back": 1}


async def test_empty_listing(question_service: Desk) -> None:
    """An empty listing deletes nothing."""
    question_service.shelf.pages.clear()
    assert counts(await question_service.sync()) == {"held_back": 10}
    assert len(question_service.stored) == 10


async def test_many_renames_are_no_deletes(question_service: Desk) -> None:
    """Moving every page is not held back."""
    question_service.shelf.pages = {
        f"new/{path}": text for path, text in question_service.shelf.pages.items()
    }
    assert counts(await question_service.sync()) == {"renamed": 10}
    assert set(question_service.stored) == set(question_service.shelf.pages)


async def test_partial_listing(question_service: Desk) -> None:
    """A listing that breaks off changes nothing, and the report says why."""
    question_service.shelf.pages = {"new.md": "New."}
    question_service.shelf.error = ListingFailed("403 Forbidden.")
    report = await question_service.sync()
    assert "403 Forbidden" in report.error
    assert counts(report) == {}
    assert len(question_service.stored) == 10


async def test_source_lost_while_fetching(question_service: Desk) -> None:
    """A source that gets out of reach in mid-sync ends the sync without deleting."""

    class Lost(Shelf):
        async def fetch(self, entry: Entry) -> Fetched:
            raise ListingFailed("the network is gone")

    del question_service.shelf.pages["page-0.md"]
    question_service.shelf = Lost({**question_service.shelf.pages, "new.md": "x"})
    assert "network is gone" in (await question_service.sync()).error
    assert len(question_service.stored) == 10


# --- pages that fail -----------------------------------------------------------------------------------


async def test_who_may_know_of_a_page_that_failed(question_service: Desk) -> None:
    """A report says of each failed page whether everyone may know of it: by its source, folder or permissions."""
    question_service.shelf = question_service.shelf.with_settings(
        audience_of={"page-1.md": ["hr"], "page-2.md": ["hr", "everyone"]}
    )
    for number in (1, 2, 3):
        question_service.shelf.broken[f"page-{number}.md"] = PageFailed("403 Forbidden")
    report = await question_service.sync(full=True)
    assert {failure.name: failure.for_all for failure in report.failed} == {
        "page-1.md": False,
        "page-2.md": True,
        "page-3.md": True,
    }


@pytest.mark.slow
async def test_failed_page_keeps_its_old_version(question_service: Desk) -> None:
    """A page that can't be fetched or read keeps its old version and is named; the others go on."""
    question_service.shelf.pages["page-1.md"] = "changed"
    question_service.shelf.pages["page-2.md"] = "bin\x00ary"
    question_service.shelf.pages["page-3.md"] = "also changed"
    question_service.shelf.broken["page-1.md"] = PageFailed("403 Forbidden")
    report = await question_service.sync()
    assert counts(report) == {"changed": 1, "unchanged": 7, "embedded": 1}
    assert {failure.name: failure.reason for failure in report.failed} == {
        "page-1.md": "403 Forbidden",
        "page-2.md": "it is a binary file, not text",
    }
    assert question_service.stored["page-1.md"] == "This is what page 1 says."
    assert question_service.stored["page-2.md"] == "This is what page 2 says."
    question_service.shelf.broken.clear()
    assert counts(await question_service.sync())["changed"] == 1


@pytest.mark.slow
async def test_emptied_page(question_service: Desk) -> None:
    """A page that was emptied is counted and no failure, and what it said is found no more."""
    question_service.shelf.pages["page-1.md"] = ""
    report = await question_service.sync()
    assert (report.failed, report.empty) == ((), 1)
    assert counts(report) == {"deleted": 1, "unchanged": 9}
    assert "page-1.md" not in question_service.stored
    assert counts(await question_service.sync()) == {"unchanged": 9}


async def test_page_gone_in_between(question_service: Desk) -> None:
    """A page that vanished between listing and fetching is no failure."""
    question_service.shelf.pages["new.md"] = "New."
    question_service.shelf.broken["new.md"] = PageGone("gone")
    report = await question_service.sync()
    assert report.failed == ()
    assert counts(report) == {"unchanged": 10}


@pytest.mark.slow
async def test_broken_front_matter_is_a_warning(question_service: Desk) -> None:
    """A page with broken front matter is indexed, and the report has a word about it."""
    question_service.shelf.pages["new.md"] = "---\ntitle: [\n---\nText."
    report = await question_service.sync()
    assert report.added == 1
    assert [warning.name for warning in report.warnings] == ["new.md"]


@pytest.mark.slow
async def test_doubtful_pages_are_read_apart(question_service: Desk) -> None:
    """A page that a process of its own reads comes out as any other."""
    question_service.shelf.pages["large.md"] = "# Large\n\n" + "Many words here. " * 8000
    report = await question_service.sync()
    assert counts(report)["added"] == 1
    assert report.chunks > 100


@pytest.mark.slow
async def test_many_pages() -> None:
    """Many pages are read by several processes, and all of them arrive."""
    question_service = Desk(many(400))
    report = await question_service.sync(workers=2)
    assert counts(report) == {"added": 400, "embedded": 400}
    assert question_service.stored == {f"page-{n}.md": f"This is what page {n} says." for n in range(400)}


# --- the embedder ----------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_embedder_down() -> None:
    """With the embedder down pages are found by keywords, the report says so, and the next sync mends it."""
    question_service = Desk(many(200))
    assert question_service.embedder is not None
    question_service.embedder.failing = [DOWN] * 99
    report = await question_service.sync()
    assert counts(report) == {"added": 200}
    assert report.error == ""
    (warning,) = report.warnings
    assert "200 pages" in warning.reason
    assert "it is down" in warning.reason
    assert question_service.embedder.calls < 5
    question_service.embedder.failing = []
    report = await question_service.sync()
    assert counts(report) == {"unchanged": 200, "embedded": 200}
    assert report.warnings == ()
    assert counts(await question_service.sync()) == {"unchanged": 200}


@pytest.mark.slow
async def test_embedder_falters() -> None:
    """One failed batch doesn't keep the others from being embedded."""
    question_service = Desk(many(400))
    assert question_service.embedder is not None
    question_service.embedder.failing = [DOWN]
    first = await question_service.sync()
    assert 0 < first.embedded < 400
    second = await question_service.sync()
    assert first.embedded + second.embedded == 400


async def test_keywords_alone() -> None:
    """With no embedder, pages are stored without vectors and nothing is missing."""
    question_service = Desk(many(3))
    question_service.embedder = None
    assert counts(await question_service.sync()) == {"added": 3}
    assert counts(await question_service.sync()) == {"unchanged": 3}
    assert await question_service.store.format() == IndexFormat("", 0, CHUNKING)


# --- a new format ----------------------------------------------------------------------------------------


@pytest.mark.slow
async def test_new_model(question_service: Desk) -> None:
    """Another model means a new index, made beside the live one and swapped in at the end."""
    question_service.embedder = FakeEmbedder(model="better", dimensions=8)
    report = await question_service.sync()
    assert counts(report) == {"added": 10, "embedded": 10}
    assert await question_service.store.format() == wanted_format(question_service.embedder)
    assert len(question_service.stored) == 10


@pytest.mark.slow
async def test_new_chunking(question_service: Desk) -> None:
    """Another way of chunking makes a new index, but texts that stay the same are not embedded again."""
    live = question_service.store.storage.live
    assert live is not None
    live.format = IndexFormat(live.format.model, live.format.dimensions, "0/older")
    assert counts(await question_service.sync()) == {"added": 10}


@pytest.mark.slow
async def test_new_model_with_a_source_down(question_service: Desk) -> None:
    """The new index doesn't take over while a source is missing from it; it goes on later."""
    other = Shelf({"x.md": "X."}, name="other")
    old = await question_service.store.format()
    better = FakeEmbedder(model="better")
    other.error = ListingFailed("down")
    reports = await sync_all([question_service.shelf, other], question_service.store, better)
    assert [bool(report.error) for report in reports] == [False, True]
    assert await question_service.store.format() == old
    assert len(question_service.stored) == 10
    other.error = None
    reports = await sync_all([question_service.shelf, other], question_service.store, better, only={"other"})
    assert [counts(report) for report in reports] == [{"unchanged": 10}, {"added": 1, "embedded": 1}]
    assert len(question_service.stored) == 11


async def test_only_some_sources(question_service: Desk) -> None:
    """A sync of some sources leaves the others alone."""
    other = Shelf({"x.md": "X."}, name="other")
    question_service.shelf.pages["new.md"] = "New."
    (report,) = await sync_all(
        [question_service.shelf, other], question_service.store, question_service.embedder, only={"other"}
    )
    assert report.source == "other"
    assert "new.md" not in question_service.stored


async def test_new_index_with_pages_missing(question_service: Desk) -> None:
    """A new index that lacks many of the live one's pages waits for an admin's word; renamed ones don't count."""
    pages = question_service.shelf.pages
    pages["moved.md"] = pages.pop("page-9.md")
    for n in range(4):
        del pages[f"page-{n}.md"]
    old = await question_service.store.format()
    question_service.embedder = FakeEmbedder(model="better")
    report = await question_service.sync()
    assert report.held_back == 4
    assert await question_service.store.format() == old
    assert len(question_service.stored) == 10
    await question_service.sync(confirm_deletes=True)
    assert await question_service.store.format() == wanted_format(question_service.embedder)
    assert len(question_service.stored) == 6


@pytest.mark.slow
async def test_source_taken_out(question_service: Desk) -> None:
    """The pages of a source that is no longer configured go with the next sync of all, and not before."""
    renamed = question_service.shelf.with_settings(name="docs")
    await sync_all([renamed], question_service.store, question_service.embedder, only={"docs"})
    assert len(question_service.store.documents) == 20
    reports = await sync_all([renamed], question_service.store, question_service.embedder)
    assert [(report.source, report.deleted) for report in reports] == [("docs", 0), ("handbook", 10)]
    assert question_service.embedded() == []


# --- stopping and starting ---------------------------------------------------------------------------------


@pytest.mark.slow
async def test_store_fails_half_way() -> None:
    """When the store fails, the report says so, and what was embedded is not embedded again."""
    question_service = Desk(many(300))
    await question_service.store.swap(
        (await question_service.store.rebuild(wanted_format(question_service.embedder)))
        and wanted_format(question_service.embedder)
    )

    class Fills(FakeStore):
        async def replace(self, documents):  # type: ignore[no-untyped-def]
            if len(self.writes) == 2:
                raise ReadOnly("the index", "the disk is full.")
            await super().replace(documents)

    question_service.store = Fills(question_service.store.storage)
    first = await question_service.sync()
    assert "disk is full" in first.error
    written = len(question_service.stored)
    assert 0 < written < first.embedded <= 300
    question_service.store = FakeStore(question_service.store.storage)
    second = await question_service.sync()
    assert (second.added, second.unchanged) == (300 - written, written)
    assert first.embedded + second.embedded == len(set(question_service.embedded())) == 300
    assert all(
        one.vector is not None for page in question_service.store.documents.values() for one in page.chunks
    )


@pytest.mark.slow
async def test_stop() -> None:
    """A sync that is told to stop ends before its next write, whole batches being kept."""
    question_service = Desk(many(500))
    report = await question_service.sync(stop=lambda: len(question_service.store.writes) >= 3)
    assert report.cancelled
    assert 0 < len(question_service.stored) < 500
    assert (writes := len(question_service.store.writes)) == 3
    await asyncio.sleep(0)
    assert len(question_service.store.writes) == writes
    report = await question_service.sync()
    assert len(question_service.stored) == 500


@pytest.mark.slow
async def test_cancelled_task() -> None:
    """A cancelled sync leaves nothing running."""
    question_service = Desk(many(500))
    task = asyncio.create_task(question_service.sync())
    while not question_service.store.writes:  # noqa: ASYNC110 - the fake store has no events
        await asyncio.sleep(0)
    before = asyncio.all_tasks()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert asyncio.all_tasks() <= before - {task}


async def test_a_bug_with_one_page_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    """What is unexpected of one page is that page's failure, with its traceback in the log."""

    class Buggy(Shelf):
        async def fetch(self, entry: Entry) -> Fetched:
            if entry.path == "x.md":
                raise ZeroDivisionError
            return await super().fetch(entry)

    question_service = Desk()
    question_service.shelf = Buggy({"x.md": "x", "y.md": "# Y\n\nText."})
    report = await question_service.sync()
    assert (report.added, report.error) == (1, "")
    assert [(each.name, "a bug in Docent" in each.reason) for each in report.failed] == [("x.md", True)]
    assert "ZeroDivisionError" in caplog.text


async def test_a_bug_in_a_source_is_its_failure(
    question_service: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    """What is unexpected in a whole source ends its sync with a sentence, and deletes nothing."""

    class Buggy(Shelf):
        async def entries(self) -> AsyncIterator[Entry]:
            raise ZeroDivisionError
            yield  # which makes it a generator

    await question_service.sync()
    before = set(question_service.store.documents)
    question_service.shelf = Buggy(question_service.shelf.pages)
    report = await question_service.sync()
    assert "a bug in Docent stopped it (ZeroDivisionError)" in report.error
    assert set(question_service.store.documents) == before
    assert "Traceback" in caplog.text


@pytest.mark.slow
async def test_what_may_lie_behind_what_is_not_listed_stays() -> None:
    """A page that isn't listed is deleted, unless it may lie behind what could not be listed, which is named."""

    class Half(Shelf):
        async def entries(self) -> AsyncIterator[Entry]:
            self.unlisted.append(Unlisted("folder a", "it answered 500", ("a/",), ".md"))
            async for entry in super().entries():
                yield entry

    pages = {f"{folder}/{n}.md": f"# {folder}{n}\n\nText {folder}{n}." for folder in "ab" for n in range(6)}
    question_service = Desk(dict(pages))
    await question_service.sync()
    question_service.shelf = Half(
        {path: text for path, text in pages.items() if path[0] == "b" and path != "b/3.md"}
    )
    for full in (False, True):
        report = await question_service.sync(full=full)
        assert report.deleted == (not full)
        assert [(each.name, each.reason) for each in report.failed] == [("folder a", "it answered 500")]
    assert sum(":a/" in doc_id for doc_id in question_service.store.documents) == 6
    assert not any(doc_id.endswith("b/3.md") for doc_id in question_service.store.documents)


async def test_progress() -> None:
    """Progress tells each stage, never goes back, and ends at the total."""
    seen: list[Progress] = []

    async def show(progress: Progress) -> None:
        seen.append(progress)

    question_service = Desk(many(100))
    question_service.shelf.pages["empty.md"] = ""
    await question_service.sync(progress=show)
    assert [seen[0].stage, seen[-1].stage] == ["listing", "done"]
    assert seen[0].total is None
    assert (seen[-1].done, seen[-1].total) == (101, 101)
    assert [progress.done for progress in seen] == sorted(progress.done for progress in seen)


async def test_paths(question_service: Desk) -> None:
    """A sync of some paths looks at nothing else, also for deletions."""
    pages = question_service.shelf.pages
    pages["page-1.md"] = "Changed."
    pages["page-2.md"] = "Changed as well."
    del pages["page-3.md"], pages["page-4.md"]
    report = await question_service.sync(paths=("page-1.md", "page-3.md", "page-9.md"))
    assert counts(report) == {"changed": 1, "deleted": 1, "unchanged": 1, "embedded": 1}


async def test_full(question_service: Desk) -> None:
    """A full sync reads every page again, but embeds no text twice."""
    question_service.shelf.fetched.clear()
    assert counts(await question_service.sync(full=True)) == {"unchanged": 10}
    assert len(question_service.shelf.fetched) == 10


@pytest.mark.slow
async def test_random_history(tmp_path: Path) -> None:
    """After any run of changes to a folder, each synced, the store is what a fresh one would be."""
    rng = random.Random(5)  # noqa: S311 - a repeatable history
    folder = tmp_path / "docs"
    put(folder, many(12))
    question_service = Desk()
    question_service.shelf = open_source(settings(path=str(folder)), Surroundings(tmp_path))  # type: ignore[assignment]
    for step in range(25):
        for change in rng.sample([_add, _change, _rename, _delete], 2):
            change(folder, rng, step)
        await question_service.sync(confirm_deletes=True)
        fresh = FakeStore(FakeStorage())
        await sync_all([question_service.shelf], fresh, FakeEmbedder())
        assert _content(question_service.store) == _content(fresh)


def _content(store: FakeStore) -> dict[str, object]:
    return {
        doc_id: (indexed.document, [(one.chunk, one.text_hash) for one in indexed.chunks])
        for doc_id, indexed in store.documents.items()
    }


def _files(folder: Path) -> list[Path]:
    return sorted(folder.glob("**/*.md"))


def _add(folder: Path, rng: random.Random, step: int) -> None:
    put(folder, {f"{rng.choice('ab')}/new-{step}.md": f"# New {step}\n\nText."})


def _change(folder: Path, rng: random.Random, step: int) -> None:
    page = rng.choice(_files(folder))
    page.write_text(page.read_text() + f"\n\nStep {step}.")


def _rename(folder: Path, rng: random.Random, step: int) -> None:
    rng.choice(_files(folder)).rename(folder / f"renamed-{step}.md")


def _delete(folder: Path, rng: random.Random, step: int) -> None:
    if len(files := _files(folder)) > 5:
        rng.choice(files).unlink()


@pytest.mark.slow
async def test_a_page_that_sets_off_a_bug(question_service: Desk) -> None:
    """A page that makes Docent itself fail is named, and keeps no other out."""

    class Careless(Shelf):
        async def fetch(self, entry: Entry) -> Fetched:
            found = await super().fetch(entry)
            return Fetched(found.name, "no bytes") if entry.path == "odd.md" else found  # type: ignore[arg-type]

    question_service.shelf = Careless(
        {**question_service.shelf.pages, "odd.md": "# Odd", "new.md": "# New\n\nText."}
    )
    report = await question_service.sync()
    assert [(failure.name, failure.reason) for failure in report.failed] == [
        ("odd.md", "a bug in Docent (TypeError)")
    ]
    assert "new.md" in question_service.stored


async def test_none_is_fetched_after_the_end(question_service: Desk) -> None:
    """A source that fails whole while pages are fetched ends the fetching of the others."""
    under_way, left = asyncio.Event(), asyncio.Event()

    class Failing(Shelf):
        async def fetch(self, entry: Entry) -> Fetched:
            if entry.path == "a.md":
                await under_way.wait()
                raise ListingFailed("the network is gone")
            under_way.set()
            try:
                await asyncio.Event().wait()
            finally:
                left.set()
            raise AssertionError

    question_service.shelf = Failing({"a.md": "# A", "b.md": "# B"})
    assert "the network is gone" in (await question_service.sync()).error
    assert left.is_set()


async def test_page_that_can_no_longer_be_understood_is_taken_out() -> None:
    """A page whose audience can't be understood any more is removed at once, and named."""
    question_service = Desk({"a.md": "Open text.", "b.md": "Other."})
    await question_service.sync()
    question_service.shelf.pages["a.md"] = "audience: managers\n\nSecret text."
    report = await question_service.sync()
    assert list(question_service.stored) == ["b.md"]
    assert [failure.name for failure in report.failed] == ["a.md"]


async def test_hidden_pages_wait_for_no_word() -> None:
    """However many pages lose their audience at once, none of them stays."""
    question_service = Desk({f"{n}.md": f"Text {n}." for n in range(10)})
    await question_service.sync()
    question_service.shelf.pages = {
        path: f"audience: managers\n\n{text}" for path, text in question_service.shelf.pages.items()
    }
    report = await question_service.sync()
    assert (question_service.stored, report.held_back, report.deleted) == ({}, 0, 10)


async def test_drafts_are_counted() -> None:
    """A page that became a draft is taken out of the index, and counted."""
    question_service = Desk({"a.md": "Text.", "b.md": "Other.", "c.md": "Third."})
    await question_service.sync()
    question_service.shelf.pages["a.md"] = "---\ndraft: true\n---\nText."
    report = await question_service.sync()
    assert sorted(question_service.stored) == ["b.md", "c.md"]
    assert (report.drafts, report.failed) == (1, ())


@pytest.mark.slow
async def test_words_kept() -> None:
    """The report says for each format how much of its text arrived, and warns of pages that lack most of theirs."""
    shelf = Shelf({"a.md": f"# A\n\n{WORDS}", "b.html": LOSSY, "c.md": f"# C\n\n{WORDS}"})
    (report,) = await sync_all([shelf], FakeStore(FakeStorage()), None)
    assert report.words == (WordsKept("html", 120, 40), WordsKept("md", 82, 82))
    assert [warning.name for warning in report.warnings] == ["b.html"]
    assert "only 33 % of its words arrived" in report.warnings[0].reason


async def lossy(question_service: Desk) -> dict[str, str]:
    return {
        page.name: page.reason for page in lossy_pages(await question_service.store.revisions("handbook"))
    }


@pytest.fixture
async def lacking() -> Desk:
    """A page lacks most of its words, two others don't."""
    made = Desk({"a.md": f"# A\n\n{WORDS}", "b.html": LOSSY, "c.md": "# C\n\nShort."})
    await made.sync()
    return made


@pytest.mark.slow
async def test_lossy_pages_are_known(lacking: Desk) -> None:
    """However often nothing is changed, and whatever fails, until the page itself is another one."""
    known = await lossy(lacking)
    assert list(known) == ["b.html"]
    assert known["b.html"].startswith("only 33 % of its words arrived (40 of 120): the page's main part")
    report = await lacking.sync()
    assert (report.unchanged, report.warnings) == (3, ())
    assert await lossy(lacking) == known
    lacking.shelf.pages["a.md"] = "# A\n\nOther."
    await lacking.sync(paths=("a.md",))
    await lacking.sync(full=True)
    lacking.shelf.error = ListingFailed("it is down")
    assert (await lacking.sync()).error
    lacking.shelf.error = None
    lacking.shelf.pages["b.html"] = "<p>Mended, but not to be had."
    lacking.shelf.broken["b.html"] = PageFailed("it is locked")
    assert [failure.name for failure in (await lacking.sync()).failed] == ["b.html"]
    assert await lossy(lacking) == known


@pytest.mark.slow
async def test_lossy_page_renamed(lacking: Desk) -> None:
    """It is told by its new name, and is no new page."""
    lacking.shelf.pages["d.html"] = lacking.shelf.pages.pop("b.html")
    assert (await lacking.sync()).renamed == 1
    assert list(await lossy(lacking)) == ["d.html"]


@pytest.mark.slow
async def test_lossy_page_without_vectors(lacking: Desk) -> None:
    """That it waits for vectors hides nothing, nor that those who may see it are fewer and it can't be read."""
    assert lacking.embedder is not None
    lacking.embedder.failing = [DOWN] * 20
    lacking.shelf.pages["b.html"] = f"<h1>New</h1>{LOSSY}"
    await lacking.sync()
    assert (await lacking.store.revisions("handbook"))["handbook:b.html"].startswith("~")
    assert list(await lossy(lacking)) == ["b.html"]
    lacking.shelf = lacking.shelf.with_settings(audience=["hr"])
    lacking.shelf.broken["b.html"] = PageFailed("it is locked")
    await lacking.sync()
    assert lacking.audiences["b.html"] == {"hr"}
    assert list(await lossy(lacking)) == ["b.html"]


@pytest.mark.slow
@pytest.mark.parametrize("narrow", [(), ("b.html",)])
async def test_lossy_page_mended(lacking: Desk, narrow: tuple[str, ...]) -> None:
    """Read anew and whole, it isn't told any more; nor is one that is gone."""
    lacking.shelf.pages["b.html"] = f"<p>{WORDS}</p>"
    assert (await lacking.sync(paths=narrow)).changed == 1
    assert await lossy(lacking) == {}


@pytest.mark.slow
@pytest.mark.parametrize("narrow", [(), ("b.html",)])
async def test_lossy_page_gone(lacking: Desk, narrow: tuple[str, ...]) -> None:
    """A page that is deleted lacks nothing any more."""
    del lacking.shelf.pages["b.html"]
    assert (await lacking.sync(paths=narrow)).deleted == 1
    assert await lossy(lacking) == {}
