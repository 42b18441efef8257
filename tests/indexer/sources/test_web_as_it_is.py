"""Web sites as people run them: broken links, many spellings, endless rows, odd sitemaps, proxies."""

import gzip
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from aiohttp import web

from indexer.sources.base import ListingFailed, PageFailed
from indexer.sources.http.ssrf_guard import PrivateAddress, PublicOnly, guarded, is_private
from indexer.sources.web import page, sitemap
from indexer.sources.web.address import alike, circles, cleaned
from indexer.sources.web.robots import Robots, told_by_headers
from tests.indexer.sources.test_synced import synced
from tests.indexer.sources.test_web import Site, by_links, by_sitemap
from tests.indexer.sources.test_web import sitemap as made_sitemap
from tests.support.fakes import FakeStore
from tests.support.source_server import Server, listed, opened, serving

Answer = Callable[[web.Request], web.Response | None]


class Oddities(Site):
    """A site with answers of its own for some paths; `None` from one means the usual."""

    def __init__(self) -> None:
        super().__init__()
        self.odd: dict[str, Answer] = {}

    async def answer(self, request: web.Request) -> web.Response:
        found = self.odd.get(request.path)
        return (found and found(request)) or await super().answer(request)


@pytest.fixture
def site() -> Oddities:
    made = Oddities()
    made.put("/docs/dome", "Dome")
    made.put("/docs/food", "Food")
    return made


@pytest.fixture
async def server(site: Oddities) -> AsyncIterator[Server]:
    async with serving(site.answer) as running:
        yield running


def start(site: Oddities, *links: str, head: str = "") -> None:
    site.put("/docs/", "Start", links=("dome", *links, "food"), head=head)


@pytest.mark.slow
@pytest.mark.parametrize("status", [400, 402, 405, 406, 418, 451, 500, 501, 503, 302])
async def test_one_bad_link(site: Oddities, server: Server, tmp_path: Path, status: int) -> None:
    """A link that answers with an error, or redirects to itself, is named; the rest is listed."""
    start(site, "odd")
    site.odd["/docs/odd"] = lambda _: web.Response(status=status, headers={"Location": "/docs/odd"})
    async with opened(tmp_path, **by_links(server)) as (source, _):
        assert set(await listed(source)) == {"index", "dome", "food"}
        assert [item.name for item in source.unlisted] == [f"{server.url}/docs/odd"]


@pytest.mark.slow
async def test_a_page_that_breaks_stays(site: Oddities, server: Server, tmp_path: Path) -> None:
    """A page that was there and answers 500 now stays listed as it was, and so does what only it links to."""
    start(site, "hub")
    site.put("/docs/hub", "Hub", links=("behind",))
    site.put("/docs/behind", "Behind")
    async with opened(tmp_path, **by_links(server)) as (source, _):
        before = await listed(source)
        site.odd["/docs/hub"] = lambda _: web.Response(status=500)
        source.unlisted = []
        assert await listed(source) == before
        assert [item.name for item in source.unlisted] == [f"{server.url}/docs/hub"]


@pytest.mark.parametrize("kind", ["application/octet-stream", "video/mp4", "application/zip", ""])
async def test_large_downloads(site: Oddities, server: Server, tmp_path: Path, kind: str) -> None:
    """An installer, an archive or a film is left out by its type, before its body is read."""
    start(site, "disk.img")
    site.pages["/docs/disk.img"] = bytes(100_000)
    site.headers["/docs/disk.img"] = {"Content-Type": kind}
    async with opened(tmp_path, **by_links(server, max_bytes=50_000)) as (source, _):
        assert set(await listed(source)) == {"index", "dome", "food"}
        assert source.unlisted == []


async def test_a_large_pdf_is_named(site: Oddities, server: Server, tmp_path: Path) -> None:
    """What is of a kind that is read, and too large, is named with its size."""
    start(site, "big.pdf")
    site.pages["/docs/big.pdf"] = b"%PDF" + bytes(100_000)
    site.headers["/docs/big.pdf"] = {"Content-Type": "application/pdf"}
    async with opened(tmp_path, **by_links(server, max_bytes=50_000)) as (source, _):
        assert set(await listed(source)) == {"index", "dome", "food"}
        assert ["max_bytes" in item.reason for item in source.unlisted] == [True]


