"""Lists a space of Confluence Data Center, where each page names all that it lies in and who may read it."""

from collections.abc import AsyncIterator
from urllib.parse import quote

from bot.text.dates import moment
from indexer.sources.confluence import content
from indexer.sources.confluence.api import RESTRICTIONS, ConfluenceApi
from indexer.sources.http.client import HttpClient
from indexer.sources.http.json_values import Json, items, text


class DataCenter(ConfluenceApi):
    """Lists pages with their ancestors and restrictions in one call for each hundred."""

    def __init__(self, http: HttpClient) -> None:
        super().__init__(http)
        self._above: dict[str, str] = {}

    async def above(self, page: str) -> tuple[str, tuple[frozenset[str], ...]]:
        return self._above.get(page, ""), ()

    async def pages(self, space: str, kind: content.Kind = "page") -> AsyncIterator[content.PageInfo]:
        expand = f"version,ancestors,{RESTRICTIONS}"
        start = (
            f"/rest/api/content?spaceKey={quote(space)}&type={kind}&status=current&limit=100&expand={expand}"
        )
        async for found in self.paged(start):
            info = None
            with self.page_item(space, kind, found):
                info = await self._info(found, kind)
            if info is not None:
                yield info

    async def _info(self, found: Json, kind: content.Kind) -> content.PageInfo:
        above = [content.id_of(each) for each in items(found["ancestors"])] if kind == "page" else []
        self._above |= dict(zip(above[1:], above, strict=False))
        key = content.id_of(found)
        try:
            allowed = content.allowed(found["restrictions"]["read"]["restrictions"])
        except (LookupError, TypeError, AttributeError):
            allowed = await self.restriction(key)
        version = content.mapping(found, "version")
        return content.PageInfo(
            id=key,
            title=content.string_or_number(found, "title"),
            parent=above[-1] if above else "",
            version=content.version(found),
            changed=moment(version.get("when")),
            owner=content.string_or_number(content.mapping(version, "by"), "displayName"),
            allowed=allowed,
            link=content.link(found, key),
            kind=kind,
        )

    async def storage(self, page: str, kind: content.Kind = "page") -> str:  # noqa: ARG002 - one address for both
        found = await self.http.json("GET", f"/rest/api/content/{page}", params={"expand": "body.storage"})
        return text(found["body"]["storage"]["value"])
