"""Reads from an Excel sheet's XML what openpyxl's streaming reader leaves out: hidden, merged, formulas."""

import zipfile
from dataclasses import dataclass, field
from typing import Any, Final

from lxml import etree
from openpyxl.utils import coordinate_to_tuple, range_boundaries  # type: ignore[import-untyped]

from indexer.converters.office.package import is_on
from indexer.converters.scripts import raised

_SEEN: Final = ("{*}row", "{*}col", "{*}mergeCell")


@dataclass(slots=True)
class SheetLayout:
    """A sheet's layout. Rows and columns count from 1; places are (row, column).

    `merged` ranges are left, top, right, bottom; those of several rows begin at the places `hanging`. `formulas` have no
    stored value; `rich` are texts of several looks that stand in the sheet itself.
    """

    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    hanging: set[tuple[int, int]] = field(default_factory=set)
    formulas: dict[tuple[int, int], str] = field(default_factory=dict)
    rich: dict[tuple[int, int], str] = field(default_factory=dict)


def read_layout(archive: zipfile.ZipFile, path: str) -> SheetLayout:
    """Read the sheet at `path` of the workbook, a row at a time: a sheet may be larger than memory."""
    layout = SheetLayout()
    at = 0
    with archive.open(path) as part:
        for _, element in etree.iterparse(
            part, tag=_SEEN, recover=True, huge_tree=True, resolve_entities=False
        ):
            name = etree.QName(element).localname
            if name == "row":
                at = _row_number(element, at)
                _note_row(element, at, layout)
            elif name == "col" and is_on(element.get("hidden")):
                first, last = int(element.get("min", 1)), int(element.get("max", 1))
                layout.hidden_columns.update(range(first, min(last, 16_384) + 1))
            elif name == "mergeCell":
                _note_merged(element.get("ref", ""), layout)
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    return layout


def _row_number(row: Any, before: int) -> int:  # noqa: ANN401 - lxml has no types
    said = row.get("r", "")
    return int(said) if said.isdigit() else before + 1


def _note_row(row: Any, number: int, layout: SheetLayout) -> None:  # noqa: ANN401
    if is_on(row.get("hidden")):
        layout.hidden_rows.add(number)
        return
    for runs in row.iterfind("{*}c/{*}is"):
        place = runs.getparent().get("r")
        if place and runs.find("{*}r") is not None:
            layout.rich[coordinate_to_tuple(place)] = "".join(map(_run, runs.iterfind("{*}r")))
    for formula in row.iterfind("{*}c/{*}f"):
        cell = formula.getparent()
        if not cell.findtext("{*}v") and cell.get("t") != "str":
            place = coordinate_to_tuple(cell.get("r")) if cell.get("r") else None
            if place and place[1] not in layout.hidden_columns:
                layout.formulas[place] = f"={formula.text}" if formula.text else "(a formula)"


def _note_merged(reference: str, layout: SheetLayout) -> None:
    left, top, right, bottom = range_boundaries(reference)
    layout.merged.append((left, top, right, bottom))
    if bottom > top:
        layout.hanging.add((top, left))


def _run(run: Any) -> str:  # noqa: ANN401
    look = run.find("{*}rPr")
    struck = look.find("{*}strike") if look is not None else None
    high = look.find("{*}vertAlign") if look is not None else None
    return looked(
        run.findtext("{*}t") or "",
        struck=struck is not None and struck.get("val", "1") not in {"0", "false"},
        high=high is not None and high.get("val") == "superscript",
    )


def looked(text: str, *, struck: bool, high: bool) -> str:
    """Render a part of a text of several looks: nothing if it is struck out, marked as raised if it is `high`."""
    if struck:
        return ""
    return raised(text) if high else text
