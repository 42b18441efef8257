"""Decides when FTS5 merges the segments of its index: late while a build is written, in time once it is searched.

Each write adds a segment, and each segment is one more place to look a term up: with six of them, as a first index once
left behind, looking one up takes 3 times as long, and a search 1.3 times.
"""

from typing import Final

import apsw

# Segments of the FTS5 index, and the part (one in so many) of it that may lie outside of the largest.
MOST_SEGMENTS, OUTSIDE = 8, 10
# FTS5's own numbers: so many segments of one size are merged by and by, or at once.
_AS_USUAL: Final = {"automerge": 4, "crisismerge": 16}
# For a build: what is merged by and by is merged again, which is a fifth of all that writing takes.
_LATE: Final = {"automerge": 0, "crisismerge": 64}


def late(connection: apsw.Connection, number: int) -> None:
    """Have a build's segments merged late, until `as_usual`."""
    _set(connection, number, _LATE)


def as_usual(connection: apsw.Connection, number: int) -> None:
    """Have its segments merged as FTS5 does by itself."""
    (found,) = connection.execute(
        f"select count(*) from keywords_{number}_config where k = 'automerge' and v = ?",
        (_LATE["automerge"],),
    ).fetchall()
    if found[0]:
        _set(connection, number, _AS_USUAL)


def settle(connection: apsw.Connection, number: int) -> None:
    """Merge a build's segments into one, if more than a small part of it lies outside of the largest."""
    table = f"keywords_{number}"
    sizes = [count for (count,) in connection.execute(f"select count(*) from {table}_idx group by segid")]
    if len(sizes) > MOST_SEGMENTS or (sum(sizes) - max(sizes, default=0)) * OUTSIDE > sum(sizes):
        connection.execute(f"insert into {table}({table}) values('optimize')")


def _set(connection: apsw.Connection, number: int, wanted: dict[str, int]) -> None:
    table = f"keywords_{number}"
    for name, value in wanted.items():
        connection.execute(f"insert into {table}({table}, rank) values(?, ?)", (name, value))
