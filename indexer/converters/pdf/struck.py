"""Finds words that are struck out on a PDF's page: their author says that they don't hold."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import pypdfium2.raw as pdfium

from indexer.converters.pdf.words import Box, Word

if TYPE_CHECKING:
    from indexer.converters.pdf.rules import Rule

_EDGE: Final = 3.0  # points that a line may be longer or shorter than its words
_MIDDLE: Final = 0.3  # of a word's height above and below: there a line strikes it out
_MOST_MARKS: Final = 500  # on a page


def by_lines(found: "Sequence[Rule]", words: Sequence[Word]) -> tuple[list["Rule"], list[Word]]:
    """Remove lines through the middle of words, if they are as long, with those words; return what is left of both."""
    ordered = sorted(words, key=lambda word: word.box.middle[1])
    middles = [word.box.middle[1] for word in ordered]
    highest = max((word.box.height for word in words), default=0.0)
    gone: set[int] = set()
    left = []
    for rule in found:
        near = ordered[bisect_left(middles, rule.at - highest) : bisect_right(middles, rule.at + highest)]
        through = [word for word in near if rule.level and _is_through(rule, word.box)]
        if (
            through
            and abs(min(word.box.left for word in through) - rule.start) <= _EDGE
            and abs(max(word.box.right for word in through) - rule.end) <= _EDGE
        ):
            gone.update(map(id, through))
        else:
            left.append(rule)
    return left, [word for word in words if id(word) not in gone]


def _is_through(rule: "Rule", box: Box) -> bool:
    across = rule.start - _EDGE <= box.left and box.right <= rule.end + _EDGE
    return across and abs(rule.at - box.middle[1]) <= (0.5 - _MIDDLE) * box.height


def by_marks(page: Any, words: Sequence[Word]) -> list[Word]:  # noqa: ANN401 - pypdfium2 has no types
    """Remove words that a strike-out annotation covers. Places are the page's own."""
    boxes = list(_marks(page))
    return (
        [word for word in words if not any(_holds(box, word.box) for box in boxes)] if boxes else list(words)
    )


def _holds(mark: Box, box: Box) -> bool:
    x, y = box.middle
    return mark.left <= x <= mark.right and mark.top <= y <= mark.bottom


def _marks(page: Any) -> Iterator[Box]:  # noqa: ANN401
    for at in range(min(pdfium.FPDFPage_GetAnnotCount(page), _MOST_MARKS)):
        mark = pdfium.FPDFPage_GetAnnot(page, at)
        if not mark:
            continue
        try:
            if pdfium.FPDFAnnot_GetSubtype(mark) == pdfium.FPDF_ANNOT_STRIKEOUT:
                yield from _quads(mark)
        finally:
            pdfium.FPDFPage_CloseAnnot(mark)


def _quads(mark: Any) -> Iterator[Box]:  # noqa: ANN401
    points = pdfium.FS_QUADPOINTSF()
    for at in range(min(pdfium.FPDFAnnot_CountAttachmentPoints(mark), _MOST_MARKS)):
        if pdfium.FPDFAnnot_GetAttachmentPoints(mark, at, points):
            x = (points.x1, points.x2, points.x3, points.x4)
            y = (points.y1, points.y2, points.y3, points.y4)
            yield Box(min(x), min(y), max(x), max(y))
