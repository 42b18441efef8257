"""Lists a space of Confluence Cloud: its pages by the second API, their restrictions by a search in the first."""

from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from urllib.parse import quote

from bot.model import Failure
from bot.text.dates import moment
from indexer.sources.base import Unlisted
from indexer.sources.confluence import content
from indexer.sources.confluence.api import ARCHIVED, CLOSED, RESTRICTIONS, ConfluenceApi
from indexer.sources.http.client import HttpClient
from indexer.sources.http.failures import CallFailed, one_item
from indexer.sources.http.json_values import Json, items, text

_OLD = (
    "the space is archived: its pages are indexed as before; if they are out of date, take it out of `spaces`"
)
_DEEPEST = 50
# By what the second API calls them.
_LISTED = {"page": "pages", "blogpost": "blogposts"}
# What may stand between two pages, by what the API calls it.
_BETWEEN = {"folder": "folders", "whiteboard": "whiteboards", "database": "databases", "embed": "embeds"}


class Cloud(ConfluenceApi):
    """Lists pages by the second API, which reads the database; only the first API, a search, tells of restrictions."""

    def __init__(self, http: HttpClient) -> None:
        super().__init__(http)
        self._above: dict[str, tuple[str, str]] = {}
        self._folders: dict[str, frozenset[str] | None] = {}

    async def pages(self, space: str, kind: content.Kind = "page") -> AsyncIterator[content.PageInfo]:
        self._above.clear()
        self._folders.clear()
        spaces = await self.http.json("GET", "/api/v2/spaces", params={"keys": space})
        if not items(spaces["results"]):
            raise CallFailed(f"there is no space {space}, or these credentials don't see it", 404)
        key = content.id_of(spaces["results"][0])
        if kind == "page" and spaces["results"][0].get("status") == "archived":
            self.warned.append(Failure(f"space {space}", _OLD))
        depth = "&depth=all" if kind == "page" else ""
        start = f"/api/v2/spaces/{key}/{_LISTED[kind]}?limit=250&status=current{depth}"
        found = [page async for page in self.paged(start)]
        restricted = await self._restrictions(space, kind)
        names = await self._names({content.author(page) for page in found})
        for page in found:
            info = None
            with self.page_item(space, kind, page):
                info = await self._info(page, kind, names, restricted)
            if info is not None:
                yield info

    async def _info(
        self,
        page: Json,
        kind: content.Kind,
        names: Mapping[str, str],
        restricted: Mapping[str, frozenset[str] | None],
    ) -> content.PageInfo:
        key = content.id_of(page)
        parent, between = await self._page_above(page)
        # Search lags behind: a page that it doesn't know yet is asked for itself.
        allowed = restricted[key] if key in restricted else await self.restriction(key)
        return content.PageInfo(
            id=key,
            title=content.string_or_number(page, "title"),
            parent=parent,
            version=content.version(page),
            changed=moment((content.mapping(page, "version")).get("createdAt")),
            owner=names.get(content.author(page), ""),
            allowed=allowed,
            link=content.link(page, key),
            kind=kind,
            between=between,
        )

    async def storage(self, page: str, kind: content.Kind = "page") -> str:
        path = f"/api/v2/{_LISTED[kind]}/{page}"
        found = await self.http.json("GET", path, params={"body-format": "storage"})
        if found.get("status") == "trashed":
            raise CallFailed("it is in the trash", 404)
        return text(found["body"]["storage"]["value"])

    async def above(self, page: str) -> tuple[str, tuple[frozenset[str], ...]]:
        try:
            return await self._page_above(await self.http.json("GET", f"/api/v2/pages/{page}"))
        except CallFailed as error:
            if error.status in CLOSED:
                return "", (frozenset(),)
            raise

    async def _page_above(self, page: Json) -> tuple[str, tuple[frozenset[str], ...]]:
        """Find the page above, past folders and the like that no listing of pages has, and whom those let through."""
        parent, kind = str(page.get("parentId") or ""), page.get("parentType") or ""
        allowed: list[frozenset[str] | None] = []
        for _ in range(_DEEPEST):
            if kind not in _BETWEEN or not parent:
                break
            if parent not in self._above:
                holder = await self._holder(parent, kind)
                self._above[parent] = holder or ("", "")
                self._folders[parent] = await self.restriction(parent) if holder else frozenset()
            allowed.append(self._folders[parent])
            parent, kind = self._above[parent]
        return parent, tuple(each for each in allowed if each is not None)

    async def _holder(self, parent: str, kind: str) -> tuple[str, str] | None:
        """Ask what a folder and the like lies in: an id and its kind; None where that may not be asked."""
        try:
            found = await self.http.json("GET", f"/api/v2/{_BETWEEN[kind]}/{parent}")
        except CallFailed as error:
            if error.status in CLOSED:
                return None
            raise
        return str(found.get("parentId") or ""), found.get("parentType") or ""

    async def _restrictions(self, space: str, kind: content.Kind) -> Mapping[str, frozenset[str] | None]:
        """Search for a space's restrictions by page id. The search lags: a page that it lacks must be asked for by itself."""
        query = quote(f'space="{space}" and type={kind}')
        start = f"/rest/api/content/search?cql={query}&limit=100&expand={RESTRICTIONS}&{ARCHIVED}"
        told: dict[str, frozenset[str] | None] = {}
        ignored: list[Unlisted] = []
        with one_item(ignored, space):
            async for found in self.paged(start):
                with one_item(ignored, space):
                    told[content.id_of(found)] = content.allowed(
                        found["restrictions"]["read"]["restrictions"]
                    )
        return told

    async def _names(self, people: set[str]) -> Mapping[str, str]:
        """Look up people's names by account id. Those that aren't told are missing: their pages have no owner."""
        names: dict[str, str] = {}
        known = sorted(people - {""})
        for first in range(0, len(known), 250):
            body = {"accountIds": known[first : first + 250]}
            with one_item([], "names"):
                found = await self.http.json("POST", "/api/v2/users-bulk", body=body)
                for each in items(found["results"]):
                    with suppress(LookupError, TypeError, AttributeError):
                        names[each["accountId"]] = each.get("displayName") or ""
        return names
