"""Calls Confluence for a source; `cloud` and `data_center` list pages in ways of their own."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from urllib.parse import quote, urlsplit

from bot.model import Failure
from bot.text.dates import moment
from indexer.sources.base import Unlisted
from indexer.sources.confluence import content
from indexer.sources.http.client import HttpClient, follow
from indexer.sources.http.failures import CallFailed, one_item
from indexer.sources.http.json_values import Json, items, text

RESTRICTIONS = "restrictions.read.restrictions.user,restrictions.read.restrictions.group"
# Search leaves them out otherwise.
ARCHIVED = "includeArchivedSpaces=true"
# It vanished meanwhile, or these credentials may not know.
CLOSED = (403, 404)


class ConfluenceApi(ABC):
    """Lists pages and attachments. Raises CallFailed; a shape that isn't documented raises LookupError and the like.

    What is wrong with one entry of a list goes to `unlisted`; what an admin should know of a space to `warned`.
    """

    def __init__(self, http: HttpClient) -> None:
        self.http = http
        self.unlisted: list[Unlisted] = []
        self.warned: list[Failure] = []
        self._context = urlsplit(http.base).path

    @abstractmethod
    def pages(self, space: str, kind: content.Kind = "page") -> AsyncIterator[content.PageInfo]:
        """List a space's pages, or its blog's posts."""

    @abstractmethod
    async def storage(self, page: str, kind: content.Kind = "page") -> str:
        """Fetch a page's body in storage format, Confluence's own XHTML."""

    @abstractmethod
    async def above(self, page: str) -> tuple[str, tuple[frozenset[str], ...]]:
        """Find what a page that is in no list lies in: a page's id, "" for none, and the restrictions in between."""

    async def attachments(self, space: str) -> AsyncIterator[content.AttachmentInfo]:
        """List a space's attachments, archived spaces' too."""
        query = quote(f'space="{space}" and type=attachment')
        start = f"/rest/api/content/search?cql={query}&limit=100&expand=version,container&{ARCHIVED}"
        async for found in self.paged(start):
            name = content.string(found, "title")
            with one_item(self.unlisted, name or "an attachment", (f"{space}/",), f"/{name}" if name else ""):
                if not found.get("container"):
                    raise CallFailed("the page that it is attached to isn't told: it may have been deleted")
                yield content.AttachmentInfo(
                    text(found["id"]),
                    text(found["title"]),
                    content.container_id(found["container"]),
                    content.version(found),
                    moment((content.mapping(found, "version")).get("when")),
                    int((content.mapping(found, "extensions")).get("fileSize") or 0),
                    self.path(text(found["_links"]["download"])),
                    found["_links"].get("webui") or "",
                )

    async def restriction(self, page: str) -> frozenset[str] | None:
        """Ask who may read a page, or a folder and the like; nobody (an empty set) where it may not be asked."""
        path = f"/rest/api/content/{page}/restriction/byOperation/read"
        try:
            found = await self.http.json(
                "GET", path, params={"expand": "restrictions.user,restrictions.group"}
            )
        except CallFailed as error:
            if error.status in CLOSED:
                return frozenset()
            raise
        return content.allowed(found["restrictions"])

    async def paged(self, start: str) -> AsyncIterator[Json]:
        """Read every result of a listing that begins at the path `start`, page by page."""

        def following(page: Json) -> str:
            links = page.get("_links", {})
            return self.path(text(links["next"])) if "next" in links else ""

        async for page in follow(lambda link: self.http.json("GET", link or start), following):
            for found in items(page["results"]):
                yield found

    def page_item(self, space: str, kind: content.Kind, found: object) -> one_item:
        """Guard the reading of one page of a list: what fails inside costs that page alone."""
        key = content.string(found, "id")
        name = content.string_or_number(found, "title") or (f"page {key}" if key else f"a page of {space}")
        folder = f"{space}/blog/" if kind == "blogpost" else f"{space}/"
        return one_item(self.unlisted, name, (folder + key,))

    def path(self, link: str) -> str:
        """Make a path below the base of a server's link, which may be absolute or begin with the base's own path."""
        if link.startswith(("http://", "https://")):
            parts = urlsplit(link)
            link = parts.path + (f"?{parts.query}" if parts.query else "")
        return link.removeprefix(self._context) if self._context else link
