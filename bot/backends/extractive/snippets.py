"""Cuts passages into what can be quoted: sentences, list items with their lead, rows with their header."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest

from bot.model import Passage
from bot.text.markdown_units import Unit, split

ITEM_CHARACTERS = 320  # a longer list item is quoted by the sentence
POINTING_CELLS = 2  # a row with more says something itself
TABLE_CHARACTERS = 420  # a header that leaves no room for rows is left out

_BULLET = re.compile(r"(?:^|\n)[ \t>]*((?:[-*+•]|\d{1,3}[.)])[ \t]+)$")
_WORD = re.compile(r"\w")
_ASKS = re.compile(r"[?？](?:\s*\([^()]{0,100}\))?[*_ ]*$")
_BAR_AT_END = re.compile(r"(?<!\\)[ ]\|$")  # of a table's row that was too large for one chunk
_ONLY_BOLD = re.compile(r"(\*\*|__)[^*_]+\1:?$")


@dataclass(frozen=True, slots=True)
class Snippet:
    """A thing to quote.

    `place` orders the snippets of one page. `lead` is what announces an item ("You need:"), `head` a table's header
    with its rule. `announced` is the paragraph before the list; `ancestors` are the items that an item is below,
    outermost first, the last of which is its lead. `previous` is the sentence before it in its paragraph.
    `is_lead`: it only announces the items that follow.
    """

    passage: Passage
    place: tuple[int, int]
    kind: str
    text: str
    bullet: str = ""
    lead: str = ""
    head: str = ""
    announced: str = ""
    ancestors: tuple[str, ...] = ()
    previous: "Snippet | None" = None
    is_lead: bool = False
    block: tuple[int, int] = (0, 0)

    @property
    def is_step(self) -> bool:
        return self.kind == "item" and self.bullet[:1].isdigit()

    @property
    def is_question(self) -> bool:
        return asks(self.text)

    def labelled_cells(self) -> str:
        """Write a row's cells with their columns' names: "27 Days a year"."""
        cells, names = (
            [cell.strip() for cell in line.strip("| ").split("|")]
            for line in (self.text, self.head.partition("\n")[0])
        )
        return ", ".join(f"{cell} {name}" for cell, name in zip_longest(cells, names, fillvalue=""))


def asks(text: str) -> bool:
    """Tell whether a sentence or a heading is a question; a remark in parentheses may follow it."""
    return _ASKS.search(text) is not None


def snippets(passages: Sequence[Passage]) -> list[Snippet]:
    """Return all snippets in the order of the passages; what stands in two passages of a page comes once."""
    seen: set[tuple[str, str]] = set()
    found: list[Snippet] = []
    for number, passage in enumerate(passages):
        for snippet in _of(passage, number):
            key = (passage.doc_id, " ".join(snippet.text.lower().split()))
            if _WORD.search(snippet.text) and key not in seen:
                seen.add(key)
                found.append(snippet)
    return _numbered(found)


def _numbered(found: Sequence[Snippet]) -> list[Snippet]:
    """Number steps by their place in their list: many pages write "1." before each."""
    counts: Counter[tuple[str, ...]] = Counter()
    numbered: list[Snippet] = []
    for snippet in found:
        if snippet.is_step:
            counts[_list_of(snippet)] += 1
            snippet = replace(snippet, bullet=f"{counts[_list_of(snippet)]}. ")  # noqa: PLW2901 - the same, numbered
        numbered.append(snippet)
    return numbered


def pointers(among: Sequence[Snippet]) -> list[bool]:
    """Tell of each whether it only sends its reader to another of these pages, by that page's title."""
    titles = {snippet.passage.doc_id: _bare(snippet.passage.title) for snippet in among}

    def points(snippet: Snippet) -> bool:
        if snippet.kind not in ("row", "item"):
            return False
        parts = {_bare(part) for part in snippet.text.strip("| ").split("|")}
        return len(parts) <= POINTING_CELLS and any(
            title in parts for doc_id, title in titles.items() if doc_id != snippet.passage.doc_id
        )

    return [points(snippet) for snippet in among]


def _bare(text: str) -> str:
    return " ".join(text.lower().strip(" *_.:").split())


def _list_of(snippet: Snippet) -> tuple[str, ...]:
    return (snippet.passage.chunk_id, snippet.kind, snippet.head, snippet.lead)


