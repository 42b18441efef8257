"""Reads a web site within one prefix: the pages that its sitemap lists, or those that links lead to."""

import asyncio
import hashlib
import re
from collections.abc import AsyncIterator
from typing import Annotated

from pydantic import Field

from bot.config.base import Seconds, Section
from bot.config.sources import SourceSettings
from bot.text.dates import moment
from bot.text.globs import Selection
from indexer.confinement.messages import ReaderDied
from indexer.confinement.process import Apart
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
from indexer.sources.http.client import HttpResponse
from indexer.sources.http.failures import CallFailed, fetching, listing, one_item
from indexer.sources.web import content, sitemap
from indexer.sources.web import page as webpage
from indexer.sources.web.address import cleaned
from indexer.sources.web.crawl import Crawl, Rules, Seen
from indexer.sources.web.response_cache import KeptParts, ResponseCache
from indexer.sources.web.site import Site

_AT_ONCE = 8
_INDEX_PAGE = re.compile(r"/(?:index|default)\.(?:x?html?|php|aspx?|jsp|md)$|/index$")
_SCRIPTED = (
    "a script makes its text in the browser, and what the server sends has none: index what it is made from"
    " (a folder, a repository), or have its server send the text"
)
_NOINDEX = "left out: it asks not to be indexed (noindex); take that away there, or leave it out (exclude)"


