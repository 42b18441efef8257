"""Reads the pages of Confluence spaces, Cloud and Data Center, and their attachments."""

import base64
from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import Field

from bot.config.base import Identifiers, Secret, Section
from bot.config.sources import SourceSettings
from bot.text.globs import Selection, name_of
from indexer.confinement.messages import ReaderDied
from indexer.confinement.process import Apart
from indexer.converters.formats import EVERY_FORMAT, ending
from indexer.sources.base import (
    Entry,
    Fetched,
    ListingFailed,
    Misfit,
    PageFailed,
    Source,
    Surroundings,
    too_large,
)
from indexer.sources.confluence.api import ConfluenceApi
from indexer.sources.confluence.cloud import Cloud
from indexer.sources.confluence.content import AttachmentInfo, Kind, PageInfo
from indexer.sources.confluence.data_center import DataCenter
from indexer.sources.confluence.storage_format import to_html
from indexer.sources.http.client import HttpClient
from indexer.sources.http.failures import CallFailed, fetching, listing, one_item

_BLOG = "blog"
_DEEPEST = 100
_SHOWN_ABOVE = 2


class ConfluenceOptions(Section):
    """`site` is https://NAME.atlassian.net/wiki, or a Data Center's address.

    With `email` the `token` is an API token of Cloud, without it a personal access token. `audiences` maps groups that
    pages are restricted to (or `user:ID`) to words of one's own; a group without an entry is its own word. `blog` adds
    the posts of the spaces' blogs.
    """

    site: Annotated[str, Field(pattern=r"^https?://\S+$")]
    spaces: Annotated[tuple[str, ...], Field(min_length=1)]
    token: Secret
    email: str = ""
    cloud: bool | None = None
    audiences: Mapping[str, Identifiers] = {}
    attachments: bool = True
    blog: bool = False
    include: tuple[str, ...] = EVERY_FORMAT


