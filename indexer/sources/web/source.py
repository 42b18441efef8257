"""A web site: what its sitemap lists, or what links lead to, within one prefix."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from typing import Annotated
from urllib.parse import urljoin, urlsplit

import httpx
from pydantic import Field

from bot.config.base import Seconds, Section
from bot.config.sources import SourceSettings
from bot.text.dates import moment
from bot.text.globs import Selection
from indexer.confinement.process import Apart, ReaderDied
from indexer.converters import registry
from indexer.converters.formats import MARKDOWN, ending
from indexer.converters.html_pages import as_browsers_read
from indexer.heads.front_matter import BrokenAudience
from indexer.sources.base import (
    Entry,
    Fetched,
    ListingFailed,
    PageFailed,
    PageHidden,
    Source,
    Surroundings,
    Unlisted,
)
from indexer.sources.http.client import HttpClient, HttpResponse
from indexer.sources.http.failures import CallFailed, fetching, listing, one_item
from indexer.sources.http.ssrf_guard import PublicOnly
from indexer.sources.web import page as webpage
from indexer.sources.web import sitemap
from indexer.sources.web.address import cleaned
from indexer.sources.web.crawl import Crawl, Rules, Seen
from indexer.sources.web.response_cache import KeptParts, ResponseCache
from indexer.sources.web.robots import Robots, told_by_headers

_AT_ONCE = 8
_INDEX_PAGE = re.compile(r"/(?:index|default)\.(?:x?html?|php|aspx?|jsp|md)$|/index$")
_SCRIPTED = (
    "a script makes its text in the browser, and what the server sends has none: index what it is made from"
    " (a folder, a repository), or have its server send the text"
)
_NOINDEX = "left out: it asks not to be indexed (noindex); take that away there, or leave it out (exclude)"
_USUAL = (80, 443)
_FILES = {
    "application/pdf": "pdf",
    "text/markdown": "md",
    "text/plain": "txt",
    "text/csv": "csv",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}


class WebOptions(Section):
    """`site` is the prefix that every page has. With `sitemap` that lists the pages, otherwise links do.

    More pages than `max_pages` fail the listing rather than cut it; of addresses that differ in numbers alone (a
    calendar's) at most `max_alike` are followed. `allow_private` lets the site (and its sitemap) be in one's own
    network, but nothing else that is there. `delay` is the least time between two calls; robots.txt may ask for more.
    """

    site: Annotated[str, Field(pattern=r"^https?://[^/\s]+(/\S*)?$")]
    sitemap: Annotated[str, Field(pattern=r"^https?://\S+$")] | None = None
    include: tuple[str, ...] = ("**",)
    exclude: tuple[str, ...] = ()
    max_pages: Annotated[int, Field(gt=0)] = 10_000
    max_alike: Annotated[int, Field(gt=0)] = 1_000
    allow_private: bool = False
    delay: Seconds = 0.0
    user_agent: Annotated[str, Field(pattern=r"^[\x20-\x7e]+$")] = "Docent"


class WebSource(Source):
    """Revisions are the sitemap's `lastmod`, an ETag or Last-Modified; without any the content's own hash."""

    fetches_at_once = 4

    def __init__(self, settings: SourceSettings, surroundings: Surroundings) -> None:
        super().__init__(settings, surroundings)
        self._options = options = settings.parse(WebOptions)
        self._prefix = cleaned(options.site)
        start = self._prefix.rpartition("/")[0] if ending(self._prefix) else self._prefix
        self._folder = start.rstrip("/") + "/"
        self._robots = Robots("")
        self.selection = Selection(options.include, options.exclude, watched=settings.audience_of)
        self._turn = asyncio.Lock()
        self._apart = Apart()
        self._kept = ResponseCache(surroundings.data / f"web-{self.name}")
        self._versions: dict[str, str] = {}
        self._parts = KeptParts(surroundings.data / f"web-{self.name}.sitemap.json")
        self._alone: set[str] = set()
        own = {place for url in (options.site, options.sitemap or options.site) for place in _places(url)}
        self.http = HttpClient(
            agent=options.user_agent,
            public=PublicOnly(own, private=options.allow_private),
            max_bytes=self.max_bytes,
        )

    async def close(self) -> None:
        await self._apart.close()
        await self.http.close()

    async def entries(self) -> AsyncIterator[Entry]:
        with listing():
            self.http.forget_cookies()
            self._robots = await self._rules()
            found = self._from_sitemap() if self._options.sitemap else self._from_links()
            paths: set[str] = set()
            folders: dict[str, str] = {}
            versions: dict[str, str] = {}
            async for entry in found:
                # A folder's address and its index page's are one page.
                folder = _INDEX_PAGE.sub("", f"/{entry.path}")
                twice = folders.setdefault(folder, entry.revision) == entry.revision and folder in paths
                if entry.path not in paths and not twice and self.selection.takes(entry.path):
                    paths |= {entry.path, folder}
                    versions[entry.url] = entry.revision
                    yield entry
                if len(versions) > self._options.max_pages:
                    raise ListingFailed(f"there are more than {self._options.max_pages} pages (max_pages)")
            if not versions:
                why = f": {self.unlisted[0].name}: {self.unlisted[0].reason}" if self.unlisted else ""
                raise ListingFailed(f"no page was found below {self._prefix}{why}")
            self._versions = versions
            await asyncio.to_thread(self._kept.only, versions.items())

    async def fetch(self, entry: Entry) -> Fetched:
        with fetching():
            kept = await asyncio.to_thread(self._kept.take, entry.url, entry.revision)
            reply = kept or await self._get(entry.url, accept=(401,))
            if reply.status == 401:  # noqa: PLR2004 - one page's own; the site as a whole is open
                raise PageFailed("it asks for a password (401): let Docent in, or leave it out (exclude)")
            if not self._is_ours(reply.url):
                raise PageFailed(f"it leads elsewhere, to {reply.url[:200]}")
            kind = _kind(reply.headers, reply.url)
            if kind is None:
                raise PageFailed(f"it is {reply.headers.get('content-type', 'of no known kind')[:80]}")
            if not reply.data:
                raise PageFailed("its server sent nothing")
            if not self._told(reply)[0]:
                raise PageHidden(_NOINDEX)
            changed = moment(reply.headers.get("last-modified"))
            if kind != "html":
                return Fetched(f"{entry.path}.{kind}", reply.data, url=entry.url, updated_at=changed)
            return await self._page(entry, reply)

    async def _page(self, entry: Entry, reply: HttpResponse) -> Fetched:
        html = await asyncio.to_thread(_decoded, reply)
        try:
            page = await self._apart.call(webpage.whole, html, reply.url)
        except BrokenAudience as error:
            raise PageHidden(str(error)) from error
        except ReaderDied as error:
            raise PageFailed(str(error)) from error
        if not page.head.index:
            raise PageHidden(_NOINDEX)
        if page.head.refresh and self._path(page.head.refresh) != self._path(cleaned(reply.url)):
            raise PageFailed(f"it only leads on, to {page.head.refresh[:200]}: list that address instead")
        if page.head.scripted:
            raise PageFailed(_SCRIPTED)
        elsewhere = self._is_ours(page.head.canonical) and entry.url not in self._alone
        url = page.head.canonical if elsewhere else cleaned(reply.url)
        text = page.text
        changed = moment(reply.headers.get("last-modified"))
        if text is None:
            return Fetched(
                f"{entry.path}.html", reply.data, url=url, updated_at=changed, audience=page.audience
            )
        return Fetched(
            f"{entry.path}.md",
            text.markdown.encode(),
            title=text.title,
            url=url,
            updated_at=entry.updated_at or text.updated_at or changed,
            owners=self.settings.owners or ((text.author,) if text.author else ()),
            audience=page.audience,
        )

    async def _rules(self) -> Robots:
        reply = await self._get(urljoin(self._prefix, "/robots.txt"), accept=range(400, 500), whole=True)
        told = reply.data.decode("utf-8-sig", "replace") if reply.status == 200 else ""  # noqa: PLR2004
        return Robots(told, self._agent)

    @property
    def _agent(self) -> str:
        return self._options.user_agent.partition("/")[0].strip().lower()

    def _told(self, reply: HttpResponse) -> tuple[bool, bool]:
        """Whether its headers let it be indexed, and its links be followed."""
        return told_by_headers(reply.headers.get_list("x-robots-tag"), self._agent)

    async def _from_sitemap(self) -> AsyncIterator[Entry]:
        undated: list[str] = []
        start = self._options.sitemap or ""
        await asyncio.to_thread(self._parts.load)
        async for located in sitemap.pages(start, self._sitemap):
            url = cleaned(located.url)
            if not self._may(url):
                continue
            if located.changed:
                yield self._entry(url, located.changed, located.changed)
            else:
                undated.append(url)
        await asyncio.to_thread(self._parts.save)
        for first in range(0, len(undated), _AT_ONCE):
            for entry in await asyncio.gather(*map(self._probed, undated[first : first + _AT_ONCE])):
                if entry is not None:
                    yield entry

    async def _sitemap(self, url: str) -> list[sitemap.SitemapEntry] | None:
        if url == self._options.sitemap:
            return await self._part(url)
        with one_item(self.unlisted, f"sitemap {url}", self._parts.before(url)):
            return await self._part(url)
        return None

    async def _part(self, url: str) -> list[sitemap.SitemapEntry]:
        every = sitemap.entries(url, (await self._get(url, whole=True)).data)
        found = [entry for entry in every if entry.url]
        if len(found) < len(every):
            why = (
                f"{len(every) - len(found)} of its entries have no address that can be read: mend them there"
            )
            self.unlisted.append(Unlisted(f"sitemap {url}", why, self._parts.before(url)))
        self._parts.put(url, found, self._path, whole=len(found) == len(every))
        return found

    async def _probed(self, url: str) -> Entry | None:
        """None for what isn't there, or can't be told."""
        with one_item(self.unlisted, url, (self._path(url),)):
            return await self._asked(url)
        return None

    async def _asked(self, url: str) -> Entry | None:
        """By HEAD, or by its body if that tells nothing."""
        reply = await self._get(url, "HEAD", accept=range(400, 600))
        if reply.status in {404, 410}:
            return None
        told = _version(reply)
        if reply.status >= 400 or not told:  # noqa: PLR2004 - theirs
            reply = await self._get(url, accept=range(400, 500))
            if reply.status in {404, 410}:
                return None
            told = await asyncio.to_thread(self._read, url, reply)
        if not self._told(reply)[0]:
            told += "+noindex"  # what was read before it said so is read, and left out
        return self._entry(url, told, reply.headers.get("last-modified"))

    def _read(self, url: str, reply: HttpResponse) -> str:
        """The version of what was read. If that is new, the page will be wanted: it is kept until then."""
        version = _version(reply) or hashlib.blake2b(reply.data, digest_size=12).hexdigest()
        new = self._versions.get(url) != version
        if new and reply.status == 200 and self.selection.would_take(self._path(url)):  # noqa: PLR2004
            self._kept.put(url, version, reply)
        return version

    async def _from_links(self) -> AsyncIterator[Entry]:
        rules = Rules(self._may, self._path, self._options.max_pages, self._options.max_alike)
        cache = self.surroundings.data / f"web-{self.name}.json"
        self._alone = set()
        async for url, seen in Crawl(cache, self._look, rules, self.unlisted).pages(self._prefix):
            if seen.alone:
                self._alone.add(url)
            yield self._entry(url, seen.version, seen.changed)

    async def _look(self, url: str, before: Seen | None) -> Seen | None:
        """What is at `url`: None for nothing. Asks conditionally where it was seen before."""
        asked = {"If-None-Match": before.etag} if before and before.etag else {}
        if before and before.changed and not before.etag:
            asked = {"If-Modified-Since": before.changed}
        # The start page is the site's door: if that is shut, all of it is.
        closed = () if url == self._prefix else (401, 403, 404, 410)
        reply = await self._get(url, headers=asked, accept=(304, *closed))
        if reply.status in {304, 401, 403} and before is not None:
            if reply.status != 304:  # noqa: PLR2004 - what is forbidden by now isn't shown from before
                await asyncio.to_thread(self._kept.take, url, before.version)
            return before
        if reply.status in {401, 403}:
            return Seen("", "", "forbidden", (), page=True)
        if reply.status in {404, 410}:
            return None
        if reply.status != 200:  # noqa: PLR2004
            raise CallFailed(f"{url} answered {reply.status}", reply.status)
        return await self._seen(url, reply, before)

    async def _seen(self, url: str, reply: HttpResponse, before: Seen | None) -> Seen | None:
        kind, end = _kind(reply.headers, reply.url), cleaned(reply.url)
        if before is not None and before.page and (kind is None or not reply.data):
            told = reply.headers.get("content-type") or "of no type"
            raise CallFailed(
                f"what was a page is {f'{told[:80]} now' if kind is None else 'empty now'}: mend it, or take the link out"
            )
        if kind is None or not self._is_ours(end):
            return None
        etag, changed = reply.headers.get("etag", ""), reply.headers.get("last-modified", "")
        version = await asyncio.to_thread(self._read, url, reply)
        index, follow = self._told(reply)
        if kind != "html":
            return Seen(etag, changed, version, (), page=index)
        try:
            head = await self._apart.call(webpage.head, await asyncio.to_thread(_decoded, reply), reply.url)
        except ReaderDied:
            # Where it leads isn't known now; that it can't be read is told when it is fetched.
            return Seen(etag, changed, version, before.links if before else (), page=True)
        other = next((each for each in (head.refresh, head.canonical) if self._may(each)), end)
        moved = self._path(other) != self._path(url)
        links = [link for link in head.links if head.follow and follow and self._may(link)]
        found = tuple(dict.fromkeys([*links, other] if moved else links))
        page = head.index and index
        return Seen(
            etag, changed, version, found, page=page and not moved, same_as=other if page and moved else ""
        )

    async def _get(
        self,
        url: str,
        method: str = "GET",
        *,
        headers: dict[str, str] | None = None,
        accept: range | tuple[int, ...] = (),
        whole: bool = False,
    ) -> HttpResponse:
        """`whole`: its body is read whatever type it is said to have."""
        delay = max(self._options.delay, self._robots.delay)
        if delay:
            async with self._turn:
                await self.http.pause(delay)
        allowed = [status for status in accept if status != 429]  # noqa: PLR2004 - that one is retried
        worth = None if whole else _is_read
        return await self.http.call(method, url, headers=headers, accept=allowed, worth=worth)

    def _is_ours(self, url: str) -> bool:
        """Below the prefix, with or without TLS."""
        return bool(url) and (url + "/").partition("://")[2].startswith(self._folder.partition("://")[2])

    def _may(self, url: str) -> bool:
        return self._is_ours(url) and self._robots.allows(url)

    def _path(self, url: str) -> str:
        below = url.partition("://")[2].removeprefix(self._folder.partition("://")[2])
        return below.strip("/") or "index"

    def _entry(self, url: str, version: str, changed: str | None) -> Entry:
        return Entry(self._path(url), version, moment(changed), self.settings.owners, url=url)


def _places(url: str) -> tuple[tuple[str, int], ...]:
    """The host and port of a site; of a usual one with TLS and without."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    if port in {None, *_USUAL}:
        return tuple((host, each) for each in _USUAL)
    return ((host, port or 0),)


def _version(reply: HttpResponse) -> str:
    return reply.headers.get("etag") or reply.headers.get("last-modified") or ""


def _is_read(headers: httpx.Headers, url: str) -> bool:
    """Whether a body is worth having: of a disk image nobody wants to know more than its type."""
    return _kind(headers, url) is not None


def _kind(headers: httpx.Headers, url: str) -> str | None:
    """The ending that fits the content; None for pictures and the like."""
    told = headers.get("content-type", "").partition(";")[0].strip().lower()
    if told in {"text/html", "application/xhtml+xml"}:
        return "html"
    if told == "text/plain" and ending(urlsplit(url).path) in MARKDOWN:
        return "md"
    return _FILES.get(told)


def _decoded(reply: HttpResponse) -> str:
    charset = reply.headers.get("content-type", "").lower().partition("charset=")[2].strip("\"' ;")
    if charset:
        try:
            return reply.data.decode(as_browsers_read(charset), "replace")
        except LookupError:
            pass
    try:
        return registry.decoded_html(reply.data)
    except registry.Unreadable as error:
        raise PageFailed(str(error)) from error
