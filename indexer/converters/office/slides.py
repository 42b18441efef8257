"""Converts PowerPoint to Markdown: each visible slide, with its tables, charts' figures, SmartArt and notes.

Read from the XML itself: python-pptx raises for shapes and charts of a kind that it doesn't know, passes over others,
and gives a chart's 25% as 0.25.
"""

import io
import logging
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Final

from openpyxl.styles.numbers import is_date_format  # type: ignore[import-untyped]
from openpyxl.utils.datetime import from_excel  # type: ignore[import-untyped]
from pptx import Presentation

from indexer.converters.office.number_format import shown
from indexer.converters.office.package import is_on, parsed
from indexer.converters.result import Converted, Unreadable
from indexer.converters.scripts import raised
from indexer.markdown.tables import Cell, cell_text, table_of_cells

_log = logging.getLogger(__name__)

_DRAWING: Final = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_RELATION: Final = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_MARKUP: Final = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
# Placeholders that repeat on each slide.
_FURNITURE: Final = {"sldNum", "dt", "ftr", "hdr"}
_TITLES: Final = {"title", "ctrTitle"}
_DEEPEST: Final = 50
_OFF: Final = {"0", "false"}
_MOST_POINTS: Final = 100  # of a chart


def convert(data: bytes) -> Converted:
    """Convert a deck. Raises Unreadable where every slide is damaged."""
    deck = Presentation(io.BytesIO(data))
    parts: list[str] = []
    broken: list[str] = []
    for number, slide in enumerate(_slides(deck), 1):
        try:
            parts += _slide(slide, first=not parts)
        except (MemoryError, RecursionError):
            raise
        except Exception:  # noqa: BLE001 - whatever one slide sets off, the others are read
            _log.info("slide %s could not be read", number, exc_info=True)
            broken.append(str(number))
    if broken and not parts:
        raise Unreadable("its slides are damaged: save it anew, or leave it out")
    problem = f"these slides are damaged and were left out: {', '.join(broken)}" if broken else ""
    return Converted("\n\n".join(parts), problem, deck.core_properties.title or "")


def _slides(deck: Any) -> Iterator[Any]:  # noqa: ANN401 - the library has no types
    for said in deck.slides._sldIdLst:  # noqa: SLF001 - its own way ends at the first one that is missing
        with suppress(KeyError, AttributeError, ValueError):
            yield deck.part.related_slide(said.rId)


def _slide(slide: Any, *, first: bool) -> list[str]:  # noqa: ANN401
    if slide.element.get("show") in _OFF:
        return []
    titles: list[str] = []
    rest: list[tuple[int, int, str]] = []
    for shape in _shapes(slide.element.find(".//{*}cSld/{*}spTree")):
        kind = _placeholder(shape)
        if kind in _FURNITURE or _is_hidden(shape):
            continue
        if kind in _TITLES and (title := " ".join(_paragraphs(shape))):
            titles.append(title)
        elif text := _text(shape, slide.part):
            rest.append((*_place(shape), text))
    texts = [text for _, _, text in sorted(rest, key=lambda each: each[:2])]
    heading = [f"{'#' if first else '##'} {' '.join(titles)}"] if titles else []
    notes = _notes(slide)
    return [*heading, *texts, *(["Notes:", *notes] if notes else [])]


def _shapes(tree: Any, depth: int = 0) -> Iterator[Any]:  # noqa: ANN401 - lxml has no types
    """Yield all shapes, those in groups too; of alternatives the first."""
    for child in tree if tree is not None and depth < _DEEPEST else ():
        if not isinstance(child.tag, str):
            continue
        name = _name(child)
        if name == "grpSp":
            yield from () if _is_hidden(child) else _shapes(child, depth + 1)
        elif child.tag == f"{_MARKUP}AlternateContent":
            yield from _shapes(next(iter(child), None), depth + 1)
        elif name in {"sp", "graphicFrame", "cxnSp", "pic", "contentPart"}:
            yield child


def _name(element: Any) -> str:  # noqa: ANN401
    return str(element.tag).rpartition("}")[2]


def _placeholder(shape: Any) -> str:  # noqa: ANN401
    found = shape.find("./{*}nvSpPr/{*}nvPr/{*}ph")
    return "" if found is None else str(found.get("type", "obj"))


def _is_hidden(shape: Any) -> bool:  # noqa: ANN401
    found = shape.find("./*/{*}cNvPr")
    return found is not None and is_on(found.get("hidden"))


def _place(shape: Any) -> tuple[int, int]:  # noqa: ANN401
    """Find a shape's (y, x); one that its layout places comes first."""
    found = shape.find(".//{*}xfrm/{*}off")
    try:
        return (int(found.get("y")), int(found.get("x"))) if found is not None else (-1, -1)
    except (TypeError, ValueError):
        return -1, -1


# --- what a shape says -----------------------------------------------------------------------------


def _text(shape: Any, part: Any) -> str:  # noqa: ANN401
    if (table := shape.find(".//{*}graphicData/{*}tbl")) is not None:
        return _table(table)
    if (chart := shape.find(".//{*}graphicData/{*}chart")) is not None:
        return _chart(_target(part, chart.get(f"{_RELATION}id")))
    if (drawing := shape.find(".//{*}graphicData/{*}relIds")) is not None:
        return _drawing(_target(part, drawing.get(f"{_RELATION}dm")))
    lines = [(level, text) for level, text in _levels(shape) if text]
    if any(level for level, _ in lines):
        return "\n".join(f"{'  ' * level}- {text}" for level, text in lines)
    return "\n\n".join(text for _, text in lines)


