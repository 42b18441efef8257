"""A web site as a source."""

import gzip
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
from aiohttp import web

from bot.config.loader import ConfigError
from indexer.sources.base import ListingFailed, PageFailed, PageGone, PageHidden
from indexer.sources.http.ssrf_guard import PrivateAddress, is_private, public_transport
from indexer.sources.web.robots import Robots
from tests.support.source_server import Server, Trouble, listed, opened, serving

PAGE = """<html><head><title>{title}</title>{head}</head><body><nav><a href="/">Home</a> Cookies</nav><main><article>
<h1>{title}</h1><p>{text} This paragraph is long enough to be taken for the main text of a page that people read.</p>
<table><tr><th>Day</th><th>Meal</th></tr><tr><td>Monday</td><td>Soup</td></tr></table>{links}
</article></main><footer>All rights reserved</footer></body></html>"""


@dataclass
class Site:
    """Pages by path; each may have headers, a type, or a redirect."""

    pages: dict[str, str | bytes] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)

    def put(
        self, path: str, title: str, text: str = "Text.", head: str = "", links: tuple[str, ...] = ()
    ) -> None:
        anchors = "".join(f'<a href="{link}">{link}</a>' for link in links)
        self.pages[path] = PAGE.format(title=title, text=text, head=head, links=anchors)

    async def answer(self, request: web.Request) -> web.Response:
        if request.path_qs in self.moved:
            return web.Response(status=302, headers={"Location": self.moved[request.path_qs]})
        if request.path_qs not in self.pages:
            return web.Response(status=404)
        content = self.pages[request.path_qs]
        headers = {"Content-Type": "text/html", **self.headers.get(request.path_qs, {})}
        if headers.get("ETag") and request.headers.get("If-None-Match") == headers["ETag"]:
            return web.Response(status=304, headers=headers)
        return web.Response(body=content if isinstance(content, bytes) else content.encode(), headers=headers)


def sitemap(*pages: str, kind: str = "url") -> str:
    outer = "urlset" if kind == "url" else "sitemapindex"
    inner = "".join(
        f"<{kind}><loc>{loc}</loc>{f'<lastmod>{day}</lastmod>' if day else ''}</{kind}>"
        for loc, _, day in (page.partition(" ") for page in pages)
    )
    namespace = "http://www.sitemaps.org/schemas/sitemap/0.9"
    return f'<?xml version="1.0"?><{outer} xmlns="{namespace}">{inner}</{outer}>'


@pytest.fixture
async def site() -> Site:
    return Site()


@pytest.fixture
async def server(site: Site) -> AsyncIterator[Server]:
    async with serving(site.answer) as running:
        yield running


def by_sitemap(server: Server, **fields: object) -> dict[str, object]:
    given = {"site": f"{server.url}/docs/", "sitemap": f"{server.url}/sitemap.xml", "allow_private": True}
    return {"type": "web", **given, **fields}


def by_links(server: Server, **fields: object) -> dict[str, object]:
    return {"type": "web", "site": f"{server.url}/docs/", "allow_private": True, **fields}


async def test_nested_sitemaps(site: Site, server: Server, tmp_path: Path) -> None:
    """Sitemaps of sitemaps, gzipped too, give the pages below the prefix, with their dates as revisions."""
    site.pages["/sitemap.xml"] = sitemap(f"{server.url}/a.xml", f"{server.url}/b.xml.gz", kind="sitemap")
    site.pages["/a.xml"] = sitemap(f"{server.url}/docs/one 2026-01-02", f"{server.url}/blog/no 2026-01-02")
    site.pages["/b.xml.gz"] = gzip.compress(
        sitemap(
            f"{server.url}/docs/two/ 2026-01-03T10:00:00+00:00", f"{server.url}/docs/ 2026-01-01"
        ).encode()
    )
    async with opened(tmp_path, **by_sitemap(server)) as (source, _):
        found = await listed(source)
    assert {path: entry.revision[:10] for path, entry in found.items()} == {
        "one": "2026-01-02",
        "two": "2026-01-03",
        "index": "2026-01-01",
    }
    assert found["two"].url == f"{server.url}/docs/two/"
    assert found["one"].updated_at is not None
    assert not [asked for asked in server.asked if "/docs/" in asked], "a dated page needs no call"


