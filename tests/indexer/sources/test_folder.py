"""A folder of files as a source."""

import json
import os
import socket
from dataclasses import asdict
from pathlib import Path

import pytest

from bot.config.loader import ConfigError
from bot.text.globs import matches
from indexer.sources import UnknownSource, open_source, source_types
from indexer.sources.base import (
    Entry,
    ListingFailed,
    PageFailed,
    PageGone,
    PageHidden,
    Source,
    Surroundings,
    audience_of,
)
from indexer.sync.source_sync import SyncOptions
from indexer.sync.sync_all import sync_all
from tests.support.fakes import FakeStore
from tests.support.pages import put, settings


def folder(path: Path, **fields: object) -> Source:
    return open_source(settings(path=str(path), **fields), Surroundings(path / ".docent", 1000))


async def listed(source: Source) -> list[str]:
    return sorted([entry.path async for entry in source.entries()])


async def test_listing(tmp_path: Path) -> None:
    """A folder lists the files of every known format, below it too, with their time of change."""
    put(tmp_path, {"a.md": "x", "b/c.PDF": "x", "b/d.txt": "x", "e.png": "x", ".git/f.md": "x", "g": "x"})
    os.utime(tmp_path / "a.md", (1_700_000_000, 1_700_000_000))
    source = folder(tmp_path)
    assert await listed(source) == ["a.md", "b/c.PDF", "b/d.txt"]
    first = await anext(aiter(source.entries()))
    assert first.updated_at is None  # a file's time is that of its last copy


async def test_globs(tmp_path: Path) -> None:
    """What is included and not excluded is listed."""
    put(tmp_path, {"a.md": "x", "b/c.md": "x", "b/drafts/d.md": "x", "b/e.txt": "x"})
    source = folder(tmp_path, include=["**/*.md"], exclude=["**/drafts/", "a.*"])
    assert await listed(source) == ["b/c.md"]


@pytest.mark.parametrize(
    ("glob", "path", "fits"),
    [
        ("**/*.md", "a.md", True),
        ("**/*.md", "a/b/c.md", True),
        ("*.md", "a/b.md", False),
        ("docs/", "docs/a/b.md", True),
        ("docs/**", "docs/a.md", True),
        ("docs/*", "docs/a/b.md", False),
        ("./a?.md", "ab.md", True),
        ("**/*.{md,txt}", "x/y.txt", True),
        ("**/draft-*/**", "a/draft-1/b.md", True),
        ("a+b.md", "a+b.md", True),
        ("a.md", "axmd", False),
    ],
)
def test_glob(glob: str, path: str, fits: bool) -> None:  # noqa: FBT001 - a parameter
    """Globs mean what they mean to git."""
    assert matches(path, glob) is fits


async def test_revision_follows_the_file(tmp_path: Path) -> None:
    """A file's revision changes with it."""
    put(tmp_path, {"a.md": "one"})
    source = folder(tmp_path)
    (before,) = [entry async for entry in source.entries()]
    (again,) = [entry async for entry in source.entries()]
    put(tmp_path, {"a.md": "other"})
    (after,) = [entry async for entry in source.entries()]
    assert before.revision == again.revision != after.revision


async def test_fetch(tmp_path: Path) -> None:
    """A file is fetched as its bytes."""
    put(tmp_path, {"a b/ü.md": "grüße"})
    source = folder(tmp_path)
    (entry,) = [entry async for entry in source.entries()]
    fetched = await source.fetch(entry)
    assert (fetched.name, fetched.data.decode()) == ("a b/ü.md", "grüße")


@pytest.mark.parametrize("missing", ["not-there", "a.md"])
async def test_missing_root(tmp_path: Path, missing: str) -> None:
    """A root that is missing, or no folder, is an error and not an empty listing."""
    put(tmp_path, {"a.md": "x"})
    with pytest.raises(ListingFailed, match=missing):
        await listed(folder(tmp_path / missing))


async def test_empty_root(tmp_path: Path) -> None:
    """An empty root is an error: a disk that isn't mounted looks like this."""
    with pytest.raises(ListingFailed, match="empty"):
        await listed(folder(tmp_path))


def too_deep(folder: Path) -> str:
    """Folders in folders until the last one's path is longer than the system takes: not even root can read it."""
    parts, here = [], os.open(folder, os.O_DIRECTORY)
    while len("/".join([str(folder), *parts])) <= os.pathconf("/", "PC_PATH_MAX"):
        parts.append("d" * 250)
        os.mkdir(parts[-1], dir_fd=here)
        here, before = os.open(parts[-1], os.O_DIRECTORY, dir_fd=here), here
        os.close(before)
    os.close(here)
    return "/".join(parts)


