"""Rewrites tabs that are headings, as DocFX's `# [Windows](#tab/windows)`, which a rule ends."""

import re
from collections.abc import Iterator, Sequence
from typing import Final

from indexer.markdown.dialects import parts

_TAB: Final = re.compile(r"^ {0,3}#{1,6} +\[([^\[\]\n]{1,200})\]\(#tab/[^()\n]*\)[ ]*#*[ ]*$")
_RULE: Final = re.compile(r"^ {0,3}(?:-{3,}|\*{3,}|_{3,})[ ]*$")


def with_heading_tabs(lines: Sequence[str]) -> Iterator[str]:
    """Rewrite each as a part."""
    open_ = False
    for at, line in enumerate(lines):
        if "#tab/" in line and (tab := _TAB.match(line)):
            yield from ("", parts.closing()) if open_ else ("",)
            yield from ("", parts.opening(tab[1]), "")
            open_ = True
        elif open_ and not lines[at - 1].strip() and _RULE.match(line):
            yield from ("", parts.closing(), "")
            open_ = False
        else:
            yield line
