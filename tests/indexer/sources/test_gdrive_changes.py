"""Google Drive's changes feed: what was listed before, brought up to date."""

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from indexer.sources.base import Entry, ListingFailed, Source
from indexer.sync.source_sync import SyncOptions
from indexer.sync.sync_all import sync_all
from tests.support.drive_server import FOLDER, Drive, gdrive
from tests.support.fakes import FakeStore
from tests.support.source_server import Server, Trouble, listed, opened, serving

PDF = "application/pdf"
PLACES = [{"folder": "root"}, {"drive": "root"}]


@pytest.fixture
def drive() -> Drive:
    made = Drive()
    made.put("f1", "Travel", "root", FOLDER)
    made.put("f2", "Hotels", "f1", FOLDER)
    made.put("d1", "Rates", "f2")
    made.put("d2", "Trains", "f1")
    made.put("d3", "Pay", "root")
    made.put("e1", "Elsewhere", "other", FOLDER)
    made.put("e2", "Old", "e1")
    return made


@pytest.fixture
async def server(drive: Drive) -> AsyncIterator[Server]:
    async with serving(drive.answer) as running:
        yield running


async def paths(source: Source) -> set[str]:
    return set(await listed(source))


def listings(server: Server) -> int:
    """How many calls of files.list since this was last asked."""
    count = sum(each.startswith("GET /drive/v3/files?") for each in server.asked)
    server.asked.clear()
    return count


async def test_each_kind_of_change(drive: Drive, server: Server, tmp_path: Path) -> None:
    """New, edited, renamed, moved, trashed, deleted and restored files are listed as they are, by the feed alone."""
    async with opened(tmp_path, **gdrive(server)) as (source, _):
        before = await listed(source)
        assert set(before) == {"Travel/Hotels/Rates.md", "Travel/Trains.md", "Pay.md"}
        listings(server)
        drive.put("d4", "New", "f2")
        drive.edit("d1", b"More")
        drive.change("d3", name="Salaries", parents=["f1"])
        now = await listed(source)
        assert set(now) == {
            "Travel/Hotels/Rates.md", "Travel/Hotels/New.md", "Travel/Trains.md", "Travel/Salaries.md",
        }  # fmt: skip
        assert now["Travel/Hotels/Rates.md"].revision != before["Travel/Hotels/Rates.md"].revision
        assert (await source.fetch(now["Travel/Hotels/Rates.md"])).data == b"text/markdown: More"
        drive.change("d4", trashed=True)
        drive.change("d3", parents=["other"])
        drive.lose("d2")
        assert await paths(source) == {"Travel/Hotels/Rates.md"}
        drive.change("d4", trashed=False)
        assert await paths(source) == {"Travel/Hotels/Rates.md", "Travel/Hotels/New.md"}
        assert listings(server) == 0


async def test_nothing_changed(server: Server, tmp_path: Path) -> None:
    """Where nothing has changed a listing costs one call, also in a new process."""
    for _ in range(2):
        async with opened(tmp_path, **gdrive(server)) as (source, _):
            assert len(await listed(source)) == 3
            server.asked.clear()
            assert len(await listed(source)) == 3
            assert [each.partition("?")[0] for each in server.asked] == ["GET /drive/v3/changes"]


async def test_folders(drive: Drive, server: Server, tmp_path: Path) -> None:
    """A folder that is renamed, moved out, moved in, trashed or restored takes with it what is in it."""
    async with opened(tmp_path, **gdrive(server)) as (source, _):
        await listed(source)
        drive.change("f1", name="Trips")
        assert await paths(source) == {"Trips/Hotels/Rates.md", "Trips/Trains.md", "Pay.md"}
        drive.change("f2", parents=["other"])
        assert await paths(source) == {"Trips/Trains.md", "Pay.md"}
        drive.change("e1", parents=["root"])
        assert await paths(source) == {"Trips/Trains.md", "Pay.md", "Elsewhere/Old.md"}
        drive.change("f1", trashed=True)
        assert await paths(source) == {"Pay.md", "Elsewhere/Old.md"}
        drive.change("f1", trashed=False)
        drive.change("f2", parents=["f1"])
        assert await paths(source) == {
            "Trips/Hotels/Rates.md", "Trips/Trains.md", "Pay.md", "Elsewhere/Old.md",
        }  # fmt: skip


