"""A git branch as a source, with the real git."""

import asyncio
import os
import subprocess
from pathlib import Path

import pytest

from bot.config.loader import ConfigError, load
from indexer.sources import open_source
from indexer.sources.base import Entry, ListingFailed, PageFailed, PageGone, Source, Surroundings, audience_of
from tests.support.pages import put, settings

WHEN = 1_700_000_000


class Repository:
    """A repository whose every commit is a day after the one before."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.day = 0
        path.mkdir(parents=True)
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str, author: str = "Ada") -> str:
        moment = f"{WHEN + self.day * 86400} +0000"
        environment = {
            **os.environ,
            "GIT_AUTHOR_NAME": author,
            "GIT_AUTHOR_EMAIL": "ada@example.com",
            "GIT_COMMITTER_NAME": author,
            "GIT_COMMITTER_EMAIL": "ada@example.com",
            "GIT_AUTHOR_DATE": moment,
            "GIT_COMMITTER_DATE": moment,
            "GIT_CONFIG_GLOBAL": os.devnull,
        }
        done = subprocess.run(
            ["git", "-C", str(self.path), *arguments],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.strip()

    def commit(self, files: dict[str, str | bytes | None], *, author: str = "Ada") -> None:
        self.day += 1
        put(self.path, {name: content for name, content in files.items() if content is not None})
        for name, content in files.items():
            if content is None:
                (self.path / name).unlink()
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "-m", "x", author=author)

    def move(self, old: str, new: str) -> None:
        self.day += 1
        (self.path / new).parent.mkdir(parents=True, exist_ok=True)
        self.git("mv", old, new)
        self.git("commit", "--quiet", "-m", "move")


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    made = Repository(tmp_path / "repo")
    made.commit({"docs/a.md": "one", "docs/b.md": "two", "other.md": "x", "docs/c.png": b"\x89"})
    made.commit({"docs/b.md": "two!"}, author="Bob")
    return made


def source(repo: Path | str, data: Path, **fields: object) -> Source:
    given = {"type": "git", "path": "docs", "repo": str(repo), **fields}
    return open_source(settings(**given), Surroundings(data, 1000))


async def listed(source: Source) -> dict[str, Entry]:
    return {entry.path: entry async for entry in source.entries()}


@pytest.mark.parametrize("prefix", ["", "file://"])
async def test_listing(repository: Repository, data: Path, prefix: str) -> None:
    """A branch lists its pages with blob, author and date of the last change, here or fetched from elsewhere."""
    one = source(f"{prefix}{repository.path}", data)
    entries = await listed(one)
    assert list(entries) == ["a.md", "b.md"]
    assert entries["b.md"].revision == repository.git("rev-parse", "HEAD:docs/b.md")
    assert entries["b.md"].owners == ("Bob",)
    assert entries["a.md"].owners == ("Ada",)
    moments = [entry.updated_at.timestamp() for entry in entries.values() if entry.updated_at]
    assert moments == [WHEN + 86400, WHEN + 2 * 86400]
    assert (await one.fetch(entries["b.md"])).data == b"two!"
    await one.close()


@pytest.mark.parametrize("prefix", ["", "file://"])
async def test_new_commits(repository: Repository, data: Path, prefix: str) -> None:
    """The next listing has what was committed since, and only that is fetched."""
    one = source(f"{prefix}{repository.path}", data)
    await listed(one)
    repository.commit({"docs/a.md": None, "docs/new.md": "new"}, author="Cleo")
    entries = await listed(one)
    assert list(entries) == ["b.md", "new.md"]
    assert entries["new.md"].owners == ("Cleo",)
    assert (await one.fetch(entries["new.md"])).data == b"new"
    await one.close()


async def test_another_process_goes_on(repository: Repository, data: Path) -> None:
    """A new process uses the clone and the history that are there."""
    address = f"file://{repository.path}"
    await listed(source(address, data))
    repository.commit({"docs/d.md": "four"})
    again = await listed(source(address, data))
    fresh = await listed(source(address, data / "fresh"))
    assert again == fresh
    assert len(list((data / "git").glob("*/HEAD"))) == 1


async def test_renames(repository: Repository, data: Path) -> None:
    """A page that was renamed and edited knows what it was called before."""
    repository.commit({"docs/long.md": "\n".join(f"line {n}" for n in range(30))})
    one = source(repository.path, data)
    await listed(one)
    repository.move("docs/long.md", "docs/sub/longer.md")
    repository.commit({"docs/sub/longer.md": "\n".join(f"line {n}" for n in range(31))})
    assert (await listed(one))["sub/longer.md"].previous == ("long.md",)


async def test_merged_history(repository: Repository, data: Path) -> None:
    """Dates are the same whether a history was read in one go or in steps, also across merges."""
    stepwise = source(repository.path, data)
    repository.git("checkout", "--quiet", "-b", "side")
    repository.commit({"docs/a.md": "side"}, author="Side")
    repository.git("checkout", "--quiet", "main")
    repository.commit({"docs/b.md": "main"}, author="Main")
    await listed(stepwise)
    repository.day += 1
    repository.git("merge", "--quiet", "--no-edit", "side")
    entries = await listed(stepwise)
    assert entries == await listed(source(repository.path, data / "fresh"))
    assert entries["a.md"].owners == ("Side",)


async def test_rewritten_history(repository: Repository, data: Path) -> None:
    """A branch that was rewritten is listed as it is now."""
    address = f"file://{repository.path}"
    one = source(address, data)
    await listed(one)
    repository.git("reset", "--quiet", "--hard", "HEAD~1")
    repository.commit({"docs/z.md": "z"}, author="Zoe")
    entries = await listed(one)
    assert list(entries) == ["a.md", "b.md", "z.md"]
    assert entries == await listed(source(address, data / "fresh"))


async def test_branch(repository: Repository, data: Path) -> None:
    """Another branch can be named; one that isn't there is an error."""
    repository.git("branch", "stable", "HEAD~1")
    stable = source(repository.path, data, branch="stable")
    assert (await stable.fetch((await listed(stable))["b.md"])).data == b"two"
    with pytest.raises(ListingFailed, match="nope"):
        await listed(source(repository.path, data, branch="nope"))
    with pytest.raises(ListingFailed, match="nope"):
        await listed(source(f"file://{repository.path}", data, branch="nope"))


