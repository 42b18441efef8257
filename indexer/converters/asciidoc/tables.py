"""Converts AsciiDoc's tables: cells begin with a sign, may span, and may be broken over lines anywhere."""

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from indexer.markdown.tables import MOST_COLUMNS, Cell, table_of_cells

_SPEC: Final = re.compile(
    r"(?:(\d{1,3})?(?:\.(\d{1,3}))?(\+)|(\d{1,3})(\*))?([<^>]?(?:\.[<^>])?)([adehlmsv]?)$"
)
_COLUMN: Final = re.compile(r"^\s*(?:(\d{1,3})\*)?")
_SEPARATORS: Final = {"csv": ",", "tsv": "\t", "dsv": ":"}


@dataclass(slots=True)
class _Found:
    """A cell as it is written: its lines, and what it spans."""

    lines: list[str]
    columns: int = 1
    rows: int = 1
    times: int = 1
    style: str = ""


def table(
    lines: Sequence[str], said: str, sign: str, shown: Callable[[Sequence[str], bool], str]
) -> list[str]:
    """Convert a table to a pipe table's lines. `said` is its line of attributes, `sign` the beginning of its fence.

    `shown` converts a cell's lines to one; its second argument tells whether the cell is a document of its own.
    """
    form = re.search(r"format=\"?(\w+)", said)
    kind = form[1] if form else {",": "csv", ":": "dsv"}.get(sign, "psv")
    separator = re.search(r"separator=\"?([^\s,\"\]]+)", said)
    between = separator[1] if separator else _SEPARATORS.get(kind, sign if sign in "|!" else "|")
    columns = _columns(said)
    width = len(columns)
    if kind in _SEPARATORS:
        rows = [
            [_Found([cell]) for cell in row]
            for row in csv.reader(lines, delimiter=between.replace("\\t", "\t")[0])
        ]
        cells = [cell for row in rows for cell in row]
        width = width or max(map(len, rows), default=0)
    else:
        cells = list(_cells(lines, between))
        width = width or _first_width(lines, between)
    if not width or not cells:
        return []
    header = "header" in said or (_has_header(lines, between) and "noheader" not in said)
    made = _in_rows(cells, min(width, MOST_COLUMNS), shown, list(map(_style, columns)))
    return table_of_cells(made, header_rows=int(header)).split("\n")


def _columns(said: str) -> list[str]:
    """Read each column's part of `cols`; none where that isn't given."""
    found = re.search(r"cols=(?:\"([^\"]*)\"|'([^']*)'|([^\s\],]+))", said)
    if found is None:
        return []
    columns = next(filter(None, found.groups()), "")
    if columns.isdigit() and len(columns) < 3:  # noqa: PLR2004 - a number alone is how many
        return [""] * int(columns)
    made: list[str] = []
    for part in re.split(r"[,;]", columns):
        if match := _COLUMN.match(part):
            made += [part.strip()] * min(int(match[1] or 1), MOST_COLUMNS)
    return made


def _style(column: str) -> str:
    """Read a column's style, which a cell may change."""
    return column[-1:] if column[-1:].isalpha() else ""


def _first_width(lines: Sequence[str], between: str) -> int:
    first = next((line for line in lines if line.strip()), "")
    return sum(cell.columns * cell.times for cell in _cells([first], between))


def _has_header(lines: Sequence[str], between: str) -> bool:
    """Tell whether the first line has cells and is followed by an empty one."""
    return (
        len(lines) > 1
        and lines[0].strip() != ""
        and not lines[1].strip()
        and len(list(_cells(lines[:1], between))) >= 1
    )


def _cells(lines: Sequence[str], between: str) -> Iterator[_Found]:
    current: _Found | None = None
    cut = re.compile(rf"(?<!\\){re.escape(between)}")
    for line in lines:
        first, *others = cut.split(line)
        if not others:
            if current is not None:
                current.lines.append(line)
            continue
        pieces = [first, *others]
        for number, piece in enumerate(pieces):
            last = number == len(pieces) - 1
            text, spec = (piece, None) if last else _apart(piece)
            if current is not None:
                current.lines[-1:] = [current.lines[-1] + text] if number else [current.lines[-1], text]
            if not last:
                if current is not None:
                    yield current
                current = _Found([""], *_of(spec))
    if current is not None:
        yield current


def _apart(piece: str) -> tuple[str, re.Match[str] | None]:
    """Part a cell's text from the specifier of the next cell, which is no word that only ends like one."""
    spec = _SPEC.search(piece)
    if spec is None or (spec.start() and not piece[spec.start() - 1].isspace()):
        return piece, None
    return piece[: spec.start()], spec


def _of(spec: re.Match[str] | None) -> tuple[int, int, int, str]:
    """Read a specifier: columns, rows, repetitions, and style."""
    if spec is None:
        return 1, 1, 1, ""
    if spec[5]:
        return 1, 1, max(1, int(spec[4])), spec[7]
    return max(1, int(spec[1] or 1)), max(1, int(spec[2] or 1)), 1, spec[7]


def _in_rows(
    cells: Sequence[_Found], width: int, shown: Callable[[Sequence[str], bool], str], styles: Sequence[str]
) -> list[list[Cell]]:
    """Arrange cells in rows of the table's width, around those that reach down from above."""
    rows: list[list[Cell]] = [[]]
    free = width
    reaching: list[tuple[int, int]] = []  # columns and the rows that are left
    for found in cells:
        column = (width - free) % width
        style = found.style or (styles[column] if column < len(styles) else "")
        text = shown(found.lines, style == "a").replace("\\|", "|").replace("|", "\\|")
        for _ in range(min(found.times, MOST_COLUMNS)):
            while free <= 0:
                rows.append([])
                reaching = [(columns, left - 1) for columns, left in reaching if left > 1]
                free = width - sum(columns for columns, _ in reaching)
                if len(rows) > len(cells) + MOST_COLUMNS:
                    return rows
            rows[-1].append(Cell(text, found.rows, min(found.columns, width), found.style == "h"))
            free -= found.columns
            if found.rows > 1:
                reaching.append((found.columns, found.rows))
    return [row for row in rows if row]


def on_one_line(lines: Sequence[str]) -> str:
    """Join a cell's blocks, list items and inner rows by semicolons."""
    made = ""
    for line in map(str.strip, lines):
        if not line or re.fullmatch(r"\|(?: --- \|)+", line):
            continue
        item = re.match(r"(?:-|\d+\.) ", line)
        if line.startswith("|"):
            cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip("|"))]
            said = (": " if len(cells) == len(("name", "value")) else ", ").join(filter(None, cells))
        else:
            said = line[item.end() :] if item else line
        apart = "; " if item or line.startswith("|") else " "
        made += f"{apart if made else ''}{said}"
    return made