class ConfluenceSource(Source):
    """Paths are `SPACE/id.html` for a page, `SPACE/blog/id.html` for a post, `SPACE/id/name` for an attachment.

    Revisions are Confluence's versions. A page is for those whom it and every page above it allow; one that nobody
    restricts has the configuration's audience.
    """

    fetches_at_once = 5

    def __init__(self, settings: SourceSettings, surroundings: Surroundings) -> None:
        super().__init__(settings, surroundings)
        self._options = options = settings.parse(ConfluenceOptions)
        self.http = HttpClient(options.site, headers=self._headers)
        host = urlsplit(options.site).hostname or ""
        cloud = options.cloud if options.cloud is not None else host.endswith(".atlassian.net")
        self._api: ConfluenceApi = Cloud(self.http) if cloud else DataCenter(self.http)
        self._anchors = "confluence" if cloud else ""  # Data Center's begin with the page's title
        self._downloads: dict[str, str] = {}
        any_case = EVERY_FORMAT if options.include == EVERY_FORMAT else ()
        self.selection = Selection(options.include, any_case=any_case)
        self._words = {name_of(name): words for name, words in options.audiences.items()}
        self._met: set[str] = set()
        self._apart = Apart()
        self._outside: dict[str, tuple[str, tuple[frozenset[str], ...]]] = {}

    async def close(self) -> None:
        await self._apart.close()
        await self.http.close()

    async def _headers(self) -> Mapping[str, str]:
        token = self._options.token.get_secret_value()
        if self._options.email:
            given = base64.b64encode(f"{self._options.email}:{token}".encode()).decode()
            return {"Authorization": f"Basic {given}", "Accept": "*/*"}
        return {"Authorization": f"Bearer {token}", "Accept": "*/*"}

    async def entries(self) -> AsyncIterator[Entry]:
        self._met = set()
        self._api.unlisted = self.unlisted
        self.warned = self._api.warned = []
        found = False
        with listing():
            for space in self._options.spaces:
                with one_item(self.unlisted, f"space {space}", (f"{space}/",)):
                    async for entry in self._space(space):
                        found = True
                        yield entry
            if not found and self.unlisted:
                raise ListingFailed(f"{self.unlisted[0].name}: {self.unlisted[0].reason}")

    async def _space(self, space: str) -> AsyncIterator[Entry]:
        pages = {page.id: page async for page in self._api.pages(space)}
        if not pages:
            raise CallFailed(f"the space {space} has no pages, or these credentials see none")
        if self._options.blog:
            with one_item(self.unlisted, f"blog of {space}", (f"{space}/{_BLOG}/",)):
                pages |= {post.id: post async for post in self._api.pages(space, "blogpost")}
        await self._between(pages)
        for page in pages.values():
            with one_item(self.unlisted, page.title or page.id, (self._page_path(space, page),)):
                yield self._page(space, page, pages)
        if self._options.attachments:
            below = [f"{space}/{key}/" for key in pages]
            with one_item(self.unlisted, f"attachments of {space}", below):
                async for found in self._api.attachments(space):
                    if found.page in pages and self.selection.takes(found.name):
                        with one_item(self.unlisted, found.name, (f"{space}/{found.page}/",)):
                            yield self._attachment(space, found, pages)

    async def _between(self, pages: Mapping[str, PageInfo]) -> None:
        """Ask for pages above that are in no list, archived ones and those out of reach: who sees them sees those below."""
        self._outside = {}
        waiting = sorted({page.parent for page in pages.values()})
        while waiting:
            key = waiting.pop()
            if not key or key in pages or key in self._outside:
                continue
            with one_item(self.unlisted, f"page {key}", ()):
                own = await self._api.restriction(key)
                parent, between = await self._api.above(key)
                self._outside[key] = (parent, between if own is None else (own, *between))
                waiting.append(parent)

    def misfits(self) -> list[Misfit]:
        """Add the `audiences` that no page is restricted to: they open nothing, as a restriction stays one."""
        unmet = [name for name in self._options.audiences if name_of(name) not in self._met]
        return super().misfits() + [Misfit("audiences", name) for name in unmet]

    async def fetch(self, entry: Entry) -> Fetched:
        with fetching():
            _space, first, *last = entry.path.split("/", 2)
            if not last or first == _BLOG:
                kind: Kind = "blogpost" if last else "page"
                storage = await self._api.storage("".join(last or [first]).removesuffix(".html"), kind)
                try:
                    body = await self._apart.call(to_html, storage)
                except ReaderDied as error:
                    raise PageFailed(str(error)) from error
                return Fetched(entry.path, body.encode(), title=entry.title)
            size = int(entry.revision.partition("-")[2] or 0)
            if size > self.max_bytes:
                raise too_large(size, self.max_bytes)
            link = self._downloads.get(entry.path, "")
            reply = await self.http.call("GET", link, max_bytes=self.max_bytes)
            return Fetched(entry.path, reply.data, title=entry.title)

    def _page_path(self, space: str, page: PageInfo) -> str:
        return f"{space}/{_BLOG}/{page.id}.html" if page.kind == "blogpost" else f"{space}/{page.id}.html"

    def _page(self, space: str, page: PageInfo, pages: Mapping[str, PageInfo]) -> Entry:
        path = self._page_path(space, page)
        owners = self.settings.owners or ((page.owner,) if page.owner else ())
        return Entry(
            path,
            page.version,
            page.changed,
            owners,
            audience=self._audience(page, pages),
            url=self._options.site.rstrip("/") + self._api.path(page.link),
            title=_title(page, pages),
            anchors=self._anchors,
        )

    def _attachment(self, space: str, found: AttachmentInfo, pages: Mapping[str, PageInfo]) -> Entry:
        page = pages[found.page]
        path = f"{space}/{page.id}/{found.name.replace('/', '_')}"
        self._downloads[path] = found.download
        name = found.name.removesuffix(f".{ending(found.name)}")
        return Entry(
            path,
            f"{found.version}-{found.size}",
            found.changed,
            self.settings.owners,
            audience=self._audience(page, pages),
            url=self._options.site.rstrip("/") + self._api.path(found.link or page.link),
            title=f"{page.title} › {name}",
        )

    def _audience(self, page: PageInfo, pages: Mapping[str, PageInfo]) -> frozenset[str] | None:
        """Find who may see a page: never more than each restriction allows; None where nobody restricts it.

        Raises CallFailed where a page above it can't be told of.
        """
        words: frozenset[str] | None = None
        for allowed in self._restrictions(page, pages):
            self._met |= set(map(name_of, allowed))
            own = frozenset(word for name in allowed for word in self._words.get(name_of(name), {name}))
            words = own if words is None else words & own
        return words

    def _restrictions(self, page: PageInfo, pages: Mapping[str, PageInfo]) -> Iterator[frozenset[str]]:
        """Yield the page's own restrictions, and those of all that it lies in."""
        own, parent, seen = (page.allowed, *page.between), page.parent, {page.id}
        while True:
            yield from (allowed for allowed in own if allowed is not None)
            if not parent or parent in seen:
                return
            seen.add(parent)
            if parent in pages:
                own, parent = (pages[parent].allowed, *pages[parent].between), pages[parent].parent
            elif parent in self._outside:
                parent, own = self._outside[parent]
            else:
                raise CallFailed("a page above it can't be told of, and so not who may see it")


def _above(page: PageInfo, pages: Mapping[str, PageInfo]) -> list[PageInfo]:
    """List the pages above it, the nearest first."""
    found: list[PageInfo] = []
    parent = pages.get(page.parent)
    while parent is not None and parent not in found and len(found) < _DEEPEST:
        found.append(parent)
        parent = pages.get(parent.parent)
    return found


def _title(page: PageInfo, pages: Mapping[str, PageInfo]) -> str:
    """Put the titles of the nearest pages above before its own, but not that of the space's start page."""
    above = [each.title for each in _above(page, pages) if each.parent]
    return " › ".join([*reversed(above[:_SHOWN_ABOVE]), page.title])