async def test_bundle(repository: Repository, data: Path) -> None:
    """A bundle is a repository too."""
    repository.git("bundle", "create", "--quiet", str(data / "docs.bundle"), "main")
    assert list(await listed(source(data / "docs.bundle", data, branch="main"))) == ["a.md", "b.md"]


async def test_a_bundle_beside_the_configuration(repository: Repository, data: Path) -> None:
    """A bundle's path is relative to docent.yaml, wherever the command runs."""
    repository.git("bundle", "create", "--quiet", str(data / "docs.bundle"), "main")
    config = "{name: docs, type: git, path: docs, repo: docs.bundle, branch: main, audience: [everyone]}"
    put(data, {"docent.yaml": f"sources: [{config}]"})
    (given,) = load(data / "docent.yaml").sources
    assert list(await listed(open_source(given, Surroundings(data, 1000)))) == ["a.md", "b.md"]


async def test_missing_repository(data: Path) -> None:
    """A repository that isn't there is an error in git's words, without credentials."""
    with pytest.raises(ListingFailed):
        await listed(source(data / "nowhere", data))
    with pytest.raises(ListingFailed) as caught:
        await listed(source("https://user:hunter2@127.0.0.1:1/x.git", data))
    assert "hunter2" not in str(caught.value)


async def test_empty_folder(repository: Repository, data: Path) -> None:
    """A folder of the repository that holds nothing is an error: everything would seem deleted."""
    with pytest.raises(ListingFailed, match="nothing"):
        await listed(source(repository.path, data, path="moved-away"))


