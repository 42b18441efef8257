"""Converts Excel to Markdown: what a reader sees. Hidden sheets, rows and columns are left out."""

import io
import logging
import zipfile
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from openpyxl import load_workbook  # type: ignore[import-untyped]
from openpyxl.cell.rich_text import CellRichText, TextBlock  # type: ignore[import-untyped]

from indexer.converters.office.number_format import shown
from indexer.converters.office.package import parsed, related
from indexer.converters.office.sheet_layout import SheetLayout, looked, read_layout
from indexer.converters.result import Converted, Unreadable
from indexer.markdown.tables import Cell, cell_text, pipe_table, table_of_cells

_log = logging.getLogger(__name__)

# Places that merged ranges cover. More of them are formatting, not values for all of it.
_MOST_MERGED: Final = 200_000


@dataclass(slots=True)
class _Line:
    """A visible row: its texts by column. `bold`: all of them are."""

    number: int
    cells: dict[int, str]
    bold: bool


def convert(data: bytes) -> Converted:
    # Links to other workbooks, and what is broken about them, are nothing that anybody sees.
    """Convert a workbook, each visible sheet below a heading. Raises Unreadable where every sheet is damaged."""
    book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False, rich_text=True)
    parts: list[str] = []
    broken: list[str] = []
    bare = 0
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for sheet in book.worksheets:
                if sheet.sheet_state != "visible":
                    continue
                try:
                    text, formulas = _sheet(archive, sheet)
                except (MemoryError, Unreadable):
                    raise
                except Exception:  # noqa: BLE001 - whatever one sheet sets off, the others are read
                    _log.info("the sheet %s could not be read", sheet.title, exc_info=True)
                    broken.append(sheet.title)
                    continue
                bare += formulas
                parts += [f"## {' '.join(sheet.title.split())}\n\n{text}"] if text else []
    finally:
        book.close()
    if broken and not parts:
        raise Unreadable("its sheets are damaged: save it anew, or leave it out")
    problems = (
        f"these sheets are damaged and were left out: {', '.join(broken)}" if broken else "",
        f"{bare} formula{'s have' if bare > 1 else ' has'} no value stored, and stand there as such: save it once in Excel"
        if bare
        else "",
    )
    return Converted("\n\n".join(parts), "; ".join(filter(None, problems)))


def _sheet(archive: zipfile.ZipFile, sheet: Any) -> tuple[str, int]:  # noqa: ANN401 - openpyxl has no types
    """Convert a sheet, and count its formulas that have no stored value."""
    layout = read_layout(archive, sheet._worksheet_path)  # noqa: SLF001 - nothing else tells it
    sheet.reset_dimensions()  # they may be wrong
    lines = [line for row in sheet.iter_rows() if row for line in (_line(row, layout),) if line is not None]
    _add_formulas(lines, layout)
    boxes = _text_boxes(archive, sheet._worksheet_path)  # noqa: SLF001
    text = "\n\n".join([*_tables(lines, layout), *boxes])
    return text, len(layout.formulas)


# --- rows ------------------------------------------------------------------------------------------


def _line(row: Sequence[Any], layout: SheetLayout) -> _Line | None:
    """Read a row; None for one that shows nothing."""
    cells: dict[int, str] = {}
    number = 0
    bold = True
    for cell in row:
        if (
            cell.value is None
            or (number := cell.row) in layout.hidden_rows
            or cell.column in layout.hidden_columns
        ):
            continue
        text = (
            cell_text(layout.rich[place])
            if (place := (cell.row, cell.column)) in layout.rich
            else _text(cell)
        )
        if text:
            cells[cell.column] = text
            bold = bold and bool(cell.font.b)
    return _Line(number, cells, bold) if cells else None


def _text(cell: Any) -> str:  # noqa: ANN401
    if cell.has_style and cell.font.strike:
        return ""
    value = cell.value
    if isinstance(value, CellRichText):
        return cell_text("".join(map(_piece, value)))
    return cell_text(shown(value, cell.number_format))


def _piece(piece: object) -> str:
    if not isinstance(piece, TextBlock):
        return str(piece)
    return looked(piece.text, struck=bool(piece.font.strike), high=piece.font.vertAlign == "superscript")


def _add_formulas(lines: list[_Line], layout: SheetLayout) -> None:
    by_number = {line.number: line for line in lines}
    for (row, column), formula in layout.formulas.items():
        line = by_number.get(row)
        if line is None:
            line = by_number[row] = _Line(row, {}, bold=False)
            lines.append(line)
        line.cells.setdefault(column, cell_text(formula))
    if layout.formulas:
        lines.sort(key=lambda line: line.number)


