"""File bytes → Markdown. What takes a library of its own is in `office` and `markup`."""

import csv
import io
import json
import re
from collections.abc import Callable, Mapping, Sequence

from indexer.converters.formats import ending
from indexer.heads import reader
from indexer.heads.front_matter import BrokenAudience, FrontMatter, both, read
from indexer.markdown.tables import pipe_table

# https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md
_LFS_POINTER = re.compile(
    rb"version https://(git-lfs|hawser)\.github\.com/spec/v\d+\r?\n(ext-[^\n]*\n)*oid [a-z0-9]+:[0-9a-f]+\r?\nsize \d+\s*"
)
_LFS_LONGEST = 1024  # bytes
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\ufffd]")


class Unreadable(Exception):
    """Why a file can't be indexed, in words that go on from its name."""


def to_markdown(
    name: str, data: bytes, attributes: Mapping[str, str] | None = None
) -> tuple[FrontMatter, str]:
    """The head and the text, by the ending of the name. "" for a file that holds nothing but space.

    `attributes` are AsciiDoc's that are defined outside of the page.

    Raises Unreadable, and BrokenAudience where nobody can tell for whom it is.
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
        return reader.split(_lines(_BINARY[kind](data)), "other")
    if kind == "ipynb":
        said, text = _notebook(decode(data))
        head, body = reader.split(_lines(text), "other")
        return both(said, head), body
    head, body = reader.split(_lines(decode(data)), _HEADS.get(kind, "markdown"))
    if kind in ("adoc", "asciidoc"):
        return head, _asciidoc(body, attributes or {})
    return head, _CONVERTERS.get(kind, str)(body)


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def decode(data: bytes) -> str:
    """UTF-8, UTF-16 with its mark, or the old Windows page; raises Unreadable for what is no text."""
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


def table(rows: Sequence[Sequence[str]]) -> str:
    """A pipe table; the first row is its header."""
    cells = [[" ".join(cell.split()).replace("|", "\\|") for cell in row] for row in rows]
    return pipe_table([row for row in cells if any(row)])


def _csv(text: str) -> str:
    try:
        dialect: type[csv.Dialect] | str = csv.Sniffer().sniff(text[:10_000], delimiters=",;\t|")
    except csv.Error:
        dialect = "excel"
    try:
        return table(list(csv.reader(io.StringIO(text), dialect)))
    except csv.Error as error:
        raise Unreadable(f"it is no CSV: {error}") from error


def _notebook(text: str) -> tuple[FrontMatter, str]:
    """What its metadata say, and its cells."""
    try:
        loaded = json.loads(text)
        cells = loaded["cells"]
        said = loaded.get("metadata", {})
        language = said.get("kernelspec", {}).get("language", "python")
        body = "\n\n".join(filter(None, (_cell(cell, str(language)) for cell in cells)))
        about = {key: said[key] for key in ("audience", "audiences", "draft", "published") if key in said}
        return read(about), body
    except BrokenAudience:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Unreadable("it is no Jupyter notebook") from error


def _cell(cell: Mapping[str, object], language: str) -> str:
    """Markdown as it is, code fenced; outputs are left out."""
    source = cell.get("source", "")
    text = ("".join(map(str, source)) if isinstance(source, list) else str(source)).strip("\n")
    if not text.strip():
        return ""
    return f"```{language}\n{text}\n```" if cell.get("cell_type") == "code" else text


def _plain(text: str) -> str:
    """A text file's signs mean themselves, but its paragraphs, lists and headings read as Markdown's."""
    return re.sub(r"^[ \t]{4,}(?=\S)", "", text, flags=re.MULTILINE)


def _html(text: str) -> str:
    from indexer.converters.html_rst import html  # noqa: PLC0415 (each converter's library is loaded when it is needed)

    return html(text)


def _rst(text: str) -> str:
    from indexer.converters.html_rst import rst  # noqa: PLC0415

    return rst(text)


def _asciidoc(text: str, attributes: Mapping[str, str]) -> str:
    from indexer.converters.asciidoc import asciidoc  # noqa: PLC0415

    return asciidoc(text, attributes)


def _office(kind: str) -> Callable[[bytes], str]:
    def convert(data: bytes) -> str:
        from indexer.converters import office  # noqa: PLC0415

        return office.convert(kind, data)

    return convert


_CONVERTERS: Mapping[str, Callable[[str], str]] = {
    "txt": _plain,
    "csv": _csv,
    "html": _html,
    "htm": _html,
    "rst": _rst,
}
_BINARY: Mapping[str, Callable[[bytes], str]] = {
    kind: _office(kind) for kind in ("pdf", "docx", "pptx", "xlsx")
}
_HEADS: Mapping[str, reader.Kind] = {
    "rst": "rst",
    "adoc": "asciidoc",
    "asciidoc": "asciidoc",
    "html": "html",
    "htm": "html",
}