async def test_revision_by_head(site: Site, server: Server, tmp_path: Path) -> None:
    """Without a date a page's revision is its ETag, asked for without its body; without that it is its content."""
    site.pages["/sitemap.xml"] = sitemap(
        f"{server.url}/docs/a", f"{server.url}/docs/b", f"{server.url}/docs/gone"
    )
    site.put("/docs/a", "A")
    site.put("/docs/b", "B")
    site.headers["/docs/a"] = {"ETag": '"7"'}
    async with opened(tmp_path, **by_sitemap(server)) as (source, _):
        found = await listed(source)
        site.put("/docs/b", "B", "Changed.")
        again = await listed(source)
    assert set(found) == {"a", "b"}
    assert found["a"].revision == '"7"'
    assert "GET /docs/a" not in server.asked
    assert found["b"].revision != again["b"].revision


@pytest.mark.slow
async def test_main_text(site: Site, server: Server, tmp_path: Path) -> None:
    """A page is its main text as Markdown with tables, without menu and footer, at its canonical address."""
    canonical = f'<link rel="canonical" href="{server.url}/docs/one">'
    site.put("/docs/one?v=2", "Lunch", "Lunch is at <b>noon</b>.", head=canonical)
    site.pages["/sitemap.xml"] = sitemap(f"{server.url}/docs/one?v=2&amp;utm_source=x 2026-01-02")
    async with opened(tmp_path, **by_sitemap(server)) as (source, _):
        (entry,) = (await listed(source)).values()
        page = await source.fetch(entry)
    text = page.data.decode()
    assert (page.name, page.title, page.url) == ("one?v=2.md", "Lunch", f"{server.url}/docs/one")
    assert "Lunch is at" in text
    assert "| Monday | Soup |" in text
    assert "Cookies" not in text
    assert "All rights" not in text


async def test_pdf(site: Site, server: Server, tmp_path: Path) -> None:
    """A PDF is left as it is for the converter; a picture is refused by its type."""
    site.pages |= {"/docs/a": b"%PDF-1.7", "/docs/b": b"png"}
    site.headers |= {"/docs/a": {"Content-Type": "application/pdf"}, "/docs/b": {"Content-Type": "image/png"}}
    site.pages["/sitemap.xml"] = sitemap(f"{server.url}/docs/a 2026", f"{server.url}/docs/b 2026")
    async with opened(tmp_path, **by_sitemap(server)) as (source, _):
        found = await listed(source)
        page = await source.fetch(found["a"])
        assert (page.name, page.data) == ("a.pdf", b"%PDF-1.7")
        with pytest.raises(PageFailed, match="image/png"):
            await source.fetch(found["b"])


async def test_crawl(site: Site, server: Server, tmp_path: Path) -> None:
    """Links are followed within the prefix; robots.txt, nofollow, noindex and canonical addresses are heeded."""
    site.pages["/robots.txt"] = "User-agent: *\nDisallow: /docs/secret\nAllow: /docs/secret/open\n"
    links = (
        "one",
        "/docs/two/#part",
        "/blog",
        "https://elsewhere.example/",
        "/docs/dead",
        "secret/x",
        "secret/open",
    )
    site.put("/docs/", "Start", links=links)
    site.put("/docs/one", "One", links=("../docs/deep/er", "mailto:a@b.c", "javascript:1"))
    site.put("/docs/two/", "Two", head='<meta name="robots" content="noindex">', links=("/docs/by-two",))
    site.put("/docs/by-two", "By", head=f'<link rel="canonical" href="{server.url}/docs/one">')
    site.put("/docs/deep/er", "Deep")
    site.put("/docs/secret/x", "No")
    site.put("/docs/secret/open", "Yes")
    async with opened(tmp_path, **by_links(server)) as (source, _):
        found = await listed(source)
    assert set(found) == {"index", "one", "deep/er", "secret/open"}
    assert not [asked for asked in server.asked if "blog" in asked or "secret/x" in asked]


@pytest.mark.slow
async def test_crawling_again(site: Site, server: Server, tmp_path: Path) -> None:
    """A second crawl asks conditionally, and knows the links of what has not changed."""
    site.put("/docs/", "Start", links=("one",))
    site.put("/docs/one", "One")
    site.headers |= {"/docs/": {"ETag": '"s"'}, "/docs/one": {"ETag": '"1"'}}
    async with opened(tmp_path, **by_links(server)) as (source, _):
        first = await listed(source)
    site.headers["/docs/one"] = {"ETag": '"2"'}
    async with opened(tmp_path, **by_links(server)) as (source, _):
        again = await listed(source)
    assert set(first) == set(again) == {"index", "one"}
    assert (again["index"].revision, again["one"].revision) == ('"s"', '"2"')


