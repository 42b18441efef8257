"""Converts AsciiDoc's lists: bullets, numbers, terms and callouts, with what is attached to their items."""

import re
from collections.abc import Callable, Sequence
from typing import Final

from indexer.converters.asciidoc.inline import Inline

_BULLET: Final = re.compile(r"^\s*(\*{1,6}|-|•)\s+(\S.*)$")
_NUMBER: Final = re.compile(r"^\s*(\.{1,6}|\d{1,4}\.|[a-zA-Z]\.|[ivx]{1,5}\))\s+(\S.*)$")
_TERM: Final = re.compile(r"^\s*((?:[^\s:;`]|`[^`]*`|:(?!:)|;(?!;)|\s(?=\S))+?)(:{2,4}|;;)(?:\s+(.*))?$")
_CALLOUT: Final = re.compile(r"^(<(?:\d{1,3}|\.)>)\s+(\S.*)$")
MARKER: Final = re.compile(rf"(?!//)(?:{_BULLET.pattern}|{_NUMBER.pattern}|{_TERM.pattern})")
_ABOUT: Final = re.compile(r"^\[(?!\[).*\]$|^\[\[.*\]\]$|^\.[^\s.]")
FENCE: Final = re.compile(r"^(-{4,}|\.{4,}|={4,}|\*{4,}|_{4,}|\+{4,}|--|`{3,}.*|[|,:!]={3,})$")
_TERMS: Final = ("::", ":::", "::::", ";;")
_NUMBERS_WIDTH: Final = 3  # of a number's sign and the space behind it
_DEEPEST: Final = 10
_LONGEST: Final = 2_000  # of what is looked at again with each line that goes on with it


def end_of_fence(lines: Sequence[str], at: int) -> int:
    """Find the end of the fence that begins at a line: behind the last line if it is unclosed."""
    closing = "```" if lines[at].startswith("```") else lines[at]
    return next((n for n in range(at + 1, len(lines)) if lines[n] == closing), len(lines))


class List:
    """The list that begins at a line, with those inside it. `blocks` converts what is attached to an item."""

    def __init__(
        self, inline: Inline, blocks: Callable[[Sequence[str]], list[str]], lines: Sequence[str], at: int
    ) -> None:
        self._inline = inline
        self._blocks = blocks
        self._lines = lines
        self._at = at
        self._made: list[str] = []
        # The kinds of items that are open, each inside the one before it, and how far their text is indented.
        self._open: list[str] = []
        self._indents: list[int] = []
        # What the last line says, as it is written: a link in it may go on in the next one.
        self._written = ("", "")
        # Terms that nothing is said of yet.
        self._terms: list[str] = []

    def read(self) -> tuple[list[str], int]:
        """Convert the list; return its lines, and the number of the line after it."""
        while self._at < len(self._lines):
            line = self._lines[self._at]
            if not line.strip():
                if not self._goes_on():
                    break
            elif line == "+":
                self._at += 1
                self._attach()
            elif found := _item(line):
                self._add(*found)
            elif not self._more(line):
                break
        if self._terms:
            self._say("")
        return self._made, self._at

    def _goes_on(self) -> bool:
        """Tell whether an item or a term's meaning follows after empty lines."""
        next_ = next((n for n in range(self._at, len(self._lines)) if self._lines[n].strip()), None)
        if next_ is None:
            return False
        line = self._lines[next_]
        means = bool(self._terms) and not _ABOUT.match(line) and not line.startswith("=")
        if _item(line) is None and not means:
            return False
        self._at = next_
        return True

    def _add(self, kind: str, words: str) -> None:
        is_term = kind in _TERMS
        if self._terms and not is_term:
            self._say("")
        self._nest(kind)
        self._at += 1
        if is_term:
            term, _, said = words.partition("\x00")
            self._terms.append(self._inline.text(term))
            if said:
                self._say(said)
            return
        indent = self._indents[-2] if len(self._indents) > 1 else 0
        sign = "1." if self._indents[-1] - indent == _NUMBERS_WIDTH else "-"
        self._write(f"{' ' * indent}{sign} ", words.removesuffix(" +"))

    def _more(self, line: str) -> bool:
        """Take a line that continues the item, or begins its term's meaning."""
        if self._terms and FENCE.match(line):
            self._say("")
            self._attach()
            return True
        if self._terms:
            self._say(line.strip())
        elif not self._made or _ABOUT.match(line) or FENCE.match(line) or not self._made[-1]:
            return False
        else:
            lead, before = self._written
            words = line.strip().removesuffix(" +")
            if len(before) < _LONGEST:
                self._made.pop()
                self._write(lead, f"{before} {words}")
            else:
                self._write(" " * self._indents[-1], words)
        self._at += 1
        return True

    def _say(self, text: str) -> None:
        """Add to the terms' meaning."""
        sign = " " * (self._indents[-1] - 2) + "- "
        self._write(f"{sign}{', '.join(self._terms)}: ", text.removesuffix(" +"))
        self._terms = []

    def _write(self, lead: str, words: str) -> None:
        self._written = (lead, words)
        self._made.append(f"{lead}{self._inline.text(words)}".rstrip())

    def _nest(self, kind: str) -> None:
        """Close lists until the item's kind is the innermost."""
        if kind in self._open:
            level = self._open.index(kind) + 1
            del self._open[level:], self._indents[level:]
        elif len(self._open) < _DEEPEST:
            above = self._indents[-1] if self._indents else 0
            self._open.append(kind)
            self._indents.append(above + (_NUMBERS_WIDTH if kind[0] in ".<1" else 2))

    def _attach(self) -> None:
        """Attach the block that begins here, up to the end of its fence or paragraph."""
        start = self._at
        while self._at < len(self._lines) and _ABOUT.match(self._lines[self._at]):
            self._at += 1
        if self._at < len(self._lines) and FENCE.match(self._lines[self._at]):
            self._at = end_of_fence(self._lines, self._at) + 1
        else:
            while (
                self._at < len(self._lines) and self._lines[self._at].strip() and self._lines[self._at] != "+"
            ):
                self._at += 1
        indent = " " * (self._indents[-1] if self._indents else 0)
        block = self._blocks(self._lines[start : self._at])
        self._made += ["", *(f"{indent}{line}" if line else line for line in block), ""]


def _item(line: str) -> tuple[str, str] | None:
    """Recognise an item: its kind and its text; a term's includes what follows it."""
    if found := _BULLET.match(line):
        return found[1], found[2]
    if found := _NUMBER.match(line):
        return (found[1] if found[1][0] == "." else "1"), found[2]
    if found := _CALLOUT.match(line):
        return "<", found[2]
    if found := _TERM.match(line):
        return found[2], f"{found[1]}\x00{(found[3] or '').strip()}"
    return None
