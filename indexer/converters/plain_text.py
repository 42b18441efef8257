"""Reads which words a file holds in the plainest way, to measure what a converter lost. Never raises.

What is left out on purpose (hidden sheets and slides, menus, a notebook's output) isn't counted.
"""

import io
import json
import re
import zipfile
from collections.abc import Callable, Mapping
from html import unescape
from typing import Final

from indexer.converters.formats import MARKDOWN, ending
from indexer.converters.registry import decode, decoded_html

# Of a PDF so many pages are looked at, spread over all of it.
_PAGES: Final = 40
_LONG_LINE: Final = 1_000
_LONGEST: Final = 5_000_000  # characters
_TEXT: Final = re.compile(
    r"<(?:\w+:)?t(?:\s[^<>]*)?>([^<]*)</(?:\w+:)?t>|<(?:\w+:)?(?:p|br|tab|cr|si|fld)[\s/>]()"
)
_WORD_PART: Final = re.compile(r"word/(?:document\d*|footnotes|endnotes)\.xml")
_SLIDE_PART: Final = re.compile(r"ppt/slides/slide\d+\.xml")
_HIDDEN_SLIDE: Final = re.compile(r"<(?:\w+:)?sld\s[^<>]*\bshow=\"(?:0|false)\"")
_FURNITURE: Final = re.compile(r"type=\"(?:ftr|sldNum|dt|hdr)\"")
_FALLBACK: Final = re.compile(r"<mc:(Fallback)>")
_UNSHOWN: Final = re.compile(
    r"<(?:(script|style|nav|header|footer|noscript|template|svg|head|iframe|select|button)\b|!--)",
    re.IGNORECASE,
)
_TAG: Final = re.compile(r"<[^<>]*>")
# Of texts in Markdown and its kin: what says how they look or where links lead, line by line.
_HIDDEN: Final = re.compile(r"<(?:(script|style|svg)\b|!--)", re.IGNORECASE)
_ADDRESS: Final = re.compile(
    r"\[\[[^\[\]|\n]*\||!\[\[[^\[\]\n]*\]\]|\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)?(?:\s+\"[^\"\n]*\")?\)|\]\[[^\]\n]*\]"
    r"|https?://\S+|</?[A-Za-z][^<>]*>|\{\{[^{}\n]*\}\}|\{%[^{}\n]*%\}"
)
_LINE: Final = re.compile(
    r"\s*(?:\[[^\]]+\]:\s+\S+.*|```.*|~~~.*|:::.*|===\s.*|(?:!!!|\?\?\?\+?)\s.*|import .*|export .*|--8<--.*|\{[:.#].*\})$"
)


def _without(text: str, opening: re.Pattern[str], prefix: str = "") -> str:
    """Remove comments and these elements, whose names are the pattern's group; an unclosed one stays.

    Takes time in proportion to the text, however hostile that is.
    """
    low = text.lower()
    if len(low) != len(text):  # a few letters are longer then
        low = text
    endless: set[str] = set()
    parts: list[str] = []
    done = at = 0
    while found := opening.search(text, at):
        closing = f"</{prefix}{found[1]}".lower() if found[1] else "-->"
        end = -1 if closing in endless else low.find(closing, found.end())
        if end < 0:
            endless.add(closing)
            at = found.end()
            continue
        parts.append(text[done : found.start()])
        done = at = end + len(closing)
    return " ".join([*parts, text[done:]])


def _of_text(body: str) -> str:
    """Remove the markup of Markdown and its kin; a very long line stays as it is, as patterns would take too long."""
    lines = _without(body[:_LONGEST], _HIDDEN).split("\n")
    return "\n".join(
        line if len(line) > _LONG_LINE else _ADDRESS.sub(" ", line)
        for line in lines
        if len(line) > _LONG_LINE or not _LINE.match(line)
    )


def plain_text(name: str, data: bytes, body: str) -> str:
    """Read a file's words; "" for one that can't be read this way. `body` is a Markdown page without its head."""
    kind = ending(name)
    try:
        if kind in _KINDS:
            return _KINDS[kind](data)
        return _of_text(body) if kind in MARKDOWN else decode(data)[:_LONGEST]
    except Exception:  # noqa: BLE001 - a measure beside the conversion, which has told what is wrong
        return ""


def _parts(data: bytes, wanted: re.Pattern[str]) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = (
            archive.read(name).decode("utf-8", "replace")
            for name in archive.namelist()
            if wanted.fullmatch(name)
        )
        return "\n".join(_text(part[:_LONGEST]) for part in parts if not _HIDDEN_SLIDE.search(part[:5_000]))


