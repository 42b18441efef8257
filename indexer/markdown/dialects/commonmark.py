"""Rewrites a page of any dialect as CommonMark. Pure, and in time proportional to the page."""

import re
from typing import Final

from indexer.markdown.dialects.blocks import plain_blocks
from indexer.markdown.dialects.heading_tabs import with_heading_tabs
from indexer.markdown.dialects.hidden import without_hidden
from indexer.markdown.dialects.marks import targets, without_marks
from indexer.markdown.dialects.masks import Code, fence_around, masked
from indexer.markdown.dialects.questions import with_questions
from indexer.markdown.dialects.tags import is_mdx, without_tags

# Most pages hold nothing of all this, and are told so by one look: by what it holds, which is the quickest, then by
# patterns that begin with one character, and by how its lines begin.
_MARKS: Final = (
    *("{", "^", "~~", "%%", "==", "++", ":::", "[[", "[!", "[TOC]", "[//", "[comment", "!!!", "???"),
    *(")=", "*["),
    *("<!--", "<sup", "<sub", "#tab/", "title=", ":material-", ":octicons-", ":fontawesome-", ":simple-"),
)
_TAGS: Final = re.compile(r"<(?:[A-Z]|(?:del|s|strike)\b|[a-z][^<>]*?\s(?:hidden|style)\b)")
_GRID: Final = re.compile(r"\+[-=:]+\+")
_STRUCK: Final = re.compile(r"(?<![^\s(|*_>])~\S")
_LINES: Final = re.compile(
    r"\n(?:[ >]*/{3,} *[a-z]| {0,3}-{2,} +-{2,}| {0,3}: |import |export |--8<--|<<< "
    r"|[ *_[]*Q(?:uestion)?\b|[ >]*```[^\n]*\[)"
)
_TITLE: Final = re.compile(
    r"\b(?:title|filename|file|caption|label)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|\{?([^\s{}\"']+)\}?)"
)
# Of MyST: a directive, a role or a target; and its comments and breaks between blocks.
_MYST: Final = re.compile(
    r"^[ ]*(?:`{3,}|:{3,}|~{3,})[ ]*\{[a-z][\w:-]*\}|\{[a-z][\w:-]*\}`|^\([\w:.-]+\)=[ ]*$", re.MULTILINE
)
_MYST_ONLY: Final = re.compile(r"^(?:%(?![%\w]).*|\+\+\+(?: .*)?)$", re.MULTILINE)
_BRACKETED: Final = re.compile(r"^[\w+#.{}, :-]*\[([^\[\]\n]{1,200})\]")


def to_commonmark(text: str, *, components: bool) -> str:
    """Rewrite a page without what only one dialect reads; tabs' labels become marked headings (see `parts`).

    `components`: the page is MDX.
    """
    if not (components or _is_of_a_dialect(text)):
        return text
    page = masked(text)
    if _MYST.search(text):
        page.text = _MYST_ONLY.sub("", page.text)
    components = components or is_mdx(page.text)
    page.text = without_hidden(page.text, components=components)
    page.text = targets(page.text)
    page.text = without_tags(page.text, components=components)
    page.text = without_marks(page.text, page.spans)
    lines = list(with_questions(page.text.split("\n")))
    page.text = "\n".join(plain_blocks(list(with_heading_tabs(lines))))
    return page.restored(_fenced)


def _is_of_a_dialect(text: str) -> bool:
    return (
        any(mark in text for mark in _MARKS)
        or _TAGS.search(text) is not None
        or _GRID.search(text) is not None
        or ("~" in text and _STRUCK.search(text) is not None)
        or _LINES.search(f"\n{text}") is not None
    )


def _fenced(prefix: str, code: Code) -> str:
    """Write a code block behind its prefix: its title above it, its language beside the fence."""
    language = re.match(r"[\w+#-]*", code.info.lstrip("{. "))
    titled = _TITLE.search(code.info)
    bracketed = None if titled else _BRACKETED.match(code.info)
    title = next(filter(None, titled.groups()), "") if titled else bracketed[1] if bracketed else ""
    behind = prefix if ">" in prefix else " " * len(prefix)
    inside = "\n".join(code.lines)
    fence = "```" if "```" not in inside else fence_around(inside, "~")
    lines = [f"{fence}{language[0] if language else ''}", *code.lines, fence]
    if title:
        lines = [f"**{title}**", "", *lines]
    return f"\n{behind}".join(lines)
