"""Finds tables between ruling lines: the lines, the grid that they make, the words in its cells."""

import ctypes
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

import pypdfium2.raw as pdfium

from indexer.converters.pdf.lines import cell, lines, segments
from indexer.converters.pdf.words import Box, Word, turned
from indexer.markdown.tables import Cell

_THIN: Final = 3.0  # points; a rectangle no thicker is a line
_NEAR: Final = 3.0
_SHORTEST: Final = 8.0
# A drawing has more lines than any table.
_MOST: Final = 2_000
_MOST_LINES: Final = 7  # in a cell with cells of its own
_MOST_SIDES: Final = 500  # of one shape
_MOST_CELLS: Final = 5_000


@dataclass(frozen=True, slots=True)
class Rule:
    """A straight line from `start` to `end`. `at` is its height if it is level, else its distance from the left."""

    level: bool
    at: float
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Grid:
    """A table that ruling lines make, with its cells."""

    box: Box
    rows: list[list[Cell]]
    size: float


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page, and how it is turned to be read."""

    page: Any  # pdfium's
    turn: int
    width: float
    height: float

    def rules(self) -> list[Rule]:
        """Find the page's ruling lines; none where it holds a drawing."""
        found: list[Rule] = []
        for number, path in enumerate(self.page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_PATH], max_depth=4)):
            if number > _MOST or len(found) > _MOST:
                return []
            found += self._of_path(path)
        return _merged([rule for rule in found if rule.level]) + _merged(
            [rule for rule in found if not rule.level]
        )

    def _of_path(self, path: Any) -> Iterator[Rule]:  # noqa: ANN401
        box = Box(*path.get_bounds())
        if min(box.right - box.left, box.height) <= _THIN:
            yield from self._as_rule(box)
        elif min(box.right - box.left, box.height) >= _SHORTEST and _is_drawn(path):
            for one, other in _sides(path):
                (x, y), (across, up) = one, other
                yield from self._as_rule(Box(min(x, across), min(y, up), max(x, across), max(y, up)))

    def _as_rule(self, box: Box) -> Iterator[Rule]:
        box = turned(box, self.turn, self.width, self.height)
        wide, high = box.right - box.left, box.height
        if high <= _THIN and wide >= _SHORTEST:
            yield Rule(level=True, at=box.middle[1], start=box.left, end=box.right)
        elif wide <= _THIN and high >= _SHORTEST:
            yield Rule(level=False, at=box.middle[0], start=box.top, end=box.bottom)


def _is_drawn(path: Any) -> bool:  # noqa: ANN401
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    pdfium.FPDFPath_GetDrawMode(path, fill, stroke)
    return bool(stroke.value)


def _sides(path: Any) -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:  # noqa: ANN401
    """Yield the straight sides of a shape: a frame, or several lines drawn as one path."""
    matrix = path.get_matrix()
    x, y = ctypes.c_float(), ctypes.c_float()
    before: tuple[float, float] | None = None
    began: tuple[float, float] | None = None
    for at in range(min(pdfium.FPDFPath_CountSegments(path), _MOST_SIDES)):
        segment = pdfium.FPDFPath_GetPathSegment(path, at)
        pdfium.FPDFPathSegment_GetPoint(segment, x, y)
        point = matrix.on_point(x.value, y.value)
        kind = pdfium.FPDFPathSegment_GetType(segment)
        if kind == pdfium.FPDF_SEGMENT_MOVETO:
            began = point
        elif kind == pdfium.FPDF_SEGMENT_LINETO and before is not None:
            yield before, point
        if pdfium.FPDFPathSegment_GetClose(segment) and began is not None:
            yield point, began
        before = point


def _merged(found: Sequence[Rule]) -> list[Rule]:
    """Join rules that lie on each other or continue each other."""
    made: list[Rule] = []
    for rule in sorted(found, key=lambda each: (round(each.at / _NEAR), each.start)):
        last = made[-1] if made else None
        if last and abs(last.at - rule.at) <= _NEAR and rule.start <= last.end + _NEAR:
            made[-1] = Rule(rule.level, last.at, min(last.start, rule.start), max(last.end, rule.end))
        else:
            made.append(rule)
    return made


# --- grids ------------------------------------------------------------------------------------------