@pytest.mark.slow
async def test_pages_are_asked_for_once(site: Site, server: Server, tmp_path: Path) -> None:
    """What a crawl reads is not fetched again; after a change it is the new version that is indexed."""
    site.put("/docs/", "Start", links=("one",))
    site.put("/docs/one", "One", "What was said before.")
    async with opened(tmp_path, **by_links(server)) as (source, _):
        for entry in (await listed(source)).values():
            await source.fetch(entry)
        assert sorted(server.asked) == ["GET /docs/", "GET /docs/one", "GET /robots.txt"]
        await listed(source)
        site.put("/docs/one", "One", "What is said now.")
        server.asked.clear()
        again = await listed(source)
        assert b"What is said now." in (await source.fetch(again["one"])).data
        assert server.asked.count("GET /docs/one") == 1
        assert list((tmp_path / "web-pages").iterdir()) == []


@pytest.mark.slow
async def test_a_crawl_goes_on(site: Site, server: Server, tmp_path: Path) -> None:
    """Pages that were read and not yet indexed when the process ended are not asked for again."""
    site.put("/docs/", "Start", links=("one",))
    site.put("/docs/one", "One", "What it says.")
    site.headers |= {"/docs/": {"ETag": '"s"'}, "/docs/one": {"ETag": '"1"'}}
    async with opened(tmp_path, **by_links(server)) as (source, _):
        await listed(source)
    async with opened(tmp_path, **by_links(server)) as (source, _):
        found = await listed(source)
        server.asked.clear()
        assert b"What it says." in (await source.fetch(found["one"])).data
        assert server.asked == []


async def test_forbidden_pages_stay(site: Site, server: Server, tmp_path: Path) -> None:
    """A page that is suddenly forbidden stays listed, with all that only it links to; fetching it fails alone."""
    site.put("/docs/", "Start", links=("one",))
    site.put("/docs/one", "One", links=("two",))
    site.put("/docs/two", "Two")
    async with opened(tmp_path, **by_links(server)) as (source, _):
        first = await listed(source)
        server.trouble.append(Trouble(403, at="/docs/one"))
        again = await listed(source)
        assert set(first) == set(again) == {"index", "one", "two"}
        for status in (401, 403):
            server.trouble.append(Trouble(status, at="/docs/one"))
            with pytest.raises(PageFailed):
                await source.fetch(again["one"])


@pytest.mark.parametrize("status", [401, 403, 404])
async def test_a_site_that_is_shut(site: Site, server: Server, tmp_path: Path, status: int) -> None:
    """A start page that is shut fails the listing, also where it was seen before: the whole site may be."""
    site.put("/docs/", "Start", links=("one",))
    site.put("/docs/one", "One")
    async with opened(tmp_path, **by_links(server)) as (source, _):
        assert len(await listed(source)) == 2
        server.trouble.extend([Trouble(status, at="/docs/")] * 2)
        with pytest.raises(ListingFailed, match=str(status)):
            await listed(source)


async def test_robots_in_a_hurry(site: Site, server: Server, tmp_path: Path) -> None:
    """A robots.txt that asks for patience is asked for again, and doesn't count as one that allows everything."""
    site.pages["/robots.txt"] = "User-agent: *\nDisallow: /docs/secret"
    site.pages["/sitemap.xml"] = sitemap(f"{server.url}/docs/a 2026", f"{server.url}/docs/secret 2026")
    server.trouble.append(Trouble(429, {"Retry-After": "2"}, at="/robots"))
    async with opened(tmp_path, **by_sitemap(server)) as (source, waited):
        assert set(await listed(source)) == {"a"}
    assert waited == [2.0]


async def test_too_many_pages(site: Site, server: Server, tmp_path: Path) -> None:
    """More pages than max_pages fail the listing: a cut listing would delete."""
    site.pages["/sitemap.xml"] = sitemap(*(f"{server.url}/docs/{n} 2026" for n in range(4)))
    async with opened(tmp_path, **by_sitemap(server, max_pages=3)) as (source, _):
        with pytest.raises(ListingFailed, match="max_pages"):
            await listed(source)


@pytest.mark.slow
async def test_retry_after(site: Site, server: Server, tmp_path: Path) -> None:
    """429 and 503 are tried again after as long as the server asks for."""
    site.pages["/sitemap.xml"] = sitemap(f"{server.url}/docs/a 2026")
    site.put("/docs/a", "A")
    server.trouble.append(Trouble(503, {"Retry-After": "4"}, at="/sitemap"))
    server.trouble.append(Trouble(429, {"Retry-After": "7"}, at="/docs/a"))
    async with opened(tmp_path, **by_sitemap(server)) as (source, waited):
        found = await listed(source)
        await source.fetch(found["a"])
    assert waited == [4.0, 7.0]