def _happens(drive: Drive, chance: random.Random, number: int) -> None:
    """Something, to some file or folder."""
    key = chance.choice([each for each in drive.files if each != "always"])
    folders = ["root", "other", *(each for each, told in drive.files.items() if told["mimeType"] == FOLDER)]
    parent = chance.choice(folders)
    match chance.randrange(7):
        case 0:
            drive.put(f"n{number}", f"New {number}", parent)
        case 1:
            drive.put(f"n{number}", f"Folder {number}", parent, FOLDER)
        case 2:
            drive.edit(key, b"Edited")
        case 3:
            drive.change(key, name=f"Renamed {number}")
        case 4 if parent != key and not _lies_in(drive, parent, key):
            drive.change(key, parents=[parent])
        case 5:
            drive.change(key, trashed=not drive.files[key]["trashed"])
        case 6 if drive.files[key]["mimeType"] != FOLDER:
            drive.lose(key)


def _lies_in(drive: Drive, key: str, folder: str) -> bool:
    while key in drive.files:
        if key == folder:
            return True
        key = drive.files[key]["parents"][0]
    return False


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
async def test_as_listed_anew(drive: Drive, server: Server, tmp_path: Path, seed: int) -> None:
    """Whatever happens to files and folders, the feed leads to what a complete listing finds."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    drive.most = chance.choice([1, 3, 1000])
    drive.put("always", "Always there", "root")

    async def anew(at: Path) -> dict[str, Entry]:
        async with opened(at, **gdrive(server)) as (source, _):
            return await listed(source)

    async with opened(tmp_path / "kept", **gdrive(server)) as (source, _):
        for number in range(25):
            for some in range(chance.randrange(4)):
                _happens(drive, chance, 10 * number + some)
            assert await listed(source) == await anew(tmp_path / f"{number}")


@pytest.mark.parametrize("refusal", [400, 404, 410])
async def test_a_token_that_is_no_good(drive: Drive, server: Server, tmp_path: Path, refusal: int) -> None:
    """A token that Google doesn't know any more means a complete listing, and a new token."""
    drive.refusal = refusal
    async with opened(tmp_path, **gdrive(server)) as (source, _):
        await listed(source)
        drive.moments += 1
        drive.oldest = drive.moments
        drive.lose("d3")
        listings(server)
        assert await paths(source) == {"Travel/Hotels/Rates.md", "Travel/Trains.md"}
        assert listings(server) > 0
        await listed(source)
        assert listings(server) == 0


async def test_a_complete_listing_now_and_then(drive: Drive, server: Server, tmp_path: Path) -> None:
    """After `list_every` all files are listed: what no log told of is found then."""
    async with opened(tmp_path, **gdrive(server, list_every="1h")) as (source, _):
        moment = 1000.0
        source._drive.clock = lambda: moment  # type: ignore[attr-defined]
        await listed(source)
        del drive.files["d3"]  # without a word in the log
        assert "Pay.md" in await paths(source)
        moment += 3600
        assert "Pay.md" not in await paths(source)


@pytest.mark.slow
async def test_forget(drive: Drive, server: Server, tmp_path: Path) -> None:
    """A sync that reads everything anew lists everything anew, too."""
    store = FakeStore()
    async with opened(tmp_path, **gdrive(server)) as (source, _):
        await sync_all([source], store, None)
        del drive.files["d3"]
        (report,) = await sync_all([source], store, None)
        assert report.deleted == 0
        (report,) = await sync_all([source], store, None, SyncOptions(full=True))
        assert report.deleted == 1


@pytest.mark.slow
async def test_what_was_listed_and_not_stored(drive: Drive, server: Server, tmp_path: Path) -> None:
    """A change whose sync failed is not lost: the next sync finds it, though the feed doesn't tell of it again."""
    store = FakeStore()
    async with opened(tmp_path, **gdrive(server)) as (source, _):
        await sync_all([source], store, None)
        drive.edit("d1", b"More")
        drive.lose("d3")
        server.trouble.extend([Trouble(403, at="/drive/v3/files/d1/export")])
        (report,) = await sync_all([source], store, None, SyncOptions(max_deleted_share=0))
        assert (report.changed, report.deleted, len(report.failed)) == (0, 1, 1)
        (report,) = await sync_all([source], store, None)
        assert (report.changed, report.unchanged) == (1, 1)


async def test_all_gone(drive: Drive, server: Server, tmp_path: Path) -> None:
    """A feed that takes the folder itself or everything away deletes nothing: it looks like lost access."""
    store = FakeStore()
    async with opened(tmp_path, **gdrive(server)) as (source, _):
        await sync_all([source], store, None)
        for key in list(drive.files):
            drive.lose(key)
        drive.happened("root")
        for _ in range(2):
            (report,) = await sync_all([source], store, None)
            assert "isn't shared" in report.error
            assert len(store.documents) == 3


