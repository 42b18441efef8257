"""Converts an AsciiDoc page to Markdown, block by block."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from indexer.converters.asciidoc.attributes import Attributes, lines_of
from indexer.converters.asciidoc.inline import Inline
from indexer.converters.asciidoc.lists import FENCE, MARKER, List, end_of_fence
from indexer.converters.asciidoc.tables import on_one_line, table
from indexer.markdown.anchors import asciidoctor
from indexer.markdown.dialects import parts
from indexer.markdown.dialects.masks import fence_around

_HEADING: Final = re.compile(r"^(={1,6}|#{1,6})\s+(\S.*?)(?:\s+\1)?$")
_ID: Final = re.compile(r"^\[\[([\w:./-]+)(?:,[^\]]*)?\]\]$")
_SAID: Final = re.compile(r"^\[(?!\[)(.*)\]$")
_OWN_ID: Final = re.compile(r"(?:#|\bid=\"?)([\w:./-]+)")
_INLINE_ID: Final = re.compile(r"\s*\[\[([\w:./-]+)(?:,[^\]]*)?\]\]\s*$")
_TITLE: Final = re.compile(r"^\.(?=[^\s.])(.*)$")
_BLOCK_MACRO: Final = re.compile(r"^([a-z][\w-]*)::([^\s\[]*)\[(.*)\]$")
_CALLOUT: Final = re.compile(r"^<(\d{1,3}|\.)>\s+(.*)$")
_CALLOUT_MARK: Final = re.compile(
    r"[ \t]*(?://|#|--|;;|<!--)?[ \t]*(?:<(?:!--)?(?:\d{1,3}|\.)(?:--)?>[ \t]*)+(?:-->)?$"
)
_ADMONITION: Final = re.compile(r"^(NOTE|TIP|IMPORTANT|WARNING|CAUTION):\s+(.*)$")
_RULER: Final = re.compile(r"^(?:'{3,}|<{3,}|---|- - -|\*\*\*|\* \* \*)$")
_AUTHOR: Final = re.compile(r"^[\w.'-]+(?: [\w.'-]+){0,3}(?:\s*<[^<>]+>)?(?:\s*;.*)?$")
_REVISION: Final = re.compile(r"^v?\d[\w.]*,.*|^\d{4}-\d{2}-\d{2}.*$")
_CODE: Final = {"source", "listing", "literal", "console", "configprops", "subs"}
_TABS: Final = re.compile(r"^(\S.*?)::(?:\s+(.*))?$")
_DEEPEST: Final = 12


def asciidoc(text: str, attributes: Mapping[str, str] | None = None) -> str:
    """Convert a page. Headings have Asciidoctor's ids; `attributes` are those that are defined outside of the page."""
    known = Attributes(attributes or {})
    lines = list(lines_of(text.expandtabs(4), known))
    return "\n".join(_Page(lines, known).markdown())


@dataclass(slots=True)
class _About:
    """What stands above a block: its id, its title, its attributes."""

    id: str = ""
    title: str = ""
    said: str = ""

    def style(self) -> str:
        return re.split(r"[,%.#\s]", self.said, maxsplit=1)[0].strip('"').lower()


@dataclass(slots=True)
class _Names:
    """Makes the ids of a page's headings; one that comes again is numbered."""

    attributes: Attributes
    seen: dict[str, int] = field(default_factory=dict)

    def of(self, heading: str) -> str:
        plain = re.sub(r"[`*_]+|\[\[.*?\]\]", "", heading)
        separator = self.attributes.get("idseparator", "_")
        made = asciidoctor(plain, self.attributes.get("idprefix", "_"), separator)
        count = self.seen[made] = self.seen.get(made, 0) + 1
        return made if count == 1 else f"{made}{separator}{count}"


