"""Confluence Cloud's and Data Center's own ways of listing the same things."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from urllib.parse import quote, urlsplit

from indexer.sources.http_client import CallFailed, HttpClient, Json, follow, moment

_RESTRICTIONS = "restrictions.read.restrictions.user,restrictions.read.restrictions.group"
_FORBIDDEN = 403
# It vanished meanwhile, or these credentials may not know.
_CLOSED = (403, 404)
_DEEPEST = 50
# By what the second API calls them.
_LISTED = {"page": "pages", "blogpost": "blogposts"}
# What may stand between two pages, by what the API calls it.
_BETWEEN = {"folder": "folders", "whiteboard": "whiteboards", "database": "databases", "embed": "embeds"}


# A page, or a post of a space's blog: by what the first API calls them.
Kind = Literal["page", "blogpost"]


@dataclass(frozen=True, slots=True)
class PageInfo:
    """`allowed` are the groups and `user:…` that alone may read it, None for no restriction of its own.

    `between` are the restrictions of folders and the like that stand between it and its parent.
    """

    id: str
    title: str
    parent: str
    version: str
    changed: datetime | None
    owner: str
    allowed: frozenset[str] | None
    link: str
    kind: Kind = "page"
    between: tuple[frozenset[str], ...] = ()


@dataclass(frozen=True, slots=True)
class AttachmentInfo:
    id: str
    name: str
    page: str
    version: str
    changed: datetime | None
    size: int
    download: str
    link: str


class ConfluenceApi(ABC):
    """Raises CallFailed; a shape that isn't documented raises LookupError and the like."""

    def __init__(self, http: HttpClient) -> None:
        self.http = http
        self._context = urlsplit(http.base).path

    @abstractmethod
    def pages(self, space: str, kind: Kind = "page") -> AsyncIterator[PageInfo]: ...

    @abstractmethod
    async def storage(self, page: str, kind: Kind = "page") -> str:
        """A page's body in storage format."""

    async def attachments(self, space: str) -> AsyncIterator[AttachmentInfo]:
        query = quote(f'space="{space}" and type=attachment')
        start = f"/rest/api/content/search?cql={query}&limit=100&expand=version,container"
        async for found in self._paged(start):
            told = found.get("extensions", {})
            yield AttachmentInfo(
                found["id"],
                found["title"],
                str(found["container"]["id"]),
                str(found["version"]["number"]),
                moment(found["version"].get("when")),
                int(told.get("fileSize") or 0),
                self.path(found["_links"]["download"]),
                found["_links"].get("webui", ""),
            )

    async def restriction(self, page: str) -> frozenset[str] | None:
        """Of a page, or of a folder and the like; nobody where it can't be asked."""
        path = f"/rest/api/content/{page}/restriction/byOperation/read"
        try:
            found = await self.http.json(
                "GET", path, params={"expand": "restrictions.user,restrictions.group"}
            )
        except CallFailed as error:
            if error.status in _CLOSED:
                return frozenset()
            raise
        return _allowed(found["restrictions"])

    async def _paged(self, start: str) -> AsyncIterator[Json]:
        def following(page: Json) -> str:
            link = page.get("_links", {}).get("next", "")
            return self.path(link) if link else ""

        async for page in follow(lambda link: self.http.json("GET", link or start), following):
            for found in page["results"]:
                yield found

    def path(self, link: str) -> str:
        """A link as the server gives it, below the base: some begin with the base's own path, some don't."""
        if link.startswith(("http://", "https://")):
            parts = urlsplit(link)
            link = parts.path + (f"?{parts.query}" if parts.query else "")
        return link.removeprefix(self._context) if self._context else link


class DataCenter(ConfluenceApi):
    async def pages(self, space: str, kind: Kind = "page") -> AsyncIterator[PageInfo]:
        expand = f"version,ancestors,{_RESTRICTIONS}"
        start = (
            f"/rest/api/content?spaceKey={quote(space)}&type={kind}&status=current&limit=100&expand={expand}"
        )
        async for found in self._paged(start):
            above = found["ancestors"] if kind == "page" else ()
            yield PageInfo(
                id=str(found["id"]),
                title=found["title"],
                parent=str(above[-1]["id"]) if above else "",
                version=str(found["version"]["number"]),
                changed=moment(found["version"].get("when")),
                owner=found["version"].get("by", {}).get("displayName", ""),
                allowed=_allowed(found["restrictions"]["read"]["restrictions"]),
                link=found["_links"]["webui"],
                kind=kind,
            )

    async def storage(self, page: str, kind: Kind = "page") -> str:  # noqa: ARG002 - one address for both
        found = await self.http.json("GET", f"/rest/api/content/{page}", params={"expand": "body.storage"})
        return str(found["body"]["storage"]["value"])


