"""Converts HTML tables that stand in Markdown."""

import re
from collections.abc import Iterator

from indexer.markdown.lenient_html import LenientParser
from indexer.markdown.tables import Cell, cell_text, table_of_cells

_TAG = re.compile(r"<(/?)table\b[^<>]*>", re.IGNORECASE)
_DEEPEST = 20


def with_pipe_tables(text: str) -> str:
    """Convert each outermost `<table>`; an unclosed one stays."""
    parts: list[str] = []
    done = 0
    for start, inside, stop in _tables(text):
        parts += [text[done:start], f"\n\n{table_as_markdown(inside)}\n\n"]
        done = stop
    return "".join([*parts, text[done:]]) if parts else text


def table_as_markdown(html: str) -> str:
    """Convert what stands between `<table>` and its end."""
    reader = _TableReader()
    reader.feed(html)
    reader.close()
    return reader.markdown()


def span(said: object, *, least: int = 1) -> int:
    """Read `rowspan` or `colspan` as browsers do: 1 for what is no number, at the least `least`."""
    found = re.match(r"\s*(\d{1,5})", str(said or ""))
    return max(least, int(found[1])) if found else 1


def _tables(text: str) -> Iterator[tuple[int, str, int]]:
    opened: re.Match[str] | None = None
    depth = 0
    for tag in _TAG.finditer(text):
        if not tag[1]:
            opened = opened or tag
            depth = min(depth + 1, _DEEPEST)
        elif opened is not None:
            depth -= 1
            if not depth:
                yield opened.start(), text[opened.end() : tag.start()], tag.end()
                opened = None


class _TableReader(LenientParser):
    """Reads the outermost table; an inner table's text becomes its cell's."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._rows: list[list[Cell]] = []
        self._heading_rows = 0
        self._in_head = False
        self._about: Cell | None = None
        self._words: list[str] = []
        self._inner = 0
        self._caption: list[str] | None = None
        self._captions: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._inner += 1
        if self._inner:
            if tag in {"table", "tr", "td", "th"} and self._words:
                self._words.append("; " if tag == "tr" else " ")
        elif tag == "tr":
            self._end_cell()
            self._rows.append([])
        elif tag in {"td", "th"}:
            self._end_cell()
            given = dict(attrs)
            self._about = Cell(
                "", span(given.get("rowspan"), least=0), span(given.get("colspan")), tag == "th"
            )
        elif tag == "thead":
            self._in_head = True
        elif tag == "caption":
            self._caption = []
        self._separate(tag, attrs)

    def _separate(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._about is None:
            return
        if tag in {"br", "p", "div", "ul", "ol"}:
            self._words.append(" ")
        elif tag == "li":
            self._words.append("; " if "".join(self._words).strip() else "")
        elif tag == "img":
            self._words.append(dict(attrs).get("alt") or "")

    def handle_endtag(self, tag: str) -> None:
        if self._inner:
            self._inner -= tag == "table"
            return
        if tag in {"td", "th", "tr"}:
            self._end_cell()
        elif tag == "thead":
            self._end_cell()
            self._in_head = False
            self._heading_rows = len([row for row in self._rows if row])
        elif tag == "caption" and self._caption is not None:
            self._captions.append(" ".join("".join(self._caption).split()))
            self._caption = None

    def handle_data(self, data: str) -> None:
        if self._about is not None:
            self._words.append(data)
        elif self._caption is not None:
            self._caption.append(data)

    def _end_cell(self) -> None:
        if self._about is None:
            return
        text = cell_text("".join(self._words))
        if not self._rows:
            self._rows.append([])
        self._rows[-1].append(
            Cell(text, self._about.rows, self._about.columns, self._about.head or self._in_head)
        )
        self._about, self._words = None, []

    def markdown(self) -> str:
        self._end_cell()
        rows = [row for row in self._rows if row]
        made = table_of_cells(rows, header_rows=self._heading_rows or None)
        return "\n\n".join([*(f"**{caption}**" for caption in self._captions if caption), made])
