"""Rewrites Confluence's storage format as plain HTML, which the converter makes Markdown of."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape

from indexer.markdown.lenient_html import LenientParser

_CDATA = re.compile(r"<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_VERBATIM = {"code", "noformat"}
_BOXES = {"info": "Info", "note": "Note", "tip": "Tip", "warning": "Warning", "panel": ""}
# What only leads to other pages, or shows what is elsewhere.
_LEFT_OUT = {
    "toc", "toc-zone", "children", "pagetree", "pagetreesearch", "recently-updated", "attachments", "gallery",
    "livesearch", "contentbylabel", "contributors", "change-history", "profile-picture", "anchor", "widget",
    "viewpdf", "listlabels", "blog-posts", "tasks-report-macro", "drawio", "chart", "iframe", "rss",
}  # fmt: skip
_DROPPED = {
    "ac:placeholder",
    "ac:task-id",
    "ac:task-uuid",
    "ac:adf-attribute",
    "ac:adf-fallback",
    "script",
    "style",
}
_KEPT = {
    "p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "table", "thead", "tbody", "tr", "td", "th", "pre",
    "code", "blockquote", "strong", "b", "em", "i", "del", "s", "a", "br", "hr", "dl", "dt", "dd", "caption",
}  # fmt: skip
_EMPTY = {"br", "hr"}
_RENAMED = {"ac:task-list": "ul", "ac:task": "li"}


def to_html(storage: str) -> str:
    """Replace macros by what they show: code, boxes, expanding parts, statuses, tasks, links, dates."""
    reader = _Reader()
    reader.feed(_CDATA.sub(lambda match: escape(match[1]), storage))
    reader.close()
    return f"<html><body>{reader.text()}</body></html>"


@dataclass
class _Macro:
    name: str
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass
class _Link:
    target: str = ""


class _Reader(LenientParser):
    """Writes to the innermost sink; closing an element decides what becomes of what it held."""

    def __init__(self) -> None:
        super().__init__()
        self._sinks: list[list[str]] = [[]]
        self._closing: list[tuple[str, Callable[[str], str]]] = []
        self._macros: list[_Macro] = []
        self._links: list[_Link] = []

    def text(self) -> str:
        while self._closing:
            self._close()
        return "".join(self._sinks[0])

    def handle_data(self, data: str) -> None:
        self._sinks[-1].append(escape(data, quote=False))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        opener = _OPENERS.get(tag)
        if opener is not None:
            opener(self, tag, given)
        elif tag in _DROPPED:
            self._open(tag, lambda _inside: "")
        elif tag in _EMPTY:
            self._sinks[-1].append(f"<{tag}/>")
        elif tag in _KEPT:
            shown = "".join(
                f' {name}="{escape(given[name])}"' for name in ("href", "colspan", "rowspan") if name in given
            )
            self._open(tag, lambda inside: f"<{tag}{shown}>{inside}</{tag}>")
        elif tag.startswith("ri:"):
            self._target(tag, given)

    def handle_endtag(self, tag: str) -> None:
        if any(name == tag for name, _ in self._closing):
            while self._close() != tag:
                pass

    def _open(self, tag: str, becomes: Callable[[str], str]) -> None:
        self._closing.append((tag, becomes))
        self._sinks.append([])

    def _close(self) -> str:
        tag, becomes = self._closing.pop()
        inside = "".join(self._sinks.pop())
        self._sinks[-1].append(becomes(inside))
        return tag

    def macro(self, tag: str, given: Mapping[str, str]) -> None:
        self._macros.append(_Macro(given.get("ac:name", "")))
        self._open(tag, lambda inside: _shown(self._macros.pop(), inside))

    def parameter(self, tag: str, given: Mapping[str, str]) -> None:
        def kept(inside: str) -> str:
            if self._macros:
                self._macros[-1].parameters[given.get("ac:name", "")] = inside.strip()
            return ""

        self._open(tag, kept)

    def link(self, tag: str, _given: Mapping[str, str]) -> None:
        self._links.append(_Link())

        def shown(inside: str) -> str:
            return inside if inside.strip() else escape(self._links[-1].target, quote=False)

        def closed(inside: str) -> str:
            text = shown(inside)
            self._links.pop()
            return text

        self._open(tag, closed)

    def image(self, tag: str, given: Mapping[str, str]) -> None:
        self._links.append(_Link())

        def closed(_inside: str) -> str:
            self._links.pop()
            return escape(given.get("ac:alt", ""), quote=False)

        self._open(tag, closed)

    def _target(self, tag: str, given: Mapping[str, str]) -> None:
        name = given.get("ri:content-title") or given.get("ri:filename") or given.get("ri:space-key") or ""
        if self._links and tag in {"ri:page", "ri:attachment", "ri:blog-post", "ri:space"}:
            self._links[-1].target = name

    def renamed(self, tag: str, _given: Mapping[str, str]) -> None:
        name = _RENAMED[tag]
        self._open(tag, lambda inside: f"<{name}>{inside}</{name}>")

    def status(self, tag: str, _given: Mapping[str, str]) -> None:
        self._open(tag, lambda inside: "[x] " if inside.strip() == "complete" else "[ ] ")

    def time(self, tag: str, given: Mapping[str, str]) -> None:
        self._open(tag, lambda inside: inside.strip() or escape(given.get("datetime", ""), quote=False))

    def emoticon(self, tag: str, given: Mapping[str, str]) -> None:
        sign = given.get("ac:emoji-fallback", "")
        self._open(tag, lambda _inside: "" if sign.startswith(":") else escape(sign, quote=False))


_OPENERS: Mapping[str, Callable[[_Reader, str, Mapping[str, str]], None]] = {
    "ac:structured-macro": _Reader.macro,
    "ac:macro": _Reader.macro,
    "ac:parameter": _Reader.parameter,
    "ac:default-parameter": _Reader.parameter,
    "ac:link": _Reader.link,
    "ac:image": _Reader.image,
    "ac:task-list": _Reader.renamed,
    "ac:task": _Reader.renamed,
    "ac:task-status": _Reader.status,
    "ac:emoticon": _Reader.emoticon,
    "time": _Reader.time,
}


def _shown(macro: _Macro, inside: str) -> str:
    title = macro.parameters.get("title", "")
    if macro.name in _LEFT_OUT:
        return ""
    if macro.name in _VERBATIM:
        head = f"<p><strong>{title}</strong></p>" if title else ""
        return f"{head}<pre><code>{inside.strip(chr(10))}</code></pre>"
    if macro.name in _BOXES:
        word = title or _BOXES[macro.name]
        return f"<blockquote>{f'<p><strong>{word}</strong></p>' if word else ''}{inside}</blockquote>"
    if macro.name in {"status", "jira"}:
        return title or macro.parameters.get("key", "")
    if macro.name == "expand" and title:
        return f"<p><strong>{title}</strong></p>{inside}"
    return inside
