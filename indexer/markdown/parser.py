"""Parses a Markdown page into sections of blocks, of which chunks are packed. Pure."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

from indexer.markdown import embedded_html
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
# What must stand in a page for a rule of the parser to apply.
_SIGNS = {"fence": ("```", "~~~"), "blockquote": (">",), "heading": ("#",)}
_SHAPES = {
    "lheading": re.compile(r"\n[ >]*(?:=+|-+)[ ]*(?:\n|\Z)"),
    "hr": re.compile(r"([-*_])[ ]*\1[ ]*\1[ ]*(?:\n|\Z)"),
}
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
    for group in _groups(_parser(_rules_without_sign(text)).parse(text)):
        if group[0].type == "heading_open":
            outline.heading(int(group[0].tag[1]), group[1].content, pending)
            pending = ""
            continue
        blocks, named_here = _blocks(group)
        pending = "" if blocks else named_here or pending
        outline.sections[-1].blocks += blocks
    return outline.sections


@cache
def _parser(needless: frozenset[str]) -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"maxNesting": 12})
    # Blocks are all that is needed. Inline text is reduced by `inline` and tables by `_with_tables`: the
    # parser would look for a table at every line, and all in all take three times as long.
    parser.disable(["html_block", "reference", *needless])
    parser.core.ruler.enableOnly(["normalize", "block"])
    return parser


def _rules_without_sign(text: str) -> frozenset[str]:
    """Name the parser's rules that can't apply, for want of their signs: it would try each at every line."""
    unsigned = {rule for rule, signs in _SIGNS.items() if not any(sign in text for sign in signs)}
    return frozenset(unsigned | {rule for rule, shape in _SHAPES.items() if shape.search(text) is None})


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


def _groups(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """Group the tokens by outermost block."""
    group: list[Token] = []
    depth = 0
    for token in tokens:
        depth += token.nesting
        group.append(token)
        if depth == 0:
            yield group
            group = []
    if group:
        yield group


def _blocks(group: Sequence[Token]) -> tuple[list[Block], str]:
    """Read an outermost block, and an anchor that stands alone in it; a paragraph may end in a table."""
    kind = group[0].type
    if kind == "paragraph_open":
        raw = group[1].content
        named = embedded_html.ANCHOR.search(raw)
        return list(_with_tables(raw)), named[1] if named else ""
    found: Block | None = None
    if kind in {"fence", "code_block"}:
        found = _code(group[0])
    elif kind in {"bullet_list_open", "ordered_list_open"}:
        found = _pieces("list", _items(group))
    elif kind == "blockquote_open":
        found = _pieces("text", ["\n".join(_lines_of(group[1:-1], indent=""))])
    return [found] if found is not None else [], ""


def _with_tables(raw: str) -> Iterator[Block]:
    """Split a paragraph from a table that begins where a row of dashes follows a row of cells."""
    lines = raw.split("\n")
    ruled = next(
        (n for n, line in enumerate(lines) if n and "|" in line + lines[n - 1] and _TABLE_RULE.match(line)), 0
    )
    if ruled and len(_cells(lines[ruled])) == len(_cells(lines[ruled - 1])):
        text = _prose("\n".join(lines[: ruled - 1]))
        if text:
            yield Block("text", (text,))
        table = _table([lines[ruled - 1], *lines[ruled + 1 :]])
        if table is not None:
            yield table
    elif text := _prose(raw):
        yield Block("text", (text,))


def _prose(raw: str) -> str:
    """Make soft line breaks spaces; hard ones stay."""
    raw = _ALERT.sub("", embedded_html.ANCHOR.sub("", raw))
    if "\n" not in raw:
        return " ".join(without_invisible(reading_text(raw)).split())
    text = reading_text(_HARD_END.sub("\x01", raw).replace("\n", " "))
    lines = (" ".join(line.split()) for line in without_invisible(text.replace("\x01", "\n")).split("\n"))
    return "\n".join(line for line in lines if line)


def _pieces(kind: Kind, pieces: Sequence[str]) -> Block | None:
    kept = tuple(piece for piece in pieces if piece.strip(" -*+.)0123456789"))
    return Block(kind, kept) if kept else None


def _code(token: Token) -> Block | None:
    language = token.info.strip().partition(" ")[0].strip("{}").lower() if token.info else ""
    content = token.content.strip("\n")
    if token.type == "code_block" and _PROSE.search(content):
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


def _items(group: Sequence[Token]) -> list[str]:
    """Make each outermost item of a list one piece."""
    items: list[list[Token]] = []
    depth = 0
    for token in group[1:-1]:
        if depth == 0:
            items.append([])
        items[-1].append(token)
        depth += token.nesting
    return ["\n".join(_item(item, indent="", ordered=group[0].type[0] == "o")) for item in items]


def _item(item: Sequence[Token], *, indent: str, ordered: bool) -> list[str]:
    marker = f"{item[0].info or '1'}. " if ordered else "- "
    inner = _lines_of(item[1:-1], indent=indent + "  ")
    if not inner:
        return []
    return [indent + marker + inner[0].strip(), *inner[1:]]


def _lines_of(tokens: Sequence[Token], *, indent: str) -> list[str]:
    """Write what is inside an item or a quote, line by line."""
    found: list[str] = []
    for group in _groups(tokens):
        kind = group[0].type
        if kind == "heading_open":
            label = parts.label_of(group[1].content)
            said = without_attributes(group[1].content) if label is None else f"{label}:" if label else ""
            found += [indent + line for line in _prose(said).split("\n") if line]
        elif kind in {"bullet_list_open", "ordered_list_open"}:
            for piece in _items(group):
                found += [indent + line for line in piece.split("\n") if line]
        elif kind == "blockquote_open":
            found += _lines_of(group[1:-1], indent=indent)
        else:
            blocks, _ = _blocks(group)
            found += [indent + line for block in blocks for line in block.text().split("\n")]
    return found
