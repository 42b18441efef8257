"""Confluence as a source: Cloud and Data Center."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web

from indexer.converters.registry import to_markdown
from indexer.sources.base import ListingFailed, PageFailed, PageGone, audience_of
from indexer.sources.confluence.storage_format import to_html
from tests.support.confluence_server import TOKEN, Confluence, Page
from tests.support.source_server import Server, Trouble, listed, opened, serving, text_of


@pytest.fixture(params=[True, False], ids=["cloud", "data-center"])
def confluence(request: pytest.FixtureRequest) -> Confluence:
    return Confluence(cloud=request.param)


@pytest.fixture
async def server(confluence: Confluence) -> AsyncIterator[Server]:
    async with serving(confluence.answer) as running:
        yield running


def options(server: Server, confluence: Confluence, **fields: object) -> dict[str, object]:
    given = {"type": "confluence", "site": f"{server.url}/wiki", "spaces": ["ENG"], "token": TOKEN}
    return {
        **given,
        "cloud": confluence.cloud,
        **({"email": "ada@example.com"} if confluence.cloud else {}),
        **fields,
    }


async def test_listing(confluence: Confluence, server: Server, tmp_path: Path) -> None:
    """All pages of a space, page by page, with the pages above in the title, version, link, time and owner."""
    confluence.most = 2
    confluence.pages = {
        "1": Page("Engineering"),
        "2": Page("Releases", parent="1", version=7),
        "3": Page("Flags", parent="2"),
    }
    async with opened(tmp_path, **options(server, confluence)) as (source, _):
        found = await listed(source)
    assert {path: (entry.title, entry.revision) for path, entry in found.items()} == {
        "ENG/1.html": ("Engineering", "1"),
        "ENG/2.html": ("Releases", "7"),
        "ENG/3.html": ("Releases › Flags", "1"),
    }
    entry = found["ENG/3.html"]
    assert (entry.url, entry.owners, entry.audience) == (
        f"{server.url}/wiki/spaces/ENG/pages/3",
        ("Ada",),
        None,
    )
    assert entry.updated_at is not None
    assert {one.anchors for one in found.values()} == {"confluence" if confluence.cloud else ""}
    assert not [asked for asked in server.asked if "storage" in asked]


async def test_restrictions(confluence: Confluence, server: Server, tmp_path: Path) -> None:
    """A page is for those whom it and all pages above it allow; groups may have words of one's own."""
    confluence.pages = {
        "1": Page("Open"),
        "2": Page("Pay", parent="1", groups=("people-team", "board")),
        "3": Page("Bands", parent="2"),
        "4": Page("Names", parent="3", groups=("people-team",), users=("bob",)),
        "5": Page("Nobody's", parent="2", users=("carol",)),
        "6": Page("New", parent="1", groups=("board",), searched=False),
    }
    words = {"people-team": ["hr"]}
    async with opened(tmp_path, **options(server, confluence, audiences=words)) as (source, _):
        found = await listed(source)
    assert [entry.audience for entry in found.values()] == [
        None,
        {"hr", "board"},
        {"hr", "board"},
        {"hr"},
        set(),
        {"board"},
    ]


async def test_folders(tmp_path: Path) -> None:
    """A folder between two pages of Cloud does not open what the upper one closes."""
    confluence = Confluence()
    confluence.pages = {
        "1": Page("Closed", groups=("board",)),
        "2": Page("Folder", parent="1", kind="folder"),
        "3": Page("Folder in it", parent="2", kind="folder"),
        "4": Page("Below", parent="3"),
    }
    async with (
        serving(confluence.answer) as server,
        opened(tmp_path, **options(server, confluence)) as (source, _),
    ):
        found = await listed(source)
    assert found["ENG/4.html"].audience == {"board"}


async def test_restricted_folders(tmp_path: Path) -> None:
    """A restriction of a folder, or of one above it, counts for the pages in it; what can't be asked is closed."""
    confluence = Confluence()
    confluence.pages = {
        "1": Page("Folder", kind="folder", groups=("board", "staff")),
        "2": Page("Folder in it", parent="1", kind="folder", groups=("board",)),
        "3": Page("Pay", parent="2"),
        "4": Page("Below", parent="3"),
        "5": Page("Staff", parent="1"),
        "6": Page("Board", kind="whiteboard"),
        "7": Page("Above an unknown", parent="6"),
    }
    async with (
        serving(confluence.answer) as server,
        opened(tmp_path, **options(server, confluence)) as (source, _),
    ):
        found = await listed(source)
    assert {path: entry.audience for path, entry in found.items()} == {
        "ENG/3.html": {"board"},
        "ENG/4.html": {"board"},
        "ENG/5.html": {"board", "staff"},
        "ENG/7.html": set(),
    }


async def test_restrictions_narrow_the_configuration(
    confluence: Confluence, server: Server, tmp_path: Path
) -> None:
    """A restriction never gives a page to whom the configuration doesn't."""
    confluence.pages = {"1": Page("Pay", groups=("hr", "staff")), "2": Page("Open")}
    async with opened(tmp_path, **options(server, confluence, audience=["staff"])) as (source, _):
        found = await listed(source)
    assert audience_of(source.settings, found["ENG/1.html"]) == {"staff"}
    assert audience_of(source.settings, found["ENG/2.html"]) == {"staff"}


