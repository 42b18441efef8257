"""Groups a page's words into segments (words beside each other) and lines."""

import re
import statistics
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from indexer.converters.pdf.words import Box, Word
from indexer.markdown.tables import Cell

# A space as wide as this part of the letters' height is none between words but between cells or columns.
_WIDE: Final = 0.95
_RIGHT_TO_LEFT: Final = {"R", "AL"}
_LABEL: Final = re.compile(r"(?:[•●○▪■◦‣⁃∙·*–—-]|\(?(?:\d{1,3}|[A-Za-z]|[ivx]{1,5})[.)])")
_BULLET: Final = re.compile(r"[•●○▪■◦‣⁃∙·]\s*")


@dataclass(frozen=True, slots=True)
class Segment:
    """Words that stand beside each other."""

    words: tuple[Word, ...]
    box: Box

    @property
    def text(self) -> str:
        return text_of(self.words)

    @property
    def size(self) -> float:
        return statistics.median(word.box.height for word in self.words)


@dataclass(frozen=True, slots=True)
class Line:
    """Segments at one height, from left to right."""

    segments: tuple[Segment, ...]
    box: Box

    @property
    def text(self) -> str:
        segments = reversed(self.segments) if is_right_to_left(self.words) else self.segments
        return " ".join(segment.text for segment in segments)

    @property
    def words(self) -> tuple[Word, ...]:
        return tuple(word for segment in self.segments for word in segment.words)

    @property
    def size(self) -> float:
        return statistics.median(word.box.height for word in self.words)

    @property
    def bold(self) -> bool:
        return all(word.bold for word in self.words)


def around(boxes: Sequence[Box]) -> Box:
    """Make the smallest box around these boxes."""
    return Box(
        min(box.left for box in boxes),
        min(box.top for box in boxes),
        max(box.right for box in boxes),
        max(box.bottom for box in boxes),
    )


def segments(words: Sequence[Word]) -> list[Segment]:
    """Group words that follow each other in the file and stand beside each other."""
    made: list[Segment] = []
    group: list[Word] = []
    for word in words:
        if group and not _beside(group[-1], word):
            made.append(_segment(group))
            group = []
        group.append(word)
    return [*made, _segment(group)] if group else made


def _segment(words: Sequence[Word]) -> Segment:
    return Segment(tuple(words), around([word.box for word in words]))


def _beside(one: Word, other: Word) -> bool:
    size = min(one.box.height, other.box.height)
    if _overlap(one.box, other.box) < 0.5 * size:
        return False
    gap = max(other.box.left - one.box.right, one.box.left - other.box.right)
    # A cell's number may end where the next begins: a line of labels is no text.
    return gap < _WIDE * max(one.box.height, other.box.height)


def _overlap(one: Box, other: Box) -> float:
    return min(one.bottom, other.bottom) - max(one.top, other.top)


def lines(found: Sequence[Segment]) -> list[Line]:
    """Group segments by height into lines, from above."""
    rows: list[list[Segment]] = []
    for segment in sorted(found, key=lambda each: (each.box.top, each.box.left)):
        row = next((row for row in reversed(rows[-3:]) if _same_line(row, segment)), None)
        if row is None:
            rows.append([segment])
        else:
            row.append(segment)
    made = []
    for row in rows:
        row.sort(key=lambda each: each.box.left)
        made.append(Line(tuple(row), around([each.box for each in row])))
    return sorted(made, key=lambda line: line.box.top)


def _same_line(row: Sequence[Segment], segment: Segment) -> bool:
    return any(
        _overlap(each.box, segment.box) > 0.55 * min(each.box.height, segment.box.height) for each in row
    )


def cell(found: Sequence[Segment], rows: int = 1, columns: int = 1) -> Cell:
    """Make a table's cell, its lines joined."""
    return Cell(" ".join(line.text for line in lines(found)).replace("|", "\\|"), rows, columns)


def is_label(text: str) -> bool:
    """Tell whether a text is a bullet, or a number of a list."""
    return _LABEL.fullmatch(text) is not None


def without_bullet(text: str) -> str | None:
    """Remove a bullet; None for a text that has none."""
    found = _BULLET.match(text)
    return text[found.end() :] if found else None


# --- order ------------------------------------------------------------------------------------------


def is_right_to_left(words: Sequence[Word]) -> bool:
    """Tell whether most letters are of a script that is written from right to left."""
    letters = [unicodedata.bidirectional(sign) for word in words for sign in word.text if sign.isalpha()]
    return 2 * sum(kind in _RIGHT_TO_LEFT for kind in letters) > len(letters)


def text_of(words: Sequence[Word]) -> str:
    """Join words that stand beside each other in reading order."""
    if not is_right_to_left(words):
        return " ".join(word.text for word in sorted(words, key=lambda word: word.box.left))
    ordered = sorted(words, key=lambda word: -word.box.right)
    return " ".join(word.text for run in _runs(ordered) for word in run)


def _runs(words: Sequence[Word]) -> Iterator[list[Word]]:
    """Group words by direction; several in a row of the other direction are reversed."""
    run: list[Word] = []
    for word in words:
        if any(unicodedata.bidirectional(sign) in _RIGHT_TO_LEFT for sign in word.text):
            yield run[::-1]
            yield [word]
            run = []
        else:
            run.append(word)
    yield run[::-1]
