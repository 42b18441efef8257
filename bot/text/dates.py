"""Reads dates as servers and people write them, into moments with a time zone.

Ours: dateutil and dateparser read `03.04.2024` as the 4th of March, and fill in what isn't written ("May") from today.
"""

import re
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime
from typing import Final

# As people write dates at the head of a page, beside ISO 8601.
_WRITTEN: Final = (
    "%Y/%m/%d",
    "%d.%m.%Y",
    "%d %B %Y",
    "%d %b %Y",
    "%B %d, %Y",
    "%b %d, %Y",
    "%Y-%m-%d %H:%M:%S %z",
)


def moment(value: object) -> datetime | None:
    """Read a date of ISO 8601 or HTTP, or take a datetime as it is; in UTC if it names no zone. None for anything else."""
    if isinstance(value, datetime):
        return _zoned(value)
    if not isinstance(value, str) or not value:
        return None
    try:
        found = datetime.fromisoformat(value.strip())
    except ValueError:
        try:
            found = parsedate_to_datetime(value)
        except (ValueError, TypeError):
            return None
    return _zoned(found)


def written_moment(value: object) -> datetime | None:
    """Read a date of a page's head: a text as people write it, or what YAML or TOML made of it; None for anything else."""
    if isinstance(value, str):
        value = _parsed(value.strip())
    if isinstance(value, datetime):
        return _zoned(value)
    return datetime(value.year, value.month, value.day, tzinfo=UTC) if isinstance(value, date) else None


def retry_after(value: str) -> float | None:
    """Read a Retry-After header, in seconds or as a date, as seconds from now (0 or more); None for anything else."""
    try:
        return max(0.0, float(value))
    except ValueError:
        until = moment(value)
    return None if until is None else max(0.0, (until - datetime.now(UTC)).total_seconds())


def _zoned(found: datetime) -> datetime:
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _parsed(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(re.sub(r"\s+(?=[+-]\d)", "", text))
    except ValueError:
        pass
    for form in _WRITTEN:
        try:
            return datetime.strptime(text, form)  # noqa: DTZ007 - without a zone it is UTC
        except ValueError:
            continue
    return None