# --- tables ----------------------------------------------------------------------------------------


def _tables(lines: Sequence[_Line], layout: SheetLayout) -> Iterator[str]:
    for group in _groups(lines):
        titles, rows = _titled(group, layout)
        yield from titles
        if rows:
            yield _table(rows, layout)


def _groups(lines: Sequence[_Line]) -> Iterator[list[_Line]]:
    """Part a sheet into tables: one begins behind an empty row if it has a title or a header of its own."""
    group: list[_Line] = []
    wide = False
    for at, line in enumerate(lines):
        gap = group and line.number > group[-1].number + 1
        following = lines[at + 1] if at + 1 < len(lines) else None
        titled = len(line.cells) == 1 and following is not None and len(following.cells) > 1
        headed = len(line.cells) > 1 and (line.bold or (gap and _names(line, following, group)))
        if gap and wide and (titled or headed):
            yield group
            group, wide = [], False
        group.append(line)
        wide = wide or len(line.cells) > 1
    if group:
        yield group


def _names(line: _Line, following: _Line | None, group: Sequence[_Line]) -> bool:
    """Tell whether a row names columns: only words, where figures are below them and above the gap."""
    if following is None or following.number != line.number + 1 or any(map(_has_digit, line.cells.values())):
        return False
    figures = {column for column in line.cells if _has_digit(following.cells.get(column, ""))}
    return any(_has_digit(group[-1].cells.get(column, "")) for column in figures)


def _has_digit(text: str) -> bool:
    return any(map(str.isdigit, text))


def _titled(group: list[_Line], layout: SheetLayout) -> tuple[list[str], list[_Line]]:
    """Take off the lines of one cell above the header: they are titles."""
    count = 0
    while count < len(group) and len(group[count].cells) == 1 and not _hangs(group[count], layout):
        count += 1
    if count == len(group) and not _is_text(group):  # a list
        return [], group
    return [text for line in group[:count] for text in line.cells.values()], group[count:]


def _hangs(line: _Line, layout: SheetLayout) -> bool:
    return any((line.number, column) in layout.hanging for column in line.cells)


def _is_text(group: Sequence[_Line]) -> bool:
    return any(len(text.split()) > 12 for line in group for text in line.cells.values())  # noqa: PLR2004 - a sentence


def _table(rows: Sequence[_Line], layout: SheetLayout) -> str:
    columns = sorted({column for line in rows for column in line.cells})
    numbers = [line.number for line in rows]
    spans, covered = _spans(layout, numbers, columns)
    if not spans:
        return pipe_table([[line.cells.get(column, "") for column in columns] for line in rows])
    return table_of_cells(
        [
            [
                Cell(line.cells.get(column, ""), *spans.get((line.number, column), (1, 1)))
                for column in columns
                if (line.number, column) not in covered
            ]
            for line in rows
        ]
    )


def _spans(
    layout: SheetLayout, numbers: Sequence[int], columns: Sequence[int]
) -> tuple[dict[tuple[int, int], tuple[int, int]], set[tuple[int, int]]]:
    """Find how many of these rows and columns each merged range covers, by its first place; and the places it covers."""
    spans: dict[tuple[int, int], tuple[int, int]] = {}
    covered: set[tuple[int, int]] = set()
    for left, top, right, bottom in layout.merged:
        rows = numbers[bisect_left(numbers, top) : bisect_right(numbers, bottom)]
        across = columns[bisect_left(columns, left) : bisect_right(columns, right)]
        if not (rows and across) or rows[0] != top or across[0] != left:
            continue
        if len(rows) * len(across) + len(covered) > _MOST_MERGED:
            break
        spans[top, left] = (len(rows), len(across))
        covered.update((row, column) for row in rows for column in across if (row, column) != (top, left))
    return spans, covered


# --- text boxes ------------------------------------------------------------------------------------


def _text_boxes(archive: zipfile.ZipFile, path: str) -> list[str]:
    """Read what is written into shapes that lie on the sheet."""
    texts = []
    for part in related(archive, path, "/drawing"):
        root = parsed(archive.read(part))
        for box in root.iterfind(".//{*}txBody") if root is not None else ():
            lines = (
                "".join(text.text or "" for text in line.iterfind(".//{*}t")) for line in box.iterfind("{*}p")
            )
            texts.append("\n\n".join(line.strip() for line in lines if line.strip()))
    return [text for text in texts if text]