async def test_attachments(confluence: Confluence, server: Server, tmp_path: Path) -> None:
    """Attachments of known formats come along, with their page's audience."""
    confluence.pages = {"1": Page("Travel", groups=("staff",))}
    confluence.attachments = {
        "att1": ("1", "rates.pdf", b"%PDF"),
        "att2": ("1", "photo.png", b""),
        "att3": ("9", "lost.pdf", b""),
    }
    async with opened(tmp_path, **options(server, confluence)) as (source, _):
        found = await listed(source)
        assert set(found) == {"ENG/1.html", "ENG/1/rates.pdf"}
        entry = found["ENG/1/rates.pdf"]
        assert (entry.title, entry.audience) == ("Travel › rates", {"staff"})
        page = await source.fetch(entry)
        assert (page.name, page.data) == ("ENG/1/rates.pdf", b"%PDF")
        del confluence.attachments["att1"]
        with pytest.raises(PageGone):
            await source.fetch(entry)
    async with opened(tmp_path, **options(server, confluence, attachments=False)) as (source, _):
        assert set(await listed(source)) == {"ENG/1.html"}


async def test_blog(confluence: Confluence, server: Server, tmp_path: Path) -> None:
    """With `blog` a space's posts are listed and read as pages are, by their own restrictions; without it not."""
    confluence.most = 1
    confluence.pages = {
        "1": Page("Engineering"),
        "2": Page("We moved", "<p>To <b>Bristol</b></p>", version=3, kind="blogpost"),
        "3": Page("Bonus", groups=("board",), kind="blogpost"),
        "4": Page("Fresh", groups=("board",), kind="blogpost", searched=False),
    }
    confluence.attachments = {"att1": ("3", "plan.pdf", b"%PDF")}
    async with opened(tmp_path, **options(server, confluence)) as (source, _):
        assert set(await listed(source)) == {"ENG/1.html"}
    async with opened(tmp_path, **options(server, confluence, blog=True)) as (source, _):
        found = await listed(source)
        assert {path: entry.audience for path, entry in found.items()} == {
            "ENG/1.html": None,
            "ENG/blog/2.html": None,
            "ENG/blog/3.html": {"board"},
            "ENG/blog/4.html": {"board"},
            "ENG/3/plan.pdf": {"board"},
        }
        entry = found["ENG/blog/2.html"]
        assert (entry.title, entry.revision) == ("We moved", "3")
        assert entry.owners == (("Bob",) if confluence.cloud else ("Ada",))
        assert "To <b>Bristol</b>" in await text_of(source, entry)
        assert (await source.fetch(found["ENG/3/plan.pdf"])).data == b"%PDF"
        assert "Text" in await text_of(source, found["ENG/1.html"])
        del confluence.pages["2"]
        with pytest.raises(PageGone):
            await source.fetch(entry)


def test_storage_format() -> None:
    """Macros become what they show, tables stay tables, code stays as it is written."""
    storage = """<h1>Rules</h1><p>See <ac:link><ri:page ri:content-title="Other &amp; more"/></ac:link>,
<ac:link><ri:page ri:content-title="X"/><ac:plain-text-link-body><![CDATA[this]]></ac:plain-text-link-body></ac:link>
and <a href="https://x.example/">that</a> by <time datetime="2026-02-01"/>.</p>
<ac:structured-macro ac:name="toc"><ac:parameter ac:name="maxLevel">2</ac:parameter></ac:structured-macro>
<ac:structured-macro ac:name="info"><ac:parameter ac:name="title">Mind</ac:parameter><ac:rich-text-body><p>Ask first.</p>
</ac:rich-text-body></ac:structured-macro>
<ac:structured-macro ac:name="code"><ac:parameter ac:name="language">py</ac:parameter><ac:plain-text-body><![CDATA[if a < b:
    print("x")]]></ac:plain-text-body></ac:structured-macro>
<ac:structured-macro ac:name="expand"><ac:parameter ac:name="title">More</ac:parameter><ac:rich-text-body><p>Hidden</p></ac:rich-text-body></ac:structured-macro>
<table><tbody><tr><th>Level</th><th>Days</th></tr><tr><td>L1</td><td><p>27</p></td></tr></tbody></table>
<p>State: <ac:structured-macro ac:name="status"><ac:parameter ac:name="title">DONE</ac:parameter></ac:structured-macro></p>
<ac:task-list><ac:task><ac:task-id>1</ac:task-id><ac:task-status>complete</ac:task-status><ac:task-body>Call</ac:task-body></ac:task></ac:task-list>
<ac:image ac:alt="A chart"><ri:attachment ri:filename="a.png"/></ac:image><script>alert(1)</script>"""
    text = to_markdown("a.html", to_html(storage).encode())[1]
    for part in (
        "# Rules",
        "See Other & more,",
        "this\nand [that](https://x.example/) by 2026-02-01.",
        "> **Mind**\n>\n> Ask first.",
        'if a < b:\n    print("x")',
        "**More**\n\nHidden",
        "| Level | Days |\n| --- | --- |\n| L1 | 27 |",
        "State: DONE",
        "[x] Call",
        "A chart",
    ):
        assert part in text, text
    for gone in ("toc", "maxLevel", "alert", "py\n", "a.png"):
        assert gone not in text, text


