"""Converts AsciiDoc within a line: links, macros, quotes. Patterns search no further than an address is long."""

import re
from collections.abc import Callable, Mapping
from typing import Final

_PASSED: Final = re.compile(
    r"\+\+\+(.{1,2000}?)\+\+\+|\+\+(?=\S)(.{1,2000}?)(?<=\S)\+\+|pass:[a-z,]{0,20}\[([^\[\]]{0,2000})\]"
)
_PASSED_WORD: Final = re.compile(r"(?<![\w+`])\+(?=[^\s+])([^+`\n]{1,500}?)(?<=[^\s])\+(?![\w+])")
_CODE: Final = re.compile(
    r"(?<![\"'`])(`{1,2})(?!`)\+?(?=\S)([^`]{1,2000}?|.{1,500}?)(?<=[^\s])\+?\1(?![\"'`])"
)
_QUOTED: Final = re.compile(r"([\"'])`(?=\S)([^`\n]{1,1000}?)`\1")
_FOOTNOTE: Final = re.compile(r"footnote(?:ref)?:[^\s\[\]:]{0,200}\[([^\[\]]{0,5000})\]")
_REFERENCE: Final = re.compile(r"<<([^,<>]{1,500})(?:,\s{0,9}([^<>]{1,500}))?>>")
_MACRO: Final = re.compile(
    r"(?<![\w/`])([a-z][a-z0-9_-]{1,40}):(?!:)(\+\+[^+]{1,2000}\+\+|[^\s\[\]`]{0,2000})\[((?:[^\[\]]|\\\]){0,3000})\]"
)
_ADDRESS: Final = re.compile(
    r"(?<![:\w/])(https?://|irc://|ftp://|\{[\w-]{1,80}\})([^\s\[\]<>]{0,2000})\[([^\[\]]{0,2000})\]"
)
_ANCHOR: Final = re.compile(
    r"\[\[([\w:./-]{1,200})(?:,[^\[\]]{0,500})?\]\]|anchor:([\w:./-]{1,200})\[[^\[\]]{0,500}\]"
)
# Within a word, too, where the signs are doubled.
_MARKED: Final = re.compile(
    r"(?:\[([^\[\]\n]{1,200})\])?(?:##(?=[^#])([^#\n]{1,1000}?)##|#(?=[^\s#])([^#\n]{1,1000}?)(?<=[^\s#])#(?!\w))"
)
_STRUCK: Final = re.compile(
    r"\[[.\w-]*\bline-through\b[.\w-]*\](?:(\*\*?|__?|``?)(?=\S)([^*_`\n]{1,1000}?)(?<=\S)\1)(?!\w)"
)
_INDEX: Final = re.compile(r"\(\(\([^()]{1,500}\)\)\)|\(\(([^()]{1,500})\)\)")
_ROLE: Final = re.compile(r"\[[.\w-]{1,60}\](?=[*_`])")
_RAISED: Final = re.compile(r"(?<=\S)\^([^\s^]{1,40})\^")
_LOWERED: Final = re.compile(r"(?<=\w)~([^\s~]{1,40})~")
_ATTRIBUTE: Final = re.compile(r"^\s*[\w-]+\s*=")
_NOTHING: Final = {"indexterm", "icon", "video", "audio", "counter2", "toc", "inline-audio"}
_MATH: Final = {"stem", "latexmath", "asciimath"}
_TAG: Final = re.compile(r"</?[A-Za-z][^<>]{0,500}>")
_HELD: Final = re.compile("\x00(\\d+)\x00")


