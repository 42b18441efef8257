"""Rewrites blocks that only one dialect knows: tabs, admonitions, directives, definitions, drawn tables, callouts."""

import csv
import re
from collections.abc import Sequence
from itertools import takewhile
from typing import Final

from indexer.markdown.dialects import parts
from indexer.markdown.dialects.grid_tables import BORDER, grid_table
from indexer.markdown.dialects.masks import CLOSES, OPENS
from indexer.markdown.dialects.ruled_tables import ruled_table
from indexer.markdown.dialects.sphinx_tags import is_shown
from indexer.markdown.tables import pipe_table

_STEP: Final = 4  # by so much Python-Markdown indents what belongs to a tab, an admonition, a definition
_DEEPEST: Final = 20
_TAB: Final = re.compile(r"^( *)===[!+]*\s+(?:\"([^\"]*)\"|'([^']*)')")
_ADMONITION: Final = re.compile(r"^( *)(?:!!!|\?\?\?\+?)\s*([\w -]*?)\s*(?:\"((?:[^\"\\]|\\.)*)\"\s*)?$")
_CONTAINER: Final = re.compile(rf"^([ >]*){re.escape(OPENS)}(\S*) ?(.*)$")
_END: Final = re.compile(rf"^([ >]*){re.escape(CLOSES)}")
_DEFINITION: Final = re.compile(r"^ {0,3}:( {1,4})\S")
_TERM: Final = re.compile(r"^ {0,3}(?![-*+#>|:=]|\d+[.)] |\[\^|<|\x00F|\x01)\S")
_CALLOUT: Final = re.compile(r"^([ ]*(?:>[ ]?)+)\[![\w| -]+\][+-]?[ ]*(.*)$")
_PART_NAMES: Final = {"tab-item", "tab", "tabitem", "group-tab", "code-tab"}
_NOTHING: Final = {
    "toctree", "contents", "include", "bibliography", "index", "tableofcontents", "mermaid", "graphviz", "plantuml",
    "autosummary", "raw", "eval-rst-ignored", "embed", "iframe", "video", "youtube", "image-map", "anywidget", "hidden", "content-hidden",
}  # fmt: skip
_WITHOUT_TITLE: Final = {
    "div",
    "only",
    "tab-set",
    "tabs",
    "code-group",
    "grid",
    "columns",
    "column",
    "math",
    "eval-rst",
}
_PANDOC_TITLE: Final = re.compile(r"\btitle=\"([^\"]*)\"")
_VERSIONS: Final = {
    "versionadded": "New in version",
    "versionchanged": "Changed in version",
    "deprecated": "Deprecated since version",
    "versionremoved": "Removed in version",
}


def plain_blocks(lines: Sequence[str], depth: int = 0) -> list[str]:
    """Rewrite every such block as plain Markdown, and what is inside it likewise, down to a `depth`."""
    made: list[str] = []
    at = 0
    reader = _Reader(lines, depth)
    while at < len(lines):
        block, at = reader.block(at)
        made += block
    return made