@pytest.mark.parametrize(
    ("spelled", "clean"),
    [
        ("http://a.example/caf%c3%a9", "http://a.example/caf%C3%A9"),
        ("http://a.example/café", "http://a.example/caf%C3%A9"),
        ("http://A.example:80/%7Ebob", "http://a.example/~bob"),
        ("http://a.example/x/./../a%2Db", "http://a.example/a-b"),
        ("http://a.example/a%2fb", "http://a.example/a%2Fb"),
        ("http://a.example./a#part", "http://a.example/a"),
        ("http://a.example/a;jsessionid=A4711F", "http://a.example/a"),
        ("http://a.example/a;JSESSIONID=1.node3;v=2?x=1", "http://a.example/a;v=2?x=1"),
        ("http://a.example/a?PHPSESSID=abc&x=1", "http://a.example/a?x=1"),
        ("http://a.example/a?sid=9f86d081884c7d65", "http://a.example/a"),
        ("http://a.example/a?sid=12", "http://a.example/a?sid=12"),
        ("http://a.example/(S(lit3py55t21z5v55vlm25s55))/a.aspx", "http://a.example/a.aspx"),
        ("http://a.example/a?utm_source=x&gclid=1&fbclid=2&b=2", "http://a.example/a?b=2"),
        ("http://a.example/?b=2&a=1", "http://a.example/?a=1&b=2"),
        ("http://[2001:DB8::1]:8080/a", "http://[2001:db8::1]:8080/a"),
        ("http://münchen.example/a", "http://xn--mnchen-3ya.example/a"),
        ("http://[::1/a", ""),
        ("http://a.example:99999/", ""),
        ("mailto:a@a.example", ""),
        ("javascript:void(0)", ""),
    ],
)
def test_one_spelling(spelled: str, clean: str) -> None:
    """Spellings that RFC 3986 calls the same, sessions and tracking are one address."""
    assert cleaned(spelled) == clean
    assert cleaned(clean) == clean


async def test_sessions(site: Oddities, server: Server, tmp_path: Path) -> None:
    """A server that writes a session into its links until its cookie comes back has each page once, for good."""
    visits = iter(range(4711, 9999))

    def links(request: web.Request) -> web.Response | None:
        if "SESSION" in request.cookies:
            return None
        made = f"A{next(visits)}F"
        body = f"<h1>Start</h1><p>Hello.</p><a href='/docs/dome;jsessionid={made}'>D</a><a href='/docs/food?PHPSESSID={made}'>F</a>"
        answer = web.Response(text=body, content_type="text/html")
        answer.set_cookie("SESSION", made)
        return answer

    site.odd["/docs/"] = links
    async with opened(tmp_path, **by_links(server)) as (source, _):
        first = await listed(source)
        assert set(first) == {"index", "dome", "food"}
        assert not [entry.url for entry in first.values() if "A4" in entry.url]


async def test_folders_and_their_index_pages(site: Oddities, server: Server, tmp_path: Path) -> None:
    """A folder's address and its index page's are one page; a page that only has the second has that."""
    start(site, "guide/", "guide/index.html", "other/index.html")
    for path in ("/docs/guide/", "/docs/guide/index.html"):
        site.put(path, "Guide")
    site.put("/docs/other/index.html", "Other")
    async with opened(tmp_path, **by_links(server)) as (source, _):
        assert set(await listed(source)) == {"index", "dome", "food", "guide", "other/index.html"}


async def test_calendars(site: Oddities, server: Server, tmp_path: Path) -> None:
    """An endless row of addresses ends at a limit, which is told; what is beside it is listed."""

    def month(request: web.Request) -> web.Response:
        number = int(request.query.get("month", "0"))
        body = f"<h1>Month {number}</h1><p>Nothing on.</p><a href='?month={number + 1}'>Next</a>"
        return web.Response(text=body, content_type="text/html")

    def deeper(request: web.Request) -> web.Response:
        return web.Response(text=f"<h1>{request.path}</h1><a href='more/'>More</a>", content_type="text/html")

    start(site, "calendar?month=1", "deep/")
    site.odd["/docs/calendar"] = month
    for depth in range(9):
        site.odd[f"/docs/deep/{'more/' * depth}"] = deeper
    async with opened(tmp_path, **by_links(server, max_alike=12)) as (source, _):
        found = await listed(source)
        assert {"dome", "food", "deep"} <= set(found)
        assert sum("calendar" in path for path in found) == 12
        assert max(path.count("more") for path in found) == 2
        reasons = [item.reason for item in source.unlisted]
        assert len(reasons) == 2
        assert any("max_alike" in reason for reason in reasons)
        assert any("circle" in reason for reason in reasons)


@pytest.mark.parametrize(
    ("url", "row"),
    [
        ("/cal/2026/01/07", "/cal/#/#/#"),
        ("/cal/2026/january", "/cal/#/#"),
        ("/cal?month=2026-W03&view=day", "/cal?month=#-#&view=day"),
        ("/how-to-begin", "/how-to-begin"),
    ],
)
def test_rows(url: str, row: str) -> None:
    """Numbers and months are what the addresses of a row differ in."""
    assert alike(f"http://a.example{url}") == row