async def test_unreadable_folder(tmp_path: Path) -> None:
    """A folder that can't be read costs its own pages' news: it is named, and they don't seem deleted."""
    put(tmp_path, {"a.md": "x"})
    deep = too_deep(tmp_path)
    source = folder(tmp_path)
    assert await listed(source) == ["a.md"]
    (missed,) = source.unlisted
    assert deep.startswith(missed.name.rstrip("/"))
    assert "can't be read" in missed.reason
    assert source.may_still_have(f"{deep}/b.md")
    assert not source.may_still_have("a.md")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
async def test_forbidden_folder(tmp_path: Path) -> None:
    """A folder that Docent may not read is named, and a link into it, too."""
    put(tmp_path, {"a.md": "x", "b/c.md": "x"})
    (tmp_path / "l.md").symlink_to("b/c.md")
    (tmp_path / "b").chmod(0)
    source = folder(tmp_path)
    try:
        assert await listed(source) == ["a.md"]
    finally:
        (tmp_path / "b").chmod(0o700)
    assert {each.name for each in source.unlisted} == {"b/", "l.md"}


async def test_nothing_but_trouble(tmp_path: Path) -> None:
    """Where nothing can be read, the listing fails, and says what was in the way."""
    too_deep(tmp_path)
    with pytest.raises(ListingFailed, match=r"empty, and .*can't be read"):
        await listed(folder(tmp_path))


async def test_all_that_a_folder_may_hold(tmp_path: Path) -> None:
    """Pipes, sockets, links to nowhere and names of no encoding are named; the rest is indexed, and none is deleted."""
    root = tmp_path / "root"
    put(root, {f"{n}.md": f"# Page {n}\n\nText {n}." for n in range(6)})
    put(root, {"deep/kept.md": "# Kept"})
    source, store = folder(root), FakeStore()
    (first,) = await sync_all([source], store, None, SyncOptions())
    assert (first.added, first.error, first.failed, first.warnings) == (7, "", (), ())
    os.mkfifo(root / "pipe.md")
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(str(root / "socket.md"))
    (root / "nowhere.md").symlink_to("missing.md")
    (root / "through.md").symlink_to("0.md/x.md")
    (root / "circle.md").symlink_to("circle.md")
    (root / "away").symlink_to(tmp_path)
    (root / "out.md").symlink_to("/etc/passwd")
    (root / os.fsdecode(b"l\xe4nk.md")).symlink_to("missing.md")
    (root / os.fsdecode(b"\xff\xfe\x81.md")).write_text("# None")
    too_deep(root / "deep")
    report = (await sync_all([source], store, None, SyncOptions()))[0]
    assert (report.added, report.deleted, report.unchanged, report.error) == (0, 0, 7, "")
    assert {each.name for each in report.warnings} == {
        "pipe.md", "socket.md", "nowhere.md", "through.md", "circle.md", "away", "out.md", "länk.md",
    }  # fmt: skip
    assert sorted(each.name[:6] for each in report.failed) == ["\\xff\\x", "deep/d"]
    json.dumps([asdict(each) for each in (*report.warnings, *report.failed)], ensure_ascii=False).encode()


async def test_links_stay_inside(tmp_path: Path) -> None:
    """Links are followed to files within the root only, and never to folders."""
    put(tmp_path, {"root/a.md": "x", "root/b/c.md": "x", "outside/secret.md": "secret"})
    root = tmp_path / "root"
    (root / "in.md").symlink_to(root / "a.md")
    (root / "out.md").symlink_to(tmp_path / "outside/secret.md")
    (root / "away").symlink_to(tmp_path / "outside")
    (root / "loop").symlink_to(root)
    (root / "broken.md").symlink_to(root / "nowhere.md")
    source = folder(root)
    assert await listed(source) == ["a.md", "b/c.md", "in.md"]
    for path in ("out.md", "away/secret.md", "../outside/secret.md"):
        with pytest.raises(PageFailed, match="outside"):
            await source.fetch(Entry(path, "1"))


async def test_file_too_large(tmp_path: Path) -> None:
    """A file above the limit fails with its size and the limit's name; a source may have its own limit."""
    put(tmp_path, {"a.md": "x" * 2000})
    with pytest.raises(PageFailed, match="max_bytes"):
        await folder(tmp_path).fetch(Entry("a.md", "1"))
    assert (await folder(tmp_path, max_bytes=5000).fetch(Entry("a.md", "1"))).data


