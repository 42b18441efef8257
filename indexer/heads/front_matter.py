"""Reads what a page's head says of it: who wrote it, when, for whom, and whether it is finished."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.text.dates import written_moment

_NO = {"", "false", "no", "n", "off", "0", "null", "~", "none"}
_UNFINISHED = {"draft", "unpublished"}
_LONGEST_ADDRESS = 500
# When it was changed, before when it was made.
_DATES = (
    "updated", "last_updated", "updated_at", "last_modified", "last_modified_at", "lastmod", "last_update", "lastupdated",
    "modified", "date_modified", "update_date", "revdate", "revision_date", "last_reviewed", "reviewed", "date", "published_at",
)  # fmt: skip


class BrokenAudience(ValueError):
    """A page says who may see it in a way that can't be read; showing it to anybody would be a guess."""


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What a page says of itself. `audience` is None where it says nothing of that; `problem` is a sentence for admins.

    `address` is the page's own address on its site, `id` Docusaurus's name for it.
    """

    title: str = ""
    owners: tuple[str, ...] = ()
    updated_at: datetime | None = None
    audience: frozenset[str] | None = None
    keywords: tuple[str, ...] = ()
    problem: str = ""
    draft: bool = False
    address: str = ""
    id: str = ""


def read(fields: Mapping[str, object]) -> FrontMatter:
    """Read fields by their lower-case names. Raises BrokenAudience; any other broken field is left out."""

    def first(*names: str) -> object:
        return next((fields[name] for name in names if fields.get(name) is not None), None)

    return FrontMatter(
        title=_line(first("title", "name")),
        owners=_words(first("owners", "owner", "author", "authors", "maintainer", "dri")),
        updated_at=next((moment for name in _DATES if (moment := written_moment(fields.get(name)))), None),
        audience=_audience(fields),
        keywords=tuple(
            word for word in _words(first("keywords", "tags", "aliases", "synonyms")) if word[0] != "/"
        ),
        draft=_is_draft(fields),
        address=_address(first("permalink", "url", "slug")),
        id=_address(first("id")),
    )


def both(one: FrontMatter, other: FrontMatter) -> FrontMatter:
    """Merge two heads: the first one's values come first; only those may see the page whom both allow."""
    audience = one.audience if other.audience is None else other.audience
    if one.audience is not None and other.audience is not None:
        every = "everyone"
        audience = one.audience & other.audience
        audience = (
            other.audience if every in one.audience else one.audience if every in other.audience else audience
        )
    return FrontMatter(
        title=one.title or other.title,
        owners=one.owners or other.owners,
        updated_at=one.updated_at or other.updated_at,
        audience=audience,
        keywords=one.keywords or other.keywords,
        problem=one.problem or other.problem,
        draft=one.draft or other.draft,
        address=one.address or other.address,
        id=one.id or other.id,
    )


def _audience(fields: Mapping[str, object]) -> frozenset[str] | None:
    said = [name for name in ("audience", "audiences") if name in fields]
    if not said:
        return None
    if len(said) > 1:
        raise BrokenAudience("it has both audience and audiences: leave one")
    value = fields[said[0]]
    words = frozenset(_words(value))
    whole = (
        isinstance(value, str)
        or value is None
        or (isinstance(value, list) and len(_words(value)) == len(set(map(str, value))))
    )
    if not whole:
        raise BrokenAudience(f"its {said[0]} must be a list of names")
    return words


def _is_draft(fields: Mapping[str, object]) -> bool:
    """Recognise Hugo's and Docusaurus's `draft`, Jekyll's `published`, Obsidian's `publish`, and a `status` that says so.

    Also what Docusaurus lists nowhere, and what Hugo builds no page of, or no longer.
    """
    if any(name in fields and _flat(fields[name]) not in _NO for name in ("draft", "unlisted")):
        return True
    for build in (fields.get("build"), fields.get("_build")):
        if isinstance(build, dict) and _flat(build.get("render", True)) in {"never", "false"}:
            return True
    expires = written_moment(fields.get("expirydate"))
    if expires is not None and expires < datetime.now(UTC):
        return True
    if any(name in fields and _flat(fields[name]) in _NO - {""} for name in ("published", "publish")):
        return True
    return _flat(fields.get("status", "")) in _UNFINISHED


def _flat(value: object) -> str:
    return (
        str(value).strip().lower()
        if isinstance(value, str | int | float | bool)
        else ""
        if value is None
        else "?"
    )


def _line(value: object) -> str:
    return " ".join(str(value).split())[:300] if isinstance(value, str | int | float) else ""


def _words(value: object) -> tuple[str, ...]:
    """Split a list, or a string with commas, into names, each once."""
    if isinstance(value, str):
        text = value.strip()
        value = (
            text.removeprefix("[").removesuffix("]").split(",") if text.startswith("[") else text.split(",")
        )
        value = [each.strip().strip("\"'") for each in value]
    if not isinstance(value, list | tuple):
        return ()
    named = (item.get("name") or item.get("email") if isinstance(item, dict) else item for item in value)
    return tuple(dict.fromkeys(line for item in named if (line := _line(item).strip())))


def _address(value: object) -> str:
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return text if len(text) <= _LONGEST_ADDRESS and not re.search(r"[\s?#\\]", text) else ""