class _Page:
    def __init__(self, lines: Sequence[str], attributes: Attributes) -> None:
        self._lines = lines
        self._attributes = attributes
        self._names = _Names(attributes)
        self._inline = Inline(_titles(lines, attributes))
        self._depth = 0

    def markdown(self) -> list[str]:
        return self._blocks(_without_header(self._lines))

    def _blocks(self, lines: Sequence[str]) -> list[str]:
        if self._depth >= _DEEPEST:
            return [*lines]
        self._depth += 1
        made: list[str] = []
        at, about = 0, _About()
        while at < len(lines):
            line = lines[at]
            if self._is_about(line, about):
                at += 1
                continue
            if not line.strip():
                # What stands alone is above nothing, but an id waits for its heading.
                made.append("")
                about = _About(id=about.id)
                at += 1
                continue
            block, at = self._block(lines, at, about)
            if about.id and not _HEADING.match(line):
                made.append(f'<a name="{about.id}"></a>')
            made += ["", *block, ""]
            about = _About()
        self._depth -= 1
        return made

    def _is_about(self, line: str, about: _About) -> bool:
        if found := _ID.match(line):
            about.id = found[1]
        elif found := _SAID.match(line):
            about.said = f"{about.said},{found[1]}" if about.said else found[1]
            own = _OWN_ID.search(found[1])
            about.id = own[1] if own else about.id
        elif (found := _TITLE.match(line)) and not MARKER.match(line):
            about.title = found[1]
        else:
            return False
        return True

    def _block(self, lines: Sequence[str], at: int, about: _About) -> tuple[list[str], int]:
        line = lines[at]
        title = [f"**{self._inline.text(about.title)}**", ""] if about.title else []
        if found := _HEADING.match(line):
            return self._heading(found, about), at + 1
        if _RULER.match(line):
            return [], at + 1
        if FENCE.match(line):
            return self._fenced(lines, at, about, title)
        if found := _BLOCK_MACRO.match(line):
            return [*title, *self._macro(found)], at + 1
        if MARKER.match(line) or _CALLOUT.match(line):
            block, at = List(self._inline, self._blocks, lines, at).read()
            return [*title, *block], at
        return self._paragraph(lines, at, about, title)

    def _heading(self, found: re.Match[str], about: _About) -> list[str]:
        offset = self._attributes.get("leveloffset", "0")
        level = len(found[1]) + (int(offset) if re.fullmatch(r"[+-]?\d", offset) else 0)
        words = found[2]
        own = _INLINE_ID.search(words)
        if own:
            words = words[: own.start()]
        name = about.id or (own[1] if own else "") or self._names.of(words)
        return [f"{'#' * min(max(level, 1), 6)} {self._inline.text(words)}" + f" {{#{name}}}" * bool(name)]

    def _paragraph(
        self, lines: Sequence[str], at: int, about: _About, title: list[str]
    ) -> tuple[list[str], int]:
        end = at
        while end < len(lines) and lines[end].strip() and (end == at or not self._ends_paragraph(lines[end])):
            end += 1
        inside = lines[at:end]
        if about.style() == "comment":
            return [], end
        if about.style() in _CODE or (inside[0].startswith(" ") and about.style() not in ("quote", "verse")):
            return [*title, *_code(inside, about)], end
        if (found := _ADMONITION.match(inside[0])) is not None:
            inside = [f"{found[1].capitalize()}: {found[2]}", *inside[1:]]
        # A link may go on in the next line.
        broken = " ".join(line.strip() + ("\n" if line.endswith(" +") else "") for line in inside).split(
            " +\n"
        )
        text = [
            self._inline.text(line.strip()) + ("  " if number < len(broken) - 1 else "")
            for number, line in enumerate(broken)
        ]
        return [*title, *(_plain_start(line) for line in text), *self._source_of(about)], end

    @staticmethod
    def _ends_paragraph(line: str) -> bool:
        return bool(FENCE.match(line) or _ID.match(line) or _SAID.match(line))

    def _source_of(self, about: _About) -> list[str]:
        """Write who is quoted, and from where."""
        if about.style() not in ("quote", "verse"):
            return []
        who = [part.strip().strip('"') for part in about.said.split(",")[1:] if part.strip()]
        return ["", "— " + self._inline.text(", ".join(who))] if who else []

    # --- fences -------------------------------------------------------------------------------------

    def _fenced(
        self, lines: Sequence[str], at: int, about: _About, title: list[str]
    ) -> tuple[list[str], int]:
        fence, end = lines[at], end_of_fence(lines, at)
        inside = lines[at + 1 : end]
        style = about.style()
        if style == "comment":
            return [], end + 1
        if fence[0] in "|,:!" and "=" in fence:
            return [*title, *table(inside, about.said, fence[0], self._cell)], end + 1
        if fence.startswith("```") and fence[3:]:
            about.said = f"source,{fence[3:]}"
        verbatim = fence[0] in ".`" or fence.startswith("---") or (style in _CODE and fence == "--")
        made = _code(inside, about) if verbatim else self._inside(fence, inside, about)
        return [*title, *made], end + 1

    def _inside(self, fence: str, inside: Sequence[str], about: _About) -> list[str]:
        """Convert what is inside a fence around text."""
        style = about.style()
        if fence[0] == "+":
            return [f"`{' '.join(inside)}`"] if style in ("stem", "latexmath", "asciimath") else list(inside)
        if style == "tabs":
            return self._tabs(inside)
        if style == "verse":
            return [*(f"{self._inline.text(line)}  " for line in inside), *self._source_of(about)]
        return [*self._blocks(inside), *self._source_of(about)]

    def _tabs(self, lines: Sequence[str]) -> list[str]:
        """Write each label with what is below it."""
        made: list[str] = []
        label, inside = "", []  # type: str, list[str]
        fence = ""
        for line in [*lines, ""]:
            found = None if fence else _TABS.match(line)
            if FENCE.match(line):
                fence = "" if line == fence else fence or line
            if found is not None:
                made += self._part(label, inside)
                label, inside = found[1], [found[2] or ""]
            elif not (line == "+" and not fence):
                inside.append(line)
        return [*made, *self._part(label, inside)]

    def _part(self, label: str, inside: list[str]) -> list[str]:
        if not label:
            return []
        return [
            "",
            parts.opening(self._inline.text(label)),
            "",
            *self._blocks(inside),
            "",
            parts.closing(),
            "",
        ]

    def _cell(self, lines: Sequence[str], page: bool) -> str:  # noqa: FBT001 - a table's callback
        if page:
            text = on_one_line(self._blocks([line.strip() for line in lines]))
            return " ".join(re.sub(r"`{3,}\w*", " ", text).split())
        return " ".join(
            self._inline.text(" ".join(line.strip().removesuffix(" +") for line in lines)).split()
        )

    def _macro(self, found: re.Match[str]) -> list[str]:
        name, target, said = found.groups()
        if name == "image":
            return [self._inline.text(f"image:{target}[{said}]")] if said else []
        if name in ("include", "toc", "video", "audio", "include-code", "partial", "example"):
            return []
        return [self._inline.text(said)] if said and "=" not in said else []


