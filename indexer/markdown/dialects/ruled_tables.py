"""Converts Pandoc's tables without bars, whose columns are where the dashes below their header are."""

import re
from collections.abc import Sequence
from itertools import takewhile
from typing import Final

from indexer.markdown.tables import pipe_table

_COLUMNS: Final = re.compile(r"^ {0,3}-{2,}(?: +-{2,})+ *$")
_RULE: Final = re.compile(r"^ {0,3}-{3,} *$")
_MOST_ROWS: Final = 500
_HIGHEST: Final = 6  # lines of a header


def ruled_table(lines: Sequence[str], at: int) -> tuple[list[str], int] | None:
    """Convert the table that begins at a line, and find the line after it; None if none begins there."""
    if _RULE.match(lines[at]):
        return _of_paragraphs(lines, at)
    if not lines[at].strip() or at + 2 >= len(lines) or not _COLUMNS.match(lines[at + 1]):
        return None
    below = lines[at + 2 : at + 2 + _MOST_ROWS]
    rows = list(takewhile(lambda line: line.strip() and not _COLUMNS.match(line), below))
    end = at + 2 + len(rows)
    end += end < len(lines) and _COLUMNS.match(lines[end]) is not None
    starts = _starts(lines[at + 1])
    return (_made([_cells([line], starts) for line in (lines[at], *rows)]), end) if rows else None


def _of_paragraphs(lines: Sequence[str], at: int) -> tuple[list[str], int] | None:
    """Convert a table whose cells have several lines: an empty line ends each row, a rule the table."""
    header = list(
        takewhile(lambda line: line.strip() and not _COLUMNS.match(line), lines[at + 1 : at + 1 + _HIGHEST])
    )
    ruled = at + 1 + len(header)
    if not header or ruled >= len(lines) or not _COLUMNS.match(lines[ruled]):
        return None
    inside = list(takewhile(lambda line: not _RULE.match(line), lines[ruled + 1 : ruled + 1 + _MOST_ROWS]))
    end = ruled + 1 + len(inside)
    if end >= len(lines) or not _RULE.match(lines[end]):
        return None
    starts = _starts(lines[ruled])
    rows: list[list[str]] = [[]]
    for line in inside:
        if line.strip():
            rows[-1].append(line)
        elif rows[-1]:
            rows.append([])
    return _made([_cells(row, starts) for row in (header, *rows) if row]), end + 1


def _starts(ruled: str) -> list[int]:
    return [found.start() for found in re.finditer(r"-+", ruled)]


def _cells(lines: Sequence[str], starts: Sequence[int]) -> list[str]:
    ends = [*starts[1:], None]
    begins = [0, *starts[1:]]
    return [
        " ".join(filter(None, (line[start:end].strip() for line in lines)))
        for start, end in zip(begins, ends, strict=True)
    ]


def _made(rows: Sequence[Sequence[str]]) -> list[str]:
    return ["", *pipe_table([[cell.replace("|", "\\|") for cell in row] for row in rows]).split("\n"), ""]