async def test_file_vanished(tmp_path: Path) -> None:
    """A file that vanished since the listing is gone, not broken."""
    with pytest.raises(PageGone):
        await folder(tmp_path).fetch(Entry("a.md", "1"))


async def test_pipes_are_no_pages(tmp_path: Path) -> None:
    """What is no regular file is not listed: reading a pipe would wait for ever."""
    put(tmp_path, {"a.md": "x"})
    os.mkfifo(tmp_path / "pipe.md")
    assert await listed(folder(tmp_path)) == ["a.md"]


async def test_owners(tmp_path: Path) -> None:
    """The source's configured owners are its pages'."""
    put(tmp_path, {"a.md": "x"})
    (entry,) = [entry async for entry in folder(tmp_path, owners=["Ada"]).entries()]
    assert entry.owners == ("Ada",)


def test_unknown_type() -> None:
    """A type that isn't there is named, with those that are."""
    with pytest.raises(UnknownSource, match=r"'foldr'.*folder, gdrive, git"):
        open_source(settings(type="foldr"), Surroundings(Path()))
    assert {"folder", "git"} <= set(source_types())


def test_wrong_option() -> None:
    """An option that the type doesn't know is a mistake in the configuration."""
    with pytest.raises(ConfigError, match="includes"):
        open_source(settings(includes=["*.md"]), Surroundings(Path()))


async def test_a_link_is_for_whom_both_places_are(tmp_path: Path) -> None:
    """A link in an open folder to a page for managers is for managers."""
    put(tmp_path, {"hr/pay.md": "x", "open/a.md": "x", "drafts/b.md": "x"})
    (tmp_path / "open/pay.md").symlink_to("../hr/pay.md")
    (tmp_path / "hr/a.md").symlink_to("../open/a.md")
    (tmp_path / "open/b.md").symlink_to("../drafts/b.md")
    source = folder(tmp_path, audience_of={"hr/**": ["managers"]}, exclude=["drafts/**"])
    entries = {entry.path: entry async for entry in source.entries()}
    for path in ("open/pay.md", "hr/a.md", "hr/pay.md"):
        assert audience_of(source.settings, entries[path]) == {"managers"}
    with pytest.raises(PageHidden, match="excluded"):
        await source.fetch(entries["open/b.md"])


async def test_links_below_another_folder(tmp_path: Path) -> None:
    """Links may lead below the folder that `links` names, and nowhere else."""
    put(tmp_path, {"shared/README.md": "An otter.", "secret.md": "x", "docs/a.md": "x"})
    (tmp_path / "docs/index.md").symlink_to("../shared/README.md")
    (tmp_path / "docs/other.md").symlink_to("../secret.md")
    source = folder(tmp_path / "docs", links=str(tmp_path / "shared"))
    assert await listed(source) == ["a.md", "index.md"]
    assert (await source.fetch(Entry("index.md", "1"))).data == b"An otter."
    with pytest.raises(PageFailed):
        await source.fetch(Entry("other.md", "1"))


@pytest.mark.parametrize("size", [20, 100_000, 2_000_000])
async def test_change_with_the_same_size_and_time(tmp_path: Path, size: int) -> None:
    """A page that is written anew with as many bytes and the time of before has another revision."""
    revisions = []
    for letter in "ab":
        put(tmp_path, {"new.md": letter * size})
        os.utime(tmp_path / "new.md", (315_532_800, 315_532_800))
        (tmp_path / "new.md").replace(tmp_path / "page.md")
        revisions += [entry.revision async for entry in folder(tmp_path).entries()]
    assert len(set(revisions)) == 2


async def test_what_open_files_leave_behind(tmp_path: Path) -> None:
    """Locks of editors and offices, and what a Mac leaves on foreign disks, are no pages and no failures."""
    put(tmp_path, {"a.md": "x", "~$report.docx": "x", ".~lock.a.docx#": "x", "._a.md": "x"})
    (tmp_path / ".#a.md").symlink_to("ada@desk.1234")
    source = folder(tmp_path)
    assert (await listed(source), source.warned) == (["a.md"], [])


