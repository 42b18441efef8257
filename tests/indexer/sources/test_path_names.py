"""Files whose names aren't UTF-8, in folders and in git, through a whole sync."""

import os
from pathlib import Path

import pytest

from bot.model import SyncReport
from indexer.sources import open_source
from indexer.sources.base import Source, Surroundings
from indexer.sources.path_names import decoded
from indexer.sync.source_sync import SyncOptions
from indexer.sync.sync_all import sync_all
from tests.indexer.sources.test_git import Repository
from tests.support.fakes import FakeStore
from tests.support.pages import settings

RENAME = "its name is neither UTF-8 nor readable as another encoding: rename it"


def write(folder: Path, files: dict[bytes, str]) -> None:
    for name, text in files.items():
        path = os.path.join(os.fsencode(folder), name)  # noqa: PTH118 - pathlib has no bytes
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120
        with open(path, "w") as file:  # noqa: PTH123
            file.write(text)


FILES = {
    b"plain.md": "# Plain",
    "grüße.md".encode(): "# Greetings",
    b"caf\xe9.md": "# Coffee",
    b"\xfcber/a.md": "# A",
    "日本/b.md".encode(): "# B",
    "手順.md".encode("shift-jis"): "# Steps",
    b"\xff\xfe\x81.md": "# None",
}


@pytest.fixture(params=["folder", "git"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    """The same files in a folder, and committed."""
    docs = tmp_path / "repo" / "docs"
    if request.param == "folder":
        write(docs, FILES)
        return open_source(settings(path=str(docs)), Surroundings(tmp_path / "data", 1000))
    repository = Repository(tmp_path / "repo")
    write(docs, FILES)
    repository.commit({})
    given = settings(type="git", path="docs", repo=str(repository.path))
    return open_source(given, Surroundings(tmp_path / "data", 1000))


async def synced(source: Source, store: FakeStore) -> SyncReport:
    (report,) = await sync_all([source], store, None, SyncOptions())
    await source.close()
    return report


async def test_names(source: Source) -> None:
    """A name that can be read is a page's; one that can't is told, with what to do."""
    store = FakeStore()
    report = await synced(source, store)
    assert set(store.documents) == {
        "handbook:plain.md",
        "handbook:grüße.md",
        "handbook:café.md",
        "handbook:über/a.md",
        "handbook:日本/b.md",
    }
    assert {(failure.name, failure.reason) for failure in report.failed} == {
        (r"\x8e\xe8\x8f\x87.md", RENAME),
        (r"\xff\xfe\x81.md", RENAME),
    }
    again = await synced(source, store)
    assert (again.unchanged, len(again.failed), again.deleted) == (5, 2, 0)


async def test_one_name_twice(tmp_path: Path) -> None:
    """Of two files that would have one name, the one in UTF-8 has it, and the other is told."""
    write(tmp_path / "docs", {"café.md".encode(): "# Right", b"caf\xe9.md": "# Other"})
    store = FakeStore()
    given = settings(path=str(tmp_path / "docs"))
    report = await synced(open_source(given, Surroundings(tmp_path / "data", 1000)), store)
    assert [each.document.title for each in store.documents.values()] == ["Right"]
    assert [(failure.name, failure.reason) for failure in report.failed] == [
        (r"caf\xe9.md", "its name is not UTF-8, and read as café.md it is another file's, too: rename it")
    ]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (b"a/b.md", "a/b.md"),
        (b"caf\xe9.md", "café.md"),
        ("ü".encode() + b"/caf\xe9.md", "ü/café.md"),
        (b"50\x80.md", None),  # a sign, no letter
        (b"\xc4\xe3\xba\xc3.md", None),  # Chinese
        (b"a\x81b.md", None),  # no letter of that page
    ],
)
def test_decoded(name: bytes, text: str | None) -> None:
    """The old Windows page is believed where it gives mostly plain letters, and letters for the others."""
    assert decoded(os.fsdecode(name)) == text
