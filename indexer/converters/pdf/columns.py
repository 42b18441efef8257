"""Finds tables without ruling lines, by alignment, and columns of text."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Final

from indexer.converters.pdf.lines import Line, Segment, cell, is_label, is_right_to_left, lines
from indexer.markdown.tables import Cell

_LEAST_LINES: Final = 3  # of a column of text
_MOST_ACROSS: Final = 0.12  # of the segments: titles, and what belongs to all columns
_MOST_STRIPS: Final = 6
_WIDEST: Final = 20_000  # points
_FEW_WORDS: Final = 3.5  # in a cell, as opposed to a line of text
_GAP: Final = 2.2  # of the letters' height, between two rows of a table at most
_LOOSE: Final = 0.45  # of the letters' height, between lines of which each is a row
_MANY: Final = 4  # lines of a first cell: they are rows
_LONG_CELL: Final = 14  # words


@dataclass(frozen=True, slots=True)
class Aligned:
    """A table, and which lines it takes: from the first up to, but without, the last."""

    first: int
    end: int
    rows: list[list[Cell]]


def in_columns(found: Sequence[Segment]) -> list[list[Segment]]:
    """Group segments in reading order: columns beside each other, and what goes across them."""
    gutter = _gutter(found)
    if gutter is None:
        return [list(found)]
    left, right = gutter
    groups: list[list[Segment]] = []
    sides: tuple[list[Segment], list[Segment]] = ([], [])
    across: list[Segment] = []

    def end_columns() -> None:
        for side in sides:
            if side:
                groups.extend(in_columns(side))
                side.clear()

    for segment in sorted(found, key=lambda each: each.box.top):
        if min(left - segment.box.left, segment.box.right - right) > segment.size:
            end_columns()
            across.append(segment)
            continue
        if across:
            groups.append(across[:])
            across.clear()
        sides[segment.box.middle[0] > (left + right) / 2].append(segment)
    end_columns()
    return [*groups, across] if across else groups


def _gutter(found: Sequence[Segment]) -> tuple[float, float] | None:
    """Find a vertical strip that hardly anything crosses, with text on both sides; None for a table's."""
    if len(found) < 2 * _LEAST_LINES:
        return None
    size = statistics.median(segment.size for segment in found)
    for strip in _strips(found, 0.7 * size):
        one = [segment for segment in found if segment.box.right <= strip[0] + 1]
        other = [segment for segment in found if segment.box.left >= strip[1] - 1]
        if min(len(lines(one)), len(lines(other))) >= _LEAST_LINES and not _is_table(one, other):
            return strip
    return None


def _strips(found: Sequence[Segment], least: float) -> list[tuple[float, float]]:
    """Find strips of at least this width, those that the fewest segments cross first."""
    left = int(min(segment.box.left for segment in found))
    width = int(max(segment.box.right for segment in found)) - left + 1
    if not 0 < width < _WIDEST:
        return []
    crossing = [0] * (width + 1)
    for segment in found:
        crossing[max(0, int(segment.box.left) - left)] += 1
        crossing[min(width, max(0, int(segment.box.right + 0.999) - left))] -= 1
    crossing = list(accumulate(crossing))
    allowed = len(found) * _MOST_ACROSS
    strips: list[tuple[int, int, int]] = []
    start: int | None = None
    for at, count in enumerate(crossing[:width]):
        if count <= allowed:
            start = at if start is None else start
        elif start is not None:
            strips.append((max(crossing[start:at]), start, at))
            start = None
    wide = [strip for strip in strips if strip[1] > 0 and strip[2] - strip[1] >= least]
    wide.sort(key=lambda strip: (strip[0], strip[1] - strip[2]))
    return [(float(start + left), float(end + left)) for _, start, end in wide[:_MOST_STRIPS]]


def _is_table(one: Sequence[Segment], other: Sequence[Segment]) -> bool:
    """Tell a table's columns from text: cells are at their neighbours' height and hold few words."""
    if _few_words(one) or _few_words(other):
        fewer, more = sorted((one, other), key=len)
        beside = sum(
            any(abs(each.box.top - segment.box.top) < 0.3 * segment.size for each in more)
            for segment in fewer
        )
        return 2 * beside >= len(fewer)
    return False


def _few_words(found: Sequence[Segment]) -> bool:
    return statistics.median(len(segment.words) for segment in found) <= _FEW_WORDS


# --- tables -----------------------------------------------------------------------------------------


def tables(found: Sequence[Line], level: Sequence[float]) -> list[Aligned]:
    """Find tables among lines. `level` are the heights of horizontal rules, which divide rows where there are any."""
    made: list[Aligned] = []
    at = 0
    while at < len(found):
        table = _table_from(found, at, level) if len(found[at].segments) > 1 else None
        if table is None:
            at += 1
        else:
            made.append(table)
            at = table.end
    return made


