"""AsciiDoc → Markdown: what handbooks use of it. There is no well-kept converter in Python."""

import re

from indexer.markdown.tables import pipe_table

_LINE_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"^//(?!/).*$"), ""),
    (re.compile(r"^:!?[\w-]+!?:.*$"), ""),
    (re.compile(r"^(?:include|ifdef|ifndef|endif|toc)::.*$"), ""),
    (re.compile(r"^\[\[([\w:.-]+)(?:,[^\]]*)?\]\]$"), r'<a name="\1"></a>'),
    (re.compile(r"^\[#([\w:.-]+)[^\]]*\]$"), r'<a name="\1"></a>'),
    (re.compile(r"^\[[^\]]*\]$"), ""),
    (re.compile(r"^\+$"), ""),
    (re.compile(r"^(?:image|video|audio)::[^\[]*\[([^\],]*)[^\]]*\]$"), r"\1"),
    (re.compile(r"^\.(?=[^\s.])(.*)$"), r"**\1**"),
    (re.compile(r"^(={4,}|\*{4,}|_{4,}|-{2}|'{3,})$"), ""),
)
# What begins such a thing doesn't look past the next one, nor further than an address is long.
_INLINE_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (
        re.compile(
            r"(?:link|xref|mailto):([^\s\[\]]{1,2000})\[\^?([^\[\],]{1,2000}?)(?:,[^\[\]]{0,2000})?\]"
        ),
        r"\2",
    ),
    (re.compile(r"(?:link|xref|mailto):([^\s\[\]]{1,2000})\[\]"), r"\1"),
    (re.compile(r"(https?://[^\s\[\]]{1,2000})\[([^\[\]^]{1,2000})\^?\]"), r"\2"),
    (re.compile(r"\[\[([\w:.-]{1,200})\]\]"), r'<a name="\1"></a>'),
    (re.compile(r"<<[^,<>]{1,500},\s{0,9}([^<>]{1,500})>>"), r"\1"),
    (re.compile(r"<<([^<>]{1,500})>>"), r"\1"),
    (re.compile(r"image:[^\s\[\]]{1,2000}\[([^\[\],]{0,2000})[^\[\]]{0,2000}\]"), r"\1"),
    (re.compile(r"(?:kbd|btn|menu):\w{0,50}\[([^\[\]]{0,2000})\]"), r"\1"),
    (re.compile(r"footnote:[^\[\]:]{0,200}\[([^\[\]]{0,5000})\]"), r" (\1)"),
)
_HEADING = re.compile(r"^(={1,6})\s+(.*)$")
_BULLET = re.compile(r"^\s*([*-]{1,5})\s+(.*)$")
_NUMBERED = re.compile(r"^\s*(\.{1,5})\s+(.*)$")
_LISTING = re.compile(r"^(-{4,}|\.{4,}|`{3,})$")
_SOURCE = re.compile(r"^\[source(?:%\w+)?,\s*(\w+)")
_DEFINITION = re.compile(r"^(\S.*?)::\s+(.*)$")


def asciidoc(text: str) -> str:
    lines: list[str] = []
    fence = ""
    language = ""
    table: list[str] | None = None
    comment = False
    for line in text.split("\n"):
        line = line.rstrip()  # noqa: PLW2901 (the same line, cleaned)
        if line == "////":
            comment = not comment
        elif comment:
            continue
        elif fence:
            closing = line == fence
            lines.append("```" if closing else line)
            fence = "" if closing else fence
        elif table is not None:
            if line == "|===":
                lines += ["", *_table(table), ""]
                table = None
            else:
                table.append(line)
        elif line == "|===":
            table = []
        elif _LISTING.match(line):
            fence = line
            lines.append(f"```{language}")
            language = ""
        else:
            language = match[1] if (match := _SOURCE.match(line)) else language
            lines.append(_line(line))
    if table is not None:
        lines += _table(table)
    return "\n".join(lines)


def _line(line: str) -> str:
    if match := _HEADING.match(line):
        return f"{'#' * len(match[1])} {_inline(match[2])}"
    if match := _BULLET.match(line):
        return f"{'  ' * (len(match[1]) - 1)}- {_inline(match[2])}"
    if match := _NUMBERED.match(line):
        return f"{'   ' * (len(match[1]) - 1)}1. {_inline(match[2])}"
    for pattern, replacement in _LINE_RULES:
        if pattern.match(line):
            return pattern.sub(replacement, line)
    if match := _DEFINITION.match(line):
        return f"**{_inline(match[1])}**: {_inline(match[2])}"
    return _inline(line)


def _inline(text: str) -> str:
    for pattern, replacement in _INLINE_RULES:
        text = pattern.sub(replacement, text)
    return text


def _table(lines: list[str]) -> list[str]:
    """The first line with cells tells the width; later cells fill rows of it, however they are broken."""
    broken = [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:]] for line in lines if line.startswith("|")
    ]
    width = len(broken[0]) if broken else 0
    cells = [_inline(cell) for row in broken for cell in row]
    if not width:
        return []
    rows = [cells[start : start + width] for start in range(0, len(cells), width)]
    return pipe_table(rows).split("\n")
