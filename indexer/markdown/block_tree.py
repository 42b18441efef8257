"""Parses the blocks of a Markdown page, and cuts the source of their text out of it. Pure.

pulldown-cmark, in Rust, knows the blocks. Inline text is reduced by `inline`, so what could be taken for a link, its
definition, HTML, an escape or a span of code is hidden from it: it parses the page's shape, which is as long as the
page, sign for sign, and in ASCII, so that its offsets are those of the page.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from pyromark.event import Event, Range

Kind = Literal["paragraph", "heading", "code", "fence", "list", "item", "quote"]

_HIDDEN: Final = bytes.maketrans(b"<[]!&\\`", b"???????")
_HIDDEN_IN_FENCES: Final = bytes.maketrans(b"<[]!&\\", b"??????")
_HIDDEN_FAR_OUT: Final = bytes.maketrans(b">*+-.)", b"??????")
# All that can stand before a block.
_BEFORE: Final = rb"[ >*+.)\d-]"
_FENCE: Final = re.compile(rb"^(" + _BEFORE + rb"*`{3,}[^`\n]*)$", re.MULTILINE)
# Each line is held against all blocks that are open: what is this far to the right opens none, or a hostile page's
# lists in lists in lists would take hours.
_FAR_OUT: Final = re.compile(rb"\n(" + _BEFORE + rb"{100})([^\n]+)")
_RULE: Final = re.compile(rb"\n[ >]{0,100}([-*])(?: *\1)+ *")
_INFO: Final = re.compile(r"[`~]+([^\n]*)")
_NUMBER: Final = re.compile(r" *(\d*)")
_EMPHASIS: Final = ("Emphasis", "Strong")


@dataclass(slots=True)
class Node:
    """A block. `text` is a leaf's source, without what stands before its lines for the sake of the blocks around it.

    `info` is what a fence says behind its signs, or the number of an ordered list's item as it is written.
    """

    kind: Kind
    text: str = ""
    info: str = ""
    level: int = 0
    inside: Sequence["Node"] = ()


def block_tree(text: str) -> list[Node]:
    """Parse a page, whose lines end in a line feed alone, into its outermost blocks. Thematic breaks are left out."""
    import pyromark  # noqa: PLC0415 - who only asks doesn't need it

    reader = _Reader(text)
    reader.read(pyromark.events_with_range(_shape(text)))
    return reader.tree


def _shape(text: str) -> str:
    shape = text.encode("ascii", "replace")
    if b"```" in shape:
        parts = _FENCE.split(shape)  # every other one is the line of a fence
        shape = b"".join(
            part.translate(_HIDDEN_IN_FENCES if n % 2 else _HIDDEN) for n, part in enumerate(parts)
        )
    else:
        shape = shape.translate(_HIDDEN)
    return _FAR_OUT.sub(_hidden_far_out, b"\n" + shape)[1:].decode("ascii")


def _hidden_far_out(line: re.Match[bytes]) -> bytes:
    return line[0] if _RULE.fullmatch(line[0]) else b"\n" + line[1] + line[2].translate(_HIDDEN_FAR_OUT)


class _Reader:
    """Makes the tree of pulldown-cmark's events, which name no paragraph where a list is tight."""

    def __init__(self, text: str) -> None:
        self.tree: list[Node] = []
        self._open = [self.tree]
        self._around: list[Kind] = []
        self._text = text
        # Of the leaf that is read: the lines before the last one, and where that begins and ends.
        self._lines: list[str] = []
        self._start = -1
        self._end = 0
        self._code: Node | None = None

    def read(self, events: Iterable[tuple["Event", "Range"]]) -> None:
        """Take all events."""
        for event, place in events:
            if isinstance(event, str):
                if event == "Rule":
                    self._add_leaf()
                else:
                    self._end_line(place["end"] - 1)
            elif "Start" in event:
                self._begin(event["Start"], place["start"])
            elif "End" in event:
                self._finish(event["End"], place["end"])
            elif self._code is not None:
                self._lines.append(self._text[place["start"] : place["end"]])
            else:
                self._start = place["start"] if self._start < 0 else self._start
                self._end = place["end"]

    def _begin(self, tag: str | Mapping[str, object], start: int) -> None:
        if isinstance(tag, str) and tag != "Item":
            if tag != "Paragraph" and self._start < 0:  # emphasis
                self._start = start
            return
        self._add_leaf()
        if tag == "Item":
            number = _NUMBER.match(self._text, start)
            self._go_in("item", number[1] if number else "")
        elif "List" in tag:
            self._go_in("list")
        elif "BlockQuote" in tag:
            self._go_in("quote")
        elif isinstance(tag, dict) and "CodeBlock" in tag:
            info = _INFO.match(self._text, start) if tag["CodeBlock"] != "Indented" else None
            self._code = Node("fence", info=info[1]) if info else Node("code")
            self._open[-1].append(self._code)

    def _finish(self, tag: str | Mapping[str, object], end: int) -> None:
        if tag == "Paragraph":
            self._add_leaf()
        elif self._code is not None:
            self._code.text = "".join(self._lines)
            self._code, self._lines = None, []
        elif isinstance(tag, dict) and "Heading" in tag:
            self._add_leaf(int(str(tag["Heading"])[1]))
        elif tag in _EMPHASIS:
            self._end = end
        else:
            self._add_leaf()
            self._open.pop()
            self._around.pop()

    def _go_in(self, kind: Kind, info: str = "") -> None:
        inside: list[Node] = []
        self._open[-1].append(Node(kind, info=info, inside=inside))
        self._open.append(inside)
        self._around.append(kind)

    def _end_line(self, end: int) -> None:
        if self._start >= 0:
            line = self._text[self._start : end]
            if "\n" in line:  # two that look like fences, but are none: to the parser they are a span of code
                line = re.sub(rf"\n(?: *>){{0,{self._around.count('quote')}}} *", "\n", line)
            self._lines.append(line)
            self._start = -1

    def _add_leaf(self, level: int = 0) -> None:
        """Add the paragraph that was read, if any was, or the heading of a level."""
        if self._start >= 0 or level:
            self._end_line(self._end)
            kind: Kind = "heading" if level else "paragraph"
            self._open[-1].append(Node(kind, "\n".join(self._lines), level=level))
            self._lines = []