class WebOptions(Section):
    """`site` is the prefix that every page has. The `sitemap` lists the pages; without it links do.

    More pages than `max_pages` fail the listing rather than cut it; of addresses that differ in numbers alone (as a
    calendar's) at most `max_alike` are followed. `allow_private` lets the site and its sitemap be in one's own network,
    but nothing else that is there. `delay` is the least time between two calls; robots.txt may ask for more.
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
    """Revisions are the sitemap's `lastmod`, an ETag or Last-Modified; without any, the content's hash."""

    fetches_at_once = 4

    def __init__(self, settings: SourceSettings, surroundings: Surroundings) -> None:
        super().__init__(settings, surroundings)
        self._options = options = settings.parse(WebOptions)
        self._site = Site(
            options.site,
            options.sitemap,
            agent=options.user_agent,
            private=options.allow_private,
            delay=options.delay,
            max_bytes=self.max_bytes,
        )
        self.http = self._site.http
        self.selection = Selection(options.include, options.exclude, watched=settings.audience_of)
        self._apart = Apart()
        self._kept = ResponseCache(surroundings.data / f"web-{self.name}")
        self._versions: dict[str, str] = {}
        self._parts = KeptParts(surroundings.data / f"web-{self.name}.sitemap.json")
        self._alone: set[str] = set()

    async def close(self) -> None:
        await self._apart.close()
        await self.http.close()

    async def entries(self) -> AsyncIterator[Entry]:
        with listing():
            await self._site.visit()
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
                raise ListingFailed(f"no page was found below {self._site.prefix}{why}")
            self._versions = versions
            await asyncio.to_thread(self._kept.only, versions.items())

    async def fetch(self, entry: Entry) -> Fetched:
        with fetching():
            kept = await asyncio.to_thread(self._kept.take, entry.url, entry.revision)
            reply = kept or await self._site.get(entry.url, accept=(401,))
            if reply.status == 401:  # noqa: PLR2004 - one page's own; the site as a whole is open
                raise PageFailed("it asks for a password (401): let Docent in, or leave it out (exclude)")
            if not self._site.contains(reply.url):
                raise PageFailed(f"it leads elsewhere, to {reply.url[:200]}")
            kind = content.kind(reply.headers, reply.url)
            if kind is None:
                raise PageFailed(f"it is {reply.headers.get('content-type', 'of no known kind')[:80]}")
            if not reply.data:
                raise PageFailed("its server sent nothing")
            if not self._site.told(reply)[0]:
                raise PageHidden(_NOINDEX)
            changed = moment(reply.headers.get("last-modified"))
            if kind != "html":
                return Fetched(f"{entry.path}.{kind}", reply.data, url=entry.url, updated_at=changed)
            return await self._page(entry, reply)

    async def _page(self, entry: Entry, reply: HttpResponse) -> Fetched:
        html = await asyncio.to_thread(content.decoded, reply)
        try:
            page = await self._apart.call(webpage.whole, html, reply.url)
        except BrokenAudience as error:
            raise PageHidden(str(error)) from error
        except ReaderDied as error:
            raise PageFailed(str(error)) from error
        if not page.head.index:
            raise PageHidden(_NOINDEX)
        if page.head.refresh and self._site.path(page.head.refresh) != self._site.path(cleaned(reply.url)):
            raise PageFailed(f"it only leads on, to {page.head.refresh[:200]}: list that address instead")
        if page.head.scripted:
            raise PageFailed(_SCRIPTED)
        elsewhere = self._site.contains(page.head.canonical) and entry.url not in self._alone
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

    async def _from_sitemap(self) -> AsyncIterator[Entry]:
        undated: list[str] = []
        start = self._options.sitemap or ""
        await asyncio.to_thread(self._parts.load)
        async for located in sitemap.pages(start, self._sitemap):
            url = cleaned(located.url)
            if not self._site.allows(url):
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
        every = sitemap.entries(url, (await self._site.get(url, whole=True)).data)
        found = [entry for entry in every if entry.url]
        if len(found) < len(every):
            why = (
                f"{len(every) - len(found)} of its entries have no address that can be read: mend them there"
            )
            self.unlisted.append(Unlisted(f"sitemap {url}", why, self._parts.before(url)))
        self._parts.put(url, found, self._site.path, whole=len(found) == len(every))
        return found

    async def _probed(self, url: str) -> Entry | None:
        """Ask what is at an address that the sitemap doesn't date; None for nothing, or for what can't be told."""
        with one_item(self.unlisted, url, (self._site.path(url),)):
            return await self._asked(url)
        return None

    async def _asked(self, url: str) -> Entry | None:
        """Ask for a page's version by HEAD, or by its body if that tells nothing."""
        reply = await self._site.get(url, "HEAD", accept=range(400, 600))
        if reply.status in {404, 410}:
            return None
        told = content.version(reply)
        if reply.status >= 400 or not told:  # noqa: PLR2004 - theirs
            reply = await self._site.get(url, accept=range(400, 500))
            if reply.status in {404, 410}:
                return None
            told = await asyncio.to_thread(self._read, url, reply)
        if not self._site.told(reply)[0]:
            told += "+noindex"  # what was read before it said so is read, and left out
        return self._entry(url, told, reply.headers.get("last-modified"))

    def _read(self, url: str, reply: HttpResponse) -> str:
        """Find the version of a reply. A new one is kept on disk until the page is fetched."""
        version = content.version(reply) or hashlib.blake2b(reply.data, digest_size=12).hexdigest()
        new = self._versions.get(url) != version
        if new and reply.status == 200 and self.selection.would_take(self._site.path(url)):  # noqa: PLR2004
            self._kept.put(url, version, reply)
        return version

    async def _from_links(self) -> AsyncIterator[Entry]:
        rules = Rules(self._site.allows, self._site.path, self._options.max_pages, self._options.max_alike)
        cache = self.surroundings.data / f"web-{self.name}.json"
        self._alone = set()
        async for url, seen in Crawl(cache, self._look, rules, self.unlisted).pages(self._site.prefix):
            if seen.alone:
                self._alone.add(url)
            yield self._entry(url, seen.version, seen.changed)

    async def _look(self, url: str, before: Seen | None) -> Seen | None:
        """Fetch what is at `url`, conditionally where it was seen before; None for nothing."""
        asked = {"If-None-Match": before.etag} if before and before.etag else {}
        if before and before.changed and not before.etag:
            asked = {"If-Modified-Since": before.changed}
        # The start page is the site's door: if that is shut, all of it is.
        closed = () if url == self._site.prefix else (401, 403, 404, 410)
        reply = await self._site.get(url, headers=asked, accept=(304, *closed))
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
        kind, end = content.kind(reply.headers, reply.url), cleaned(reply.url)
        if before is not None and before.page and (kind is None or not reply.data):
            told = reply.headers.get("content-type") or "of no type"
            raise CallFailed(
                f"what was a page is {f'{told[:80]} now' if kind is None else 'empty now'}: mend it, or take the link out"
            )
        if kind is None or not self._site.contains(end):
            return None
        etag, changed = reply.headers.get("etag", ""), reply.headers.get("last-modified", "")
        version = await asyncio.to_thread(self._read, url, reply)
        index, follow = self._site.told(reply)
        if kind != "html":
            return Seen(etag, changed, version, (), page=index)
        try:
            head = await self._apart.call(
                webpage.head, await asyncio.to_thread(content.decoded, reply), reply.url
            )
        except ReaderDied:
            # Where it leads isn't known now; that it can't be read is told when it is fetched.
            return Seen(etag, changed, version, before.links if before else (), page=True)
        other = next((each for each in (head.refresh, head.canonical) if self._site.allows(each)), end)
        moved = self._site.path(other) != self._site.path(url)
        links = [link for link in head.links if head.follow and follow and self._site.allows(link)]
        found = tuple(dict.fromkeys([*links, other] if moved else links))
        page = head.index and index
        return Seen(
            etag, changed, version, found, page=page and not moved, same_as=other if page and moved else ""
        )

    def _entry(self, url: str, version: str, changed: str | None) -> Entry:
        return Entry(self._site.path(url), version, moment(changed), self.settings.owners, url=url)
