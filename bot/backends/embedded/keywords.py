"""A question in FTS5's words, and BM25."""

import json
from collections.abc import Callable, Iterable, Sequence

import apsw

from bot import analyze
from bot.backends.embedded.schema import Build

# BM25 weights of title, heading, body and scope. The scope only filters.
WEIGHTS = (3.0, 1.5, 1.0, 0.0)
_RANK = f"rank match 'bm25{WEIGHTS}'"

# BM25 costs about 2 µs for each chunk that holds any of the terms: a question's commonest terms are left
# out once its terms together stand in more chunks than this, but never its rarest ones. On the 6,340 chunks
# of a real handbook a limit of 4,000 changed no figure of 43 questions (2,000: nDCG@10 .515 instead of .532).
POSTINGS = 10_000
RAREST = 3
MOST_TERMS = 64

Frequency = Callable[[str], int]


def choose(terms: Sequence[str], frequency: Frequency, chunks: int) -> list[str]:
    """The terms worth looking for: none that no chunk holds, the rare before the common."""
    if len(terms) * chunks <= POSTINGS and len(terms) <= MOST_TERMS:
        return list(terms)
    known = sorted(
        (count, position, term) for position, term in enumerate(terms) if (count := frequency(term))
    )
    chosen: list[str] = []
    cost = 0
    for count, _, term in known[:MOST_TERMS]:
        cost += count
        if cost > POSTINGS and len(chosen) >= RAREST:
            break
        chosen.append(term)
    return chosen


def frequency(connection: apsw.Connection, build: Build, term: str) -> int:
    """In how many chunks a term stands, counted no further than matters."""
    row = connection.execute(
        f"select count(*) from (select 1 from keywords_{build.id} where keywords_{build.id} match ? limit ?)",
        (_phrase(term), POSTINGS),
    ).fetchone()
    return int(row[0]) if row else 0


def match(terms: Iterable[str], *, only: Sequence[int] = (), never: Sequence[int] = ()) -> str:
    """The MATCH expression for any of the terms, in these scopes, or in all but those."""
    expression = f"{{title heading body}} : ({' OR '.join(map(_phrase, terms))})"
    if only:
        return f"({expression}) AND scope : ({' OR '.join(map(scope_term, only))})"
    if never:
        return f"({expression}) NOT scope : ({' OR '.join(map(scope_term, never))})"
    return expression


def scope_term(scope: int) -> str:
    return f"s{scope}"


def best(connection: apsw.Connection, build: Build, expression: str, limit: int) -> dict[int, float]:
    """The best chunks by BM25, best first."""
    table = f"keywords_{build.id}"
    rows = connection.execute(
        f"select rowid, -rank from {table} where {table} match ? and {_RANK} order by rank limit ?",
        (expression, limit),
    )
    return dict(rows)


def scores(
    connection: apsw.Connection, build: Build, expression: str, ids: Sequence[int]
) -> dict[int, float]:
    """BM25 of those of the chunks that match. The `+` keeps SQLite from running the MATCH once an id."""
    table = f"keywords_{build.id}"
    rows = connection.execute(
        f"select rowid, -rank from {table} where {table} match ? and {_RANK}"
        " and +rowid in (select value from json_each(?))",
        (expression, json.dumps(ids)),
    )
    return dict(rows)


def _phrase(term: str) -> str:
    """A single character of an unspaced script stands for all pairs that it begins."""
    quoted = '"' + term.replace('"', '""') + '"'
    return f"{quoted}*" if len(term) == 1 and analyze.is_unspaced(term) else quoted