@pytest.mark.parametrize(
    ("name", "software"),
    [
        ("docs/mkdocs.yml", "mkdocs"),
        ("mkdocs.yaml", "mkdocs"),
        ("docusaurus.config.ts", "docusaurus"),
        ("docs/.vitepress/config.ts", "vitepress"),
        ("docs/conf.py", "sphinx"),
        ("hugo.toml", "hugo"),
        ("antora.yml", "asciidoctor"),
        (".gitlab-ci.yml", "gitlab"),
        ("readme.txt", ""),
    ],
)
async def test_what_shows_the_pages(tmp_path: Path, name: str, software: str) -> None:
    """A file of settings in the pages' folder or above it tells whose anchors they have."""
    put(tmp_path, {"docs/a.md": "x", name: ""})
    assert {entry.anchors async for entry in folder(tmp_path / "docs").entries()} == {software}


async def test_links_out_of_the_folder_are_told(tmp_path: Path) -> None:
    """A link that leads outside is no page, and named; within a checkout it is followed."""
    put(tmp_path, {"pages/otter.md": "The mascot is an otter.", "docs/a.md": "x"})
    (tmp_path / "docs/index.md").symlink_to("../pages/otter.md")
    source = folder(tmp_path / "docs")
    assert await listed(source) == ["a.md"]
    assert [failure.name for failure in source.warned] == ["index.md"]
    (tmp_path / ".git").mkdir()
    entries = {entry.path: entry async for entry in source.entries()}
    assert b"otter" in (await source.fetch(entries["index.md"])).data


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "readme.md",
        "_readme_41.md",
        "CHANGELOG.md",
        "CODE_OF_CONDUCT.md",
        "README.de.md",
        "CHANGELOG-2.1.md",
    ],
)
@pytest.mark.parametrize("linked", [True, False])
async def test_the_readme_beside_the_folder_is_a_page(tmp_path: Path, name: str, *, linked: bool) -> None:
    """As MkDocs projects have it; also as git writes a link where it may make none. It is read anew when it changes."""
    put(tmp_path, {name: "The mascot is an otter.", "docs/a.md": "x"})
    link = tmp_path / "docs/index.md"
    if linked:
        link.symlink_to(f"../{name}")
    else:
        link.write_text(f"../{name}")
    source = folder(tmp_path / "docs")
    (entry, before) = [entry async for entry in source.entries()]
    assert (entry.path, before.path) == ("a.md", "index.md")
    assert b"otter" in (await source.fetch(before)).data
    (tmp_path / name).write_text("The mascot is a heron.")
    after = {entry.path: entry.revision async for entry in source.entries()}
    assert after["index.md"] != before.revision
    assert source.warned == []


@pytest.mark.parametrize(
    "leads",
    [
        "../salaries.md",
        "../../README.md",
        "../secret/README.md",
        "/etc/hostname",
        "../README.md/../salaries.md",
        "../README-passwords.md",
        "../security_audit.md",
    ],
)
@pytest.mark.parametrize("linked", [True, False])
async def test_no_other_page_beside_the_folder_is(tmp_path: Path, leads: str, *, linked: bool) -> None:
    """Nor one further up, or by a detour: who writes a link decides nothing about others' files."""
    put(
        tmp_path,
        {
            "README.md": "x",
            "a/README.md": "x",
            "a/salaries.md": "secret",
            "a/README-passwords.md": "secret",
            "a/security_audit.md": "secret",
            "a/secret/README.md": "secret",
        },
    )
    put(tmp_path / "a/docs", {"a.md": "x"})
    link = tmp_path / "a/docs/index.md"
    if linked:
        link.symlink_to(leads)
    else:
        link.write_text(leads)
    source = folder(tmp_path / "a/docs")
    read = [(await source.fetch(entry)).data async for entry in source.entries() if entry.path == "index.md"]
    assert read in ([], [leads.encode()])


async def test_what_only_looks_like_a_path_is_a_page(tmp_path: Path) -> None:
    """A page of a line that leads nowhere, or to another kind of file, says what it says."""
    put(
        tmp_path,
        {
            "docs/a.md": "../nowhere.md",
            "docs/b.md": "./c.txt",
            "docs/c.txt": "x",
            "docs/d.md": "../README.md\n",
        },
    )
    put(tmp_path, {"README.md": "x"})
    source = folder(tmp_path / "docs")
    entries = {entry.path: entry async for entry in source.entries()}
    assert [(await source.fetch(entries[name])).data for name in ("a.md", "b.md", "d.md")] == [
        b"../nowhere.md",
        b"./c.txt",
        b"../README.md\n",
    ]
