"""Google Drive as a source."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from bot.config.loader import ConfigError
from indexer.sources.base import ListingFailed, PageFailed, PageGone
from tests.support.drive_server import FOLDER, SHEET, Drive, gdrive
from tests.support.source_server import Server, Trouble, listed, opened, serving


@pytest.fixture
def drive() -> Drive:
    return Drive()


@pytest.fixture
async def server(drive: Drive) -> AsyncIterator[Server]:
    async with serving(drive.answer) as running:
        yield running


def fill(drive: Drive) -> None:
    drive.put("f1", "Travel", "root", FOLDER)
    drive.put("f2", "Old/New", "f1", FOLDER)
    drive.put("d1", "Hotels v1.2", "f1", owners=[{"displayName": "Ada"}])
    drive.put("d2", "Rates", "f2", SHEET)
    drive.put("d3", "map.pdf", "root", "application/pdf", b"%PDF")
    drive.put("d4", "map.pdf", "root", "application/pdf", b"%PDF2")
    drive.put("d5", "photo.png", "root", "image/png")
    drive.put("x1", "Elsewhere", "other-root")


@pytest.mark.parametrize("where", [{"folder": "root"}, {"drive": "root"}], ids=["folder", "drive"])
async def test_listing(drive: Drive, server: Server, tmp_path: Path, where: dict[str, str]) -> None:
    """A folder or a shared drive is listed with its folders, page by page; files of one name stay apart."""
    fill(drive)
    if "drive" in where:
        del drive.files["x1"]
    drive.most = 2
    async with opened(tmp_path, **gdrive(server, **where)) as (source, _):
        found = await listed(source)
    assert set(found) == {"Travel/Hotels v1.2.md", "Travel/Old_New/Rates.xlsx", "map.pdf", "map (d4).pdf"}
    entry = found["Travel/Hotels v1.2.md"]
    assert (entry.title, entry.owners, entry.url) == ("Hotels v1.2", ("Ada",), "https://docs.google.com/d1")
    assert (found["map.pdf"].revision, found["map.pdf"].title) == ("md3-4", "map")
    assert drive.tokens == 1


async def test_fetch(drive: Drive, server: Server, tmp_path: Path) -> None:
    """Docs come as Markdown, Sheets as xlsx, other files as they are; what Google won't export fails alone."""
    fill(drive)
    drive.put("d6", "Long", "root", content=b"x" * 2000)
    async with opened(tmp_path, **gdrive(server, max_bytes=1500)) as (source, _):
        found = await listed(source)
        assert (await source.fetch(found["Travel/Hotels v1.2.md"])).data == b"text/markdown: Text"
        assert b"spreadsheetml" in (await source.fetch(found["Travel/Old_New/Rates.xlsx"])).data
        assert (await source.fetch(found["map (d4).pdf"])).data == b"%PDF2"
        with pytest.raises(PageFailed, match="403"):
            await source.fetch(found["Long.md"])
        del drive.files["d1"]
        with pytest.raises(PageGone):
            await source.fetch(found["Travel/Hotels v1.2.md"])
        server.trouble.append(Trouble(401))
        with pytest.raises(ListingFailed, match="credentials"):
            await source.fetch(found["map.pdf"])


async def test_too_large_to_export(drive: Drive, server: Server, tmp_path: Path) -> None:
    """Past Google's limit a file comes by the link that people have, or as plain text, which is told; or says why not."""
    drive.put("d1", "Long", "root", content=b"x" * 2000)
    drive.put("s1", "Rates", "root", SHEET, b"x" * 2000)
    async with opened(tmp_path, **gdrive(server)) as (source, _):
        found = await listed(source)
        drive.links = {"d1": {"text/markdown": f"{server.url}/drive/v3/export/d1"}}
        assert (await source.fetch(found["Long.md"])).data.startswith(b"by link: x")
        # What isn't Google's gets no credentials.
        async with serving(drive.answer) as other:
            drive.links = {
                "d1": {"text/markdown": f"{other.url.replace('127.0.0.1', 'localhost')}/drive/v3/export/d1"}
            }
            with pytest.raises(PageFailed, match="larger than Google exports"):
                await source.fetch(found["Long.md"])
            assert other.asked == []
        drive.links, drive.plain = {}, True
        fetched = await source.fetch(found["Long.md"])
        assert (fetched.name, fetched.data[:12]) == ("Long.txt", b"text/plain: ")
        assert "plain text alone" in fetched.missing
        assert "larger than Google exports" in fetched.missing
        with pytest.raises(PageFailed, match="larger than Google exports"):
            await source.fetch(found["Rates.xlsx"])