def _paragraphs(shape: Any) -> list[str]:  # noqa: ANN401
    return [text for _, text in _levels(shape) if text]


def _levels(shape: Any) -> Iterator[tuple[int, str]]:  # noqa: ANN401
    for paragraph in shape.iterfind(".//{*}txBody/{*}p"):
        said = paragraph.find("{*}pPr")
        level = (said.get("lvl") or "0") if said is not None else "0"
        yield (int(level) if level.isdigit() else 0), line(paragraph)


def line(paragraph: Any) -> str:  # noqa: ANN401
    """Write a paragraph on one line: soft breaks become spaces, struck-out text is left out."""
    parts: list[str] = []
    for run in paragraph.iter(f"{_DRAWING}r", f"{_DRAWING}br", f"{_DRAWING}fld"):
        if _name(run) == "br":
            parts.append(" ")
            continue
        text = run.findtext(f"{_DRAWING}t") or ""
        look = run.find(f"{_DRAWING}rPr")
        if look is not None and look.get("strike", "noStrike") != "noStrike":
            continue
        baseline = "0" if look is None else look.get("baseline", "0")
        high = baseline.lstrip("+").rstrip("%").replace(".", "").isdigit() and baseline not in {"0", "0%"}
        parts.append(raised(text) if high else text)
    return " ".join("".join(parts).replace("\v", " ").split())


def _table(table: Any) -> str:  # noqa: ANN401
    rows = [
        [_cell(cell) for cell in row.iterfind(f"{_DRAWING}tc") if not _is_covered(cell)]
        for row in table.iterfind(f"{_DRAWING}tr")
    ]
    return table_of_cells(rows)


def _cell(cell: Any) -> Cell:  # noqa: ANN401
    text = cell_text("; ".join(_paragraphs_of(cell.iterfind(".//{*}p"))))
    return Cell(text, _count(cell.get("rowSpan")), _count(cell.get("gridSpan")))


def _paragraphs_of(paragraphs: Iterable[Any]) -> list[str]:
    return [text for text in map(line, paragraphs) if text]


def _count(said: str | None) -> int:
    return max(1, int(said)) if said and said.isdigit() else 1


def _is_covered(cell: Any) -> bool:  # noqa: ANN401
    return is_on(cell.get("hMerge")) or is_on(cell.get("vMerge"))


def _target(part: Any, relation: str | None) -> Any:  # noqa: ANN401
    """Parse a part that the slide refers to; None where it isn't there."""
    found = part.rels.get(relation) if relation else None
    return parsed(found.target_part.blob) if found is not None and not found.is_external else None


def _drawing(root: Any) -> str:  # noqa: ANN401
    """Write the text of a SmartArt as a list."""
    if root is None:
        return ""
    points = (" ".join(_paragraphs_of(point.iterfind(".//{*}t/{*}p"))) for point in root.iterfind(".//{*}pt"))
    return "\n".join(f"- {text}" for text in points if text)


def _chart(root: Any) -> str:  # noqa: ANN401
    """Write a chart's title, and its figures as a table with a column for each series."""
    if root is None:
        return ""
    title = " ".join(_paragraphs_of(root.iterfind(".//{*}chart/{*}title//{*}p")))
    series = [
        (one.findtext("{*}tx//{*}v") or "", _points(one, "cat", "xVal"), _points(one, "val", "yVal"))
        for one in root.iterfind(".//{*}ser")
    ]
    names = max((each[1] for each in series), key=len, default={})
    rows = [
        [names.get(at, ""), *(values.get(at, "") for _, _, values in series)]
        for at in sorted(names.keys() | {at for _, _, values in series for at in values})[:_MOST_POINTS]
    ]
    header = ["", *(name for name, _, _ in series)]
    return "\n\n".join(filter(None, [title, _plain_table([header, *rows]) if rows else ""]))


def _plain_table(rows: Sequence[Sequence[str]]) -> str:
    return table_of_cells([[Cell(cell_text(text)) for text in row] for row in rows])


def _points(series: Any, *kinds: str) -> dict[int, str]:  # noqa: ANN401
    """Read a series' values by index, as a chart may skip some; grouped categories have their group's name before them."""
    part = next((found for kind in kinds if (found := series.find(f"{{*}}{kind}")) is not None), None)
    if part is None:
        return {}
    first, *groups = part.findall(".//{*}lvl") or [part]
    made = _numbered(first)
    for outer in map(_numbered, groups):
        for at, text in made.items():
            group = max((number for number in outer if number <= at), default=None)
            made[at] = text if group is None else f"{outer[group]}: {text}"
    return made


def _numbered(part: Any) -> dict[int, str]:  # noqa: ANN401
    code = part.findtext(".//{*}formatCode") or ""  # what is no figure has none
    points = list(part.iterfind(".//{*}pt"))[:_MOST_POINTS]
    return {
        int(point.get("idx", at)): _figure(point.findtext("{*}v") or "", point.get("formatCode", code))
        for at, point in enumerate(points)
        if str(point.get("idx", at)).isdigit()
    }


def _figure(said: str, code: str) -> str:
    """Format a figure as the chart shows it: 25%, not 0.25."""
    if not code:
        return said
    try:
        value = float(said)
        return shown(from_excel(value) if is_date_format(code) else value, code)
    except (ValueError, OverflowError, TypeError):
        return said


def _notes(slide: Any) -> list[str]:  # noqa: ANN401
    if not slide.has_notes_slide:
        return []
    tree = slide.notes_slide.element.find(".//{*}cSld/{*}spTree")
    return [text for shape in _shapes(tree) if _placeholder(shape) == "body" for text in _paragraphs(shape)]
