"""Makes paragraphs, headings, list items and tables of a page's lines, and Markdown of those."""

import re
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from itertools import pairwise
from typing import Final, Literal

from indexer.converters.pdf import columns, rules, struck
from indexer.converters.pdf.lines import Line, is_label, is_right_to_left, lines, segments, without_bullet
from indexer.converters.pdf.words import HYPHEN, Word
from indexer.markdown.tables import table_of_cells

_LARGER: Final = 1.14  # than the text, a heading
_MOST_HEADING: Final = 150  # characters
_BOLD_HEADING: Final = 10  # words
_LEVELS: Final = 4
_ENDS: Final = (".", "!", "?", ":", ";", "。", "؟")
_DOTS: Final = re.compile(r"(?:\s?[.·…]){4,}\s?|_{4,}")
_NUMBER: Final = re.compile(r"\d+")
_PAGE_NUMBER: Final = re.compile(
    r"(?:page |p\. ?|seite |- ?)?#(?: ?(?:of|von|/|\|) ?#)?(?: ?-)?", re.IGNORECASE
)
_EDGE: Final = 0.1  # of the page, above and below
_OFTEN: Final = 3

Kind = Literal["text", "item", "table"]


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph, heading, item or table. `size` is its letters' height in points; `page` counts from 1.

    `edge`: it is near the page's upper or lower end.
    """

    kind: Kind
    text: str
    size: float = 0.0
    bold: bool = False
    edge: bool = False
    page: int = 0


def blocks(sheet: rules.Sheet, words: Sequence[Word], number: int) -> list[Block]:
    """Make a page's blocks in reading order, of words that are turned the same way."""
    found, words = struck.by_lines(sheet.rules(), words)
    height = sheet.width if sheet.turn % 2 else sheet.height
    grids = rules.grids(found, words) if found else []
    free = [word for word in words if not any(_holds(grid, word) for grid in grids)]
    level = [rule.at for rule in found if rule.level]
    made: list[tuple[float, Block]] = []
    for group in columns.in_columns(segments(free)) if free else []:
        made += _of_group(lines(group), level, height)
    for grid in grids:
        table = Block("table", table_of_cells(grid.rows), grid.size)
        # Before the first one below it, of those that come in the order of reading.
        at = next((n for n, (top, _) in enumerate(made) if top >= grid.box.bottom - 1), len(made))
        made.insert(at, (grid.box.top, table))
    return [replace(block, page=number) for _, block in made if block.text.strip()]


def _holds(grid: rules.Grid, word: Word) -> bool:
    x, y = word.box.middle
    return grid.box.left <= x <= grid.box.right and grid.box.top <= y <= grid.box.bottom


def _of_group(found: Sequence[Line], level: Sequence[float], height: float) -> list[tuple[float, Block]]:
    """Make blocks of a group of lines, each with its distance from above."""
    made: list[tuple[float, Block]] = []
    at = 0
    for table in columns.tables(found, level):
        made += _paragraphs(found[at : table.first], height)
        size = statistics.median(line.size for line in found[table.first : table.end])
        text = _DOTS.sub(" ", table_of_cells(table.rows))
        made.append((found[table.first].box.top, Block("table", text, size)))
        at = table.end
    return made + _paragraphs(found[at:], height)


def _paragraphs(found: Sequence[Line], height: float) -> list[tuple[float, Block]]:
    groups: list[list[Line]] = []
    leading = _leading(found)
    usual = statistics.median_low(line.size for line in found) if found else 0.0
    right = max((line.box.right for line in found), default=0.0)
    left = min((line.box.left for line in found), default=0.0)
    for line in found:
        if groups and _goes_on(groups[-1], line, leading, left, right, usual):
            groups[-1].append(line)
        else:
            groups.append([line])
    return [(group[0].box.top, _block(group, height)) for group in groups]


def _leading(found: Sequence[Line]) -> float:
    """Find the usual distance from line to line."""
    steps = [other.box.bottom - one.box.bottom for one, other in pairwise(found)]
    sizes = statistics.median(line.size for line in found) if found else 0.0
    close = [step for step in steps if 0 < step < 2 * sizes]
    return statistics.median_low(close) if close else 1.2 * sizes


def _goes_on(  # noqa: PLR0917
    group: Sequence[Line], line: Line, leading: float, left: float, right: float, usual: float
) -> bool:
    last = group[-1]
    step = line.box.bottom - last.box.bottom
    if abs(line.size - last.size) > 0.12 * last.size or last.bold != line.bold:
        return False
    if step > 1.3 * max(leading, last.size) or _starts_item(line):
        return False
    if line.size > _LARGER * usual and not last.text.endswith(_ENDS):
        return True  # a heading of several lines, which may stand in the middle
    if _had_room(last, line, left, right) and (last.text.endswith(_ENDS) or not line.text[:1].islower()):
        return False
    indented = line.box.left > last.box.left + line.size and len(group) > 1
    return not (last.text.endswith(_ENDS) and indented)