async def test_no_links_no_submodules(repository: Repository, data: Path) -> None:
    """Links out of the source are not listed, as they could lead anywhere, but named where a page would be."""
    (repository.path / "docs/link.md").symlink_to("/etc/passwd")
    (repository.path / "docs/index.md").symlink_to("../README.txt")
    (repository.path / "docs/picture.png").symlink_to("../a.png")
    (repository.path / "outside.md").symlink_to("docs/a.md")
    repository.commit({})
    one = source(repository.path, data)
    assert list(await listed(one)) == ["a.md", "b.md"]
    assert [each.name for each in one.warned] == ["index.md", "link.md"]
    assert all("it is a link" in each.reason for each in one.warned)


async def test_links_into_the_repository(repository: Repository, data: Path) -> None:
    """A link to a file elsewhere in the repository is that page, as `docs/index.md` is often the README."""
    repository.commit({"README.md": "The mascot is an otter."})
    (repository.path / "docs/index.md").symlink_to("../README.md")
    repository.commit({})
    one = source(repository.path, data)
    found = {entry.path: entry async for entry in one.entries()}
    assert sorted(found) == ["a.md", "b.md", "index.md"]
    assert (await one.fetch(found["index.md"])).data == b"The mascot is an otter."
    assert one.warned == []


async def test_what_shows_the_pages(repository: Repository, data: Path) -> None:
    """A file of settings beside the pages, or above them, tells whose anchors they have."""
    repository.commit({"mkdocs.yml": "site_name: x"})
    assert {entry.anchors async for entry in source(repository.path, data).entries()} == {"mkdocs"}
    repository.commit({"docs/conf.py": ""})
    assert {entry.anchors async for entry in source(repository.path, data).entries()} == {"sphinx"}


async def test_links_within(repository: Repository, data: Path) -> None:
    """A link to a file of the source is that page, for whom both places are; a circle or what is excluded is named."""
    docs = repository.path / "docs"
    repository.commit({"docs/hr/pay.md": "Monthly.", "docs/drafts/b.md": "Not yet."})
    (docs / "index.md").symlink_to("hr/../a.md")
    (docs / "chain.md").symlink_to("index.md")
    (docs / "pay.md").symlink_to("hr/pay.md")
    (docs / "hr/open.md").symlink_to("../a.md")
    (docs / "draft.md").symlink_to("drafts/b.md")
    (docs / "circle.md").symlink_to("circle.md")
    repository.commit({})
    one = source(repository.path, data, audience_of={"hr/**": ["managers"]}, exclude=["drafts/**"])
    entries = await listed(one)
    assert set(entries) == {"a.md", "b.md", "hr/pay.md", "index.md", "chain.md", "pay.md", "hr/open.md"}
    for path in ("index.md", "chain.md"):
        assert (await one.fetch(entries[path])).data == (await one.fetch(entries["a.md"])).data
        assert "managers" not in audience_of(one.settings, entries[path])
    for path in ("pay.md", "hr/open.md", "hr/pay.md"):
        assert audience_of(one.settings, entries[path]) == {"managers"}
    assert {each.name for each in one.warned} == {"draft.md", "circle.md"}


async def test_odd_names(repository: Repository, data: Path) -> None:
    """Names with spaces, quotes, line ends and letters of any language are read."""
    names = ["ü ber.md", 'quo"te.md', "new\nline.md", "-dash.md"]
    repository.commit({f"docs/{name}": name for name in names})
    one = source(repository.path, data)
    entries = await listed(one)
    for name in names:
        assert (await one.fetch(entries[name])).data.decode() == name
        assert entries[name].owners == ("Ada",)
    await one.close()


async def test_page_failures(repository: Repository, data: Path) -> None:
    """A page that is too large or gone fails alone; the next one is read."""
    repository.commit({"docs/large.md": "x" * 2000})
    one = source(repository.path, data)
    entries = await listed(one)
    with pytest.raises(PageFailed, match="max_bytes"):
        await one.fetch(entries["large.md"])
    with pytest.raises(PageGone):
        await one.fetch(Entry("gone.md", "0" * 40))
    assert (await one.fetch(entries["a.md"])).data == b"one"
    await one.close()


