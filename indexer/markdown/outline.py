"""Defines a page's sections: their headings, anchors and blocks."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from indexer.markdown import embedded_html
from indexer.markdown.anchors import Anchors
from indexer.markdown.dialects import parts
from indexer.markdown.dialects.marks import ATTRIBUTES
from indexer.markdown.inline import reading_text, without_invisible

_ATTRIBUTES = re.compile(rf"[ \t]*(?:{ATTRIBUTES}|\{{:?[ \t]*#[^{{}}]*\}})[ \t]*$")
_OWN_ID = re.compile(r"#([^\s{}]+)|\bid=(?:\"([^\"]+)\"|'([^']+)'|([^\s{}\"']+))")

Kind = Literal["text", "list", "table", "code"]


@dataclass(frozen=True, slots=True)
class Block:
    """A block that may be split between its `pieces`; `head` and `foot` (a table's, a fence's) go around each split."""

    kind: Kind
    pieces: tuple[str, ...]
    head: str = ""
    foot: str = ""

    def text(self, pieces: Sequence[str] | None = None) -> str:
        """Write some of its pieces, or all."""
        body = "\n".join(self.pieces if pieces is None else pieces)
        return "\n".join(part for part in (self.head, body, self.foot) if part)


@dataclass(slots=True)
class Section:
    """What stands under one heading, without its subsections. `level` 0 is what comes before any heading.

    `part`: its heading is a tab's label, or repeats one; its content belongs to the section that it is in.
    """

    level: int
    heading: str
    anchor: str
    blocks: list[Block] = field(default_factory=list)
    part: bool = False


class Outline:
    """Collects a page's sections, and makes their anchors by one software's rule."""

    def __init__(self, anchors: str) -> None:
        self.sections = [Section(0, "", "")]
        self._anchors = Anchors(anchors)
        # What the parts that are open stand in, from the outermost on.
        self._around: list[Section] = []

    def heading(self, level: int, raw: str, pending: str) -> None:
        """Begin a section. `pending` is an anchor that stood alone above its heading, if any."""
        label = parts.label_of(raw)
        if label is not None:
            self._part(heading_text(label))
            return
        named = embedded_html.ANCHOR.search(raw)
        raw = embedded_html.ANCHOR.sub("", raw)
        custom = _ATTRIBUTES.search(raw)
        heading = heading_text(raw[: custom.start()] if custom else raw)
        own = (custom and _own_id(custom[0])) or (named[1] if named else pending)
        slug = self._anchors.of(heading)
        if heading:
            # What stands beside the parts ends them, whether the page says so or not.
            while self._around and 0 < level <= self._around[-1].level:
                self._around.pop()
            least = self._around[-1].level + 2 if self._around else 0
            self.sections.append(Section(max(level, least), heading, own or slug))

    def _part(self, label: str) -> None:
        """Begin a tab, or end one if it has no label."""
        if label:
            here = self.sections[-1]
            self._around.append(here)
            self.sections.append(Section(here.level + 1, label, here.anchor, part=True))
        elif self._around:
            around = self._around.pop()
            self.sections.append(Section(around.level, around.heading, around.anchor, part=True))


def _own_id(attributes: str) -> str:
    found = _OWN_ID.search(attributes)
    return next(filter(None, found.groups()), "") if found else ""


def without_attributes(raw: str) -> str:
    """Remove from a heading what sets its look and its anchor."""
    return _ATTRIBUTES.sub("", raw)


def heading_text(raw: str) -> str:
    """Make the text that a reader sees of a heading."""
    words = reading_text(without_invisible(raw)).replace("`", "").split()
    # Sites put a link to itself behind a heading.
    return " ".join(words[:-1] if words[-1:] in (["¶"], ["#"], ["🔗"]) and words[1:] else words).removesuffix(
        "¶"
    )