def test_circles() -> None:
    """The same part three times in a row is a circle, twice is none."""
    assert circles("http://a.example/a/b/a/b/a/b")
    assert circles("http://a.example/a/a/a")
    assert not circles("http://a.example/a/a/b/a/a")


async def test_meta_refresh(site: Oddities, server: Server, tmp_path: Path) -> None:
    """A page that leads on by itself is where it leads; one that reloads itself later is a page."""
    start(site, "old", "clock")
    site.put("/docs/old", "Old", head='<meta http-equiv="Refresh" content="0; url=new">')
    site.put("/docs/clock", "Clock", head='<meta http-equiv="refresh" content="300">')
    site.put("/docs/new", "New")
    async with opened(tmp_path, **by_links(server)) as (source, _):
        assert set(await listed(source)) == {"index", "dome", "food", "new", "clock"}


async def test_base(site: Oddities, server: Server, tmp_path: Path) -> None:
    """Links are joined to the page's base, of which the first counts."""
    start(site, head='<base href="/docs/v2/"><base href="/nowhere/">')
    site.put("/docs/v2/dome", "Dome")
    site.put("/docs/v2/food", "Food")
    async with opened(tmp_path, **by_links(server)) as (source, _):
        assert set(await listed(source)) == {"index", "v2/dome", "v2/food"}


@pytest.mark.slow
async def test_canonical_circles(site: Oddities, server: Server, tmp_path: Path) -> None:
    """Of pages that call each other the original one is listed; one whose original isn't there stands for itself."""
    start(site, "a", "b", "copy")
    for name, other in (("a", "b"), ("b", "a"), ("copy", "gone")):
        site.put(f"/docs/{name}", name, head=f'<link rel="canonical" href="/docs/{other}">')
    async with opened(tmp_path, **by_links(server)) as (source, _):
        found = await listed(source)
        assert set(found) == {"index", "dome", "food", "a", "copy"}
        assert (await source.fetch(found["copy"])).url == f"{server.url}/docs/copy"


async def test_robots_headers(site: Oddities, server: Server, tmp_path: Path) -> None:
    """X-Robots-Tag keeps a page out, of any type; what is for another robot doesn't."""
    start(site, "one", "two", "a.pdf")
    site.put("/docs/one", "One")
    site.put("/docs/two", "Two")
    site.pages["/docs/a.pdf"] = b"%PDF"
    site.headers |= {
        "/docs/one": {"X-Robots-Tag": "noindex, nofollow"},
        "/docs/two": {"X-Robots-Tag": "otherbot: noindex"},
        "/docs/a.pdf": {"X-Robots-Tag": "none", "Content-Type": "application/pdf"},
    }
    async with opened(tmp_path, **by_links(server)) as (source, _):
        assert set(await listed(source)) == {"index", "dome", "food", "two"}


@pytest.mark.slow
@pytest.mark.parametrize("dated", [True, False])
@pytest.mark.parametrize("by", ["meta", "header", "file"])
async def test_noindex_in_a_sitemap(
    site: Oddities, server: Server, tmp_path: Path, by: str, *, dated: bool
) -> None:
    """A sitemap's page that asks not to be indexed isn't, goes as soon as it is seen to ask, and is told."""
    days = ("2026-01-02", "2026-02-03") if dated else ("", "")

    def published(day: str) -> None:
        site.pages["/sitemap.xml"] = made_sitemap(
            f"{server.url}/docs/dome {days[0]}", f"{server.url}/docs/food {day}"
        )

    if by == "file":
        site.pages["/docs/food"] = b"Plain words about the food of the house."
    kind = {"Content-Type": "text/plain"} if by == "file" else {}
    site.headers["/docs/food"] = {"ETag": '"1"', **kind}
    published(days[0])
    store = FakeStore()
    async with opened(tmp_path, **by_sitemap(server)) as (source, _):
        assert (await synced(source, store)).added == 2
        if by == "meta":
            site.put("/docs/food", "Food", head='<meta name="robots" content="noindex, follow">')
            site.headers["/docs/food"] = {"ETag": '"2"'}
        else:
            site.headers["/docs/food"] |= {"X-Robots-Tag": "noindex"}
        published(days[1])
        for deleted in (1, 0):
            report = await synced(source, store)
            assert (report.deleted, report.error, list(store.documents)) == (deleted, "", ["pages:dome"])
            assert [each.name for each in report.failed] == ["food"]
            assert "noindex" in report.failed[0].reason
        site.headers["/docs/food"] = {"ETag": '"3"', **kind}
        if by == "meta":
            site.put("/docs/food", "Food")
        assert (await synced(source, store)).added == 1


