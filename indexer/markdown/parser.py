"""Parses a Markdown page into sections of blocks, of which chunks are packed. Pure."""

import re
from collections.abc import Callable, Iterator, Sequence

from indexer.markdown import embedded_html
from indexer.markdown.block_tree import Node, block_tree
from indexer.markdown.dialects import parts
from indexer.markdown.dialects.commonmark import to_commonmark
from indexer.markdown.dialects.masks import FENCE, closes
from indexer.markdown.inline import code_aside, code_spans, reading_text, without_invisible
from indexer.markdown.outline import Block, Kind, Outline, Section, without_attributes
from indexer.markdown.tables import folded

_SHORTCODE = re.compile(r"\{\{[<%][^{}]*[>%]\}\}|^[ \t]*\{%[^{}\n]*%\}[ \t]*$", re.MULTILINE)
_DEFINITION = re.compile(
    r"^ {0,3}\[(?!\^)([^\]\n]+)\]:[ \t]*(<[^<>\n]*>|\S+)"
    r"(?:(?:[ \t]+|[ \t]*\n[ \t]+)(?:\"[^\"\n]*\"|'[^'\n]*'|\([^()\n]*\)))?[ \t]*$",
    re.MULTILINE,
)
# What is left of such lines is text, and must not be taken for a definition by who shows it.
_BRACKETED = re.compile(r"^( {0,3})\[([^\[\]\n]+)\]:(?=[ \t]|$)", re.MULTILINE)
_ADDRESS = re.compile(r"[/#<]|\w[.:]\w|^[.\\%]")
_FOOTNOTE = re.compile(r"^ {0,3}\[\^[^\]\n]+\]:[ \t]*", re.MULTILINE)
_TABLE_RULE = re.compile(r"^[ ]{0,3}\|?[ ]*:?-+:?[ ]*(?:\|[ ]*:?-+:?[ ]*)*\|?[ ]*$")
_CELL_END = re.compile(r"(?<!\\)\|")
_HARD_END = re.compile(r"(?:[ ]{2,}|\\)\n")
_PROSE = re.compile(r"\]\(|[a-z]{2}[.,] \w+ \w")
_ALERT = re.compile(r"\A\[!\w+\][-+]?[ \t]*(?:\n|\Z)")
_DRAWINGS = {"mermaid", "plantuml", "dot", "graphviz", "svg", "geojson", "topojson", "excalidraw", "dataview"}


def parse(
    text: str, *, dialects: bool = True, components: bool = False, anchors: str = "github"
) -> list[Section]:
    """Parse a page into its sections in order; the first stands above every heading, and may be empty.

    `dialects`: it is somebody's own Markdown, not converted from another format. `components`: the page is MDX. `anchors`
    is the software whose rule makes them. Never raises: any text is some Markdown.
    """
    outline = Outline(anchors)
    pending = ""
    text = _clean(text, dialects=dialects, components=components)
    for node in block_tree(text):
        if node.kind == "heading":
            outline.heading(node.level, node.text, pending)
            pending = ""
            continue
        blocks, named_here = _blocks(node)
        pending = "" if blocks else named_here or pending
        outline.sections[-1].blocks += blocks
    return outline.sections


def _clean(text: str, *, dialects: bool, components: bool) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", "    ")
    if dialects:
        text = to_commonmark(without_invisible(text), components=components)
    else:  # parts are marked already
        text = "".join(part if parts.is_mark(part) else without_invisible(part) for part in parts.split(text))
    if not ("<" in text or "{" in text or "]:" in text):
        return text
    return "".join(part if is_code else _clean_prose(part) for is_code, part in _fenced(text))


def _without_definition(text: str) -> Callable[[re.Match[str]], str]:
    """Make a replacement that removes link definitions; `[Q]: Yes` is a line of text unless something refers to it."""
    referred = {label.casefold() for label in re.findall(r"\]\[([^\[\]\n]*)\]", text)}

    def kept(match: re.Match[str]) -> str:
        is_link = _ADDRESS.search(match[2]) or match[1].casefold() in referred or "\n" in match[0]
        return "" if is_link else match[0]

    return kept


def _clean_prose(text: str) -> str:
    text, kept = code_aside(text)
    text = _SHORTCODE.sub("", text) if "{" in text else text
    if "]:" in text:
        text = _FOOTNOTE.sub("", _DEFINITION.sub(_without_definition(text), text))
        text = _BRACKETED.sub(r"\1\2:", text)
    text = embedded_html.to_markdown(text) if "<" in text else text
    return re.sub("\x00(\\d+)\x00", lambda m: kept[int(m[1])], text)


def _fenced(text: str) -> Iterator[tuple[bool, str]]:
    """Split a text into (is it fenced code, its text) in order."""
    if "```" not in text and "~~~" not in text:
        yield False, text
        return
    part: list[str] = []
    closing = ""
    for line in text.splitlines(keepends=True):
        if closing:
            part.append(line)
            if closes(line, closing):
                yield True, "".join(part)
                part, closing = [], ""
        elif opened := FENCE.match(line.rstrip("\n")):
            yield False, "".join(part)
            part, closing = [line], opened[2]
        else:
            part.append(line)
    # A fence that never ends is a slip of the pen: the rest is prose that wants cleaning, not code to trust.
    yield bool(closing), "".join(part)