async def test_many_at_once(repository: Repository, data: Path) -> None:
    """Pages that are fetched at once don't get each other's content."""
    repository.commit({f"docs/{n}.md": f"page {n}" * n for n in range(1, 60)})
    one = source(repository.path, data)
    entries = await listed(one)
    fetched = await asyncio.gather(*(one.fetch(entries[f"{n}.md"]) for n in range(1, 60)))
    assert [page.data.decode() for page in fetched] == [f"page {n}" * n for n in range(1, 60)]
    await one.close()


async def test_a_clone_that_was_broken_off(repository: Repository, data: Path) -> None:
    """A clone that was broken off is not taken for a whole one."""
    one = source(f"file://{repository.path}", data)
    put(data, {f"git/{one._repository.name}.part/HEAD": "ref: x"})  # type: ignore[attr-defined]
    assert list(await listed(one)) == ["a.md", "b.md"]


@pytest.mark.parametrize("field", ["repo", "branch"])
def test_no_options_for_git(data: Path, field: str) -> None:
    """An address or branch that git would take for an option is refused."""
    with pytest.raises(ConfigError, match=field):
        open_source(settings(type="git", **{"repo": "x", field: "--upload-pack=x"}), Surroundings(data))


async def test_another_default_branch(repository: Repository, data: Path) -> None:
    """Without a branch in docent.yaml the one counts that the repository has checked out now, not at first."""
    one = source(f"file://{repository.path}", data)
    await listed(one)
    repository.git("checkout", "--quiet", "-b", "trunk")
    repository.commit({"docs/d.md": "four"})
    assert list(await listed(one)) == ["a.md", "b.md", "d.md"]
    repository.git("branch", "-D", "main")
    repository.commit({"docs/e.md": "five"})
    assert list(await listed(one)) == ["a.md", "b.md", "d.md", "e.md"]
    assert await listed(one) == await listed(source(f"file://{repository.path}", data / "fresh"))


async def test_deleted_branch(repository: Repository, data: Path) -> None:
    """A branch that was deleted elsewhere fails the listing: its clone must not stand for it."""
    repository.git("branch", "stable")
    stable = source(f"file://{repository.path}", data, branch="stable")
    await listed(stable)
    repository.git("branch", "-D", "stable")
    with pytest.raises(ListingFailed, match="stable"):
        await listed(stable)


async def test_shallow(repository: Repository, data: Path, tmp_path: Path) -> None:
    """A shallow clone is a repository, too: what it holds is listed, and dates that it can't know are none."""
    repository.git("clone", "--quiet", "--depth", "1", f"file://{repository.path}", str(tmp_path / "shallow"))
    one = source(tmp_path / "shallow", data)
    entries = await listed(one)
    assert list(entries) == ["a.md", "b.md"]
    assert [(entry.updated_at, entry.owners) for entry in entries.values()] == [(None, ())] * 2
    assert "git fetch --unshallow" in one.warned[0].reason


async def test_deepened(repository: Repository, data: Path, tmp_path: Path) -> None:
    """What is committed after a shallow clone was made has a date; once it is whole, every page has."""
    shallow = tmp_path / "shallow"
    repository.git("clone", "--quiet", "--depth", "1", f"file://{repository.path}", str(shallow))
    for address in (str(shallow), f"file://{shallow}"):
        await listed(source(address, data))
    repository.commit({"docs/a.md": "newer"}, author="Cleo")
    repository.git("-C", str(shallow), "pull", "--quiet")
    for address in (str(shallow), f"file://{shallow}"):
        entries = await listed(source(address, data))
        assert [entry.owners for entry in entries.values()] == [("Cleo",), ()]
    repository.git("-C", str(shallow), "fetch", "--quiet", "--unshallow")
    for address in (str(shallow), f"file://{shallow}"):
        whole = source(address, data)
        assert [entry.owners for entry in (await listed(whole)).values()] == [("Cleo",), ("Bob",)]
        assert whole.warned == []


