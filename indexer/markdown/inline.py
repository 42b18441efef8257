"""Reduces inline Markdown to plain text: links and images to their text, emphasis and templates to nothing."""

import re
from collections import defaultdict, deque
from html import unescape

_TICKS = re.compile("`+")
# A template tag ends before another one begins: so no brace is looked at more than a few times.
_TEMPLATE = re.compile(
    r"\{\{(?:[^{}]|\{(?!\{)|\}(?!\}))*\}\}\}?|\{%(?:[^{%]|%(?!\}))*%\}|\{#\s(?:[^{#]|#(?!\}))*#\}|\{:[^{}]*\}"
)
_LONGEST_CODE = 2000
_URL = r"\(\s*(?:<[^<>]*>|(?:[^()\s\\]|\\.|\((?:[^()\s]|\([^()]*\))*\))*)(?:\s+(?:\"[^\"]*\"|'[^']*'|\([^()]*\)))?\s*\)"
_LABEL = r"((?:[^\[\]\\]|\\.|\[(?:[^\[\]\\]|\\.)*\])*)"
_IMAGE = re.compile(r"!\[" + _LABEL + r"\](?:" + _URL + r"|\[[^\[\]]*\])")
_LINK = re.compile(r"\[" + _LABEL + r"\]" + _URL + r"(?:\{[^{}]*\})?")
_REFERENCE = re.compile(r"\[" + _LABEL + r"\][ ]?\[([^\[\]]*)\]")
_WIKI = re.compile(r"!?\[\[(?:[^\[\]|]*\|)?([^\[\]|]+)\]\]")
_FOOTNOTE = re.compile(r"\[\^[^\[\]\s]+\]")
_AUTOLINK = re.compile(r"<((?:https?|ftp|mailto|tel):[^<>\s]*|[\w.+-]+@[\w-]+\.[\w.-]+)>")
# What is strong holds no such marks itself: so no start looks past the next one.
_STRONG = re.compile(
    r"(?<!\*)\*\*(?=\S)((?:[^*]|\*(?!\*))+?)(?<=\S)\*\*"
    r"|(?<!\w)__(?=\S)((?:[^_]|_(?!_)|(?<=\w)__(?=\w))+?)(?<=\S)__(?!\w)"
)
# **Bold: ** with a space too many: no Markdown, but meant as such.
_SLOPPY = re.compile(r"(?<!\*)\*\*([^*\n]{1,300}?)\*\*(?!\*)")
_EMPHASIS = re.compile(
    r"(?<![\w*\\])\*(?=[^\s*])([^*\n]+?)(?<=[^\s\\])\*(?![\w*])|(?<![\w\\])_(?=\S)([^_\n]+?)(?<=[^\s\\])_(?!\w)"
)
_ESCAPE = re.compile(r"\\([!\"#$%&'()*+,./:;<=>?@\[\]^_`{}~-])")
_FILE_NAME = re.compile(
    r"(?:\S+\.(?:png|jpe?g|gif|svg|webp)|image|img|screenshot|untitled|alt[ _]?text)", re.IGNORECASE
)
_MARKS = re.compile(r"[\\`\[\]<>&{}*_!]")
# Zero-width and control characters, and the private-use ones that mark anchors.
_INVISIBLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\u00ad\u200b\u2060\ufeff\ue000-\ue004]")


def reading_text(text: str) -> str:
    """Make the text that a reader sees; code spans keep their backticks."""
    if not _MARKS.search(text):
        return text
    if "`" not in text:
        return _reduce(text)
    parts: list[str] = []
    end = 0
    for start, stop in code_spans(text):
        parts += [_reduce(text[end:start]), text[start:stop]]
        end = stop
    joined = "".join([*parts, _reduce(text[end:])])
    # A link or emphasis around code is in two parts until now.
    return _links(_STRONG.sub(_either, joined)) if "](" in joined or "**" in joined else joined


def code_spans(text: str) -> list[tuple[int, int]]:
    """Find where code spans begin and end: as many backticks close one as open it, within one block."""
    runs = [(match.start(), match.end()) for match in _TICKS.finditer(text)]
    later: defaultdict[int, deque[int]] = defaultdict(deque)
    for number, (start, end) in enumerate(runs):
        later[end - start].append(number)
    spans: list[tuple[int, int]] = []
    following = 0
    for number, (start, end) in enumerate(runs):
        same = later[end - start]
        while same and same[0] <= max(number, following - 1):
            same.popleft()
        if number < following or not same:
            continue
        stop = runs[same[0]][1]
        if stop - start <= _LONGEST_CODE and "\n\n" not in text[end:stop]:
            spans.append((start, stop))
            following = same[0] + 1
    return spans


def code_aside(text: str, sign: str = "") -> tuple[str, list[str]]:
    """Put a number, between signs that no text has, in place of each code span; return the text and the spans.

    `sign` stands before each number, where other code has numbers, too.
    """
    if "`" not in text:
        return text, []
    parts: list[str] = []
    spans: list[str] = []
    end = 0
    for start, stop in code_spans(text):
        parts += [text[end:start], f"\x00{sign}{len(spans)}\x00"]
        spans.append(text[start:stop])
        end = stop
    return "".join([*parts, text[end:]]), spans


def without_invisible(text: str) -> str:
    # Printable is without any of them, and looked at much quicker.
    """Remove invisible characters."""
    return text if text.isprintable() else _INVISIBLE.sub("", text)


def _either(match: re.Match[str]) -> str:
    return match[1] or match[2] or ""


def _alt(match: re.Match[str]) -> str:
    alt = match[1].strip()
    return "" if _FILE_NAME.fullmatch(alt) else alt


def _links(text: str) -> str:
    if "[" not in text:
        return text
    text = _IMAGE.sub(_alt, text)
    text = _LINK.sub(lambda m: m[1], text)
    text = _WIKI.sub(lambda m: m[1], text)
    return _REFERENCE.sub(lambda m: m[1], _FOOTNOTE.sub("", text))


def _reduce(text: str) -> str:
    if "{" in text:
        text = _TEMPLATE.sub("", text)
    text = _links(text)
    if "<" in text:
        text = _AUTOLINK.sub(lambda m: m[1].removeprefix("mailto:"), text)
    if "*" in text or "_" in text:
        text = _SLOPPY.sub(r"\1", _EMPHASIS.sub(_either, _STRONG.sub(_either, text)))
        text = _EMPHASIS.sub(_either, text) if "*" in text else text
    if "\\" in text:
        text = _ESCAPE.sub(r"\1", text)
    return unescape(text) if "&" in text else text