async def test_many_gone(drive: Drive, server: Server, tmp_path: Path) -> None:
    """Deletions that the feed tells of wait for an admin's word, too, if they are many."""
    store = FakeStore()
    async with opened(tmp_path, **gdrive(server)) as (source, _):
        await sync_all([source], store, None)
        drive.change("f1", trashed=True)
        (report,) = await sync_all([source], store, None)
        assert (report.held_back, len(store.documents)) == (2, 3)
        (report,) = await sync_all([source], store, None, SyncOptions(confirm_deletes=True))
        assert (report.deleted, len(store.documents)) == (2, 1)


@pytest.mark.parametrize("status", [401, 403, 500])
async def test_a_feed_that_breaks_off(drive: Drive, server: Server, tmp_path: Path, status: int) -> None:
    """A feed that can't be read to its end fails the listing or gives way to a complete one; nothing is lost."""
    async with opened(tmp_path, **gdrive(server)) as (source, _):
        await listed(source)
        for number in range(3):
            drive.put(f"n{number}", f"New {number}", "root")
        drive.most = 1
        server.trouble.extend(
            [Trouble(200, body='{"changes": [], "nextPageToken": "100+1"}', at="/drive/v3/changes")]
        )
        server.trouble.extend([Trouble(status, at="/drive/v3/changes")] * (5 if status == 500 else 1))
        if status == 403:
            assert len(await listed(source)) == 6
        else:
            with pytest.raises(ListingFailed, match=str(status)):
                await listed(source)
            assert len(await listed(source)) == 6


# --- shared drives -----------------------------------------------------------------------------------


@pytest.mark.parametrize("member", [True, False])
async def test_whose_log(drive: Drive, server: Server, tmp_path: Path, *, member: bool) -> None:
    """A folder in a shared drive is followed in the drive's log by a member, and by others in their own."""
    drive.shared, drive.member = "s1", member
    for key in drive.files:
        drive.files[key]["driveId"] = "s1"
    async with opened(tmp_path, **gdrive(server)) as (source, _):
        await listed(source)
        drive.put("d4", "New", "f2")
        listings(server)
        assert "Travel/Hotels/New.md" in await paths(source)
        asked = [each for each in server.asked if "/changes" in each]
        assert ["driveId=s1" in each for each in asked] == [member]
        assert listings(server) == 0


async def test_a_drive_without_a_log(drive: Drive, server: Server, tmp_path: Path) -> None:
    """Where no log may be read, each listing is a complete one."""
    drive.shared = "s1"
    server.trouble.extend([Trouble(403, at="/drive/v3/changes")] * 2)
    async with opened(tmp_path, **gdrive(server)) as (source, _):
        await listed(source)
        listings(server)
        assert len(await listed(source)) == 3
        assert listings(server) > 0


async def test_permissions_in_a_shared_drive(drive: Drive, server: Server, tmp_path: Path) -> None:
    """Permissions are those of the drive, but for what has some of its own, and all that lies in that."""
    drive.shared = "root"
    drive.grants = {
        "root": [{"type": "group", "emailAddress": "all@example.com"}],
        "f2": [{"type": "group", "emailAddress": "hr@example.com"}],
    }
    for key in drive.files:
        drive.files[key]["driveId"] = "root"
    drive.change("f2", inheritedPermissionsDisabled=True)
    del drive.files["e1"], drive.files["e2"]
    words = {"hr@example.com": ["people-team"], "all@example.com": "everyone"}
    async with opened(tmp_path, **gdrive(server, drive="root", audiences=words)) as (source, _):
        found = await listed(source)
        assert found["Pay.md"].audience == {"everyone"}
        assert found["Travel/Hotels/Rates.md"].audience == {"people-team"}
        drive.change("f1", hasAugmentedPermissions=True)
        drive.grants["f1"] = [{"type": "user", "emailAddress": "boss@example.com"}]
        found = await listed(source)
        assert found["Travel/Trains.md"].audience == set()
        assert found["Travel/Hotels/Rates.md"].audience == {"people-team"}
        drive.grants["root"] = []
        drive.happened("drive", changeType="drive", driveId="root")
        assert (await listed(source))["Pay.md"].audience == set()


async def test_no_right_to_permissions(drive: Drive, server: Server, tmp_path: Path) -> None:
    """An account that may see nobody's permissions fails the listing with what to do, rather than hide all."""
    async with opened(tmp_path, **gdrive(server, audiences={"example.com": "everyone"})) as (source, _):
        with pytest.raises(ListingFailed, match="Editor"):
            await listed(source)