class Inline:
    """Converts lines. `titles` are the page's headings by id: a reference without words shows them."""

    def __init__(self, titles: Mapping[str, str]) -> None:
        self._titles = titles

    def text(self, line: str) -> str:
        """Convert a text to one line of Markdown."""
        if not re.search(r"[\[\]`<>+#^~*_{(&:\"]", line):
            return line
        held: list[str] = []

        def hold(text: str) -> str:
            held.append(text)
            return f"\x00{len(held) - 1}\x00"

        line = _STRUCK.sub("", line) if "line-through" in line else line
        line = _QUOTED.sub(lambda m: f"{m[1]}{m[2]}{m[1]}", line)
        line = _CODE.sub(lambda m: hold(self._code(m)), line)
        line = _PASSED.sub(lambda m: hold(_escaped(m[2] or _TAG.sub("", m[1] or m[3] or ""))), line)
        line = _PASSED_WORD.sub(lambda m: hold(_escaped(m[1])), line)
        line = self._macros(line, hold)
        line = line.replace("<", "&lt;")
        line = _HELD.sub(lambda m: held[int(m[1])], line)
        # What was held may hold others.
        return _HELD.sub(lambda m: held[int(m[1])], line)

    def _code(self, found: re.Match[str]) -> str:
        inside = found[2]
        if "pass:" in inside or "`" not in inside:
            inside = _PASSED.sub(lambda m: m[1] or m[2] or m[3] or "", inside)
        inside = _ADDRESS.sub(lambda m: m[3] or m[1] + m[2], _REFERENCE.sub(self._reference, inside))
        inside = _MACRO.sub(lambda m: self._macro(m).strip("`"), inside)
        ticks = "``" if "`" in inside else "`"
        return f"{ticks}{inside}{ticks}"

    def _macros(self, line: str, hold: Callable[[str], str]) -> str:
        line = _ANCHOR.sub(lambda m: hold(f'<a name="{m[1] or m[2]}"></a>'), line)
        line = _FOOTNOTE.sub(lambda m: f" ({m[1]})" if m[1].strip() else "", line)
        line = _REFERENCE.sub(self._reference, line)
        line = _ADDRESS.sub(lambda m: _shown(m[3]) or hold(m[1] + m[2]), line)
        line = _MACRO.sub(self._macro, line)
        line = _INDEX.sub(lambda m: m[1] or "", line)
        line = _MARKED.sub(lambda m: "" if "line-through" in (m[1] or "") else m[2] or m[3], line)
        line = _ROLE.sub("", line)
        line = _RAISED.sub(lambda m: "^" + (m[1] if m[1].isalnum() else f"({m[1]})"), line)
        return _LOWERED.sub(r"\1", line)

    def _reference(self, found: re.Match[str]) -> str:
        return self._words(found[1], _shown(found[2] or ""))

    def _words(self, target: str, said: str) -> str:
        if said:
            return said
        page, _, name = target.rpartition("#")
        return self._titles.get(name or page) or name.rpartition("/")[2].removesuffix(".adoc")

    def _macro(self, found: re.Match[str]) -> str:
        name, target, said = found[1], found[2].strip("+"), found[3].replace("\\]", "]")
        shown = _shown(said)
        made = {
            **dict.fromkeys(_NOTHING, ""),
            **dict.fromkeys(_MATH, f"`{said}`"),
            **dict.fromkeys(("kbd", "btn"), said),
            **dict.fromkeys(("link", "mailto"), shown or target),
            "image": shown.partition(",")[0],
            "menu": " > ".join(filter(None, [target, *re.split(r"\s*>\s*", said)])),
        }.get(name)
        if made is not None:
            return made
        if name == "xref":
            return self._words(target, shown)
        if not target:
            return said if name in ("indexterm2", "small", "big") else found[0]
        # One of the site's own: what it shows is its words, or the name of what it is about.
        return shown or f"`{target.rpartition('/')[2] if target.startswith('{') else target}`"


def _shown(said: str) -> str:
    """Read a link's text, of all that stands in its brackets."""
    said = said.strip()
    if said.startswith('"') and (end := said.find('"', 1)) > 0:
        return said[1:end]
    if "=" not in said:
        return said.removesuffix("^")
    return ",".join(part for part in said.split(",") if not _ATTRIBUTE.match(part)).strip().removesuffix("^")


def _escaped(text: str) -> str:
    """Escape signs that mean themselves."""
    return re.sub(r"([*_`\[\]<\\#])", r"\\\1", text)
