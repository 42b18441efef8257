"""Cuts a page into chunks that an embedder can take whole. Pure."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from bot.model import Chunk, Document
from bot.text.token_count import count_tokens
from indexer.converters.formats import MARKDOWN, ending
from indexer.markdown.outline import Block, Section
from indexer.markdown.parser import parse

# What is embedded of a chunk (title, heading path and text) keeps below this many word pieces. The small
# sentence models truncate at 256, two of which are theirs, and the count is an estimate.
CHUNK_TOKENS = 220

# What an index was chunked by: any change of a chunk's text, heading or anchor needs a new number.
CHUNKING = f"2/{CHUNK_TOKENS}"

_LEAST_BODY = 100
_MOST_HEADING = 60
_MOST_ANCHOR = 500  # characters; it stands at each of a section's chunks, and no link is longer
_SLAB = 8_000  # characters; the splitter's time grows with the square of what it is given


def embedded_text(document: Document, chunk: Chunk) -> str:
    """Make the text that is embedded of a chunk; a title made from a file's name is left out (see Document)."""
    title = document.title if document.titled else ""
    return "\n".join(part for part in (title, chunk.heading, chunk.text) if part)


def text_hash(text: str) -> str:
    """Name an embedded text: the same text has the same vector, wherever it stands."""
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def chunk(document: Document) -> tuple[Chunk, ...]:
    """Cut a page into chunks in reading order; none if it holds nothing but headings."""
    sections = sections_of(document.path, document.text)
    return pack(sections, document.title if document.titled else "")


def sections_of(name: str, text: str, anchors: str = "github") -> list[Section]:
    """Parse a file's Markdown into sections; the name's ending tells which dialects it may be in.

    `anchors` is the software whose rule makes the anchors.
    """
    kind = ending(name)
    return parse(text, dialects=kind in (*MARKDOWN, "ipynb"), components=kind == "mdx", anchors=anchors)


def first_heading(sections: Sequence[Section]) -> str:
    """Find the title in the headings: a first one of level 1, or one that alone leads the page; "" otherwise."""
    headings = [section for section in sections if section.heading and not section.part]
    if not headings:
        return ""
    first = headings[0]
    if first.level == 1:
        return first.heading
    alone = not sections[0].blocks and all(section.level > first.level for section in headings[1:])
    return first.heading if alone else ""


def pack(sections: Sequence[Section], title: str) -> tuple[Chunk, ...]:
    """Pack sections into chunks. None crosses a heading, so that its anchor leads to what it says."""
    chunks: list[Chunk] = []
    path: list[Section] = []
    for section in sections:
        path = [above for above in path if above.level < section.level]
        path += [section] if section.heading else []
        heading = _heading_path(path, title)
        budget = max(_LEAST_BODY, CHUNK_TOKENS - count_tokens(title) - count_tokens(heading))
        linked = len(section.anchor) <= _MOST_ANCHOR and _leads_below(section, path, title)
        anchor = section.anchor if linked else ""
        for text in _texts(section.blocks, budget):
            chunks.append(Chunk(len(chunks), heading, text, anchor))
    return tuple(chunks)


def _leads_below(section: Section, path: Sequence[Section], title: str) -> bool:
    """Tell whether a section needs its anchor; the heading that is the page's title needs none."""
    return not (len(path) == 1 and section.heading == title and section.level == 1)


def _heading_path(path: Sequence[Section], title: str) -> str:
    below = path[1:] if path and path[0].heading == title else path
    heading = " > ".join(section.heading for section in below)
    if count_tokens(heading) > _MOST_HEADING:
        heading = below[-1].heading[: _MOST_HEADING * 4]
    return heading


def _texts(blocks: Sequence[Block], budget: int) -> list[str]:
    """Pack blocks into as few texts as fit the budget of tokens, of about the same size."""
    units = _with_leads([unit for block in blocks for unit in _units(block, budget)], budget)
    if not units:
        return []
    total = sum(size for _, size in units)
    target = total / -(-total // budget)
    texts: list[str] = []
    current: list[str] = []
    filled = 0
    for text, size in units:
        if current and (filled + size > budget or filled + size / 2 > target):
            texts.append("\n\n".join(current))
            current, filled = [], 0
        current.append(text)
        filled += size
    return [*texts, "\n\n".join(current)]


def _with_leads(units: list[tuple[str, int]], budget: int) -> list[tuple[str, int]]:
    """Join a line that ends with a colon with what it announces, where both fit."""
    joined: list[tuple[str, int]] = []
    for text, size in units:
        if joined and joined[-1][0].endswith((":", "：")) and joined[-1][1] + size <= budget:
            lead, lead_size = joined.pop()
            joined.append((f"{lead}\n\n{text}", lead_size + size))
        else:
            joined.append((text, size))
    return joined


def _units(block: Block, budget: int) -> Iterator[tuple[str, int]]:
    """Yield a block, or its parts where it is too large, each with its tokens."""
    text = block.text()
    size = count_tokens(text)
    if size <= budget:
        yield text, size
        return
    around = count_tokens(block.head) + count_tokens(block.foot)
    # A header that leaves no room for rows is not repeated.
    if around > budget // 2:
        block, around = Block(block.kind, (block.head, *block.pieces)), 0
    room = budget - around
    group: list[str] = []
    filled = 0
    for piece in (part for whole in block.pieces for part in _split(whole, room)):
        size = count_tokens(piece)
        if group and filled + size > room:
            yield block.text(group), filled + around
            group, filled = [], 0
        group.append(piece)
        filled += size
    if group:
        yield block.text(group), filled + around


def _split(piece: str, room: int) -> list[str]:
    """Split a paragraph, item or row that is larger than a chunk between sentences, else words."""
    if count_tokens(piece) <= room:
        return [piece]
    splitter = _splitter(room)
    return [part for slab in _slabs(piece) for part in splitter.chunks(slab) if part.strip()]


def _slabs(piece: str) -> Iterator[str]:
    """Cut a very large piece between sentences, else words, before its tokens are counted."""
    start = 0
    while len(piece) - start > _SLAB:
        end = start + _SLAB
        cut = piece.rfind(". ", end - _SLAB // 4, end) + 2
        if cut <= start + 1:
            cut = piece.rfind(" ", start, end) + 1 or end
        yield piece[start:cut]
        start = cut
    yield piece[start:]


@lru_cache(maxsize=64)
def _splitter(room: int):  # type: ignore[no-untyped-def]  # noqa: ANN202 (its type is imported only here)
    from semantic_text_splitter import TextSplitter  # noqa: PLC0415 (few pages need it)

    return TextSplitter.from_callback(count_tokens, room)


_WORD = re.compile(r"\w")


def has_content(chunks: Sequence[Chunk]) -> bool:
    """Tell whether any chunk holds a word."""
    return any(_WORD.search(piece.text) for piece in chunks)