def _blocks(node: Node) -> tuple[list[Block], str]:
    """Read an outermost block, and an anchor that stands alone in it; a paragraph may end in a table."""
    if node.kind == "paragraph":
        named = embedded_html.ANCHOR.search(node.text) if "\ue000" in node.text else None
        return list(_with_tables(node.text)), named[1] if named else ""
    found: Block | None = None
    if node.kind in {"fence", "code"}:
        found = _code(node)
    elif node.kind == "list":
        found = _pieces("list", ["\n".join(_item(item, indent="")) for item in node.inside])
    elif node.kind == "quote":
        found = _pieces("text", ["\n".join(_lines_of(node.inside, indent=""))])
    return [found] if found is not None else [], ""


def _with_tables(raw: str) -> Iterator[Block]:
    """Split a paragraph from a table that begins where a row of dashes follows a row of cells."""
    lines = raw.split("\n") if "|" in raw else []
    ruled = _ruled(lines) if len(lines) > 1 else 0
    if ruled and len(_cells(lines[ruled])) == len(_cells(lines[ruled - 1])):
        text = _prose("\n".join(lines[: ruled - 1]))
        if text:
            yield Block("text", (text,))
        table = _table([lines[ruled - 1], *lines[ruled + 1 :]])
        if table is not None:
            yield table
    elif text := _prose(raw):
        yield Block("text", (text,))


def _ruled(lines: Sequence[str]) -> int:
    """Find the row of dashes of a table; 0 if there is none."""
    return next(
        (n for n, line in enumerate(lines) if n and "|" in line + lines[n - 1] and _TABLE_RULE.match(line)), 0
    )


def _prose(raw: str) -> str:
    """Make soft line breaks spaces; hard ones stay."""
    if "\ue000" in raw:
        raw = embedded_html.ANCHOR.sub("", raw)
    if raw.startswith("[!"):
        raw = _ALERT.sub("", raw)
    if "\n" not in raw:
        return " ".join(without_invisible(reading_text(raw)).split())
    text = reading_text(_HARD_END.sub("\x01", raw).replace("\n", " "))
    lines = (" ".join(line.split()) for line in without_invisible(text.replace("\x01", "\n")).split("\n"))
    return "\n".join(line for line in lines if line)


def _pieces(kind: Kind, pieces: Sequence[str]) -> Block | None:
    kept = tuple(piece for piece in pieces if piece.strip(" -*+.)0123456789"))
    return Block(kind, kept) if kept else None


def _code(node: Node) -> Block | None:
    language = node.info.strip().partition(" ")[0].strip("{}").lower()
    content = node.text.strip("\n")
    if node.kind == "code" and _PROSE.search(content):
        return Block("text", (_prose(content),))  # indented by accident, as happens in lists
    if language in _DRAWINGS or not content.strip():
        return None
    fence = "```" if "```" not in content else "~~~~"
    return Block("code", tuple(content.split("\n")), f"{fence}{language}", fence)


def _table(lines: Sequence[str]) -> Block | None:
    cells = [folded(_cells(line)) for line in lines]
    width = len(cells[0])
    cells = [_with_whole_code(line, row, width) for line, row in zip(lines, cells, strict=True)]
    rows = [_row((*row, *[""] * width)[:width]) for row in _hung(cells)]
    if len(rows) > 1 and not rows[0].strip("| "):
        rows = rows[1:]  # converters make an empty header where there was none
    body = tuple(row for row in rows[1:] if row.strip("| "))
    if not (body or rows[0].strip("| ")):
        return None
    head = f"{rows[0]}\n|{' --- |' * width}"
    return Block("table", body, head) if body else Block("text", (rows[0],))


def _hung(rows: Sequence[Sequence[str]]) -> Iterator[Sequence[str]]:
    """Repeat the cell above for MultiMarkdown's `^^`."""
    above: Sequence[str] = ()
    for row in rows:
        if any(cell.strip() == "^^" for cell in row):
            filled = (*above, *[""] * len(row))
            row = [filled[at] if cell.strip() == "^^" else cell for at, cell in enumerate(row)]  # noqa: PLW2901
        yield row
        above = row


def _cells(line: str) -> list[str]:
    line = line.strip().removeprefix("|")
    if line.endswith("|") and not line.endswith("\\|"):
        line = line[:-1]
    return [cell.replace("\\|", "|") for cell in _CELL_END.split(line)]


def _with_whole_code(line: str, cells: list[str], width: int) -> list[str]:
    """Repair a row with too many cells because of bars in its code that should have been escaped."""
    if len(cells) <= width or "`" not in line:
        return cells
    spans = code_spans(line)
    for start, stop in reversed(spans):
        line = line[:start] + line[start:stop].replace("\\|", "|").replace("|", "\\|") + line[stop:]
    whole = _cells(line)
    return whole if len(whole) <= width else cells


def _row(cells: Sequence[str]) -> str:
    shown = (_prose(cell.strip()).replace("|", "\\|") for cell in cells)
    return f"| {' | '.join(shown)} |"


def _item(item: Node, *, indent: str) -> list[str]:
    marker = f"{item.info}. " if item.info else "- "
    inner = _lines_of(item.inside, indent=indent + "  ")
    if not inner:
        return []
    return [indent + marker + inner[0].strip(), *inner[1:]]


def _lines_of(nodes: Sequence[Node], *, indent: str) -> list[str]:
    """Write what is inside an item or a quote, line by line."""
    found: list[str] = []
    for node in nodes:
        if node.kind == "heading":
            label = parts.label_of(node.text)
            said = without_attributes(node.text) if label is None else f"{label}:" if label else ""
            found += [indent + line for line in _prose(said).split("\n") if line]
        elif node.kind == "list":
            for item in node.inside:
                found += [indent + line for line in _item(item, indent="") if line]
        elif node.kind == "quote":
            found += _lines_of(node.inside, indent=indent)
        else:
            blocks, _ = _blocks(node)
            found += [indent + line for block in blocks for line in block.text().split("\n")]
    return found
