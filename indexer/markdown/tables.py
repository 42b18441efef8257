"""Writes pipe tables, bounded so that one wide row doesn't widen every other.

The text of a cell that spans rows or columns is repeated in each place: nothing else in a pipe table's row says what
its values belong to. HTML, Word and reStructuredText all come here with their cells.

Ours: tabulate writes `007` as 7 and leaves bars as they are; markdownify shifts the cells beside one that spans rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

MOST_COLUMNS: Final = 100
# Of one cell's text that is said again, and of all of them: no page grows to many times its size.
_MOST_REPEATED: Final = 500
_MOST_GROWTH: Final = 50_000
_MOST_HEADER_ROWS: Final = 6


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell. `rows` and `columns` are how many it spans, 0 for all that follow; `head`: it is a header's."""

    text: str
    rows: int = 1
    columns: int = 1
    head: bool = False


def cell_text(text: str) -> str:
    """Make plain text fit into a cell: on one line, its bars escaped."""
    return " ".join(text.split()).replace("|", "\\|")


def folded(row: Sequence[str]) -> list[str]:
    """Limit a row to 100 cells; those beyond are joined in the last."""
    if len(row) <= MOST_COLUMNS:
        return list(row)
    kept = MOST_COLUMNS - 1
    return [*row[:kept], "; ".join(cell for cell in row[kept:] if cell)]


def pipe_table(rows: Sequence[Sequence[str]]) -> str:
    """Write rows of Markdown as a table, the first as its header; "" without rows."""
    if not rows:
        return ""
    cells = [folded(row) for row in rows]
    width = max(map(len, cells))
    lines = ["| " + " | ".join(row + [""] * (width - len(row))) + " |" for row in cells]
    return "\n".join([lines[0], "|" + " --- |" * width, *lines[1:]])


def table_of_texts(rows: Sequence[Sequence[str]]) -> str:
    """Write rows of plain text as a table, the first as its header; rows without text are left out."""
    cells = [[cell_text(cell) for cell in row] for row in rows]
    return pipe_table([row for row in cells if any(row)])


def table_of_cells(rows: Sequence[Sequence[Cell]], *, header_rows: int | None = None) -> str:
    """Write cells, which may span others, as a table; "" where none holds text.

    Several header rows become one: `Calls` above `Min` is `Calls: Min`. Their number is guessed from the cells unless
    `header_rows` gives it. A title over the whole width is written above the table.
    """
    titles: list[str] = []
    rows = [row for row in rows if row]
    while len(rows) > 1 and _is_title(rows[0], rows[1]):
        titles.append(rows[0][0].text)
        rows = rows[1:]
        header_rows = max(0, header_rows - 1) if header_rows else header_rows
    count = _header_rows(rows) if header_rows is None else header_rows
    grid = spread(rows)
    head, body = grid[:count], grid[count:]
    kept = [row for row in body if any(row)]
    width = max(map(len, grid), default=0)
    top = _one_header(head, width) if head else [""] * width
    if not (any(top) or kept):
        return "\n\n".join(filter(None, titles))
    return "\n\n".join([*(f"**{title}**" for title in titles if title), pipe_table([top, *kept])])


def spread(rows: Sequence[Sequence[Cell]]) -> list[list[str]]:
    """Repeat each cell's text in the places that it spans; a cell over the whole width is a heading, and stands once."""
    width = min(MOST_COLUMNS, max((sum(max(1, cell.columns) for cell in row) for row in rows), default=0))
    left = _MOST_GROWTH + sum(len(cell.text) for row in rows for cell in row)
    grid: list[list[str]] = []
    # What reaches down from above, by column: its text, and how many rows are left.
    above: dict[int, tuple[str, int]] = {}
    for number, row in enumerate(rows):
        line: list[str] = []
        cells = iter(row)
        while True:
            if len(line) in above:
                text, more = above.pop(len(line))
                said = text if len(text) <= min(_MOST_REPEATED, left) else ""
                left -= len(said)
                if more > 1:
                    above[len(line)] = (text, more - 1)
                line.append(said)
                continue
            cell = next(cells, None)
            if cell is None:
                if not any(column > len(line) for column in above):
                    break
                line.append("")
                continue
            columns = min(cell.columns or width - len(line), MOST_COLUMNS)
            down = min(cell.rows or len(rows), len(rows) - number) - 1
            whole = columns >= width and columns > 1
            for offset in range(max(1, columns)):
                said = cell.text
                if offset:
                    said = said if not whole and len(said) <= min(_MOST_REPEATED, left) else ""
                    left -= len(said)
                if down > 0:
                    above[len(line)] = (said, down)
                line.append(said)
        grid.append(line)
    return grid


def _is_title(row: Sequence[Cell], following: Sequence[Cell]) -> bool:
    return len(row) == 1 and row[0].columns > 1 and row[0].rows == 1 and len(following) > 1


def _header_rows(rows: Sequence[Sequence[Cell]]) -> int:
    """Count the rows of header cells only; else one, or as many as the first row's cells reach down if it has groups."""
    heads = 0
    for row in rows[:_MOST_HEADER_ROWS]:
        if not all(cell.head for cell in row):
            break
        heads += 1
    if heads:
        return heads if heads < len(rows) else 1
    if not rows:
        return 0
    down = max(cell.rows for cell in rows[0])
    grouped = len(rows[0]) > 1 and any(cell.columns > 1 for cell in rows[0])
    return min(max(1, down), _MOST_HEADER_ROWS, len(rows)) if grouped and len(rows) > down else 1


def _one_header(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    """Join each column's texts from top to bottom, each text once."""
    columns = [[row[at] if at < len(row) else "" for row in rows] for at in range(width)]
    return [": ".join(dict.fromkeys(filter(None, words))) for words in columns]