def _text(part: str) -> str:
    part = "".join(shape for shape in part.split("</p:sp>") if not _FURNITURE.search(shape))
    part = _without(part, _FALLBACK, "mc:")
    return unescape("".join(found[1] or " " if found[2] is None else " " for found in _TEXT.finditer(part)))


def _excel(data: bytes) -> str:
    """Read the texts of the visible sheets; numbers look otherwise than they are stored."""
    from openpyxl import load_workbook  # type: ignore[import-untyped]  # noqa: PLC0415

    book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    try:
        texts: list[str] = []
        for sheet in book.worksheets:
            if sheet.sheet_state == "visible":
                sheet.reset_dimensions()
                texts += [
                    value
                    for row in sheet.iter_rows(values_only=True)
                    for value in row
                    if isinstance(value, str)
                ]
        return "\n".join(texts)
    finally:
        book.close()


def _pdf(data: bytes) -> str:
    import pypdfium2  # noqa: PLC0415

    document = pypdfium2.PdfDocument(data)
    try:
        step = max(1, len(document) // _PAGES)
        texts = [document[number].get_textpage().get_text_range() for number in range(0, len(document), step)]
    finally:
        document.close()
    # A word that a line's end breaks is one.
    return re.sub("[\x02\ufffe]\\s*", "", "\n".join(texts))


def _html(data: bytes) -> str:
    text = decoded_html(data)[:_LONGEST]
    return unescape(_TAG.sub(" ", _without(text, _UNSHOWN)))


def _notebook(data: bytes) -> str:
    cells = json.loads(data)["cells"]
    sources = (cell.get("source") or "" for cell in cells)
    text = "\n".join("".join(source) if isinstance(source, list) else str(source) for source in sources)
    return _of_text(text)


# Of what a converter reads line by line: what only says how it looks, and names of other pages.
_RST_MARKUP: Final = re.compile(
    r"^([ \t]*)\.\. (?:toctree|code-block|sourcecode|image|figure|include|literalinclude|highlight|index|raw|only|autosummary|auto\w+|graphviz"
    r"|digraph|todo|container|module|currentmodule|py:module|py:currentmodule|default-domain|program|math|meta)::[^\n]*"
    r"|^[ \t]*\.\. (?:_[^\n]*|\|[^\n]*|\[|(?![\w:.+-]+::)[^\n]*)|^[ \t]*\.\. [\w:.+-]+::|^[ \t]*:[\w -]{1,60}:(?![`\w])[^\n]*"
    r"|:[\w:+.-]{1,60}:`(?:[^`<\n]*<)?|<[^<>\n]*>|https?://[^\s<>()\[\]]+|\|[\w-]+\|",
    re.MULTILINE,
)
# A table of contents with nothing but names in it.
_TOCTREE: Final = re.compile(r"^([ \t]*)\.\. toctree::[^\n]*\n(?:\1[ \t]+[^\n]*\n|[ \t]*\n)*", re.MULTILINE)
_ADOC_MARKUP: Final = re.compile(
    r"^(?::!?[\w-]+!?:|//|\[|ifdef::|ifndef::|ifeval::|endif::|include::|toc::|image::)[^\n]*$|^[\w-]+::[^\s\[]*\[[^\n]*$"
    r"|\b[a-z][\w-]*:[^\s\[\]]{0,2000}\[|https?://[^\s\[\]]*|<<[^,<>\n]*|\{[\w-]+\}|,\s*\w+=[^\]\n]*\]",
    re.MULTILINE,
)


def _rst(data: bytes) -> str:
    return _RST_MARKUP.sub(" ", _TOCTREE.sub("", data.decode("utf-8", "replace")[:_LONGEST]))


def _adoc(data: bytes) -> str:
    return _ADOC_MARKUP.sub(" ", data.decode("utf-8", "replace")[:_LONGEST])


_KINDS: Final[Mapping[str, Callable[[bytes], str]]] = {
    "rst": _rst,
    "adoc": _adoc,
    "asciidoc": _adoc,
    "docx": lambda data: _parts(data, _WORD_PART),
    "pptx": lambda data: _parts(data, _SLIDE_PART),
    "xlsx": _excel,
    "pdf": _pdf,
    "html": _html,
    "htm": _html,
    "ipynb": _notebook,
}
