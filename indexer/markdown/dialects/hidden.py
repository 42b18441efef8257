"""Comments: their author hides them, so that no reader of the page ever sees them."""

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
_STRUCK_TAG: Final = (
    re.compile(r"<(?:del|s|strike)\b[^<>]*>", re.IGNORECASE),
    re.compile(r"</(?:del|s|strike)\s*>", re.IGNORECASE),
)
# As search engines' and editors' marks have them.
_COMMENT_DEFINITION: Final = re.compile(
    r"^ {0,3}\[(?://|comment|_{0,3}|hidden|note)\]:[ \t]*(?:#|<>)[ \t]*(?:\([^\n]*\)|\"[^\n]*\"|'[^\n]*')?[ \t]*$",
    re.MULTILINE | re.IGNORECASE,
)


def without_hidden(text: str, *, components: bool) -> str:
    """Without comments of every dialect, and without what is struck out: its author says that it doesn't hold."""
    for begins, ends in (*_COMMENTS, *((_SCRIPT,) if components else ())):
        text = "".join(_outside(text, begins, ends)) if begins.search(text) else text
    if "%%" in text:
        text = "".join(_outside_percents(text))
    if "]:" in text:
        text = _COMMENT_DEFINITION.sub("", text)
    return without_struck(text)


def without_struck(text: str) -> str:
    if "{~~" in text:
        text = _REPLACED.sub(r"\1", text)
    if "~~" in text:
        text = _STRUCK.sub(lambda m: m[0] if "\n\n" in m[1] else "", text)
    begins, ends = _STRUCK_TAG
    return "".join(_outside(text, begins, ends, inside_a_block=True)) if begins.search(text) else text


class _Ends:
    """The next end behind a place: looked for once, however many beginnings there are before it."""

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
    """What is before, between and behind comments.

    One that never ends goes to the page's end where it begins a line, as a browser has it; else it is none.
    `inside_a_block`: what begins within a line ends in its paragraph.
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
    """Obsidian's `%%…%%`: a word such as `%%time` begins none that ends in another word."""
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
