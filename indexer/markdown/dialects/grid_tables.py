"""Converts tables drawn with `+---+`, as Pandoc and reStructuredText have them, to pipe tables."""

import re
from collections.abc import Sequence
from typing import Final

from indexer.markdown.tables import MOST_COLUMNS, Cell, table_of_cells

BORDER: Final = re.compile(r"^ *\+(?:[-=:]+\+)+ *$")
_CORNER: Final = re.compile(r"\+")
_RULE: Final = re.compile(r"[-=:]+")


def grid_table(lines: Sequence[str]) -> str:
    """Convert a drawn table, whose lines all begin with `+` or `|`."""
    lines = [line.strip().ljust(1) for line in lines]
    ends = sorted({m.start() for line in lines if BORDER.match(line) for m in _CORNER.finditer(line)})[
        : MOST_COLUMNS + 1
    ]
    bands, header = _bands(lines)
    rows: list[list[Cell]] = []
    # Cells that no border has ended yet, by the column that they begin in.
    for number, band in enumerate(bands):
        row: list[Cell] = []
        column = 0
        while column < len(ends) - 1:
            last = column + 1
            while last < len(ends) - 1 and not all(
                line[ends[last] : ends[last] + 1] in "|+" for line in band
            ):
                last += 1
            if not _continues(bands, number, ends[column], ends[last]):
                down = 1
                while number + down < len(bands) and _continues(
                    bands, number + down, ends[column], ends[last]
                ):
                    down += 1
                text = _text(bands[number : number + down], ends[column], ends[last])
                row.append(Cell(text, down, last - column, number < header))
            column = last
        rows.append(row)
    return table_of_cells(rows, header_rows=header or None)


def _bands(lines: Sequence[str]) -> tuple[list[list[str]], int]:
    """Group the lines between borders; count the header's groups. A border of some columns alone begins a group, too."""
    bands: list[list[str]] = []
    header, fresh = 0, True
    for line in lines:
        if line.startswith("+") or re.search(r"\+[-=]{2,}\+", line):
            if "=" in line and bands and not header:
                header = len(bands)
            fresh = True
            if not BORDER.match(line):
                bands.append([line])
                fresh = False
        elif fresh:
            bands.append([line])
            fresh = False
        else:
            bands[-1].append(line)
    return bands, header


def _continues(bands: Sequence[Sequence[str]], number: int, start: int, stop: int) -> bool:
    """Tell whether no border is drawn above a cell: its row goes on, and the line is a border for other cells only."""
    first = bands[number][0]
    return number > 0 and "+" in first and not _RULE.fullmatch(first[start + 1 : stop].replace("+", "-"))


def _text(bands: Sequence[Sequence[str]], start: int, stop: int) -> str:
    words = [line[start + 1 : stop].strip() for band in bands for line in band]
    return " ".join(word for word in words if word and not _RULE.fullmatch(word.replace("+", "-"))).replace(
        "|", "\\|"
    )
