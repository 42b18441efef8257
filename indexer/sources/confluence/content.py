"""Reads the fields of pages and attachments, which both of Confluence's APIs name alike."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from indexer.sources.http.json_values import Json, items, text

_SMALL = 999

# A page, or a post of a space's blog: by what the first API calls them.
Kind = Literal["page", "blogpost"]


@dataclass(frozen=True, slots=True)
class PageInfo:
    """A page in a listing. `parent` is its page's id, "" at the top; `owner` is a name, "" for none.

    `allowed` are the groups and `user:…` that alone may read it, None for no restriction of its own.
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
    """A file attached to the page with the id `page`. `size` is in bytes; `download` and `link` are paths on the site."""

    id: str
    name: str
    page: str
    version: str
    changed: datetime | None
    size: int
    download: str
    link: str


def string_or_number(found: object, key: str) -> str:
    """Read a text or a number as text: "" for anything else."""
    value = found.get(key) if isinstance(found, Mapping) else None
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def string(found: object, key: str) -> str:
    """Read a field that must be a text: "" for anything else."""
    value = found.get(key) if isinstance(found, Mapping) else None
    return value if isinstance(value, str) else ""


def mapping(found: Json, key: str) -> Json:
    """Read an object within `found`: an empty one for anything else, as no page is lost for its sake."""
    value = found.get(key)
    return value if isinstance(value, Mapping) else {}


def id_of(found: Json) -> str:
    """Read an id. Raises LookupError or TypeError for one that is missing, empty or no text."""
    if not (key := text(found["id"])):
        raise TypeError("it has no id")
    return key


def container_id(found: Json) -> str:
    """Read a page's id, which some servers give as a number. Raises TypeError for one that is too small to be an id."""
    key = found["id"]
    return str(key) if isinstance(key, int) and key > _SMALL else text(key)


def version(found: Json) -> str:
    """Read the version's number; one that isn't told is made up, and differs each time."""
    number = string_or_number(mapping(found, "version"), "number")
    return number or f"?{datetime.now(UTC).isoformat()}"


def link(found: Json, key: str) -> str:
    """Read a page's link, relative to the site; where it has none, the one that any page has by its id."""
    links = mapping(found, "_links")
    return string_or_number(links, "webui") or f"/pages/viewpage.action?pageId={key}"


def author(page: object) -> str:
    """Read the account id of a page's owner, or of who wrote its version; "" where neither is told."""
    version = page.get("version") if isinstance(page, Mapping) else None
    return string_or_number(page, "ownerId") or string_or_number(version, "authorId")


def allowed(restrictions: Json) -> frozenset[str] | None:
    """Read who may read a page: groups by name and `user:ID`, None for no restriction.

    Raises LookupError or TypeError for any other shape: what isn't told must not count as open to all.
    """
    users, groups = items(restrictions["user"]["results"]), items(restrictions["group"]["results"])
    names = [f"user:{user.get('accountId') or user.get('username') or user.get('userKey')}" for user in users]
    return frozenset([*names, *(text(group["name"]) for group in groups)]) if users or groups else None
