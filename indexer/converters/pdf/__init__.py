"""Converts PDF to Markdown: pdfium finds the words, fastest of the free libraries; order, tables and headings are ours.

Other libraries are compared in benchmarks/documents.md.
"""

import re
from collections import Counter
from dataclasses import replace
from typing import Any, Final

import pypdfium2

from indexer.converters.pdf.blocks import Block, blocks, markdown
from indexer.converters.pdf.rules import Sheet
from indexer.converters.pdf.struck import by_marks
from indexer.converters.pdf.words import HYPHEN, Word, upright, words
from indexer.converters.result import Converted, Unreadable

_BROKEN: Final = re.compile(rf"(\w+){HYPHEN}(\w*)")
_TOKEN: Final = re.compile(r"\w+(?:-\w+)*")


def convert(data: bytes, *, pages: int | None = None) -> Converted:
    """Convert a file, or its first `pages` pages. Raises Unreadable."""
    document = _opened(data)
    try:
        if document.get_formtype():
            document.init_forms()
        read = [_page(document, number) for number in range(len(document))[:pages]]
        title = document.get_metadata_dict().get("Title", "")
    finally:
        document.close()
    return Converted(_hyphenated(markdown(read)), title=title)


def _opened(data: bytes) -> Any:  # noqa: ANN401 - pypdfium2 has no types
    try:
        return pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        # Many "protected" files open with no password; the others are secret.
        if "password" in str(error).lower() or "security" in str(error).lower():
            raise Unreadable("it is encrypted") from error
        raise


def _page(document: Any, number: int) -> list[Block]:  # noqa: ANN401
    """Find a page's blocks; text that is turned comes last."""
    page = document[number]
    text = page.get_textpage()
    try:
        found = [word for word in by_marks(page, words(page, text)) if _is_on(page.get_bbox(), word)]
        # Turned as the page is, places count from its own corner.
        width, height = page.get_size() if page.get_rotation() in {0, 180} else page.get_size()[::-1]
        made: list[Block] = []
        for turn, _ in Counter(word.turn for word in found).most_common():
            placed = blocks(Sheet(page, turn, width, height), upright(found, turn, width, height), number + 1)
            # What stands in the margin, turned, is no heading.
            made += [replace(block, size=0.0, bold=False) for block in placed] if made else placed
        return made
    finally:
        text.close()
        page.close()


def _is_on(edges: tuple[float, float, float, float], word: Word) -> bool:
    """Tell whether a word is within the page's visible edges (left, bottom, right, top)."""
    x, y = word.box.middle
    left, bottom, right, top = edges
    return left <= x <= right and bottom <= y <= top


def _hyphenated(text: str) -> str:
    """Join words that a line's end has broken; those that have a hyphen elsewhere keep it."""
    if HYPHEN not in text:
        return text
    known = Counter(token.lower() for token in _TOKEN.findall(text))

    def join(broken: re.Match[str]) -> str:
        first, rest = broken[1], broken[2]
        whole, hyphened = f"{first}{rest}".lower(), f"{first}-{rest}".lower()
        keeps = not rest[:1].islower() or known[hyphened] > known[whole]
        return f"{first}-{rest}" if keeps else f"{first}{rest}"

    return _BROKEN.sub(join, text).replace(HYPHEN, "-")
