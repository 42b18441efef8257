"""Confluence Cloud's and Data Center's own ways of listing the same things."""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote, urlsplit

from bot.model import Failure
from bot.text.dates import moment
from indexer.sources.base import Unlisted
from indexer.sources.http.client import HttpClient, follow
from indexer.sources.http.failures import CallFailed, one_item
from indexer.sources.http.json_values import Json, items, text

_RESTRICTIONS = "restrictions.read.restrictions.user,restrictions.read.restrictions.group"
# Search leaves them out otherwise.
_ARCHIVED = "includeArchivedSpaces=true"
# It vanished meanwhile, or these credentials may not know.
_CLOSED = (403, 404)
_OLD = (
    "the space is archived: its pages are indexed as before; if they are out of date, take it out of `spaces`"
)
_DEEPEST = 50
_SMALL = 999
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
    """Raises CallFailed; a shape that isn't documented raises LookupError and the like.

    What is wrong with one entry of a list goes to `unlisted`; what an admin should know of a space to `warned`.
    """

    def __init__(self, http: HttpClient) -> None:
        self.http = http
        self.unlisted: list[Unlisted] = []
        self.warned: list[Failure] = []
        self._context = urlsplit(http.base).path

    @abstractmethod
    def pages(self, space: str, kind: Kind = "page") -> AsyncIterator[PageInfo]: ...

    @abstractmethod
    async def storage(self, page: str, kind: Kind = "page") -> str:
        """A page's body in storage format."""

    @abstractmethod
    async def above(self, page: str) -> tuple[str, tuple[frozenset[str], ...]]:
        """What a page that no list has is in, and the restrictions that stand between the two."""

    async def attachments(self, space: str) -> AsyncIterator[AttachmentInfo]:
        query = quote(f'space="{space}" and type=attachment')
        start = f"/rest/api/content/search?cql={query}&limit=100&expand=version,container&{_ARCHIVED}"
        async for found in self._paged(start):
            name = _told(found, "title")
            with one_item(self.unlisted, name or "an attachment", (f"{space}/",), f"/{name}" if name else ""):
                if not found.get("container"):
                    raise CallFailed("the page that it is attached to isn't told: it may have been deleted")
                yield AttachmentInfo(
                    text(found["id"]),
                    text(found["title"]),
                    _container(found["container"]),
                    _version(found),
                    moment((_mapping(found, "version")).get("when")),
                    int((_mapping(found, "extensions")).get("fileSize") or 0),
                    self.path(text(found["_links"]["download"])),
                    found["_links"].get("webui") or "",
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
            links = page.get("_links", {})
            return self.path(text(links["next"])) if "next" in links else ""

        async for page in follow(lambda link: self.http.json("GET", link or start), following):
            for found in items(page["results"]):
                yield found

    def _page_item(self, space: str, kind: Kind, found: object) -> one_item:
        """Around what is read of one page of a list."""
        key = _told(found, "id")
        name = _word(found, "title") or (f"page {key}" if key else f"a page of {space}")
        folder = f"{space}/blog/" if kind == "blogpost" else f"{space}/"
        return one_item(self.unlisted, name, (folder + key,))

    def path(self, link: str) -> str:
        """A link as the server gives it, below the base: some begin with the base's own path, some don't."""
        if link.startswith(("http://", "https://")):
            parts = urlsplit(link)
            link = parts.path + (f"?{parts.query}" if parts.query else "")
        return link.removeprefix(self._context) if self._context else link


class DataCenter(ConfluenceApi):
    """Each page of a list names all that it is in."""

    def __init__(self, http: HttpClient) -> None:
        super().__init__(http)
        self._above: dict[str, str] = {}

    async def above(self, page: str) -> tuple[str, tuple[frozenset[str], ...]]:
        return self._above.get(page, ""), ()

    async def pages(self, space: str, kind: Kind = "page") -> AsyncIterator[PageInfo]:
        expand = f"version,ancestors,{_RESTRICTIONS}"
        start = (
            f"/rest/api/content?spaceKey={quote(space)}&type={kind}&status=current&limit=100&expand={expand}"
        )
        async for found in self._paged(start):
            info = None
            with self._page_item(space, kind, found):
                info = await self._info(found, kind)
            if info is not None:
                yield info

    async def _info(self, found: Json, kind: Kind) -> PageInfo:
        above = [_id(each) for each in items(found["ancestors"])] if kind == "page" else []
        self._above |= dict(zip(above[1:], above, strict=False))
        key = _id(found)
        try:
            allowed = _allowed(found["restrictions"]["read"]["restrictions"])
        except (LookupError, TypeError, AttributeError):
            allowed = await self.restriction(key)
        version = _mapping(found, "version")
        return PageInfo(
            id=key,
            title=_word(found, "title"),
            parent=above[-1] if above else "",
            version=_version(found),
            changed=moment(version.get("when")),
            owner=_word(_mapping(version, "by"), "displayName"),
            allowed=allowed,
            link=_link(found, key),
            kind=kind,
        )

    async def storage(self, page: str, kind: Kind = "page") -> str:  # noqa: ARG002 - one address for both
        found = await self.http.json("GET", f"/rest/api/content/{page}", params={"expand": "body.storage"})
        return text(found["body"]["storage"]["value"])


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
        if not items(spaces["results"]):
            raise CallFailed(f"there is no space {space}, or these credentials don't see it", 404)
        key = _id(spaces["results"][0])
        if kind == "page" and spaces["results"][0].get("status") == "archived":
            self.warned.append(Failure(f"space {space}", _OLD))
        depth = "&depth=all" if kind == "page" else ""
        start = f"/api/v2/spaces/{key}/{_LISTED[kind]}?limit=250&status=current{depth}"
        found = [page async for page in self._paged(start)]
        restricted = await self._restrictions(space, kind)
        names = await self._names({_author(page) for page in found})
        for page in found:
            info = None
            with self._page_item(space, kind, page):
                info = await self._info(page, kind, names, restricted)
            if info is not None:
                yield info

    async def _info(
        self,
        page: Json,
        kind: Kind,
        names: Mapping[str, str],
        restricted: Mapping[str, frozenset[str] | None],
    ) -> PageInfo:
        key = _id(page)
        parent, between = await self._page_above(page)
        # Search lags behind: a page that it doesn't know yet is asked for itself.
        allowed = restricted[key] if key in restricted else await self.restriction(key)
        return PageInfo(
            id=key,
            title=_word(page, "title"),
            parent=parent,
            version=_version(page),
            changed=moment((_mapping(page, "version")).get("createdAt")),
            owner=names.get(_author(page), ""),
            allowed=allowed,
            link=_link(page, key),
            kind=kind,
            between=between,
        )

    async def storage(self, page: str, kind: Kind = "page") -> str:
        path = f"/api/v2/{_LISTED[kind]}/{page}"
        found = await self.http.json("GET", path, params={"body-format": "storage"})
        if found.get("status") == "trashed":
            raise CallFailed("it is in the trash", 404)
        return text(found["body"]["storage"]["value"])

    async def above(self, page: str) -> tuple[str, tuple[frozenset[str], ...]]:
        try:
            return await self._page_above(await self.http.json("GET", f"/api/v2/pages/{page}"))
        except CallFailed as error:
            if error.status in _CLOSED:
                return "", (frozenset(),)
            raise

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
        """By search, as far as that tells them: a page that isn't among them is asked for itself."""
        query = quote(f'space="{space}" and type={kind}')
        start = f"/rest/api/content/search?cql={query}&limit=100&expand={_RESTRICTIONS}&{_ARCHIVED}"
        told: dict[str, frozenset[str] | None] = {}
        ignored: list[Unlisted] = []
        with one_item(ignored, space):
            async for found in self._paged(start):
                with one_item(ignored, space):
                    told[_id(found)] = _allowed(found["restrictions"]["read"]["restrictions"])
        return told

    async def _names(self, people: set[str]) -> Mapping[str, str]:
        """As far as they are told: without a name a page has no owner, but it is one."""
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


def _word(found: object, key: str) -> str:
    value = found.get(key) if isinstance(found, Mapping) else None
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _told(found: object, key: str) -> str:
    """A text that may be relied on; "" for none."""
    value = found.get(key) if isinstance(found, Mapping) else None
    return value if isinstance(value, str) else ""


def _mapping(found: Json, key: str) -> Json:
    """What is of no use in another shape, and not worth losing a page for."""
    value = found.get(key)
    return value if isinstance(value, Mapping) else {}


def _id(found: Json) -> str:
    if not (key := text(found["id"])):
        raise TypeError("it has no id")
    return key


def _container(found: Json) -> str:
    """The page's id, which some servers give as a number; a small one is none."""
    key = found["id"]
    return str(key) if isinstance(key, int) and key > _SMALL else text(key)


def _version(found: Json) -> str:
    """One that nobody tells is another each time."""
    number = _word(_mapping(found, "version"), "number")
    return number or f"?{datetime.now(UTC).isoformat()}"


def _link(found: Json, key: str) -> str:
    links = _mapping(found, "_links")
    return _word(links, "webui") or f"/pages/viewpage.action?pageId={key}"


def _author(page: object) -> str:
    """Whose page it is, by id; "" where that isn't told."""
    version = page.get("version") if isinstance(page, Mapping) else None
    return _word(page, "ownerId") or _word(version, "authorId")


def _allowed(restrictions: Json) -> frozenset[str] | None:
    # Strictly: what isn't told must not count as open to all.
    users, groups = items(restrictions["user"]["results"]), items(restrictions["group"]["results"])
    names = [f"user:{user.get('accountId') or user.get('username') or user.get('userKey')}" for user in users]
    return frozenset([*names, *(text(group["name"]) for group in groups)]) if users or groups else None