def grids(found: Sequence[Rule], words: Sequence[Word]) -> list[Grid]:
    """Find the tables that these lines make of these words; frames and single lines make none."""
    made = []
    for group in _connected(found):
        grid = _grid(group, words)
        if grid is not None:
            made.append(grid)
    return sorted(made, key=lambda grid: grid.box.top)


def _connected(found: Sequence[Rule]) -> Iterator[list[Rule]]:
    """Group lines that meet."""
    left = list(found)
    while left:
        group, edge = [], [left.pop()]
        while edge:
            rule = edge.pop()
            group.append(rule)
            edge += [other for other in left if _meet(rule, other)]
            left = [other for other in left if not _meet(rule, other)]
        yield group


def _meet(one: Rule, other: Rule) -> bool:
    return (
        one.level != other.level
        and one.start - _NEAR <= other.at <= one.end + _NEAR
        and other.start - _NEAR <= one.at <= other.end + _NEAR
    )


def _grid(group: Sequence[Rule], words: Sequence[Word]) -> Grid | None:
    level = [rule for rule in group if rule.level]
    upright = [rule for rule in group if not rule.level]
    heights, sides = _places(level), _places(upright)
    rows, columns = len(heights) - 1, len(sides) - 1
    if rows < 1 or columns < 1 or rows * columns < 2 or rows * columns > _MOST_CELLS:  # noqa: PLR2004 - a frame
        return None
    box = Box(sides[0], heights[0], sides[-1], heights[-1])
    inside = _by_place(words, heights, sides)
    if any(map(_is_page, inside.values())):
        return None
    made: list[list[Cell]] = []
    taken: set[tuple[int, int]] = set()
    for row in range(rows):
        cells: list[Cell] = []
        for column in range(columns):
            if (row, column) in taken:
                continue
            down, across = _span(row, column, heights, sides, level, upright)
            places = [(r, c) for r in range(row, row + down) for c in range(column, column + across)]
            taken.update(places)
            held = [word for place in places for word in inside.get(place, ())]
            cells.append(cell(segments(held), down, across))
        made.append(cells)
    filled = sum(1 for cells in made for each in cells if each.text)
    if filled <= 1:
        return None
    size = median(word.box.height for held in inside.values() for word in held)
    return Grid(box, [cells for cells in made if cells], size)


def _is_page(words: Sequence[Word]) -> bool:
    """Tell whether a frame is around a part of the page, and not a table's cell."""
    found = lines(segments(words))
    return len(found) > _MOST_LINES and sum(len(line.segments) > 1 for line in found) > 2  # noqa: PLR2004


def _places(found: Sequence[Rule]) -> list[float]:
    made: list[float] = []
    for at in sorted(rule.at for rule in found):
        if not made or at - made[-1] > _NEAR:
            made.append(at)
    return made


def _by_place(
    words: Sequence[Word], heights: Sequence[float], sides: Sequence[float]
) -> dict[tuple[int, int], list[Word]]:
    inside: dict[tuple[int, int], list[Word]] = {}
    for word in words:
        x, y = word.box.middle
        row, column = bisect_right(heights, y) - 1, bisect_right(sides, x) - 1
        if 0 <= row < len(heights) - 1 and 0 <= column < len(sides) - 1:
            inside.setdefault((row, column), []).append(word)
    return inside


def _span(  # noqa: PLR0917
    row: int, column: int, heights: Sequence[float], sides: Sequence[float],
    level: Sequence[Rule], upright: Sequence[Rule],
) -> tuple[int, int]:  # fmt: skip
    """Count the rows and columns that a cell takes until a line ends it."""
    y = (heights[row] + heights[row + 1]) / 2
    x = (sides[column] + sides[column + 1]) / 2
    across = 1
    while column + across < len(sides) - 1 and not _ends(upright, sides[column + across], y):
        across += 1
    down = 1
    while row + down < len(heights) - 1 and not _ends(level, heights[row + down], x):
        down += 1
    return down, across


def _ends(found: Sequence[Rule], at: float, along: float) -> bool:
    return any(
        abs(rule.at - at) <= _NEAR and rule.start - _NEAR <= along <= rule.end + _NEAR for rule in found
    )
