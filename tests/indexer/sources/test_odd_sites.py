"""Sites that answer oddly: whatever one answer lacks or is, no page is deleted for it, and no other page is lost."""

import random
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from aiohttp import web

from tests.indexer.sources.test_synced import synced
from tests.indexer.sources.test_web import Site, by_links, by_sitemap
from tests.indexer.sources.test_web import sitemap as made_sitemap
from tests.support.fakes import FakeStore
from tests.support.source_server import Server, opened, serving

pytestmark = pytest.mark.slow

_TRIES = 120
_DOORS = {"/robots.txt", "/sitemap.xml", "/docs/"}
_HEADERS = {
    "Content-Type": ("", "x", "application/json", "text/html; charset=klingon", "text/html;;=;", "image/png"),
    "ETag": ("", "x", '"'),
    "Last-Modified": ("", "x", "0", "Mon, 99 Foo 20266 99:99:99 GMT"),
    "Content-Encoding": ("gzip", "br", "x"),
    "X-Robots-Tag": (":::,,", "unavailable_after: x", "otherbot: noindex"),
    "Link": ("<", '<>; rel="canonical"'),
    "Set-Cookie": (";;;", "\u00ff=1"),
    "Refresh": ("0", "x; url="),
}


class OddSite(Site):
    """Spoils what it answers at one path, to each call."""

    def __init__(self, chance: random.Random) -> None:
        super().__init__()
        self.chance = chance
        self.spoiled = ""
        self.how: Callable[[web.Request, web.Response], web.Response | None] = lambda _, reply: reply
        self.said = ""

    async def answer(self, request: web.Request) -> web.Response:
        reply = await super().answer(request)
        if request.path != self.spoiled or reply.status not in {200, 304}:
            return reply
        other = self.how(request, reply)
        if other is not None:
            return other
        # The connection ends in the middle of the body.
        body = bytes(reply.body) if isinstance(reply.body, bytes) else b""
        cut = web.StreamResponse(headers={**reply.headers, "Content-Length": str(len(body) + 10)})
        await cut.prepare(request)
        await cut.write(body[: len(body) // 2])
        if request.transport is not None:
            request.transport.close()
        return reply

    def choose(self, path: str) -> None:
        """How `path` is spoiled from now on."""
        self.spoiled = path
        kind = self.chance.choice(["cut", "empty", "header", "header", "status", "garbage", "none"])
        name = self.chance.choice(list(_HEADERS))
        value = self.chance.choice(_HEADERS[name])
        status = self.chance.choice([400, 403, 418, 429, 500, 503])
        self.said = f"{path}: {kind} {name} {value!r} {status}"
        if path.endswith(".xml") and kind in {"empty", "garbage", "header"}:
            self.said = f"{path}: xml"
            self.how = lambda _, reply: _with_body(reply, odd_xml(_text(reply), self.chance).encode())
        elif kind == "cut":
            self.how = lambda _request, _reply: None
        elif kind == "header":
            self.how = lambda _, reply: _with_header(reply, name, value)
        elif kind == "status":
            self.how = lambda _request, _reply: web.Response(status=status, text="no")
        elif kind == "garbage":
            self.how = lambda _, reply: _with_body(reply, b"\x00\xff<<!&#99999999;" + _text(reply).encode())
        else:
            self.how = lambda _, reply: _with_body(reply, b"" if kind == "empty" else _text(reply).encode())


def _text(reply: web.Response) -> str:
    return reply.body.decode() if isinstance(reply.body, bytes) else ""


def _with_body(reply: web.Response, body: bytes) -> web.Response:
    headers = {name: value for name, value in reply.headers.items() if name != "Content-Length"}
    return web.Response(status=reply.status, body=body, headers=headers)


def _with_header(reply: web.Response, name: str, value: str) -> web.Response:
    made = _with_body(reply, _text(reply).encode())
    made.headers[name] = value
    return made


def odd_xml(text: str, chance: random.Random) -> str:
    """Cut, reordered, or with an element that is missing, empty or of another kind."""
    choice = chance.random()
    if choice < 0.2:
        return text[: chance.randrange(len(text))]
    if choice < 0.4:
        items = re.findall(r"<(?:url|sitemap)>.*?</(?:url|sitemap)>", text)
        first, last = text.index(items[0]), text.index(items[-1]) + len(items[-1])
        return text[:first] + "".join(chance.sample(items, len(items))) + text[last:]
    places = list(re.finditer(r"<(loc|lastmod)>([^<]*)</\1>", text))
    place = chance.choice(places)
    name = place[1]
    foreign = f"<{name}><x/></{name}>" if name == "loc" else f"<{name}>{{}}</{name}>"
    other = chance.choice(["", f"<{name}/>", f"<{name}> </{name}>", foreign])
    return text[: place.start()] + other + text[place.end() :]


def filled(site: OddSite, server: Server) -> None:
    names = [f"p{n}" for n in range(8)]
    for number, name in enumerate(names):
        links = (names[number + 1],) if number + 1 < len(names) else ()
        site.put(f"/docs/{name}", name, f"The bell of {name} is rung at six.", links=links)
        if number % 2:
            site.headers[f"/docs/{name}"] = {"ETag": f'"{number}"'}
    site.put("/docs/", "Start", links=tuple(names[::3]))
    site.pages["/robots.txt"] = "User-agent: *\nDisallow: /docs/secret\n"
    site.headers["/robots.txt"] = {"Content-Type": "text/plain"}
    parts = [f"{server.url}/a.xml", f"{server.url}/b.xml"]
    site.pages["/sitemap.xml"] = made_sitemap(*parts, kind="sitemap")
    site.pages["/a.xml"] = made_sitemap(*(f"{server.url}/docs/{name} 2026-01-02" for name in names[:4]))
    site.pages["/b.xml"] = made_sitemap(
        f"{server.url}/docs/", *(f"{server.url}/docs/{name}" for name in names[4:])
    )


@pytest.mark.parametrize("way", [by_links, by_sitemap])
async def test_no_odd_answer_costs_a_page(
    tmp_path: Path, way: Callable[[Server], dict[str, object]], caplog: pytest.LogCaptureFixture
) -> None:
    """A page, sitemap or robots.txt that is cut, empty or of another kind deletes nothing and stops nothing else."""
    chance = random.Random(f"odder {way.__name__}")  # noqa: S311 - the same each time
    site, store = OddSite(chance), FakeStore()
    async with serving(site.answer) as server:
        filled(site, server)
        async with opened(tmp_path, **way(server)) as (source, _):
            first = await synced(source, store)
            assert (first.added, first.error, first.failed) == (9, "", ())
            before = set(store.documents)
            paths = sorted({each.split()[1] for each in server.asked})
            for _ in range(_TRIES):
                site.choose(chance.choice(paths))
                report = await synced(source, store)
                told = f"{site.said}: {report}"
                assert set(store.documents) == before, told
                assert "bug" not in report.error, told
                assert not [each for each in report.failed if "bug" in each.reason], told
                assert site.spoiled in _DOORS or not report.error, told
                if chance.random() < 0.3:
                    site.spoiled = ""
                    await synced(source, store)
            site.spoiled = ""
            await synced(source, store)
            last = await synced(source, store)
            assert (last.error, last.failed, set(store.documents)) == ("", (), before)
    ours = [each for each in caplog.records if each.name.startswith(("indexer", "bot"))]
    assert not [each for each in ours if each.exc_info]
