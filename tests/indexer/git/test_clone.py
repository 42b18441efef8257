"""A git source's clone that was damaged: made anew by itself, while the index keeps every page."""

import os
import resource
import shutil
import subprocess
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from bot.model import SyncReport
from indexer.sources.base import Source
from indexer.sync.source_sync import SyncOptions
from indexer.sync.sync_all import sync_all
from tests.indexer.sources.test_git import Repository, listed, source
from tests.support.fakes import FakeStore
from tests.support.pages import put

PAGES = 30


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """Thirty pages that don't compress well, one of them in a folder of its own."""
    made = Repository(tmp_path / "repo")
    text = {n: " ".join(sha256(b"%d %d" % (n, m)).hexdigest() for m in range(15)) for n in range(PAGES)}
    made.commit({f"docs/{'sub/' if n == 7 else ''}{n}.md": f"# {n}\n\n{text[n]}\n" for n in range(PAGES)})
    return made


async def synced(one: Source, store: FakeStore) -> SyncReport:
    """A sync that reads every page."""
    (report,) = await sync_all([one], store, None, SyncOptions(full=True))
    return report


def pack(clone: Path) -> Path:
    (found,) = clone.glob("objects/pack/*.pack")
    found.chmod(0o600)
    return found


def truncated(clone: Path) -> None:
    os.truncate(pack(clone), pack(clone).stat().st_size // 3)


def overwritten(clone: Path) -> None:
    """As after a power cut: zeros where pages were."""
    with pack(clone).open("r+b") as file:
        file.seek(pack(clone).stat().st_size // 3)
        file.write(bytes(pack(clone).stat().st_size // 3))


def without_head(clone: Path) -> None:
    (clone / "HEAD").unlink()


def with_an_empty_head(clone: Path) -> None:
    (clone / "HEAD").write_bytes(b"")


def without_objects(clone: Path) -> None:
    shutil.rmtree(clone / "objects")


def without_configuration(clone: Path) -> None:
    (clone / "config").unlink()


def with_a_broken_branch(clone: Path) -> None:
    put(clone, {"refs/heads/main": b"\0" * 41})


def half_a_clone(clone: Path) -> None:
    """What a kill leaves that came between a clone's beginning and its first object."""
    shutil.rmtree(clone)
    put(clone, {"HEAD": "ref: refs/heads/main\n", "config": "[core]\n\tbare = true\n"})
    (clone / "objects").mkdir()
    (clone / "refs").mkdir()


BY_ITSELF = [
    overwritten,
    with_an_empty_head,
    without_objects,
    without_configuration,
    with_a_broken_branch,
    half_a_clone,
]


@pytest.mark.slow
@pytest.mark.parametrize("damage", [*BY_ITSELF, truncated, without_head])
async def test_damage(
    repository: Repository, data: Path, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    """A clone that is damaged loses no page and keeps none out: the next sync has all of them."""
    one, store = source(f"file://{repository.path}", data, max_deleted_share=1), FakeStore()
    await synced(one, store)
    repository.commit({"docs/new.md": "# New\n\nText.\n"})
    (head,) = (data / "git").glob("*/HEAD")
    damage(head.parent)
    report = await synced(one, store)
    assert (report.error, report.failed) == ("", ())
    assert (report.added, report.unchanged, report.deleted) == (1, PAGES, 0)
    if damage in BY_ITSELF:  # git itself makes good for lost objects; no clone at all is no damage
        assert "it is cloned anew" in caplog.text
    assert list((data / "git").glob("*.part")) == list((data / "git").glob("*.old")) == []
    caplog.clear()
    assert (await synced(one, store)).unchanged == PAGES + 1
    assert caplog.text == ""
    await one.close()


@pytest.mark.slow
async def test_a_lost_folder(
    repository: Repository, data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A clone that lost a folder is made anew: the folder's pages don't seem deleted."""
    one, store = source(f"file://{repository.path}", data, max_deleted_share=1), FakeStore()
    await synced(one, store)
    (head,) = (data / "git").glob("*/HEAD")
    clone, packed = head.parent, tmp_path / "packed"
    pack(clone).rename(packed)
    shutil.rmtree(clone / "objects/pack")
    (clone / "objects/pack").mkdir()
    with packed.open("rb") as file:
        subprocess.run(["git", "--git-dir", str(clone), "unpack-objects", "-q"], stdin=file, check=True)
    folder = repository.git("rev-parse", "HEAD:docs/sub")
    (clone / "objects" / folder[:2] / folder[2:]).unlink()
    report = await synced(one, store)
    assert (report.error, report.unchanged, report.deleted) == ("", PAGES, 0)
    assert "it is cloned anew" in caplog.text
    await one.close()


@pytest.mark.slow
async def test_damage_and_no_way_there(
    repository: Repository, data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """While the repository can't be reached a damaged clone is an error; its pages stay, and all is well later."""
    one, store = source(f"file://{repository.path}", data, max_deleted_share=1), FakeStore()
    await synced(one, store)
    (head,) = (data / "git").glob("*/HEAD")
    overwritten(head.parent)
    repository.path.rename(data / "away")
    report = await synced(one, store)
    assert report.error.startswith("handbook can't be listed: ")
    assert len(store.documents) == PAGES
    assert "cloned anew" not in caplog.text
    (data / "away").rename(repository.path)
    report = await synced(one, store)
    assert (report.error, report.failed, report.unchanged) == ("", (), PAGES)
    await one.close()


@pytest.mark.slow
async def test_a_clone_that_cant_be_made(repository: Repository, data: Path) -> None:
    """Where cloning anew fails, too, the source is out of reach, and its pages stay."""
    one, store = source(f"file://{repository.path}", data, max_deleted_share=1), FakeStore()
    await synced(one, store)
    (head,) = (data / "git").glob("*/HEAD")
    overwritten(head.parent)
    name = repository.git("rev-parse", "HEAD:docs/5.md")
    blob = repository.path / ".git/objects" / name[:2] / name[2:]
    blob.chmod(0o600)
    blob.write_bytes(b"")
    report = await synced(one, store)
    assert report.error.startswith("handbook can't be listed: ")
    assert len(store.documents) == PAGES
    assert head.is_file()
    await one.close()


async def test_a_young_lock(repository: Repository, data: Path) -> None:
    """A lock that may be somebody's is waited for, until it is too old to be."""
    one = source(f"file://{repository.path}", data)
    await listed(one)
    (head,) = (data / "git").glob("*/HEAD")
    lock = head.parent / "packed-refs.lock"
    lock.touch()
    os.utime(lock, (time.time() - 59, time.time() - 59))
    repository.commit({"docs/new.md": "New"})
    assert len(await listed(one)) == PAGES + 1
    assert not lock.exists()


async def test_a_branch_that_went_is_no_damage(
    repository: Repository, data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A branch that was deleted elsewhere isn't taken for damage."""
    repository.git("branch", "stable")
    one, store = source(f"file://{repository.path}", data, branch="stable"), FakeStore()
    await synced(one, store)
    repository.git("branch", "-D", "stable")
    assert "stable" in (await synced(one, store)).error
    assert caplog.text == ""
    await one.close()


@pytest.mark.slow
async def test_a_full_disk_is_no_damage(
    repository: Repository, data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Where git can't write, the clone stays as it is, and the next sync that can goes on with it."""
    one, store = source(f"file://{repository.path}", data), FakeStore()
    await synced(one, store)
    repository.commit({"docs/large.md": "# Large\n\n" + " ".join(os.urandom(4).hex() for _ in range(100))})
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (256, hard))
    try:
        report = await synced(one, store)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert report.error.startswith("handbook can't be listed: ")
    assert "cloned anew" not in caplog.text
    report = await synced(one, store)
    assert [(each.name, each.reason) for each in report.failed] == []
    assert report.added == 1
    await one.close()


@pytest.mark.slow
async def test_many_small_fetches_are_packed(repository: Repository, data: Path) -> None:
    """A clone doesn't grow by some files with each commit for ever."""
    one = source(f"file://{repository.path}", data)
    await listed(one)
    (head,) = (data / "git").glob("*/HEAD")
    most = 0
    for each in range(13):
        repository.commit({f"docs/{each}/{n}.md": f"{each} {n}" for n in range(90)})
        assert len(await listed(one)) == PAGES + 90 * (each + 1)
        loose = len(list((head.parent / "objects").glob("??/*")))
        most, before = max(most, loose), most
    assert before > 900
    assert loose < 300
    await one.close()