@pytest.mark.parametrize("seconds", [0, 1_700_000_000_000, 253_402_300_800, 4_102_444_800])
async def test_impossible_dates(repository: Repository, data: Path, seconds: int) -> None:
    """A commit from 1970, from the future or in milliseconds dates nothing, and hides no date that is right."""
    repository.day = (seconds - WHEN) // 86400 - 1
    moment = f"@{seconds} +0000"
    put(repository.path, {"docs/odd.md": "odd", "docs/a.md": "also odd"})
    repository.git("add", "--all")
    subprocess.run(
        [
            "git",
            "-C",
            str(repository.path),
            "-c",
            "user.name=Eve",
            "-c",
            "user.email=e@example.com",
            "commit",
            "-qm",
            "odd",
        ],
        env={
            **os.environ,
            "GIT_AUTHOR_DATE": moment,
            "GIT_COMMITTER_DATE": moment,
            "GIT_CONFIG_GLOBAL": os.devnull,
        },
        check=True,
    )
    repository.day = 5
    repository.commit({"docs/b.md": "right"}, author="Cleo")
    entries = await listed(source(repository.path, data))
    assert entries["odd.md"].updated_at is None
    dated = [entries[name].updated_at for name in ("a.md", "b.md")]
    assert [moment.timestamp() for moment in dated if moment] == [WHEN + 86400, WHEN + 6 * 86400]


async def test_names_that_are_no_utf8(repository: Repository, data: Path) -> None:
    """Authors whose git wrote them in an old encoding are read; so are names that differ in case alone."""
    repository.commit({"docs/A.md": "capital", "docs/a.md": "small"})
    tree = repository.git("rev-parse", "HEAD^{tree}")
    parent = repository.git("rev-parse", "HEAD")
    repository.commit({"docs/b.md": "by her"})
    tree = repository.git("rev-parse", "HEAD^{tree}")
    raw = f"tree {tree}\nparent {parent}\n".encode() + (
        b"author J\xfcrgen \x01 M <j@example.com> 1700500000 +0000\n"
        b"committer J <j@example.com> 1700500000 +0000\n\nGr\xfc\xdfe\n"
    )
    made = subprocess.run(
        ["git", "-C", str(repository.path), "hash-object", "-t", "commit", "-w", "--stdin", "--literally"],
        input=raw, capture_output=True, check=True,
    ).stdout.decode().strip()  # fmt: skip
    repository.git("update-ref", "HEAD", made)
    entries = await listed(source(repository.path, data))
    assert {"A.md", "a.md", "b.md"} <= set(entries)
    assert entries["b.md"].owners == ("Jürgen  M",)


async def test_submodules(repository: Repository, data: Path) -> None:
    """A submodule is named, with what to do to have its pages."""
    commit = repository.git("rev-parse", "HEAD")
    for name in ("docs/theirs", "elsewhere"):
        repository.git("update-index", "--add", "--cacheinfo", f"160000,{commit},{name}")
    repository.git("commit", "--quiet", "-m", "x")
    one = source(repository.path, data)
    await listed(one)
    assert [(each.name, "a source of its own" in each.reason) for each in one.warned] == [("theirs", True)]


async def test_a_lock_left_behind(repository: Repository, data: Path) -> None:
    """What a process that was killed left locked doesn't keep the next one out."""
    one = source(f"file://{repository.path}", data)
    await listed(one)
    (head,) = (data / "git").glob("*/HEAD")
    for name in ("refs/heads/main.lock", "packed-refs.lock"):
        lock = head.parent / name
        lock.parent.mkdir(parents=True, exist_ok=True)
        lock.touch()
        os.utime(lock, (WHEN, WHEN))
    repository.commit({"docs/d.md": "four"})
    assert list(await listed(one)) == ["a.md", "b.md", "d.md"]
