"""Which of a source's pages a sync may delete."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from bot.model import Progress, SyncReport
from bot.ports import IndexFormat
from bot.revisions import WITHOUT_VECTORS
from indexer.reading.chunker import CHUNKING
from indexer.reading.machines import ThisMachine
from indexer.reading.page_builder import NoPage, Page, RawPage, build
from indexer.reading.reader_pool import Readers
from indexer.sources.base import Entry, Fetched, Source, Surroundings, Unlisted
from indexer.sync.diff import Listed, Renames, SyncDiff, compare, deletes_too_much, same_page
from indexer.sync.sync_all import SyncOptions, forget, sync_all
from tests.support.fakes import FakeStore
from tests.support.pages import settings


@pytest.mark.parametrize(
    ("deletes", "stored", "left", "share", "waits"),
    [
        (0, 10, 10, 0.2, False),
        (0, 0, 0, 0.2, False),
        (1, 2, 1, 0.2, False),  # one of several may always go
        (1, 10, 9, 0.0, False),
        (1, 1, 0, 0.2, True),  # the last one not
        (10, 10, 0, 1.0, True),
        (2, 10, 8, 0.2, False),
        (3, 10, 7, 0.2, True),
        (2, 10, 8, 0.1, True),
        (2, 10, 0, 1.0, True),
    ],
)
def test_how_many_may_go_at_once(deletes: int, stored: int, left: int, share: float, waits: bool) -> None:  # noqa: FBT001 - a parameter
    """More than a share of the stored pages, or all that a source has, wait for an admin's word."""
    assert deletes_too_much(deletes, stored, left, share) is waits


# --- what a listing means -------------------------------------------------------------------------

_STORED = {"s:a": "A.m.1", "s:b": "B.m.1", "s:c": "~C.m.1"}


@pytest.mark.parametrize(
    ("listed", "how", "means"),
    [
        ([("a", "m", "1"), ("b", "m", "1"), ("c", "m", "1")], {}, SyncDiff((), 3)),
        ([("a", "m", "2"), ("b", "n", "1"), ("c", "m", "1")], {}, SyncDiff(("s:a", "s:b"), 1)),
        ([("d", "m", "1"), ("a", "m", "1")], {}, SyncDiff(("s:d",), 1, frozenset({"s:b", "s:c"}))),
        ([("b", "m", "1"), ("a", "m", "1")], {"full": True}, SyncDiff(("s:b", "s:a"), 0, frozenset({"s:c"}))),
        ([("a", "m", "1"), ("b", "m", "1"), ("c", "m", "1")], {"vectors": True}, SyncDiff(("s:c",), 2)),
        ([("a", "m", "2"), ("b", "m", "2")], {"only": {"s:a", "s:c"}}, SyncDiff(("s:a",), 0, frozenset({"s:c"}))),
        ([("a", "m", "2"), ("b", "m", "2")], {"only": {"s:b"}}, SyncDiff(("s:b",), 0)),
        ([], {}, SyncDiff((), 0, frozenset(_STORED))),
    ],
)  # fmt: skip
def test_what_is_read_and_what_is_gone(listed: Any, how: Any, means: SyncDiff) -> None:
    """Pages whose revision or settings changed are read, also those that wait for vectors; what isn't listed is gone."""
    stored = {doc_id: revision.replace("~", WITHOUT_VECTORS) for doc_id, revision in _STORED.items()}
    pages = [Listed(f"s:{path}", meta, revision) for path, meta, revision in listed]
    assert compare(pages, stored, **how) == means


def test_a_revision_may_have_dots() -> None:
    """As versions and times have."""
    assert compare([Listed("s:a", "m", "1.2.3")], {"s:a": "A.m.1.2.3"}) == SyncDiff((), 1)


@pytest.mark.parametrize("stored", ["", "A", "A.m"])
def test_a_revision_of_another_form_is_read_again(stored: str) -> None:
    """What an older Docent wrote says nothing of the page."""
    assert compare([Listed("s:a", "m", "1")], {"s:a": stored}) == SyncDiff(("s:a",), 0)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("A.m.1", "A.m.2", True),
        ("~A.m.1", "A.m.1.5", True),
        ("A.m.1", "~A.m.1", True),
        ("A.m.1", "A.n.1", False),
        ("A.m.1", "B.m.1", False),
    ],
)
def test_what_is_one_page(one: str, other: str, same: bool) -> None:  # noqa: FBT001 - a parameter
    """The same content and settings, whatever the source calls its revision, with vectors or without."""
    assert same_page(one.replace("~", WITHOUT_VECTORS), other.replace("~", WITHOUT_VECTORS)) is same


