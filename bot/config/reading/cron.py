"""Reads lines of a crontab, as crontab(5) means them."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import islice, pairwise
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: Final = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("weekday", 0, 7, _DAYS),
)
_NICKNAMES: Final = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}
_PART: Final = re.compile(r"(\*|\w+)(?:-(\w+))?(?:/(\d+))?", re.ASCII)
_EXAMPLE: Final = '"0 6 * * 1-5" or @daily'


def is_line(value: object) -> bool:
    """Tell whether the value is meant as a line of a crontab, right or wrong."""
    return isinstance(value, str) and (value.startswith("@") or len(value.split()) == len(_FIELDS))


def checked(line: str) -> str:
    """Return the line in numbers alone, without ranges that pass their end. Raises ValueError with what is wrong where."""
    line = line.strip().lower()
    if line.startswith("@"):
        if line not in _NICKNAMES:
            raise ValueError(f"{line!r} is no cycle of a crontab; known are {', '.join(_NICKNAMES)}")
        return _NICKNAMES[line]
    fields = zip(line.split(), _FIELDS, strict=True)
    numbers = " ".join(
        _field(given, name, least, most, names) for given, (name, least, most, names) in fields
    )
    try:
        next(CronSim(numbers, datetime(2024, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration):
        raise ValueError(f"the cron line {line!r} never comes: no such day is in those months") from None
    return numbers


def _field(given: str, name: str, least: int, most: int, names: tuple[str, ...]) -> str:
    parts = [_part(part, least, most, names) for part in given.split(",")]
    if None in parts:
        words = f", {names[0]} to {names[-1]}" if names else ""
        raise ValueError(
            f"the cron line's {name} is {given!r}; expected {least} to {most}{words}, *, a range or */n,"
            f" as in {_EXAMPLE}"
        )
    return ",".join(part for part in parts if part)


def _part(part: str, least: int, most: int, names: tuple[str, ...]) -> str | None:
    """Return `*`, `*/5`, `1-5`, `22-5`, `fri-mon` or `1-5/2` in numbers; None for anything else."""
    found = _PART.fullmatch(part)
    if found is None or found[3] == "0" * len(found[3] or "") != "":
        return None
    step = f"/{int(found[3])}" if found[3] else ""
    if found[1] == "*":
        return None if found[2] else f"*{step}"
    first, last = (_number(each, least, most, names) for each in (found[1], found[2] or found[1]))
    if first is None or last is None:
        return None
    if not found[2]:
        return f"{first}{step}"
    if first <= last:
        return f"{first}-{last}{step}"
    # Over the end: of a week 7 is 0 again.
    end = most - 1 if names == _DAYS else most
    row = [*range(first, end + 1), *range(least, last + 1)]
    return ",".join(map(str, row[:: int(found[3] or 1)]))


def _number(given: str, least: int, most: int, names: tuple[str, ...]) -> int | None:
    if given in names:
        return names.index(given) + least
    return int(given) if given.isdecimal() and least <= int(given) <= most else None


def moments(line: str, timezone: str, after: datetime) -> Iterator[datetime]:
    """Give the line's moments after `after`, by the zone's clocks: once each where these are set back or forward."""
    for moment in CronSim(checked(line), after.astimezone(ZoneInfo(timezone))):
        yield moment.astimezone(ZoneInfo(timezone))


def next_moments(line: str, timezone: str, after: datetime, count: int) -> list[datetime]:
    return list(islice(moments(line, timezone, after), count))


def longest_gap(line: str, timezone: str, count: int = 10) -> float:
    """Return the longest time in seconds between two of the next moments: a line for working days has weekends."""
    found = next_moments(line, timezone, datetime.now(UTC), count + 1)
    return max(((later - at).total_seconds() for at, later in pairwise(found)), default=0.0)
