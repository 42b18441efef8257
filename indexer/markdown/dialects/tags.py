"""Removes the tags of components and shortcodes, but keeps what they enclose and what they themselves show.

JSX (`<TabItem label="macOS">`), Hugo's `{{< tab "macOS" >}}`, Liquid's or GitBook's `{% tab title="macOS" %}` and mdBook's
`{{#tab name="macOS" }}` are one thing in four spellings.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from indexer.markdown.dialects import parts

_JSX: Final = re.compile(
    r"<(/?)([A-Z][\w.]*)((?:\s(?:[^<>\"'{}/]|/(?!>)|\"[^\"<]*\"|'[^'<]*'|\{(?:[^{}<]|\{[^{}<]*\})*\})*)?)(/?)>"
)
_HUGO: Final = re.compile(r"\{\{[<%]\s*(/?)\s*([A-Za-z][\w./-]*)((?:[^{}\"]|\"[^\"]*\")*?)(/?)\s*[>%]\}\}")
_LIQUID: Final = re.compile(r"\{%-?\s*(end)?([a-z][\w-]*)((?:[^{}%\"']|\"[^\"]*\"|'[^']*'|%(?!\}))*?)()-?%\}")
_MDBOOK: Final = re.compile(r"\{\{#\s*(end)?(tabs?)\b((?:[^{}\"]|\"[^\"]*\")*)()\}\}")
_ATTRIBUTE: Final = re.compile(
    r"([A-Za-z][\w:-]*)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|\{\s*[\"'`]([^\"'`]*)[\"'`]\s*\}|\{([^{}]*)\}|([^\s\"'{}>]+))"
)
_POSITIONAL: Final = re.compile(r"\"([^\"]*)\"|'([^']*)'|([^\s\"']+)")
_QUOTED: Final = re.compile(r"\"([^\"]*)\"|'([^']*)'")

# Docusaurus' values={[{label: "Windows", value: "win"}]}.
_NAMED: Final = re.compile(r"\{([^{}]*)\}")
_PROPERTY: Final = re.compile(r"[\"']?(label|value)[\"']?\s*:\s*(?:\"([^\"]*)\"|'([^']*)'|`([^`]*)`)")

_PARTS: Final = {
    "tab",
    "tabitem",
    "tabs.tab",
    "tab-item",
    "tabpanel",
    "tab-panel",
    "grouptab",
    "tabpane-item",
}
_GROUPS: Final = {"tabs", "tabpane", "tabset", "tab-set"}
_LABELS: Final = ("label", "header", "title", "name", "tabname", "value")
_SAID: Final = ("title", "heading", "header", "caption", "label", "text", "summary", "description")
# new-in 0.120.0, deprecated-in "1.2", feature-state for_k8s_version="v1.30" state="beta"
_SINCE: Final = re.compile(
    r"(?:new|added|deprecated|removed|changed|since|feature|version)[\w-]*", re.IGNORECASE
)
_VERSION: Final = re.compile(r"v?\d[\w.]*")
_LOGIC: Final = {
    "if",
    "elsif",
    "else",
    "unless",
    "for",
    "assign",
    "capture",
    "include",
    "render",
    "set",
    "raw",
    "macro",
    "import",
    "from",
}
_ESM: Final = re.compile(
    r"^(?:import\s+(?:[\w*{][^;\n]*\bfrom\s*)?[\"'][^\"'\n]*[\"'];?[ \t]*$|import\s*\{[^}]*\}\s*from\s*[\"'][^\"'\n]*[\"'];?[ \t]*$"
    r"|import\s+[\w*, ]+\{[^}]*\}\s*from\s*[\"'][^\"'\n]*[\"'];?[ \t]*$"
    r"|export\s+(?:const|let|var|function|default|async|class|\{|\*)(?:[^\n]|\n(?!\s*\n))*$)",
    re.MULTILINE,
)  # fmt: skip
_MDX_EXPRESSION: Final = re.compile(
    r"^[ ]*\{(?:[^{}\n]|\{[^{}\n]*\})*\}[ ]*$|\{[\"'`] *[\"'`]\}", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class _Tag:
    name: str
    said: str
    closes: bool
    alone: bool

    def given(self) -> dict[str, str]:
        found = _ATTRIBUTE.finditer(self.said)
        return {match[1].lower(): next(filter(None, match.groups()[1:5]), match[6] or "") for match in found}

    def words(self) -> list[str]:
        """List its values without a name."""
        rest = _ATTRIBUTE.sub(" ", self.said)
        return [next(filter(None, match.groups()), "") for match in _POSITIONAL.finditer(rest)]


def is_mdx(text: str) -> bool:
    """Tell whether a page without MDX's ending is MDX, as all of Docusaurus's pages are: it has imports."""
    return ("import " in text or "export " in text) and _ESM.search(text) is not None


def without_tags(text: str, *, components: bool) -> str:
    """Remove the tags. `components`: the page is MDX."""
    if components:
        text = _MDX_EXPRESSION.sub("", _ESM.sub("", text))
    if "<" in text and (components or _JSX.search(text)):
        text = _Replacing(_JSX, text, known=None if components else _paired(text)).done()
        text = _shifted(text)
    if "{{<" in text or "{{%" in text:
        text = _Replacing(_HUGO, text).done()
    if "{{#" in text:
        text = _Replacing(_MDBOOK, text).done()
    if "{%" in text:
        text = _Replacing(_LIQUID, text).done()
    return text


def _paired(text: str) -> set[str]:
    """Find the names that have both a beginning and an end, or close themselves: a lone `<Name>` may be text."""
    found = list(_JSX.finditer(text))
    return {tag[2] for tag in found if tag[1] or tag[4]}


# A line of a component's own: what is inside is indented by its depth, and no code for that.
_INNER: Final = "\ue004"


class _Replacing:
    """Replaces the tags of one spelling by what they show."""

    def __init__(self, pattern: re.Pattern[str], text: str, *, known: set[str] | None = None) -> None:
        self._pattern, self._text, self._known = pattern, text, known
        # Labels that the group around its parts gives them, in their order.
        self._items: list[list[str]] = []
        # And those that it gives to their values.
        self._labels: list[dict[str, str]] = []
        self._open = 0
        # Where its first word is: whatever is further down has something before it.
        self._begins = len(text) - len(text.lstrip())

    def done(self) -> str:
        return self._pattern.sub(self._replaced, self._text)

    def _replaced(self, match: re.Match[str]) -> str:
        if self._known is not None and match[2] not in self._known:
            return match[0]
        tag = _Tag(match[2].lower(), match[3] or "", bool(match[1]), bool(match[4]))
        indent = self._indent(match.start())
        mark = _INNER if self._pattern is _JSX and indent is not None else ""
        if tag.name in _PARTS:
            made = parts.closing() if tag.closes else parts.opening(self._label(tag))
            if tag.closes and not self._open:
                return ""
            self._open += -1 if tag.closes else 0 if tag.alone else 1
            both = f"\n\n{indent or ''}{parts.closing()}\n" if tag.alone else ""
            return f"{mark}\n\n{indent or ''}{made}\n{both}\n{indent or ''}"
        if tag.name in _GROUPS:
            self._group(tag)
            return mark
        if tag.closes or tag.name in _LOGIC:
            return mark
        return mark + self._own(tag, block=indent is not None and self._ends_line(match.end()))

    def _indent(self, at: int) -> str | None:
        """Find the indent of a tag that begins its line; None for any other."""
        start = self._text.rfind("\n", max(0, at - 200), at) + 1
        if not start and at > self._begins:
            return None
        before = self._text[start:at]
        return before if not before.strip() else None

    def _ends_line(self, at: int) -> bool:
        return not self._text[at : at + 80].partition("\n")[0].strip()

    def _group(self, tag: _Tag) -> None:
        if tag.closes:
            del self._items[-1:], self._labels[-1:]
            return
        items = tag.given().get("items", "")
        quoted = [a or b for a, b in _QUOTED.findall(items)]
        self._labels.append(dict(_labels(tag.said)) if "values" in tag.said else {})
        self._items.append(quoted or [item.strip() for item in items.split(",") if item.strip()])

    def _label(self, tag: _Tag) -> str:
        given = tag.given()
        own = next((given[name] for name in _LABELS if given.get(name)), "")
        if not own and self._items and self._items[-1]:
            own = self._items[-1].pop(0)
        named = self._labels[-1] if self._labels else {}
        return named.get(own, own) or next(iter(tag.words()[-1:]), "")

    def _own(self, tag: _Tag, *, block: bool) -> str:
        """Write what the tag itself shows to a reader."""
        given = tag.given()
        said = [" ".join(given[name].split()) for name in _SAID if given.get(name)]
        if _SINCE.fullmatch(tag.name):
            version = next(filter(_VERSION.fullmatch, [*tag.words(), *given.values()]), "")
            since = " ".join(
                [*re.sub(r"[-_]", " ", tag.name).split(), given.get("state", ""), version]
            ).split()
            said = [f"{' '.join(since).capitalize()}." if block else f"({' '.join(since)})"]
        if not said:
            return ""
        if block:
            return "".join(f"\n\n**{each}**\n\n" for each in said)
        # What it encloses may follow without a space.
        encloses = self._pattern is _JSX and not tag.alone
        return f"{': '.join(said)}: " if encloses else " ".join(said)


def _labels(said: str) -> Iterator[tuple[str, str]]:
    for each in _NAMED.findall(said.partition("values")[2]):
        given = {match[1]: match[2] or match[3] or match[4] or "" for match in _PROPERTY.finditer(each)}
        if given.get("label") and given.get("value"):
            yield given["value"], given["label"]


def _shifted(text: str) -> str:
    """Shift lines within components to the left by the outermost one's indent, which makes no code of them."""
    return "\n".join(_lines(text.split("\n"))) if _INNER in text else text


def _lines(lines: list[str]) -> Iterator[str]:
    depth_indent: int | None = None
    for line in lines:
        mark = line.find(_INNER)
        if mark >= 0:
            depth_indent = None
            yield line.replace(_INNER, "").strip()
            continue
        if not line.strip():
            yield line
            continue
        indent = len(line) - len(line.lstrip(" "))
        if depth_indent is None:
            depth_indent = indent
        yield line[min(indent, depth_indent) :]