class _Reader:
    def __init__(self, lines: Sequence[str], depth: int) -> None:
        self._lines = lines
        self._depth = depth
        # The names of the containers that are open.
        self._open: list[str] = []
        # Up to here stand lines that look drawn but end in no border, or are too few: no table begins there.
        self._undrawn = 0

    def block(self, at: int) -> tuple[list[str], int]:
        """Rewrite the block that begins at this line; return its lines, and the number of the line after it."""
        line = self._lines[at]
        made = self._by_sign(at, line, line.lstrip(" ")[:1]) or self._marked(at, line)
        if made is None and (line.lstrip()[:2] == "--" or self._is_above_dashes(at)):
            made = ruled_table(self._lines, at)
        if made is None and self._is_term(at, line):
            made = self._definitions(at)
        return made or ([line], at + 1)

    def _is_above_dashes(self, at: int) -> bool:
        return at + 1 < len(self._lines) and self._lines[at + 1].lstrip()[:2] == "--"

    def _by_sign(self, at: int, line: str, sign: str) -> tuple[list[str], int] | None:
        if sign and sign in "=!?" and self._depth < _DEEPEST:
            if tab := _TAB.match(line):
                return self._tab(at, tab)
            admonition = _ADMONITION.match(line)
            return self._admonition(at, admonition) if admonition else None
        if sign == "+" and BORDER.match(line):
            return self._grid(at)
        if sign == ">" and (callout := _CALLOUT.match(line)):
            words = callout[2].strip()
            title = [f"{callout[1]}{words if '**' in words else f'**{words}**'}"] if words else []
            return [*title, callout[1].rstrip()], at + 1
        return None

    def _marked(self, at: int, line: str) -> tuple[list[str], int] | None:
        if "\x01" in line:
            if opened := _CONTAINER.match(line):
                return self._container(at, opened)
            closed = _END.match(line)
            return (self._closed(closed[1]), at + 1) if closed else None
        if "\x00F" in line and self._open and self._open[-1] == "code-group":
            return ["", line, ""], at + 1
        return None

    # --- what is indented below its head ----------------------------------------------------------

    def _tab(self, at: int, found: re.Match[str]) -> tuple[list[str], int]:
        indent, label = found[1], found[2] or found[3] or ""
        inside, end = self._indented(at + 1, len(indent))
        part = [parts.opening(label), "", *inside, "", parts.closing()]
        return ["", *_behind(indent, part), ""], end

    def _admonition(self, at: int, found: re.Match[str]) -> tuple[list[str], int]:
        inside, end = self._indented(at + 1, len(found[1]))
        if not (inside or found[2] or found[3]):
            return [self._lines[at]], at + 1
        title = f"**{found[3]}**" if found[3] else ""
        return ["", *_behind(found[1], [title, "", *inside]), ""], end

    def _indented(self, at: int, base: int) -> tuple[list[str], int]:
        end = at
        for number in range(at, len(self._lines)):
            line = self._lines[number]
            if line.strip():
                if len(line) - len(line.lstrip(" ")) < base + _STEP:
                    break
                end = number + 1
        return plain_blocks([line[base + _STEP :] for line in self._lines[at:end]], self._depth + 1), end

    # --- definitions ------------------------------------------------------------------------------

    def _is_term(self, at: int, line: str) -> bool:
        if not line.strip() or self._depth >= _DEEPEST or not _TERM.match(line):
            return False
        after = self._lines[at + 1 : at + 3]
        return bool(after) and (
            _DEFINITION.match(after[0]) is not None
            or (len(after) > 1 and not after[0].strip() and _DEFINITION.match(after[1]) is not None)
        )

    def _definitions(self, at: int) -> tuple[list[str], int]:
        term = self._lines[at].strip()
        made = [""]
        at += 1
        while at < len(self._lines):
            first = at + (not self._lines[at].strip())
            found = _DEFINITION.match(self._lines[first]) if first < len(self._lines) else None
            if found is None:
                break
            end = first + 1
            blank = False
            while end < len(self._lines):
                line = self._lines[end]
                indented = line.startswith("  ")
                if line.strip() and (_DEFINITION.match(line) or (blank and not indented)):
                    break
                blank = not line.strip()
                end += 1
            body = [self._lines[first].lstrip().removeprefix(":").lstrip(), *self._lines[first + 1 : end]]
            inside = plain_blocks([body[0], *(_dedented(line) for line in body[1:])], self._depth + 1)
            made += [f"- {term}: {inside[0]}", *_behind("  ", inside[1:])]
            at = end
        return [*made, ""], at

    # --- containers -------------------------------------------------------------------------------

    def _container(self, at: int, found: re.Match[str]) -> tuple[list[str], int]:
        indent, name, said = found[1], found[2], found[3].strip()
        if name in _NOTHING or (name == "only" and not is_shown(said)):
            return [""], self._close_of(at)[1]
        if name in _TAKEN:
            inside, end = self._close_of(at)
            body = plain_blocks([line.removeprefix(indent) for line in inside], self._depth + 1)
            return ["", *_behind(indent, _TAKEN[name](said, body)), ""], end
        self._open.append("part" if name.lower() in _PART_NAMES else name)
        if name.lower() in _PART_NAMES:
            return ["", f"{indent}{parts.opening(said)}", ""], at + 1
        if name in _VERSIONS:
            version, _, more = said.partition(" ")
            return ["", f"{indent}{_VERSIONS[name]} {version}: {more}".rstrip(": "), ""], at + 1
        titled = _PANDOC_TITLE.search(said)
        title = titled[1] if titled else "" if name in _WITHOUT_TITLE or said.startswith("{") else said
        title = re.sub(r"\s*\{[^{}]*\}$", "", title).strip()
        return ["", f"{indent}**{title}**" if title else indent.rstrip(), ""], at + 1

    def _closed(self, indent: str) -> list[str]:
        part = self._open and self._open.pop() == "part"
        return ["", f"{indent}{parts.closing()}", ""] if part else [indent.rstrip(), ""]

    def _close_of(self, at: int) -> tuple[list[str], int]:
        """Find what is inside a container; return its lines, and the number of the line after it."""
        depth = 0
        for end in range(at, len(self._lines)):
            if "\x01" in self._lines[end]:
                depth += 1 if _CONTAINER.match(self._lines[end]) else -1
                if not depth:
                    return list(self._lines[at + 1 : end]), end + 1
        return list(self._lines[at + 1 :]), len(self._lines)

    def _grid(self, at: int) -> tuple[list[str], int]:
        if at < self._undrawn:
            return [self._lines[at]], at + 1
        below = (self._lines[number] for number in range(at, len(self._lines)))
        drawn = list(takewhile(lambda line: line.lstrip()[:1] in ("+", "|"), below))
        indent = self._lines[at][: len(self._lines[at]) - len(self._lines[at].lstrip())]
        if len(drawn) < 3 or not BORDER.match(drawn[-1]):  # noqa: PLR2004 - two borders and a row
            self._undrawn = at + len(drawn)
            return [self._lines[at]], at + 1
        return ["", *_behind(indent, grid_table(drawn).split("\n")), ""], at + len(drawn)