def test_a_new_page_takes_a_vanished_ones_place() -> None:
    """Of the same content, once: the one of the same name, else the first; or one that its source says it was."""
    stored = {
        "s:b/c/x.md": "A.m.1",
        "s:a/y.md": "A.m.1",
        "s:c.md": "C.m.1",
        "s:d.md": "D.m.1",
        "s:here.md": "A.m.1",
    }
    renames = Renames({"s:b/c/x.md", "s:a/y.md", "s:c.md", "s:d.md"}, stored)
    assert renames.take("s:new/d/x.md", "A.m.2") == "s:b/c/x.md"
    assert renames.take("s:new/z.md", "A.m.2") == "s:a/y.md"
    assert renames.take("s:new/w.md", "A.m.2") is None
    assert renames.take("s:new/c.md", "Z.m.1", ["s:never.md", "s:here.md", "s:c.md"]) == "s:c.md"
    assert renames.take("s:new/c2.md", "Z.m.1", ["s:c.md"]) is None
    assert renames.gone == {"s:d.md"}


# --- a sync ---------------------------------------------------------------------------------------


class InThisProcess(Readers):
    """Reads pages where the test is."""

    async def read(self, pages: Sequence[RawPage]) -> list[Page | NoPage]:
        return [build(page) for page in pages]

    async def _read(self, lots: Any) -> Any:
        raise AssertionError


class Here(ThisMachine):
    """Needs no process."""

    @asynccontextmanager
    async def readers(self, workers: int, pages: int) -> AsyncIterator[Readers]:
        yield InThisProcess()


class Shelf(Source):
    """Pages in memory."""

    def __init__(self, pages: dict[str, str], **fields: object) -> None:
        super().__init__(settings(**fields), Surroundings(Path()))
        self.pages = pages
        self.missing: list[Unlisted] = []

    async def entries(self) -> AsyncIterator[Entry]:
        for path, text in list(self.pages.items()):
            yield Entry(path, str(hash(text)))
        self.unlisted = self.missing

    async def fetch(self, entry: Entry) -> Fetched:
        return Fetched(entry.path, self.pages[entry.path].encode())


class Desk:
    """A source of so many pages, synced."""

    def __init__(self, pages: int, **fields: object) -> None:
        self.shelf = Shelf({f"p{n:03}.md": f"Page {n}." for n in range(pages)}, **fields)
        self.store = FakeStore()
        self.shown: list[Progress] = []

    async def sync(self, **options: Any) -> SyncReport:
        (report,) = await sync_all([self.shelf], self.store, None, SyncOptions(machines=Here(), **options))
        return report

    def take_away(self, *numbers: int) -> None:
        for number in numbers:
            del self.shelf.pages[f"p{number:03}.md"]

    @property
    def stored(self) -> int:
        return len(self.store.documents)

    async def show(self, progress: Progress) -> None:
        self.shown.append(progress)


def told(report: SyncReport) -> tuple[int, int, tuple[str, ...]]:
    return report.deleted, report.held_back, report.held


@pytest.mark.parametrize(
    ("gone", "emptied", "how", "settings_", "result"),
    [
        ([0, 1], [], {}, {}, (2, 0, ())),
        ([2, 0, 1], [], {}, {}, (0, 3, ("p000.md", "p001.md", "p002.md"))),
        ([0, 1], [2], {}, {}, (0, 3, ("p000.md", "p001.md", "p002.md"))),
        ([], [0, 1], {}, {}, (2, 0, ())),
        ([0, 1, 2], [], {"confirm_deletes": True}, {}, (3, 0, ())),
        ([0, 1, 2], [3], {"confirm_deletes": True}, {}, (4, 0, ())),
        ([0], [], {"held": frozenset({"handbook"})}, {}, (0, 1, ("p000.md",))),
        ([0], [1], {"held": frozenset({"handbook"})}, {}, (1, 1, ("p000.md",))),
        ([0], [], {"held": frozenset({"other"})}, {}, (1, 0, ())),
        ([0], [], {"held": frozenset({"handbook"}), "confirm_deletes": True}, {}, (1, 0, ())),
        ([0, 1], [], {"max_deleted_share": 0.1}, {}, (0, 2, ("p000.md", "p001.md"))),
        ([0, 1], [], {"max_deleted_share": 0.1}, {"max_deleted_share": 0.2}, (2, 0, ())),
        ([0, 1], [], {}, {"max_deleted_share": 0.1}, (0, 2, ("p000.md", "p001.md"))),
        (range(10), [], {"max_deleted_share": 1.0}, {}, (0, 10, tuple(f"p{n:03}.md" for n in range(10)))),
        (range(1, 10), [0], {"max_deleted_share": 1.0}, {}, (0, 10, tuple(f"p{n:03}.md" for n in range(10)))),
        (range(1, 10), [], {"max_deleted_share": 1.0}, {}, (9, 0, ())),
    ],
)  # fmt: skip
async def test_what_a_sync_deletes(gone: Any, emptied: Any, how: Any, settings_: Any, result: Any) -> None:
    """Of ten pages what left its source and what was emptied; more than may go at once waits, and is named."""
    question_service = Desk(10, **settings_)
    assert (await question_service.sync()).added == 10
    question_service.take_away(*gone)
    for number in emptied:
        question_service.shelf.pages[f"p{number:03}.md"] = ""
    report = await question_service.sync(**how)
    assert told(report) == result
    assert question_service.stored == 10 - report.deleted