def _titles(lines: Sequence[str], attributes: Attributes) -> dict[str, str]:
    """Find the page's headings by their ids, both explicit and generated ones."""
    names = _Names(attributes)
    found: dict[str, str] = {}
    own = ""
    for line in lines:
        if match := _ID.match(line):
            own = match[1]
        elif (match := _SAID.match(line)) and (named := _OWN_ID.search(match[1])):
            own = named[1]
        elif match := _HEADING.match(line):
            words = re.sub(r"[`*]+", "", _INLINE_ID.sub("", match[2]))
            found[own or names.of(match[2])] = words
            own = ""
        elif line.strip():
            own = ""
    return found


def _without_header(lines: Sequence[str]) -> list[str]:
    """Remove the lines below the title that name author and version: they aren't the page's text."""
    kept = list(lines)
    first = next((at for at, line in enumerate(kept) if line.strip()), None)
    if first is None or not re.match(r"^=\s", kept[first]):
        return kept
    at = first + 1
    if at < len(kept) and _AUTHOR.match(kept[at]) and ("<" in kept[at] or not kept[at].endswith(".")):
        del kept[at]
        if at < len(kept) and _REVISION.match(kept[at]):
            del kept[at]
    return kept


def _code(lines: Sequence[str], about: _About) -> list[str]:
    words = [word.strip(' "') for word in about.said.split(",")]
    language = words[1] if len(words) > 1 and re.fullmatch(r"[\w+#-]+", words[1]) else ""
    body = [_CALLOUT_MARK.sub("", line) if ">" in line else line for line in lines]
    fence = fence_around("\n".join(body))
    return [f"{fence}{language}", *body, fence]


def _plain_start(line: str) -> str:
    """Escape what Markdown would take for a heading, a list or a quote, and AsciiDoc doesn't."""
    return f"\\{line}" if re.match(r"#{1,6}\s|>|[+](?:\s|$)|=+\s*$", line) else line
