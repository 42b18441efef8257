"""Google Drive's shortcuts: what they lead to is read in their place, for those who may see it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.drive_server import FOLDER, SHORTCUT, Drive, gdrive
from tests.support.source_server import Server, Trouble, listed, opened, serving


@pytest.fixture
def drive() -> Drive:
    made = Drive()
    made.put("d1", "Here", "root")
    made.put("f1", "Team", "root", FOLDER)
    made.put("x1", "Handbook", "elsewhere", content=b"Far away")
    made.put("x2", "Plan.pdf", "elsewhere", "application/pdf", b"%PDF")
    return made


def shortcut(drive: Drive, key: str, target: str, parent: str = "root", name: str = "A link") -> None:
    drive.put(key, name, parent, SHORTCUT, shortcutDetails={"targetId": target})


@pytest.fixture
async def server(drive: Drive) -> AsyncIterator[Server]:
    async with serving(drive.answer) as running:
        yield running


async def test_targets(drive: Drive, server: Server, tmp_path: Path) -> None:
    """A shortcut's target is read under its own name where the shortcut lies, and linked to itself."""
    shortcut(drive, "s1", "x1", "f1")
    shortcut(drive, "s2", "x2", name="Plan.pdf")
    async with opened(tmp_path, **gdrive(server, shortcuts=True)) as (source, _):
        found = await listed(source)
        assert set(found) == {"Here.md", "Team/Handbook.md", "Plan.pdf"}
        assert found["Team/Handbook.md"].url == "https://docs.google.com/x1"
        assert found["Plan.pdf"].revision == "mx2-4"
        assert (await source.fetch(found["Team/Handbook.md"])).data == b"text/markdown: Far away"
        assert (await source.fetch(found["Plan.pdf"])).data == b"%PDF"


async def test_once(drive: Drive, server: Server, tmp_path: Path) -> None:
    """A file is read once, however many shortcuts lead to it, and not again where it lies here itself."""
    shortcut(drive, "s1", "x1", "f1")
    shortcut(drive, "s2", "x1")
    shortcut(drive, "s3", "d1", "f1")
    shortcut(drive, "s4", "f1")  # to a folder: that would be another source
    async with opened(tmp_path, **gdrive(server, shortcuts=True)) as (source, _):
        assert set(await listed(source)) == {"Here.md", "Team/Handbook.md"}


async def test_not_by_itself(drive: Drive, server: Server, tmp_path: Path) -> None:
    """Where the configuration alone says who may see it, a shortcut opens nothing to them unasked."""
    shortcut(drive, "s1", "x1")
    shortcut(drive, "s2", "x2", name="Plan.pdf")
    async with opened(tmp_path, **gdrive(server)) as (source, _):
        assert set(await listed(source)) == {"Here.md"}


@pytest.mark.parametrize("shared", ["", "drive-1"], ids=["my-drive", "shared-drive"])
async def test_permissions(drive: Drive, server: Server, tmp_path: Path, shared: str) -> None:
    """With `audiences` the target's own permissions count, not those of where the shortcut lies."""
    everyone = [{"type": "domain", "domain": "example.com"}]
    few = [{"type": "group", "emailAddress": "hr@example.com"}]
    drive.change("d1", permissions=everyone)
    drive.change("f1", permissions=everyone)
    if shared:
        drive.change("x1", driveId=shared)
        drive.change("x2", driveId=shared)
        drive.grants["x1"] = few
    else:
        drive.change("x1", permissions=few)
    shortcut(drive, "s1", "x1", "f1")
    shortcut(drive, "s2", "x2", "f1")
    drive.change("s1", permissions=everyone)
    words = {"example.com": ["everyone"], "hr@example.com": ["people-team"]}
    async with opened(tmp_path, **gdrive(server, audiences=words)) as (source, _):
        found = await listed(source)
    assert found["Here.md"].audience == {"everyone"}
    assert found["Team/Handbook.md"].audience == {"people-team"}
    assert found["Team/Plan.pdf"].audience == set()


async def test_changes_far_away(drive: Drive, server: Server, tmp_path: Path) -> None:
    """A target that is edited, closed or deleted is listed so at the next sync, though no feed tells of it."""
    shortcut(drive, "s1", "x1")
    async with opened(tmp_path, **gdrive(server, shortcuts=True)) as (source, _):
        before = (await listed(source))["Handbook.md"]
        drive.files["x1"] |= {"modifiedTime": "2026-03-01T10:00:00.000Z"}
        assert (await listed(source))["Handbook.md"].revision != before.revision
        drive.files["x1"]["trashed"] = True
        assert set(await listed(source)) == {"Here.md"}


async def test_out_of_reach(
    drive: Drive, server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A target that isn't shared with the account keeps nothing else out, and is told in the log."""
    shortcut(drive, "s1", "gone", name="Secret plan")
    async with opened(tmp_path, **gdrive(server, shortcuts=True)) as (source, _):
        assert set(await listed(source)) == {"Here.md"}
    assert "the shortcut Secret plan of" in caplog.text
    assert "isn't shared with the service account's address" in caplog.text


async def test_trouble(drive: Drive, server: Server, tmp_path: Path) -> None:
    """A target that can't be looked at now is named, keeps nothing else out, and doesn't seem deleted."""
    shortcut(drive, "s1", "x1")
    async with opened(tmp_path, **gdrive(server, shortcuts=True)) as (source, _):
        await listed(source)
        server.trouble.extend([Trouble(403, at="/drive/v3/files/x1")])
        assert set(await listed(source)) == {"Here.md"}
        (lost,) = source.unlisted
        assert source.may_still_have("Far.md")
        assert "403" in lost.reason