def _had_room(last: Line, line: Line, left: float, right: float) -> bool:
    """Tell whether the next line's first word would have fitted on the last line, which so was ended on purpose."""
    backwards = is_right_to_left(last.words)
    first = line.words[-1] if backwards else line.words[0]
    room = last.box.left - left if backwards else right - last.box.right
    return first.box.right - first.box.left + 0.5 * line.size < room


def _starts_item(line: Line) -> bool:
    first = line.words[0].text
    return (is_label(first) and len(line.words) > 1) or without_bullet(first) is not None


def _block(group: Sequence[Line], height: float) -> Block:
    text = _DOTS.sub(" ", reduce(_on_next, (line.text for line in group)))
    middle = (group[0].box.top + group[-1].box.bottom) / 2
    edge = len(group) <= 2 and not _EDGE * height < middle < (1 - _EDGE) * height  # noqa: PLR2004
    bare = without_bullet(text)
    size = statistics.median(line.size for line in group)
    if bare is not None:
        return Block("item", f"- {bare}", size, edge=edge)
    return Block("text", text, size, all(line.bold for line in group), edge)


# --- the whole document ------------------------------------------------------------------------------


def markdown(pages: Sequence[Sequence[Block]]) -> str:
    """Write the pages' blocks as Markdown, headings by their size; what repeats at the pages' ends is left out."""
    repeated = _repeated(pages)
    kept = [
        block for page in pages for block in page if not (block.edge and _pattern(block.text) in repeated)
    ]
    body = _body_size(kept)
    sizes = sorted({_rounded(block.size) for block in kept if _is_large(block, body)}, reverse=True)
    levels = {size: min(number, _LEVELS) for number, size in enumerate(sizes, 1)}
    bolds = sum(len(block.text) for block in kept if block.bold)
    mostly_bold = 2 * bolds > sum(len(block.text) for block in kept)
    parts: list[str] = []
    for block in _whole(kept):
        level = levels.get(_rounded(block.size), 0) if _is_large(block, body) else 0
        if not level and not mostly_bold and _is_bold_heading(block):
            level = min(len(sizes) + 1, _LEVELS + 1)
        parts.append(f"{'#' * level} {block.text} {{#page={block.page}}}" if level else _escaped(block))
    return "\n\n".join(parts)


def _repeated(pages: Sequence[Sequence[Block]]) -> set[str]:
    """Find the texts at the ends of most pages, which may differ in numbers."""
    found = Counter(
        pattern for page in pages for pattern in {_pattern(block.text) for block in page if block.edge}
    )
    return {
        pattern
        for pattern, count in found.items()
        if (count >= _OFTEN and 2 * count > len(pages))
        or (len(pages) > 1 and _PAGE_NUMBER.fullmatch(pattern))
    }


def _pattern(text: str) -> str:
    return _NUMBER.sub("#", text.strip())


def _body_size(kept: Sequence[Block]) -> float:
    """Find the height of most letters."""
    letters: Counter[float] = Counter()
    for block in kept:
        if block.size:
            letters[_rounded(block.size)] += len(block.text)
    return letters.most_common(1)[0][0] if letters else 0.0


def _rounded(size: float) -> float:
    return round(size * 2) / 2


def _is_large(block: Block, body: float) -> bool:
    return (
        block.kind == "text"
        and block.size >= _LARGER * body > 0
        and len(block.text) <= _MOST_HEADING
        and block.text[-1] not in ".,;"
        and block.text[0].isalnum()
        and any(sign.isalpha() for sign in block.text)
    )


def _is_bold_heading(block: Block) -> bool:
    short = len(block.text.split()) <= _BOLD_HEADING
    return block.kind == "text" and block.bold and short and block.text[-1].isalnum()


def _whole(kept: Sequence[Block]) -> Iterator[Block]:
    """Join a paragraph that a page's end breaks."""
    waiting: Block | None = None
    for block in kept:
        if waiting is not None and _is_broken(waiting, block):
            waiting = replace(waiting, text=_on_next(waiting.text, block.text), page=block.page)
            continue
        if waiting is not None:
            yield waiting
        waiting = block
    if waiting is not None:
        yield waiting


def _is_broken(one: Block, other: Block) -> bool:
    return (
        other.page == one.page + 1
        and one.kind in {"text", "item"}
        and other.kind == "text"
        and abs(one.size - other.size) < 0.5  # noqa: PLR2004
        and other.text[:1].islower()
        and not one.text.endswith(_ENDS)
    )


def _on_next(text: str, rest: str) -> str:
    """Join text over a line's or page's end; a word may be broken there by a hyphen."""
    broken = text.endswith(("-", "‐")) and text[-2:-1].isalpha() and rest[:1].islower()
    return f"{text[:-1]}{HYPHEN}{rest}" if broken else f"{text} {rest}"


def _escaped(block: Block) -> str:
    """Escape a first sign that would mean something in Markdown."""
    if block.kind != "text":
        return block.text
    return re.sub(r"^(#{1,6}\s|[+*>=-](?=\s)|~{3}|`{3})", r"\\\1", block.text)
