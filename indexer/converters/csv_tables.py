"""Converts CSV and its kin to a table, whatever separates the cells."""

import csv
import io
import re
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from typing import Final

from indexer.converters.result import Unreadable
from indexer.markdown.tables import cell_text, pipe_table

# In the order in which they are believed where several would do: commas also stand in texts and numbers.
_SEPARATORS: Final = ("\t", ";", "|", ",")
_SAID: Final = re.compile(r"\ufeff?\"?sep=(.)\"?[ \t]*\r?\n", re.IGNORECASE)  # Excel's own first line
_LOOKED_AT: Final = 200  # rows
_LONGEST_CELL: Final = 20_000_000
_MOST_TITLES: Final = 10


def convert(text: str) -> str:
    """Convert a file to a pipe table, with its title lines above. Raises Unreadable."""
    csv.field_size_limit(_LONGEST_CELL)
    said = _SAID.match(text)
    separator = said[1] if said else _separator(text)
    try:
        rows = [
            [cell_text(cell) for cell in row]
            for row in csv.reader(io.StringIO(text[said.end() :] if said else text), delimiter=separator)
        ]
    except (csv.Error, ValueError, TypeError) as error:
        raise Unreadable(f"it is no CSV: {error}") from error
    rows = [row for row in rows if any(row)]
    above = _titles(rows)
    return "\n\n".join(filter(None, [*(max(row) for row in rows[:above]), pipe_table(rows[above:])]))


def _separator(text: str) -> str:
    """Guess the separator: the one that gives the most rows the same number of cells, and more than one."""
    scores = {separator: _evenness(text, separator) for separator in _SEPARATORS}
    best = max(scores.values())
    return next(separator for separator in _SEPARATORS if scores[separator] == best) if best else ","


def _evenness(text: str, separator: str) -> float:
    """Compute the share of rows that have the commonest number of cells above one, from 0 to 1."""
    try:
        rows = islice(csv.reader(io.StringIO(text), delimiter=separator), _LOOKED_AT)
        widths = Counter(len(row) for row in rows if any(row))
    except csv.Error:
        return 0
    total = sum(widths.values())
    wide = max((count for width, count in widths.items() if width > 1), default=0)
    return round(wide / total, 2) if total else 0


def _titles(rows: Sequence[Sequence[str]]) -> int:
    """Count the lines of one cell above the header."""
    filled = [sum(map(bool, row)) for row in rows[: _MOST_TITLES + 1]]
    above = next((at for at, cells in enumerate(filled) if cells > 1), 0)
    return above if above <= _MOST_TITLES else 0