@pytest.mark.parametrize(
    ("status", "path"), [(500, "/sitemap"), (401, "/sitemap"), (404, "/sitemap"), (502, "/robots")]
)
async def test_no_listing(site: Site, server: Server, tmp_path: Path, status: int, path: str) -> None:
    """A sitemap or robots.txt that can't be had fails the listing."""
    site.pages["/sitemap.xml"] = sitemap(f"{server.url}/docs/a 2026")
    server.trouble.extend([Trouble(status, at=path)] * 5)
    async with opened(tmp_path, **by_sitemap(server)) as (source, _):
        with pytest.raises(ListingFailed, match=str(status)):
            await listed(source)


@pytest.mark.parametrize("body", ["<html>not found</html>", "<urlset>", ""])
async def test_no_sitemap(site: Site, server: Server, tmp_path: Path, body: str) -> None:
    """What is no sitemap fails the listing, even with a status of 200."""
    site.pages["/sitemap.xml"] = body
    async with opened(tmp_path, **by_sitemap(server)) as (source, _):
        with pytest.raises(ListingFailed, match="is no sitemap"):
            await listed(source)


async def test_vanished(site: Site, server: Server, tmp_path: Path) -> None:
    """A page that vanishes between listing and fetching is gone; one that leads elsewhere fails."""
    site.pages["/sitemap.xml"] = sitemap(f"{server.url}/docs/a 2026", f"{server.url}/docs/b 2026")
    site.moved["/docs/b"] = "/login"
    site.put("/login", "Log in")
    async with opened(tmp_path, **by_sitemap(server)) as (source, _):
        found = await listed(source)
        with pytest.raises(PageGone):
            await source.fetch(found["a"])
        with pytest.raises(PageFailed, match="elsewhere"):
            await source.fetch(found["b"])


async def test_server_away(site: Site, tmp_path: Path) -> None:
    """When the server has gone away for good, the sync ends instead of trying every page."""
    async with serving(site.answer) as server:
        urls = [f"{server.url}/docs/{n} 2026" for n in range(12)]
        site.pages["/sitemap.xml"] = sitemap(*urls)
        options = by_sitemap(server)
        async with opened(tmp_path, **options) as (source, _):
            found = list((await listed(source)).values())
    async with opened(tmp_path, **options) as (source, _):
        for entry in found[:9]:
            with pytest.raises(PageFailed):
                await source.fetch(entry)
        with pytest.raises(ListingFailed, match="can't be reached"):
            await source.fetch(found[9])


async def test_private_addresses(site: Site, server: Server, tmp_path: Path) -> None:
    """Private addresses are refused, by number and by name."""
    for host in (server.url, server.url.replace("127.0.0.1", "localhost")):
        async with opened(tmp_path, type="web", site=f"{host}/docs/") as (source, _):
            with pytest.raises(ListingFailed, match="private address"):
                await listed(source)
    assert server.asked == []


async def test_redirects_to_private_addresses(site: Site, server: Server) -> None:
    """A redirect does not get around it: each connection is judged, by the address that it is made to."""
    site.moved |= {"/a": server.url.replace("127.0.0.1", "127.0.0.2") + "/b", "/c": "/b"}
    site.put("/b", "B")

    def private(address: str) -> bool:
        return address != "127.0.0.1"

    async with httpx.AsyncClient(transport=public_transport(private), follow_redirects=True) as client:
        assert (await client.get(f"{server.url}/c")).status_code == 200
        with pytest.raises(PrivateAddress):
            await client.get(f"{server.url}/a")


async def test_names_that_change(site: Site, server: Server) -> None:
    """A name is looked up once for each connection: it can't turn private after it was judged."""
    site.put("/a", "A")
    answers = [["127.0.0.1"], ["127.0.0.2"], ["127.0.0.1", "10.0.0.1"]]
    asked: list[str] = []

    async def resolve(host: str, _port: int) -> list[str]:
        asked.append(host)
        return answers.pop(0)

    def private(address: str) -> bool:
        return address != "127.0.0.1"

    url = server.url.replace("127.0.0.1", "rebind.example") + "/a"
    headers = {"Connection": "close"}
    async with httpx.AsyncClient(transport=public_transport(private, resolve), headers=headers) as client:
        assert (await client.get(url)).status_code == 200
        for _ in range(2):
            with pytest.raises(PrivateAddress):
                await client.get(url)
    assert asked == ["rebind.example"] * 3