def siblings(snippet: Snippet, among: Sequence[Snippet]) -> list[Snippet]:
    """Return the rows of the same table, or the items of the same list, in order and with the snippet itself."""
    if snippet.kind not in ("row", "item") or not (snippet.head or snippet.lead or snippet.is_step):
        return [snippet]
    return [
        other for other in among if other.is_step == snippet.is_step and _list_of(other) == _list_of(snippet)
    ]


@dataclass(slots=True)
class _Reader:
    """Remembers what was last read that the next unit may depend on."""

    leads: list[tuple[int, str]] = field(default_factory=list)  # (indent, text) of what items may hang on
    head: str = ""


def _of(passage: Passage, number: int) -> Iterator[Snippet]:
    text = passage.text
    units = split(text)
    reader = _Reader()
    blocks = _blocks(units)
    for index, block in enumerate(blocks):
        first = block[0]
        place = (passage.ordinal, first.start)
        base = Snippet(passage, place, first.kind, text[first.start : first.end], block=(number, index))
        if first.kind == "rule":
            continue
        if first.kind == "heading":
            reader = _Reader(leads=[(-2, base.text.lstrip("# ").strip())])
        elif first.kind == "row":
            following = blocks[index + 1][0] if index + 1 < len(blocks) else None
            if following is not None and following.kind == "rule":
                reader.head = text[first.start : following.end]
                continue
            head = reader.head if len(reader.head) <= TABLE_CHARACTERS else ""
            yield replace(base, head=head, lead=_lead(reader, 0))
        elif first.kind == "code":
            yield replace(base, lead=_lead(reader, 0))
        else:
            yield from _prose(base, text, block, reader)


def _prose(base: Snippet, text: str, block: Sequence[Unit], reader: _Reader) -> Iterator[Snippet]:
    """Give a paragraph's sentences, or a list item: whole if it is short."""
    first, last = block[0], block[-1]
    whole = text[first.start : last.end]
    is_item = first.kind == "item"
    indent = _indent(text, first) if is_item else -1
    reader.head = ""
    while reader.leads and reader.leads[-1][0] >= indent and (is_item or reader.leads[-1][0] >= -1):
        reader.leads.pop()
    base = replace(
        base,
        text=whole,
        bullet=_bullet(text, first) if is_item else "",
        lead=_lead(reader, indent),
        announced=_lead(reader, 0),
        ancestors=tuple(item for above, item in reader.leads if 0 <= above < indent),
    )
    if is_item and len(whole) <= ITEM_CHARACTERS:
        yield base
    else:
        previous: Snippet | None = None
        for unit in block:
            sentence = _BAR_AT_END.sub("", text[unit.start : unit.end])
            previous = Snippet(
                passage=base.passage,
                place=(base.place[0], unit.start),
                kind=base.kind,
                text=sentence,
                bullet=base.bullet if unit is first else "",
                lead=base.lead,
                announced=base.announced,
                ancestors=base.ancestors,
                previous=previous,
                is_lead=unit is last and _announces(sentence),
                block=base.block,
            )
            yield previous
    if not is_item:
        lead_text = text[last.start : last.end]
        if _announces(lead_text) or asks(lead_text):
            reader.leads.append((-1, lead_text))
    else:
        reader.leads.append(
            (indent, whole if len(whole) <= ITEM_CHARACTERS else text[first.start : first.end])
        )


def _announces(sentence: str) -> bool:
    return sentence.rstrip("*_ ").endswith((":", "：")) or _ONLY_BOLD.match(sentence) is not None


def _lead(reader: _Reader, indent: int) -> str:
    """Return the nearest text that announces what is indented like this."""
    for above, text in reversed(reader.leads):
        if above < max(indent, 0):
            return text
    return ""


def _blocks(units: Sequence[Unit]) -> list[list[Unit]]:
    blocks: list[list[Unit]] = []
    for unit in units:
        if blocks and blocks[-1][0].block == unit.block:
            blocks[-1].append(unit)
        else:
            blocks.append([unit])
    return blocks


def _bullet(text: str, unit: Unit) -> str:
    found = _BULLET.search(text[max(0, unit.start - 40) : unit.start])
    return found[1].strip() + " " if found else "- "


def _indent(text: str, unit: Unit) -> int:
    line = text.rfind("\n", 0, unit.start) + 1
    return len(text[line : unit.start]) - len(text[line : unit.start].lstrip(" >"))
