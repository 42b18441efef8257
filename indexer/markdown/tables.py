"""Tables in Markdown's own form, bounded: a single wide row must not make every other as wide."""

from collections.abc import Sequence
from typing import Final

MOST_COLUMNS: Final = 100


def folded(row: Sequence[str]) -> list[str]:
    """The row with at most so many cells; what is beyond stands in the last."""
    if len(row) <= MOST_COLUMNS:
        return list(row)
    kept = MOST_COLUMNS - 1
    return [*row[:kept], "; ".join(cell for cell in row[kept:] if cell)]


def pipe_table(rows: Sequence[Sequence[str]]) -> str:
    """The first row is the header; "" where there is none."""
    if not rows:
        return ""
    cells = [folded(row) for row in rows]
    width = max(map(len, cells))
    lines = ["| " + " | ".join(row + [""] * (width - len(row))) + " |" for row in cells]
    return "\n".join([lines[0], "|" + " --- |" * width, *lines[1:]])