def test_robots_directives() -> None:
    """Words count, not parts of words; a value is no robot's name."""
    assert told_by_headers(["max-image-preview:none, unavailable_after: 25 Jun 2027"]) == (True, True)
    assert told_by_headers(["googlebot: noindex", "docent: nofollow"]) == (True, False)
    head = page.head('<meta name="robots" content="index, max-image-preview:none">', "http://a.example/")
    assert head.index


def test_robots_files() -> None:
    """Wildcards, letters in % and a delay with a bound; a byte order mark is no word."""
    robots = Robots("User-agent: *\nDisallow: /caf%c3%a9\nDisallow: /*/old$\nCrawl-delay: 2.5\n")
    assert not robots.allows("http://a.example/café/x")
    assert not robots.allows("http://a.example/b/old")
    assert robots.allows("http://a.example/b/older")
    assert robots.delay == 2.5
    assert Robots("User-agent: *\nCrawl-delay: 86400\n").delay == 60


SCRIPTED = [
    '<body><div id="root"></div><script src="/app.js"></script></body>',
    '<body><noscript>You need to enable JavaScript to run this app.</noscript><div id="app">Loading…</div><script>x()</script>',
    '<body><nav>Docs API Blog</nav><div id="__next"></div><script src="a.js"></script></body>',
    "<body><redoc spec-url='api.yaml'></redoc><script src='redoc.js'></script></body>",
    "<body><script>document.write('x')</script></body>",
]


@pytest.mark.slow
@pytest.mark.parametrize("html", SCRIPTED)
async def test_made_by_scripts(site: Oddities, server: Server, tmp_path: Path, html: str) -> None:
    """A page without a text of its own, which a script would make, fails with a word and isn't indexed as empty."""
    start(site, "app")
    site.pages["/docs/app"] = f"<html><head><title>App</title></head>{html}</html>"
    async with opened(tmp_path, **by_links(server)) as (source, _):
        found = await listed(source)
        with pytest.raises(PageFailed, match="script"):
            await source.fetch(found["app"])


@pytest.mark.parametrize(
    "html",
    [
        '<body><div id="root"><h1>Lunch</h1><p>Lunch is at noon in the round kitchen.</p></div><script src="a.js"></script>',
        "<body><p>Closed.</p></body>",
        '<body><p>Lunch is at noon.</p><div id="root"></div></body>',
    ],
)
def test_pages_with_scripts(html: str) -> None:
    """A page whose text the server sends is one, however short, and whatever scripts it has."""
    assert not page.head(html, "http://a.example/").scripted


async def test_an_empty_answer(site: Oddities, server: Server, tmp_path: Path) -> None:
    """A server that sends nothing where a page was doesn't empty it."""
    start(site, "blank")
    site.pages["/docs/blank"] = ""
    async with opened(tmp_path, **by_links(server)) as (source, _):
        found = await listed(source)
        with pytest.raises(PageFailed, match="nothing"):
            await source.fetch(found["blank"])


# --- sitemaps ---------------------------------------------------------------------------------------------


def odd_sitemap(kind: str, base: str) -> bytes:
    urls = (f"{base}/docs/dome", f"{base}/docs/food")
    plain = made_sitemap(*urls)
    return {
        "a blank line first": f"\n \n{plain}".encode(),
        "a byte order mark": b"\xef\xbb\xbf" + plain.encode(),
        "text": "\n".join(urls).encode(),
        "text with CRLF": ("\ufeff" + "\r\n".join(urls) + "\r\n\r\n").encode(),
        "relative": made_sitemap("/docs/dome", "docs/food").encode(),
        "gzip": gzip.compress(plain.encode()),
        "bare ampersands": made_sitemap(*urls, f"{base}/docs/x?a=1&b=2").encode(),
        "another namespace": plain.replace("sitemaps.org", "google.com").encode(),
        "no namespace": plain.replace(' xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"', "").encode(),
        "an entity that nobody knows": plain.replace(
            "</urlset>", "<url><loc>/docs/&nbsp;</loc></url></urlset>"
        ).encode(),
        "a feed": f"<rss><channel><item><link>{urls[0]}</link></item><item><link>{urls[1]}</link></item></channel></rss>".encode(),
        "white space": plain.replace(urls[0], f"\n   {urls[0]}\n").encode(),
    }[kind]