async def test_many_are_deleted_some_at_a_time() -> None:
    """So that no write holds the store for long, and it is told how far it is."""
    question_service = Desk(450)
    await question_service.sync()
    question_service.take_away(*range(401))
    question_service.store.writes.clear()
    report = await question_service.sync(confirm_deletes=True, progress=question_service.show)
    assert told(report) == (401, 0, ())
    assert [len(ids) for ids in question_service.store.writes] == [200, 200, 1]
    assert question_service.store.writes[0][0] == "handbook:p000.md"
    assert question_service.stored == 49
    assert question_service.shown[-1].stage == "done"
    assert 0 <= report.stages["deleting"] < 1000


async def test_twenty_that_wait_are_named() -> None:
    """The number says how many there are."""
    question_service = Desk(30)
    await question_service.sync()
    question_service.take_away(*range(25))
    assert told(await question_service.sync()) == (0, 25, tuple(f"p{n:03}.md" for n in range(20)))


async def test_what_could_not_be_listed_is_not_gone() -> None:
    """A page that may lie behind a folder that couldn't be read stays."""
    question_service = Desk(10)
    await question_service.sync()
    question_service.take_away(0, 1)
    question_service.shelf.missing = [Unlisted("p000", "it can't be read", below=("p000",))]
    assert (await question_service.sync()).deleted == 1
    assert "handbook:p000.md" in question_service.store.documents


async def test_a_page_that_was_hidden_goes_at_once() -> None:
    """However many they are: nobody waits for a word while the wrong people read it."""
    question_service = Desk(10)
    await question_service.sync()
    for number in range(8):
        question_service.shelf.pages[f"p{number:03}.md"] = "---\naudience: [a]\naudiences: [b]\n---\nPage."
    report = await question_service.sync()
    assert (report.deleted, report.held_back) == (8, 0)
    assert question_service.stored == 2


# --- an index that is built anew, and sources that left -------------------------------------------


async def rebuilt(
    gone: Sequence[int], missing: Sequence[Unlisted] = (), pages: Mapping[str, str] | None = None, **how: Any
) -> tuple[Any, bool]:
    """What a sync that builds the index anew says, and whether the new one took the old one's place."""
    question_service = Desk(10)
    await question_service.sync()
    live = question_service.store.storage.live
    assert live is not None
    live.format = IndexFormat("old", 0, CHUNKING)
    question_service.take_away(*gone)
    question_service.shelf.missing = list(missing)
    question_service.shelf.pages |= pages or {}
    report = await question_service.sync(**how)
    return (report.held_back, report.held), question_service.store.storage.live is not live


@pytest.mark.parametrize(
    ("gone", "how", "result"),
    [
        ([], {}, ((0, ()), True)),
        ([0, 1], {}, ((0, ()), True)),
        ([2, 0, 1], {}, ((3, ("p000.md", "p001.md", "p002.md")), False)),
        ([0, 1, 2], {"confirm_deletes": True}, ((0, ()), True)),
        ([0, 1], {"max_deleted_share": 0.1}, ((2, ("p000.md", "p001.md")), False)),
        (range(10), {"max_deleted_share": 1.0}, ((10, tuple(f"p{n:03}.md" for n in range(10))), False)),
    ],
)
async def test_a_new_index_is_no_way_around(gone: Sequence[int], how: Any, result: Any) -> None:
    """Where it lacks more than may go at once, the old one stays until an admin says so."""
    assert await rebuilt(gone, **how) == result


async def test_a_new_index_lacks_what_could_not_be_listed() -> None:
    """One such page is enough for the old index to stay."""
    missing = Unlisted("p000", "it can't be read", below=("p000",))
    assert await rebuilt([0], [missing]) == ((1, ("p000.md",)), False)
    assert await rebuilt([1], [missing]) == ((0, ()), True)


async def test_what_a_new_index_has_otherwise_is_no_loss() -> None:
    """A page with another name or with other words is there."""
    moved = {f"new/p{n:03}.md": f"Page {n}." for n in range(5)}
    assert await rebuilt(range(5), pages=moved) == ((0, ()), True)
    assert await rebuilt([], pages={f"p{n:03}.md": "Other words." for n in range(5)}) == ((0, ()), True)


async def test_a_source_that_left_is_forgotten_whole() -> None:
    """All of its pages, some at a time, and none of another."""
    question_service = Desk(401)
    await question_service.sync()
    question_service.store.writes.clear()
    reports = await forget(["other", "handbook"], question_service.store)
    assert [(one.source, one.deleted) for one in reports] == [("handbook", 401), ("other", 0)]
    assert [len(ids) for ids in question_service.store.writes] == [200, 200, 1]
    assert question_service.stored == 0
