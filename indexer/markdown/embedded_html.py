"""Rewrites HTML within Markdown: tables become pipe tables, headings headings; noise is removed."""

import re
from collections.abc import Callable
from functools import partial
from html import unescape

from indexer.markdown.html_tables import with_pipe_tables

# A private-use pair marks an anchor (`<a name="x">`) until the parser attaches it to its heading.
ANCHOR = re.compile("\ue000([^\ue001]*)\ue001")

_BLOCKS = (
    "address|article|aside|blockquote|body|center|dd|details|dialog|div|dl|dt|fieldset|figcaption|figure|footer|"
    "form|head|header|hr|html|legend|main|menu|nav|ol|p|section|summary|ul"
)
_INLINE = (
    "a|abbr|acronym|b|bdi|bdo|big|button|caption|cite|code|col|colgroup|data|del|dfn|em|embed|font|i|img|input|ins|"
    "kbd|label|link|mark|meta|meter|nobr|option|output|param|picture|pre|progress|q|rp|rt|ruby|s|samp|select|small|"
    "source|span|strike|strong|sub|sup|table|tbody|td|textarea|tfoot|th|thead|time|title|tr|track|tt|u|var|wbr|li"
)
# Nothing here looks past the next `<`, and what is between two tags is searched for once: no page, however
# hostile, takes longer than in proportion to its size.
_ATTRIBUTES = r"(?:\s(?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*)?"
_COMMENT = (re.compile("<!--"), re.compile("-->"))


def _element(name: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Compile patterns for an element's beginning and end."""
    return (
        re.compile(rf"<{name}\b([^<>]*)>", re.IGNORECASE),
        re.compile(rf"</{name}\s*>[ \t]*", re.IGNORECASE),
    )


_NOISE = [
    _element(name)
    for name in (
        *(
            "script",
            "style",
            "svg",
            "iframe",
            "noscript",
            "template",
            "video",
            "audio",
            "canvas",
            "object",
            "math",
        ),
    )
]
_PRE = _element("pre")
_SUMMARY = _element("summary")
_HEADINGS = [_element(f"h{level}") for level in range(1, 7)]
_NAMED = re.compile(r"<(?:a|span|div)\b([^<>]*)>", re.IGNORECASE)
_ID = re.compile(r"\b(?:id|name)\s*=\s*[\"']?([^\"'\s>]+)", re.IGNORECASE)
_HREF = re.compile(r"\bhref\s*=", re.IGNORECASE)
_IMAGE = re.compile(r"<img\b([^<>]*)>", re.IGNORECASE)
_ALT = re.compile(r"\balt\s*=\s*(?:\"([^\"]*)\"|'([^']*)')", re.IGNORECASE)
_ITEM = re.compile(r"<li\b[^<>]*>\s*", re.IGNORECASE)
_BREAK = re.compile(r"</?br\s*/?>", re.IGNORECASE)
_BLOCK_TAG = re.compile(rf"</?(?:{_BLOCKS}){_ATTRIBUTES}\s*/?>[ \t]*", re.IGNORECASE)
_INLINE_TAG = re.compile(rf"</?(?:{_INLINE}){_ATTRIBUTES}\s*/?>|<!doctype[^>]*>", re.IGNORECASE)
_INDENTED_TAG = re.compile(rf"^[ \t]+(?=</?(?:{_BLOCKS}|li|h[1-6])\b)", re.IGNORECASE | re.MULTILINE)
_LEAD_SPACE = re.compile(r"^[ \t]{4,}(?=[^\s])", re.MULTILINE)


def to_markdown(text: str) -> str:
    """Remove the tags. Unknown ones stay: `<your name>` is text."""
    text = _between(text, _COMMENT, lambda _inside, _attributes: "").replace("<!--", "")
    for noise in _NOISE:
        text = _between(text, noise, lambda _inside, _attributes: "")
    blocks = bool(_BLOCK_TAG.search(text) or _ITEM.search(text))
    text = _INDENTED_TAG.sub("", text) if blocks else text
    text = _between(
        text, _PRE, lambda inside, _: f"\n\n```\n{unescape(_strip(inside)).strip(chr(10))}\n```\n\n"
    )
    text = with_pipe_tables(text)
    for level, heading in enumerate(_HEADINGS, 1):
        text = _between(text, heading, partial(_heading, level))
    text = _NAMED.sub(_anchor, text)
    text = _IMAGE.sub(_image, text)
    text = _between(text, _SUMMARY, lambda inside, _: f"\n\n**{_flat(inside)}**\n\n")
    text = _ITEM.sub("\n- ", text)
    text = "\n".join(
        _BREAK.sub(" " if line.lstrip().startswith(("|", "#")) else "  \n", line) for line in text.split("\n")
    )
    text = _INLINE_TAG.sub("", _BLOCK_TAG.sub("\n\n", text))
    # What was indented inside a tag would read as code.
    return _LEAD_SPACE.sub("", text) if blocks and "\n-" not in text else text


def _strip(html: str) -> str:
    return _INLINE_TAG.sub("", html)


def _flat(html: str) -> str:
    return " ".join(unescape(_INLINE_TAG.sub("", _BREAK.sub(" ", html))).split())


def _between(
    text: str, ends: tuple[re.Pattern[str], re.Pattern[str]], replacement: Callable[[str, str], str]
) -> str:
    """Replace each element by what `replacement` makes of its content and its attributes."""
    begins, closes = ends
    parts: list[str] = []
    done = 0
    while (opening := begins.search(text, done)) and (closing := closes.search(text, opening.end())):
        attributes = opening[1] if opening.re.groups else ""
        inside = text[opening.end() : closing.start()]
        parts += [text[done : opening.start()], replacement(inside, attributes)]
        done = closing.end()
    return "".join([*parts, text[done:]]) if parts else text


def _heading(level: int, inside: str, attributes: str) -> str:
    inside = _NAMED.sub(_anchor, inside)
    named = _ID.search(attributes)
    return f"\n\n{'#' * level} {_flat(inside)}{f' {{#{named[1]}}}' if named else ''}\n\n"


def _anchor(match: re.Match[str]) -> str:
    named = _ID.search(match[1])
    if named is None or _HREF.search(match[1]):
        return match[0]
    return f"\ue000{named[1]}\ue001" + ("" if match[0][1] in "aA" else match[0])


def _image(match: re.Match[str]) -> str:
    alt = _ALT.search(match[1])
    return " ".join((alt[1] or alt[2] or "").split()) if alt else ""