@pytest.mark.parametrize(
    "kind",
    ["a blank line first", "a byte order mark", "text", "text with CRLF", "relative", "gzip", "bare ampersands",
     "another namespace", "no namespace", "an entity that nobody knows", "a feed", "white space"],
)  # fmt: skip
@pytest.mark.parametrize("mime", ["text/plain", "image/png"])
async def test_odd_sitemaps(site: Oddities, server: Server, tmp_path: Path, kind: str, mime: str) -> None:
    """What can be made out of a sitemap is listed, whatever its type is said to be."""
    site.pages["/sitemap.xml"] = odd_sitemap(kind, server.url)
    site.headers["/sitemap.xml"] = {"Content-Type": mime}
    async with opened(tmp_path, **by_sitemap(server)) as (source, _):
        assert set(await listed(source)) == {"dome", "food"}


@pytest.mark.parametrize("status", [404, 500, 200])
async def test_a_dead_part(site: Oddities, server: Server, tmp_path: Path, status: int) -> None:
    """A part of a sitemap that is dead by now is named; what it listed isn't gone, and what others lack is."""
    site.pages["/sitemap.xml"] = made_sitemap(f"{server.url}/a.xml", f"{server.url}/b.xml", kind="sitemap")
    site.pages["/a.xml"] = made_sitemap(f"{server.url}/c.xml", kind="sitemap")
    site.pages["/c.xml"] = made_sitemap(f"{server.url}/docs/dome")
    site.pages["/b.xml"] = made_sitemap(f"{server.url}/docs/food")
    async with opened(tmp_path, **by_sitemap(server)) as (source, _):
        assert set(await listed(source)) == {"dome", "food"}
        site.odd["/a.xml"] = lambda _: web.Response(status=status, text="<html>Sorry</html>")
        source.unlisted = []
        assert set(await listed(source)) == {"food"}
        assert [item.name for item in source.unlisted] == [f"sitemap {server.url}/a.xml"]
        assert source.may_still_have("dome")
        assert not source.may_still_have("other")


@pytest.mark.parametrize("status", [500, 405, 302])
async def test_a_bad_page_of_a_sitemap(site: Oddities, server: Server, tmp_path: Path, status: int) -> None:
    """A page that can't be had is named, and isn't gone."""
    site.pages["/sitemap.xml"] = made_sitemap(f"{server.url}/docs/dome", f"{server.url}/docs/bad")
    site.odd["/docs/bad"] = lambda _: web.Response(status=status, headers={"Location": "/docs/bad"})
    async with opened(tmp_path, **by_sitemap(server)) as (source, _):
        found = await listed(source)
        assert "dome" in found
        assert "bad" in found or source.may_still_have("bad")


@pytest.mark.parametrize(
    "part", ["<urlset><url><loc>/docs/dome</loc></url><url><lo", "", "{}", "<urlset><url><loc>/a</loc>"]
)
def test_cut_sitemaps(part: str) -> None:
    """One that is cut off is none: what it lacks must not seem gone."""
    with pytest.raises(sitemap.BadSitemap):
        sitemap.entries("http://a.example/s.xml", part.encode())


# --- proxies ----------------------------------------------------------------------------------------------


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch, server: Server) -> Server:
    for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY"):
        monkeypatch.setenv(name, server.url)
    return server


async def test_through_a_proxy(site: Oddities, proxied: Server, tmp_path: Path) -> None:
    """A site that only the proxy of the environment knows is read through it."""
    start(site)
    async with opened(tmp_path, type="web", site="http://docs.corp.example/docs/") as (source, _):
        assert set(await listed(source)) == {"index", "dome", "food"}


async def test_past_a_proxy(
    site: Oddities, proxied: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NO_PROXY names what is asked for directly."""
    monkeypatch.setenv("NO_PROXY", "corp.example,127.0.0.1")
    start(site)
    async with opened(tmp_path, type="web", site="http://docs.corp.example/docs/") as (source, _):
        with pytest.raises(ListingFailed, match="not known"):
            await listed(source)
    async with opened(tmp_path, **by_links(proxied)) as (source, _):
        assert set(await listed(source)) == {"index", "dome", "food"}


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/", "http://localhost/", "http://[::1]/", "http://other.corp.example/"]
)
async def test_a_proxy_is_no_way_around(proxied: Server, url: str) -> None:
    """What is private, or what nobody here can judge, isn't asked for through a proxy either."""
    own = {("docs.corp.example", 80)}
    async with httpx.AsyncClient(transport=guarded(PublicOnly(own), private=is_private)) as client:
        with pytest.raises(PrivateAddress):
            await client.get(url)
    assert proxied.asked == []
