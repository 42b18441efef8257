"""Removes comments and other text that its author hides from the page's readers."""

import re
from collections.abc import Iterator
from typing import Final

# How each begins and ends.
_COMMENTS: Final = tuple(
    (re.compile(begins), re.compile(ends))
    for begins, ends in (
        (r"<!--", r"-->"),
        (r"\{\{- *[/]\*|\{\{/\*", r"\*/ *-?\}\}"),
        (r"\{\{[<%] *comment *[<%>]?\}\}", r"\{\{[<%] */ *comment *[%>]\}\}"),
        (r"\{%-? *comment\b[^%]*%\}", r"\{%-? *endcomment *-?%\}"),
        (r"\{::comment\}", r"\{:/(?:comment)?\}"),
        (r"\{>>", r"<<\}"),
        (r"\{--", r"--\}"),
    )
)
_SCRIPT: Final = (re.compile(r"\{/\*"), re.compile(r"\*/\}"))
_PERCENT: Final = re.compile(r"(?<![\w%])%%(?!%)")
_PERCENT_END: Final = re.compile(r"%%(?![\w%])")
_PARAGRAPH: Final = re.compile(r"\n\n")  # its end
_LINE_START: Final = re.compile(r"(?:\A|\n)[ \t>]*\Z")
_REPLACED: Final = re.compile(r"\{~~[^~{}]{0,2000}~>([^{}]{0,2000}?)~~\}")
_STRUCK: Final = re.compile(r"(?<![~\\])~~(?=[^\s~])((?:[^~]|~(?!~)){1,2000}?)(?<=[^\s\\])~~(?!~)")
# GitHub's with one sign: that of a word, H~2~O, is lowered, and times such as ~10:00 are no pair of them.
_STRUCK_ONCE: Final = re.compile(r"(?<![^\s(|*_>])~([^\s~](?:[^~\n]{0,300}[^\s~\\])?)~(?=[\s.,;:!?)|*_<]|\Z)")
_PAIR_OF_FIGURES: Final = re.compile(r"\d[^\s]*\s.*\d")
_STRUCK_TAG: Final = (
    re.compile(r"<(?:del|s|strike)\b[^<>]*>", re.IGNORECASE),
    re.compile(r"</(?:del|s|strike)\s*>", re.IGNORECASE),
)
_ELEMENT: Final = re.compile(r"<(/?)([a-z][a-z0-9]*)((?:\s[^<>]*)?)>", re.IGNORECASE)
_EMPTY: Final = {"area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
_UNSEEN: Final = re.compile(r"<[a-z][^<>]*?\s(?:hidden|style)\b", re.IGNORECASE)
_UNSEEN_STYLE: Final = re.compile(
    r"\bstyle\s*=[^<>]*(?:display\s*:\s*['\"]?none|visibility\s*:\s*['\"]?hidden|text-?decoration(?:-?line)?\s*:[^;]*line-through)",
    re.IGNORECASE,
)
_QUOTED: Final = re.compile(r"\"[^\"]*\"|'[^']*'")
_HIDDEN: Final = re.compile(r"\shidden(?=[\s=/]|\Z)", re.IGNORECASE)
# What is behind a tab is seen by who clicks on it.
_OF_A_TAB: Final = re.compile(r"\btab-?(?:panel|pane|content)\b", re.IGNORECASE)
# As search engines' and editors' marks have them.
_COMMENT_DEFINITION: Final = re.compile(
    r"^ {0,3}\[(?://|comment|_{0,3}|hidden|note)\]:[ \t]*(?:#|<>)[ \t]*(?:\([^\n]*\)|\"[^\n]*\"|'[^\n]*')?[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)


def without_hidden(text: str, *, components: bool) -> str:
    """Remove every dialect's comments, and what is struck out: its author says that it doesn't hold.

    `components`: the page is MDX.
    """
    for begins, ends in _COMMENTS:
        text = "".join(_outside(text, begins, ends)) if begins.search(text) else text
    if "{/*" in text:
        text = "".join(_outside(text, *_SCRIPT, inside_a_block=not components))
    if "%%" in text:
        text = "".join(_outside_percents(text))
    if "]:" in text:
        text = _COMMENT_DEFINITION.sub("", text)
    return without_struck(text)


def without_struck(text: str) -> str:
    """Remove what is struck out."""
    if "{~~" in text:
        text = _REPLACED.sub(r"\1", text)
    if "~~" in text:
        text = _STRUCK.sub(lambda m: m[0] if "\n\n" in m[1] else "", text)
    begins, ends = _STRUCK_TAG
    text = "".join(_outside(text, begins, ends, inside_a_block=True)) if begins.search(text) else text
    text = (
        _STRUCK_ONCE.sub(lambda m: m[0] if _PAIR_OF_FIGURES.fullmatch(m[1]) else "", text)
        if "~" in text
        else text
    )
    return "".join(_outside_unseen(text)) if _UNSEEN.search(text) else text


def _outside_unseen(text: str) -> Iterator[str]:
    """Yield what is outside of elements that a style or `hidden` hides, or a style strikes out."""
    done = start = depth = 0
    name, struck = "", False
    for tag in _ELEMENT.finditer(text):
        if not depth:
            if not tag[1] and tag[2].lower() not in _EMPTY and _is_unseen(tag[3]):
                name, start, depth = tag[2].lower(), tag.start(), 1
                struck = "line-through" in tag[3].lower()
        elif tag[2].lower() == name:
            depth += -1 if tag[1] else 1
            # A script may well show what is most of a page.
            if not depth and (struck or 2 * (tag.end() - start) <= len(text)):
                yield text[done:start]
                done = tag.end()
    yield text[done:]


def _is_unseen(attributes: str) -> bool:
    if _OF_A_TAB.search(attributes):
        return False
    return (
        _UNSEEN_STYLE.search(attributes) is not None
        or _HIDDEN.search(_QUOTED.sub("", attributes)) is not None
    )


class _Ends:
    """Finds the next end after a place, without searching again for each beginning before it."""

    def __init__(self, text: str, ends: re.Pattern[str]) -> None:
        self._text, self._ends = text, ends
        self._next: re.Match[str] | None = None
        self._none_from = len(text) + 1

    def after(self, at: int) -> re.Match[str] | None:
        if at >= self._none_from:
            return None
        if self._next is None or self._next.start() < at:
            self._next = self._ends.search(self._text, at)
            self._none_from = at if self._next is None else self._none_from
        return self._next

    def within(self, start: int, stop: int) -> bool:
        found = self.after(start)
        return found is not None and found.end() <= stop


def _outside(
    text: str, begins: re.Pattern[str], ends: re.Pattern[str], *, inside_a_block: bool = False
) -> Iterator[str]:
    """Yield what is before, between and behind comments.

    An unclosed one goes to the page's end if it begins a line, as in browsers; otherwise it is none. `inside_a_block`: one
    that begins within a line ends within its paragraph.
    """
    done = at = 0
    closings, breaks = _Ends(text, ends), _Ends(text, _PARAGRAPH)
    while opening := begins.search(text, at):
        closing = closings.after(opening.end())
        begins_line = _begins_line(text, opening.start())
        if closing is None:
            if inside_a_block or not begins_line:
                break
            yield text[done : opening.start()]
            return
        at = closing.end()
        if inside_a_block and not begins_line and breaks.within(opening.end(), closing.start()):
            at = opening.end()
            continue
        yield text[done : opening.start()]
        done = at
    yield text[done:]


def _begins_line(text: str, at: int) -> bool:
    return _LINE_START.search(text[max(0, at - 80) : at]) is not None


def _outside_percents(text: str) -> Iterator[str]:
    """Yield what is outside of Obsidian's `%%…%%`; a word such as `%%time` begins no comment that ends in another word."""
    done = at = 0
    closings, breaks = _Ends(text, _PERCENT_END), _Ends(text, _PARAGRAPH)
    while opening := _PERCENT.search(text, at):
        closing = closings.after(opening.end())
        whole_lines = _begins_line(text, opening.start())
        if closing is None:
            if not (whole_lines and re.match(r"[ \t]*(?:\n|\Z)", text[opening.end() : opening.end() + 80])):
                break
            yield text[done : opening.start()]
            return
        at = opening.end()
        if whole_lines or not breaks.within(opening.end(), closing.start()):
            yield text[done : opening.start()]
            done = at = closing.end()
    yield text[done:]
