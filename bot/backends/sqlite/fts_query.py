"""Asks FTS5 for a question's terms, scored by BM25."""

import json
from collections.abc import Iterable, Mapping, Sequence

import apsw

from bot.backends.sqlite.schema import Build
from bot.text import analyzer

# BM25 weights of title, heading, body and scope. The scope only filters.
WEIGHTS = (3.0, 1.5, 1.0, 0.0)
_RANK = f"rank match 'bm25{WEIGHTS}'"

# BM25 costs about 2 µs for each chunk that holds any of the terms: a question's commonest terms are left
# out once its terms together stand in more chunks than this, but never its rarest ones. On the 6,340 chunks
# of a real handbook a limit of 4,000 changed no figure of 43 questions (2,000: nDCG@10 .515 instead of .532).
POSTINGS = 10_000
RAREST = 3
MOST_TERMS = 64


def choose(terms: Sequence[str], counts: Mapping[str, int]) -> list[str]:
    """Return the terms worth looking for: none that no chunk holds, the rare before the common."""
    known = sorted((counts[term], position, term) for position, term in enumerate(terms) if counts.get(term))
    chosen: list[str] = []
    cost = 0
    for count, _, term in known[:MOST_TERMS]:
        cost += count
        if cost > POSTINGS and len(chosen) >= RAREST:
            break
        chosen.append(term)
    return chosen


def counts(connection: apsw.Connection, build: Build, terms: Sequence[str]) -> dict[str, int]:
    """Return in how many chunks each of the terms stands; those that stand nowhere are left out."""
    found: dict[str, int] = dict(
        connection.execute(
            f"select w.term, w.doc from json_each(?) asked join words_{build.id} w on w.term = asked.value",
            (json.dumps([term for term in terms if not _is_start(term)]),),
        )
    )
    for start in filter(_is_start, terms):
        row = connection.execute(
            f"select count(*) from keywords_{build.id} where keywords_{build.id} match ?", (_phrase(start),)
        ).fetchone()
        if row and row[0]:
            found[start] = int(row[0])
    return found


def visible_counts(
    connection: apsw.Connection, build: Build, terms: Iterable[str], scopes: Sequence[int], most: int
) -> dict[str, int]:
    """Return in how many chunks of these scopes each term stands, counted up to `most`."""
    table = f"keywords_{build.id}"
    found: dict[str, int] = {}
    for term in terms:
        row = connection.execute(
            f"select count(*) from (select 1 from {table} where {table} match ? limit ?)",
            (match([term], only=scopes), most),
        ).fetchone()
        if row and row[0]:
            found[term] = int(row[0])
    return found


def match(terms: Iterable[str], *, only: Sequence[int] = (), never: Sequence[int] = ()) -> str:
    """Return the MATCH expression for any of the terms, in these scopes, or in all but those."""
    expression = f"{{title heading body}} : ({' OR '.join(map(_phrase, terms))})"
    if only:
        return f"({expression}) AND scope : ({' OR '.join(map(scope_term, only))})"
    if never:
        return f"({expression}) NOT scope : ({' OR '.join(map(scope_term, never))})"
    return expression


def scope_term(scope: int) -> str:
    return f"s{scope}"


def best(connection: apsw.Connection, build: Build, expression: str, limit: int) -> dict[int, float]:
    """Return the best chunks by BM25, best first."""
    table = f"keywords_{build.id}"
    rows = connection.execute(
        f"select rowid, -rank from {table} where {table} match ? and {_RANK} order by rank limit ?",
        (expression, limit),
    )
    return dict(rows)


def _phrase(term: str) -> str:
    """Return a term's phrase; a single character of an unspaced script stands for all pairs that it begins."""
    quoted = '"' + term.replace('"', '""') + '"'
    return f"{quoted}*" if _is_start(term) else quoted


def _is_start(term: str) -> bool:
    return len(term) == 1 and analyzer.is_unspaced(term)
