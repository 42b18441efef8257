"""The YAML head of a Markdown page: who wrote it, when, for whom."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache

_HEAD = re.compile(r"\A---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_KEY = r"[\w\"'-][\w\"' -]*:(?:\s|$)"
_FIRST_LINE = re.compile(rf"(?:[ \t]*#.*\n)*[ \t]*{_KEY}")
_HEAD_LINE = re.compile(rf"\s|$|#|- |[\]}}]|{_KEY}")
_MOSTLY = 0.6
_MOST_OPENED = 2_000  # the parser's own stack ends somewhere beyond, and the process with it
_AUDIENCE_LINE = re.compile(r"^audiences?[ \t]*:", re.MULTILINE | re.IGNORECASE)


class BrokenAudience(ValueError):
    """A page wants to say who may see it, but it can't be read: showing it to anybody would be a guess."""


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """What a page says of itself. `audience` is None where it says nothing; `problem` is a word for admins."""

    title: str = ""
    owners: tuple[str, ...] = ()
    updated_at: datetime | None = None
    audience: frozenset[str] | None = None
    keywords: tuple[str, ...] = ()
    problem: str = ""


def split(text: str) -> tuple[FrontMatter, str]:
    """The front matter and the rest. Raises BrokenAudience; anything else that is broken is left out.

    A `---` at the top that isn't followed by keys is a ruler, not a head.
    """
    match = _HEAD.match(text)
    if match is None or not _is_head(match[1]):
        return FrontMatter(), text
    head, body = match[1], text[match.end() :]
    fields, problem = _load(head)
    if fields is None:
        if _AUDIENCE_LINE.search(head):
            raise BrokenAudience("its front matter is broken, so that its audience can't be read: " + problem)
        return FrontMatter(problem=f"broken front matter: {problem}"), body
    return _read(fields), body


def _is_head(text: str) -> bool:
    """Or prose between two rulers? A head may be broken, but not beyond recognition."""
    if not text.strip():
        return True
    lines = text.splitlines()
    fitting = sum(_HEAD_LINE.match(line) is not None for line in lines)
    return _FIRST_LINE.match(text) is not None and fitting >= _MOSTLY * len(lines)


@cache
def _loader() -> type:
    import yaml  # noqa: PLC0415 (most pages have no front matter)

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _load(head: str) -> tuple[dict[str, object] | None, str]:
    import yaml  # noqa: PLC0415

    if re.search(r"(?:^|[\s:\[,-])[&*]\w", head):
        # Anchors let a few lines grow to gigabytes, and no page needs them.
        return None, "anchors and aliases are not read"
    if sum(map(head.count, ("[", "{", "- ", "? "))) > _MOST_OPENED:
        return None, "too many lists in it"
    try:
        loaded = yaml.load(head, Loader=_loader())  # noqa: S506 (a safe loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or "not YAML"
        return None, f"{what}, line {mark.line + 2}" if mark else str(what)
    if not isinstance(loaded, dict):
        return ({}, "") if loaded is None else (None, "not a mapping")
    return {str(key).strip().lower(): value for key, value in loaded.items()}, ""


def _read(fields: dict[str, object]) -> FrontMatter:
    def first(*names: str) -> object:
        return next((fields[name] for name in names if fields.get(name) is not None), None)

    audience: frozenset[str] | None = None
    for name in ("audience", "audiences"):
        if name in fields:
            audience = frozenset(_words(fields[name]))
            if not audience and fields[name] not in ([], None):
                raise BrokenAudience(f"its {name} must be a list of names")
    return FrontMatter(
        title=_line(first("title", "name")),
        owners=_words(first("owners", "owner", "author", "authors", "maintainer", "dri")),
        updated_at=_moment(
            first("updated", "last_updated", "updated_at", "last_modified", "last_reviewed", "date")
        ),
        audience=audience,
        keywords=_words(first("keywords", "tags", "aliases", "synonyms")),
    )


def _line(value: object) -> str:
    return " ".join(str(value).split())[:300] if isinstance(value, str | int | float) else ""


def _words(value: object) -> tuple[str, ...]:
    """A list, or one string with commas, as names without doubles."""
    if isinstance(value, str):
        value = value.split(",")
    if not isinstance(value, list | tuple):
        return ()
    named = (item.get("name") or item.get("email") if isinstance(item, dict) else item for item in value)
    return tuple(dict.fromkeys(line for item in named if (line := _line(item).strip())))


def _moment(value: object) -> datetime | None:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    return datetime(value.year, value.month, value.day, tzinfo=UTC) if isinstance(value, date) else None