async def test_fetch(confluence: Confluence, server: Server, tmp_path: Path) -> None:
    """A page is its storage format as HTML; what has vanished is gone; 401 ends the sync, 403 the page."""
    confluence.pages = {"1": Page("A", "<p>One &ouml;</p>"), "2": Page("B")}
    async with opened(tmp_path, **options(server, confluence)) as (source, _):
        found = await listed(source)
        assert "<p>One ö</p>" in await text_of(source, found["ENG/1.html"])
        del confluence.pages["2"]
        with pytest.raises(PageGone):
            await source.fetch(found["ENG/2.html"])
        server.trouble.extend([Trouble(403), Trouble(401)])
        with pytest.raises(PageFailed):
            await source.fetch(found["ENG/1.html"])
        with pytest.raises(ListingFailed, match="credentials"):
            await source.fetch(found["ENG/1.html"])


@pytest.mark.slow
async def test_ten_thousand_pages(confluence: Confluence, server: Server, tmp_path: Path) -> None:
    """10,000 pages are listed in a hundred calls or two."""
    confluence.pages = {str(n): Page(f"Page {n}") for n in range(10_000)}
    async with opened(tmp_path, **options(server, confluence)) as (source, _):
        assert len(await listed(source)) == 10_000
    assert len(server.asked) <= 200


async def test_retry_after(confluence: Confluence, server: Server, tmp_path: Path) -> None:
    """429 is obeyed for as long as Confluence asks for."""
    confluence.pages = {"1": Page("A")}
    server.trouble.append(Trouble(429, {"Retry-After": "11"}))
    async with opened(tmp_path, **options(server, confluence)) as (source, waited):
        assert len(await listed(source)) == 1
    assert waited == [11.0]


@pytest.mark.parametrize("status", [401, 403, 404, 500])
async def test_no_listing(confluence: Confluence, server: Server, tmp_path: Path, status: int) -> None:
    """A listing that breaks off on its second page fails as a whole."""
    confluence.pages, confluence.most = {"1": Page("A"), "2": Page("B")}, 1

    async def answer(request: web.Request) -> web.Response:
        if "cursor" in request.query or "start" in request.query:
            return web.Response(status=status, text="{}")
        return await confluence.answer(request)

    server.handler = answer
    async with opened(tmp_path, **options(server, confluence)) as (source, _):
        with pytest.raises(ListingFailed, match=str(status)) as caught:
            await listed(source)
    assert TOKEN not in str(caught.value)


async def test_no_space(confluence: Confluence, server: Server, tmp_path: Path) -> None:
    """A space that isn't there, or is empty for these credentials, fails the listing."""
    for spaces in (["NOPE"], ["ENG"]):
        async with opened(tmp_path, **options(server, confluence, spaces=spaces)) as (source, _):
            with pytest.raises(ListingFailed):
                await listed(source)


async def test_an_archived_space(tmp_path: Path) -> None:
    """A space that is archived is listed as before, and an admin is told, until it isn't any more."""
    confluence = Confluence(cloud=True)
    confluence.pages = {"1": Page("Leave")}
    async with (
        serving(confluence.answer) as server,
        opened(tmp_path, **options(server, confluence)) as (source, _),
    ):
        for status, told in (("current", []), ("archived", ["space ENG"]), ("current", [])):
            confluence.status = status
            assert set(await listed(source)) == {"ENG/1.html"}
            assert [each.name for each in source.warned] == told
            assert all("archived" in each.reason for each in source.warned)


def test_odd_declarations() -> None:
    """What browsers take for a comment is none of a page's words."""
    assert to_html("<p>One</p><![foo[x]]><p>Two</p>") == "<html><body><p>One</p><p>Two</p></body></html>"


@pytest.mark.parametrize("missing", ["user", "group"])
async def test_restrictions_that_are_not_told(
    confluence: Confluence, server: Server, tmp_path: Path, missing: str
) -> None:
    """An answer without one of the two kinds of restrictions fails the listing: it opens no page."""
    confluence.pages = {"1": Page("Pay", groups=("hr",), users=("ada",))}

    async def answer(request: web.Request) -> web.Response:
        given = await confluence.answer(request)
        told = (given.text or "").replace(f'"{missing}": {{"results"', f'"{missing}s": {{"results"')
        return web.Response(text=told, status=given.status, content_type=given.content_type)

    server.handler = answer
    async with opened(tmp_path, **options(server, confluence, attachments=False)) as (source, _):
        with pytest.raises(ListingFailed, match="doesn't understand"):
            await listed(source)