async def test_permissions(drive: Drive, server: Server, tmp_path: Path) -> None:
    """With `audiences` a file is for those whom its permissions name, and for nobody if they name no one known."""
    people = [
        {"type": "group", "emailAddress": "hr@example.com"},
        {"type": "domain", "domain": "example.com"},
    ]
    drive.put("d1", "Pay", "root", permissions=people[:1])
    drive.put("d2", "All", "root", permissions=people)
    drive.put("d3", "Closed", "root", permissions=[{"type": "user", "emailAddress": "boss@example.com"}])
    words = {"hr@example.com": ["people-team"], "example.com": "everyone"}
    async with opened(tmp_path, **gdrive(server, audiences=words)) as (source, _):
        found = await listed(source)
    assert found["Pay.md"].audience == {"people-team"}
    assert found["All.md"].audience == {"people-team", "everyone"}
    assert found["Closed.md"].audience == set()


async def test_incomplete_search(drive: Drive, server: Server, tmp_path: Path) -> None:
    """A listing that Google itself calls incomplete fails; an empty one, too."""
    async with opened(tmp_path, **gdrive(server)) as (source, _):
        with pytest.raises(ListingFailed, match="shared with"):
            await listed(source)
        fill(drive)
        drive.incomplete = True
        with pytest.raises(ListingFailed, match="couldn't search"):
            await listed(source)


async def test_slow_down(drive: Drive, server: Server, tmp_path: Path) -> None:
    """Google's two ways to ask for patience are obeyed: 429 with Retry-After, and 403 with a reason."""
    fill(drive)
    reason = json.dumps({"error": {"errors": [{"reason": "userRateLimitExceeded"}]}})
    server.trouble.extend(
        [Trouble(429, {"Retry-After": "3"}, at="/drive"), Trouble(403, at="/drive", body=reason)]
    )
    async with opened(tmp_path, **gdrive(server)) as (source, waited):
        assert await listed(source)
    assert waited == [3.0, 1.0]


@pytest.mark.parametrize("status", [401, 403, 500])
async def test_no_listing(drive: Drive, server: Server, tmp_path: Path, status: int) -> None:
    """A listing that breaks off on its second page fails as a whole."""
    fill(drive)
    drive.most = 1

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=status) if "pageToken" in request.query else await drive.answer(request)

    server.handler = answer
    async with opened(tmp_path, **gdrive(server)) as (source, _):
        with pytest.raises(ListingFailed, match=str(status)):
            await listed(source)


async def test_bad_keys(drive: Drive, server: Server, tmp_path: Path) -> None:
    """A key that is none, and one that Google refuses, are named without their content."""
    fill(drive)
    async with opened(tmp_path, **gdrive(server, key='{"private_key": "sesame"}')) as (source, _):
        with pytest.raises(ListingFailed, match="can't be read") as caught:
            await listed(source)
    assert "sesame" not in str(caught.value)
    server.trouble.append(Trouble(400, at="/token"))
    async with opened(tmp_path, **gdrive(server)) as (source, _):
        with pytest.raises(ListingFailed, match="doesn't accept"):
            await listed(source)


@pytest.mark.slow
async def test_ten_thousand_files(drive: Drive, server: Server, tmp_path: Path) -> None:
    """10,000 files of a shared drive are listed in ten calls and one for its log; from then on one is enough."""
    for n in range(10_000):
        drive.put(f"d{n}", f"Doc {n}", "root")
    async with opened(tmp_path, **gdrive(server, drive="root")) as (source, _):
        assert len(await listed(source)) == 10_000
        assert len(server.asked) == 12
        assert len(await listed(source)) == 10_000
    assert len(server.asked) == 13


async def test_bad_options(tmp_path: Path) -> None:
    """Without a place or without a key it is a mistake in docent.yaml."""
    for fields in ({"key": "{}"}, {"folder": "x"}, {"folder": "x", "drive": "y", "key": "{}"}):
        with pytest.raises(ConfigError, match="expected either"):
            async with opened(tmp_path, type="gdrive", **fields):
                pass
