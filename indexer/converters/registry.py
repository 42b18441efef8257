"""Converts a file's bytes to Markdown, by its name's ending. A format's library is loaded when it is needed."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

from indexer.converters.formats import ending
from indexer.converters.result import Converted, Unreadable
from indexer.heads import reader
from indexer.heads.front_matter import FrontMatter, both, read

# https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
_LFS_POINTER = re.compile(
    rb"version https://(git-lfs|hawser)\.github\.com/spec/v\d+\r?\n(ext-[^\n]*\n)*oid [a-z0-9]+:[0-9a-f]+\r?\nsize \d+\s*"
)
_LFS_LONGEST = 1024  # bytes
_HTML = ("html", "htm")
_OF_NOTEBOOKS = ("audience", "audiences", "draft", "published")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\ufffd]")


def to_markdown(
    name: str, data: bytes, attributes: Mapping[str, str] | None = None
) -> tuple[FrontMatter, str]:
    """Convert a file to its head and its text; the text is "" for a file that holds nothing but space.

    `attributes` are AsciiDoc's that are defined outside of the page. Raises Unreadable, and BrokenAudience where nobody
    can tell for whom the page is.
    """
    if not data.strip(b"\x00 \t\r\n\xef\xbb\xbf"):
        return FrontMatter(), ""
    if len(data) < _LFS_LONGEST and _LFS_POINTER.fullmatch(data):
        raise Unreadable(
            "it is only a git LFS pointer, its content lies elsewhere: run `git lfs pull` in a checkout and index"
            " that as a folder, or exclude it"
        )
    kind = ending(name)
    if kind in _BINARY:
        made = _BINARY[kind](data)
        return _with_problem(reader.split(_lines(made.text), "other"), made.problem)
    if kind == "ipynb":
        said, text = _notebook(decode(data))
        head, body = reader.split(_lines(text), "other")
        return both(said, head), body
    text = decoded_html(data) if kind in _HTML else decode(data)
    head, body = reader.split(_lines(text), _HEADS.get(kind, "markdown"))
    if kind in ("adoc", "asciidoc"):
        return head, _asciidoc(body, attributes or {})
    return head, _CONVERTERS.get(kind, str)(body)


def _with_problem(made: tuple[FrontMatter, str], problem: str) -> tuple[FrontMatter, str]:
    head, body = made
    return replace(head, problem="; ".join(filter(None, (head.problem, problem)))), body


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def decode(data: bytes) -> str:
    """Decode text as UTF-8, as UTF-16 with a byte order mark, or else as cp1252. Raises Unreadable for what is no text."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            return data.decode("utf-16")
        except UnicodeDecodeError as error:
            raise Unreadable("it is no text: its UTF-16 is broken") from error
    if b"\x00" in data:
        raise Unreadable("it is a binary file, not text")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    # Any bytes read as the old Windows page; real text has hardly a control character, and mostly plain letters.
    start = text[:20_000]
    plain = len(re.findall(r"[\x20-\x7e\s]", start))
    if len(_CONTROL.findall(text)) > len(text) / 100 or plain < 0.7 * len(start):
        raise Unreadable("it is a binary file, not text, or in an encoding that is not UTF-8")
    return text


def decoded_html(data: bytes) -> str:
    """Decode HTML as UTF-8, or else in the encoding that it declares. Raises Unreadable."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    from indexer.converters.html_pages import declared_encoding  # noqa: PLC0415

    try:
        return data.decode(declared_encoding(data) or "utf-8")
    except (UnicodeDecodeError, LookupError):
        return decode(data)


def _csv(text: str) -> str:
    from indexer.converters.csv_tables import convert  # noqa: PLC0415

    return convert(text)


def _notebook(text: str) -> tuple[FrontMatter, str]:
    """Read a notebook's head from its metadata, and convert its cells."""
    from indexer.converters.notebook import convert  # noqa: PLC0415

    said, body = convert(text)
    return read({key: said[key] for key in _OF_NOTEBOOKS if key in said}), body


def _plain(text: str) -> str:
    """Keep indented lines of a plain text from becoming code."""
    return re.sub(r"^[ \t]{4,}(?=\S)", "", text, flags=re.MULTILINE)


def _html(text: str) -> str:
    from indexer.converters.html_pages import html  # noqa: PLC0415 (each converter's library is loaded when it is needed)

    return html(text)


def _rst(text: str) -> str:
    from indexer.converters.rst.document import rst  # noqa: PLC0415

    return rst(text)


def _asciidoc(text: str, attributes: Mapping[str, str]) -> str:
    from indexer.converters.asciidoc.document import asciidoc  # noqa: PLC0415

    return asciidoc(text, attributes)


def _office(kind: str) -> Callable[[bytes], Converted]:
    def convert(data: bytes) -> Converted:
        from indexer.converters import office  # noqa: PLC0415

        return office.convert(kind, data)

    return convert


_CONVERTERS: Mapping[str, Callable[[str], str]] = {
    "txt": _plain,
    "csv": _csv,
    "tsv": _csv,
    "html": _html,
    "htm": _html,
    "rst": _rst,
}
_BINARY: Mapping[str, Callable[[bytes], Converted]] = {
    kind: _office(kind) for kind in ("pdf", "docx", "pptx", "xlsx")
}
_HEADS: Mapping[str, reader.Kind] = {
    "rst": "rst",
    "adoc": "asciidoc",
    "asciidoc": "asciidoc",
    "html": "html",
    "htm": "html",
}