def _table_from(found: Sequence[Line], first: int, level: Sequence[float]) -> Aligned | None:
    columns: list[tuple[float, float]] = []
    end = first
    while end < len(found):
        line = found[end]
        if end > first and line.box.top - found[end - 1].box.bottom > _GAP * line.size:
            break
        fitting = _fitted(columns, line)
        if fitting is None:
            break
        columns = fitting
        end += 1
    while end > first + 1 and len(found[end - 1].segments) == 1 and not _is_below(found, end - 1, columns):
        end -= 1
    within = found[first:end]
    several = [line for line in within if len(line.segments) > 1]
    if len(columns) < 2 or len(several) < 2 or _is_list(several) or _is_text(within):  # noqa: PLR2004
        return None
    if not any(_few_words(held) for held in _by_column(several, columns) if held):
        return None
    rows = [list(map(cell, _by_column(group, columns))) for group in _rows(within, columns, level)]
    return Aligned(first, end, rows) if len(rows) > 1 else None


def _fitted(columns: Sequence[tuple[float, float]], line: Line) -> list[tuple[float, float]] | None:
    """Extend columns by a line; None if one of its segments would join two of them."""
    made = list(columns)
    for segment in line.segments:
        touched = [
            column for column in made if column[0] < segment.box.right and segment.box.left < column[1]
        ]
        if len(touched) > 1 or (columns and not touched and len(line.segments) == 1):
            return None
        start = min([segment.box.left, *(column[0] for column in touched)])
        stop = max([segment.box.right, *(column[1] for column in touched)])
        made = [column for column in made if column not in touched]
        if any(start < column[1] and column[0] < stop for column in made):
            return None
        made.append((start, stop))
    return sorted(made)


def _is_below(found: Sequence[Line], at: int, columns: Sequence[tuple[float, float]]) -> bool:
    """Tell whether a line of one segment continues the cell above it, and isn't text behind the table."""
    line, above = found[at], found[at - 1]
    in_first = line.segments[0].box.left < columns[0][1]
    near = line.box.top - above.box.bottom < 0.5 * line.size
    return near and not (in_first and len(line.segments[0].words) > _LONG_CELL)


def _by_column(found: Sequence[Line], columns: Sequence[tuple[float, float]]) -> list[list[Segment]]:
    held: list[list[Segment]] = [[] for _ in columns]
    for line in found:
        for segment in line.segments:
            held[_column(segment, columns)].append(segment)
    return held


def _column(segment: Segment, columns: Sequence[tuple[float, float]]) -> int:
    x = segment.box.middle[0]
    return next((n for n, (left, right) in enumerate(columns) if left - 1 <= x <= right + 1), 0)


def _is_list(several: Sequence[Line]) -> bool:
    """Tell whether it is bullets or numbers beside their items."""
    return all(len(line.segments) == 2 and is_label(line.segments[0].text) for line in several)  # noqa: PLR2004


def _is_text(within: Sequence[Line]) -> bool:
    """Tell whether it is columns of text that are too short to be recognised as such."""
    words = [len(segment.words) for line in within for segment in line.segments]
    return statistics.median(words) > 7  # noqa: PLR2004 - more than most cells hold


def _rows(
    within: Sequence[Line], columns: Sequence[tuple[float, float]], level: Sequence[float]
) -> list[list[Line]]:
    """Group lines into rows: divided by rules, else by wider gaps, else by the first column."""
    breaks = [_parted(one, other, level) for one, other in pairwise(within)]
    rowed = sum(breaks) > 1  # not the header alone from the rest
    if not rowed or _most_together(_begins(within, columns), breaks) >= _MANY:
        breaks = _by_gaps(within, columns)
    groups = [[within[0]]]
    for line, new in zip(within[1:], breaks, strict=True):
        if new:
            groups.append([line])
        else:
            groups[-1].append(line)
    return groups


def _parted(one: Line, other: Line, level: Sequence[float]) -> bool:
    middle = 0.3 * one.size
    return any(one.box.bottom - middle <= at <= other.box.top + middle for at in level)


def _by_gaps(within: Sequence[Line], columns: Sequence[tuple[float, float]]) -> list[bool]:
    gaps = [other.box.top - one.box.bottom for one, other in pairwise(within)]
    size = statistics.median(line.size for line in within)
    whole = all(len(line.segments) == len(columns) for line in within)
    narrow, wide = min(gaps), max(gaps)
    if narrow > _LOOSE * size:
        return [True] * len(gaps)  # lines of one cell stand closer
    begins = _begins(within, columns)
    if not whole and wide - narrow > 0.3 * size:
        breaks = [gap > (narrow + wide) / 2 for gap in gaps]
        if _most_together(begins, breaks) < _MANY:
            return breaks
    return [whole or begin for begin in begins[1:]]


def _begins(within: Sequence[Line], columns: Sequence[tuple[float, float]]) -> list[bool]:
    """Tell for each line whether it has a cell in the column that rows begin with."""
    left, right = columns[-1] if is_right_to_left(within[0].words) else columns[0]
    return [any(left <= segment.box.middle[0] <= right for segment in line.segments) for line in within]


def _most_together(begins: Sequence[bool], breaks: Sequence[bool]) -> int:
    """Count the most lines with a first cell that would be in one row."""
    most = count = int(begins[0])
    for begin, new in zip(begins[1:], breaks, strict=True):
        count = int(begin) if new else count + begin
        most = max(most, count)
    return most