@pytest.mark.parametrize(
    ("address", "private"),
    [
        ("127.0.0.1", True),
        ("10.1.2.3", True),
        ("169.254.169.254", True),
        ("100.64.0.1", True),
        ("0.0.0.0", True),  # noqa: S104
        ("::1", True),
        ("fe80::1%eth0", True),
        ("fd00::1", True),
        ("::ffff:10.0.0.1", True),
        ("64:ff9b::a00:1", True),
        ("2002:0a00:0001::", True),
        ("224.0.0.1", True),
        ("8.8.8.8", False),
        ("2606:4700::1111", False),
        ("64:ff9b::808:808", False),
    ],
)
def test_is_private(address: str, private: bool) -> None:  # noqa: FBT001
    """An address is private in whichever way it is written."""
    assert is_private(address) is private


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/a", True),
        ("/b/x", False),
        ("/b/x/ok", True),
        ("/c.pdf", False),
        ("/c.pdf?x", True),
        ("/d/1/e", False),
    ],
)
def test_robots(path: str, allowed: bool) -> None:  # noqa: FBT001
    """The longest rule wins; stars and the end sign are understood; others' groups don't count."""
    text = "User-agent: other\nDisallow: /\n\nUser-agent: a\nUser-agent: *\nDisallow: /b\nAllow: /b/x/ok\n"
    assert (
        Robots(text + "Disallow: /*.pdf$\nDisallow: /d/*/e # all\nDisallow:\n").allows(
            f"https://a.example{path}"
        )
        is allowed
    )


@pytest.mark.slow
async def test_ten_thousand_pages(site: Site, server: Server, tmp_path: Path) -> None:
    """10,000 pages are listed, each once."""
    site.pages["/sitemap.xml"] = sitemap(*(f"{server.url}/{n}.xml" for n in range(10)), kind="sitemap")
    for n in range(10):
        site.pages[f"/{n}.xml"] = sitemap(*(f"{server.url}/docs/{n}/{m} 2026-01-01" for m in range(1000)))
    async with opened(tmp_path, **by_sitemap(server)) as (source, _):
        assert len(await listed(source)) == 10_000


async def test_bad_options(tmp_path: Path) -> None:
    """An address that is none is named, as a mistake in docent.yaml."""
    with pytest.raises(ConfigError, match="site"):
        async with opened(tmp_path, type="web", site="docs.example.com"):
            pass


@pytest.mark.slow
async def test_odd_declarations(site: Site, server: Server, tmp_path: Path) -> None:
    """What browsers take for a comment keeps no site out."""
    site.put("/docs/", "Start", links=("one",))
    site.put("/docs/one", "One", text="<![foo[ x ]]> <![ y> Here it is.")
    async with opened(tmp_path, **by_links(server)) as (source, _):
        found = await listed(source)
        assert set(found) == {"index", "one"}
        assert b"Here it is." in (await source.fetch(found["one"])).data


@pytest.mark.slow
async def test_no_room_for_what_was_seen(site: Site, server: Server, tmp_path: Path) -> None:
    """A disk without room for what a crawl remembers keeps no page out."""
    (tmp_path / "data").write_text("no folder")
    site.put("/docs/", "Start", links=("one",))
    site.put("/docs/one", "One")
    async with opened(tmp_path / "data", **by_links(server)) as (source, _):
        found = await listed(source)
        assert (await source.fetch(found["one"])).title == "One"


@pytest.mark.slow
async def test_audience_in_a_meta_element(tmp_path: Path) -> None:
    """A web page may say for whom it is; one that says it in a way that isn't understood is for nobody."""
    site = Site()
    site.put("/", "Start", links=("/pay", "/odd", "/all"))
    site.put("/pay", "Pay", head='<meta name="audience" content="managers">')
    site.put("/odd", "Odd", head='<meta data-audience="managers">')
    site.put("/all", "All", head='<meta name="audience" content="all">')
    async with (
        serving(site.answer) as server,
        opened(tmp_path, type="web", site=server.url, allow_private=True) as (source, _),
    ):
        entries = await listed(source)
        assert (await source.fetch(entries["pay"])).audience == {"managers"}
        assert (await source.fetch(entries["all"])).audience == {"everyone"}
        with pytest.raises(PageHidden):
            await source.fetch(entries["odd"])