def _behind(indent: str, lines: Sequence[str]) -> list[str]:
    return [f"{indent}{line}" if line else line for line in lines]


def _dedented(line: str) -> str:
    return line[min(_STEP, len(line) - len(line.lstrip(" "))) :]


# --- directives that have a form of their own for what they hold ----------------------------------


def _glossary(_: str, lines: list[str]) -> list[str]:
    """Write each term with what is indented below it."""
    made: list[str] = []
    terms: list[str] = []
    for line in lines:
        if line.strip() and not line.startswith(" "):
            if line.startswith(("- ", "  ", "* ")):  # definitions are made already
                made.append(line)
                continue
            terms.append(line.strip())
        elif line.strip():
            made.append(f"- {', '.join(terms)}: {line.strip()}" if terms else f"  {line.strip()}")
            terms = []
        else:
            made.append(line)
    return [*made, *(f"- {term}" for term in terms)]


def _csv_table(said: str, lines: list[str]) -> list[str]:
    try:
        rows = list(csv.reader([line.strip() for line in lines if line.strip()], skipinitialspace=True))
    except csv.Error:
        return _titled(said, lines)
    return _titled(said, _pipe_table(rows))


def _list_table(said: str, lines: list[str]) -> list[str]:
    """Write a table in which `* - cell` begins a row, and `  - cell` continues it."""
    rows: list[list[list[str]]] = []
    for line in lines:
        if found := re.match(r"^ {0,3}[*-] +[*-](?: (.*)|$)", line):
            rows.append([[found[1] or ""]])
        elif (found := re.match(r"^ {1,6}[*-](?: (.*)|$)", line)) and rows:
            rows[-1].append([found[1] or ""])
        elif rows:
            rows[-1][-1].append(line.strip())
    return _titled(said, _pipe_table([[" ".join(filter(None, cell)) for cell in row] for row in rows]))


def _titled(said: str, lines: Sequence[str]) -> list[str]:
    return [f"**{said}**", "", *lines] if said else [*lines]


def _pipe_table(rows: Sequence[Sequence[str]]) -> list[str]:
    return pipe_table([[cell.replace("|", "\\|") for cell in row] for row in rows]).split("\n")


def _image(_: str, lines: list[str]) -> list[str]:
    return lines


_TAKEN: Final = {
    "glossary": _glossary,
    "csv-table": _csv_table,
    "list-table": _list_table,
    "image": _image,
    "figure": _image,
}