class Cloud(ConfluenceApi):
    """Pages are listed by the second API, from the database; restrictions only stand in the first, by search."""

    def __init__(self, http: HttpClient) -> None:
        super().__init__(http)
        self._above: dict[str, tuple[str, str]] = {}
        self._folders: dict[str, frozenset[str] | None] = {}

    async def pages(self, space: str, kind: Kind = "page") -> AsyncIterator[PageInfo]:
        self._above.clear()
        self._folders.clear()
        spaces = await self.http.json("GET", "/api/v2/spaces", params={"keys": space})
        if not spaces["results"]:
            raise CallFailed(f"there is no space {space}, or these credentials don't see it", 404)
        key = spaces["results"][0]["id"]
        depth = "&depth=all" if kind == "page" else ""
        start = f"/api/v2/spaces/{key}/{_LISTED[kind]}?limit=250&status=current{depth}"
        found = [page async for page in self._paged(start)]
        restricted = await self._restrictions(space, kind)
        names = await self._names(
            {page.get("ownerId") or page["version"].get("authorId") or "" for page in found}
        )
        for page in found:
            parent, between = await self._page_above(page)
            info = PageInfo(
                id=str(page["id"]),
                title=page["title"],
                parent=parent,
                version=str(page["version"]["number"]),
                changed=moment(page["version"].get("createdAt")),
                owner=names.get(page.get("ownerId") or page["version"].get("authorId") or "", ""),
                allowed=None,
                link=page["_links"]["webui"],
                kind=kind,
                between=between,
            )
            if info.id in restricted:
                yield replace(info, allowed=restricted[info.id])
            else:
                # Search lags behind: a page that it doesn't know yet is asked for itself.
                yield replace(info, allowed=await self.restriction(info.id))

    async def storage(self, page: str, kind: Kind = "page") -> str:
        path = f"/api/v2/{_LISTED[kind]}/{page}"
        found = await self.http.json("GET", path, params={"body-format": "storage"})
        if found.get("status") == "trashed":
            raise CallFailed("it is in the trash", 404)
        return str(found["body"]["storage"]["value"])

    async def _page_above(self, page: Json) -> tuple[str, tuple[frozenset[str], ...]]:
        """Past folders and the like, which stand between pages but aren't in their listing; and whom those let through."""
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
        """What it is in; None where that can't be asked."""
        try:
            found = await self.http.json("GET", f"/api/v2/{_BETWEEN[kind]}/{parent}")
        except CallFailed as error:
            if error.status in _CLOSED:
                return None
            raise
        return str(found.get("parentId") or ""), found.get("parentType") or ""

    async def _restrictions(self, space: str, kind: Kind) -> Mapping[str, frozenset[str] | None]:
        query = quote(f'space="{space}" and type={kind}')
        start = f"/rest/api/content/search?cql={query}&limit=100&expand={_RESTRICTIONS}"
        return {
            str(found["id"]): _allowed(found["restrictions"]["read"]["restrictions"])
            async for found in self._paged(start)
        }

    async def _names(self, people: set[str]) -> Mapping[str, str]:
        names: dict[str, str] = {}
        known = sorted(people - {""})
        for first in range(0, len(known), 250):
            body = {"accountIds": known[first : first + 250]}
            try:
                found = await self.http.json("POST", "/api/v2/users-bulk", body=body)
            except CallFailed as error:
                if error.status == _FORBIDDEN:
                    return {}
                raise
            names |= {each["accountId"]: each.get("displayName", "") for each in found["results"]}
        return names


def _allowed(restrictions: Json) -> frozenset[str] | None:
    # Strictly: what isn't told must not count as open to all.
    users, groups = restrictions["user"]["results"], restrictions["group"]["results"]
    names = [f"user:{user.get('accountId') or user.get('username') or user.get('userKey')}" for user in users]
    return frozenset([*names, *(group["name"] for group in groups)]) if users or groups else None
