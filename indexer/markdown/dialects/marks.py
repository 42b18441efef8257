"""Rewrites marks within a line that only one dialect reads: exponents, keys, icons, roles, attributes, block ids, embeds."""

import re
from collections.abc import Sequence
from typing import Final

_RAISED_TAG: Final = re.compile(r"<su([pb])\b[^<>]*>((?:[^<]|<(?!/?su[pb]\b))*)</su\1\s*>", re.IGNORECASE)
_TAG: Final = re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE)
_RAISED: Final = re.compile(r"(?<=[\w)\]])\^(?!\^)([^\s^\[\]|]{1,40})\^(?!\^)")
_LOWERED: Final = re.compile(r"(?<=[A-Za-z)])(?<!~)~([A-Za-z0-9+-]{1,20})~(?!~)")
_OVER: Final = re.compile(r"[ ]?(?:[/\u2044]|&frasl;)[ ]?<sub\b", re.IGNORECASE)
# Said as one word with what they stand behind: 5th, Acme™, 1er.
_ORDINAL: Final = re.compile(r"(?i:st|nd|rd|th|er|re|ère|e|ème|o|a|º|ª|tm|sm|®|™|\(r\)|\(tm\))")
_KEYS: Final = re.compile(r"(?<![\w+])\+\+([\w\"' +-]{1,60}?)\+\+(?![\w+])")
_INSERTED: Final = re.compile(r"\{\+\+([^{}]{0,2000}?)\+\+\}|\{==([^{}]{0,2000}?)==\}")
_HIGHLIGHT: Final = re.compile(r"(?<![=\w])==(?=[^\s=])([^=\n]{1,500}?)(?<=[^\s=])==(?![=\w])")
_ICON: Final = re.compile(
    r":(?:material|octicons|fontawesome|simple|fa|fas|fab|mdi|bi|lucide)-[\w-]{1,80}:(?:\{[^{}\n]*\})?"
)
# An id, classes, keys with values, as attribute lists of Python-Markdown, kramdown, Pandoc and markdown-it have it.
ATTRIBUTES: Final = r"\{:?[ ]*(?:(?:[.#][\w:./%-]+|[\w:-]+=(?:\"[^\"\n]*\"|'[^'\n]*'|[^\s{}\"']+)|-)[ ]*)+\}"
_AFTER_INLINE: Final = re.compile(rf"(?<=[)\]>\x00])[ ]?{ATTRIBUTES}")
_ALONE: Final = re.compile(rf"^[ >]*(?:{ATTRIBUTES}|\{{:[^{{}}\n]*\}})[ ]*$", re.MULTILINE)
_BELOW_HEADING: Final = re.compile(r"^( {0,3}#{1,6} [^\n]*)\n(\{:[^{}\n]*\})[ ]*$", re.MULTILINE)
_HEADING: Final = re.compile(r"[ >]*#")
_AT_END: Final = re.compile(rf"(?<=\S)[ ]+(?=\{{:|\{{ ?[.#]){ATTRIBUTES}[ ]*$", re.MULTILINE)
_ROLE: Final = re.compile("\\{([A-Za-z][\\w:+.-]{0,60})\\}\x00S(\\d+)\x00")
_LITERAL_ROLES: Final = re.compile(
    r"(?:\w+:)?(?:code|literal|file|samp|command|program|kbd|envvar|option|makevar|mailheader|mimetype|regexp|func|class|meth|mod"
    r"|attr|data|exc|obj|const|type|var|member|macro|confval|math|eq|download)"
)
_TITLED: Final = re.compile(r"(.*\S)\s*<[^<>]+>\s*")
_BLOCK_ID: Final = re.compile(r"(?:(?<=[ \t])|^)\^(?:[A-Za-z][A-Za-z0-9-]+|[a-z0-9]{6})[ \t]*$", re.MULTILINE)
_EMBED: Final = re.compile(
    r"!\[\[[^\[\]\n|#^]{1,400}\.(?:png|jpe?g|gif|svg|webp|bmp|avif|pdf|mp[34]|webm|ogv|mov|mkv|wav|m4a|ogg|flac|3gp|canvas|base"
    r"|excalidraw(?:\.md)?)(?:[#|\\][^\[\]\n]*)?\]\]",
    re.IGNORECASE,
)
_WIKI_IN_CELL: Final = re.compile(r"!?\[\[[^\[\]|\\\n]{0,400}\\\|([^\[\]\n]{1,400})\]\]")
_CONTENTS: Final = re.compile(
    r"^[ >]*(?:\[TOC\]|\[\[_?TOC_?\]\]|@\[TOC\]|\$\{TOC\}|\{:toc\})[ ]*$|^[ ]*--8<--.*$|^<<< .*$|^[*-] .*\n\{: ?toc[^}\n]*\}[ ]*$",
    re.MULTILINE | re.IGNORECASE,
)
_ABBREVIATION: Final = re.compile(r"^\*\[([^\]\n]{1,100})\]:[ ]*(.*)$", re.MULTILINE)
_TARGET: Final = re.compile(r"^[ ]*\(([\w:./ -]{1,200})\)=[ ]*$", re.MULTILINE)


def without_marks(text: str, spans: Sequence[str]) -> str:
    """Rewrite the marks. `text` has numbers in place of its code `spans` (see `masks`), of which MyST's roles are made."""
    if "<su" in text.lower():
        text = _RAISED_TAG.sub(lambda m: _raised(text, m), text)
    if "^" in text:
        text = _RAISED.sub(lambda m: "^" + _grouped(m[1]), _BLOCK_ID.sub("", text))
    if "~" in text:
        text = _LOWERED.sub(r"\1", text)
    if "{" in text:
        text = _in_braces(text, spans)
    if "==" in text:
        text = _HIGHLIGHT.sub(r"\1", text)
    if "++" in text:
        text = _KEYS.sub(lambda m: m[1].replace('"', "").replace("'", ""), text)
    if "[[" in text:
        text = _WIKI_IN_CELL.sub(r"\1", _EMBED.sub("", text))
    text = _ICON.sub("", text) if ":" in text else text
    text = _ABBREVIATION.sub(r"\n\1: \2\n", text) if "*[" in text else text
    return _CONTENTS.sub("", text)


def _in_braces(text: str, spans: Sequence[str]) -> str:
    text = _INSERTED.sub(lambda m: m[1] or m[2] or "", text)
    text = _ROLE.sub(lambda m: _role(m[1], spans[int(m[2])]), text)
    # A heading's say what its anchor is.
    text = _AFTER_INLINE.sub(lambda m: m[0] if _ends_heading(text, m) else "", text)
    text = _BELOW_HEADING.sub(r"\1 \2", text)
    return _AT_END.sub(lambda m: m[0] if _is_heading(text, m.start()) else "", _ALONE.sub("", text))


def _ends_heading(text: str, found: re.Match[str]) -> bool:
    return not text[found.end() : found.end() + 80].partition("\n")[0].strip() and _is_heading(
        text, found.start()
    )


def _is_heading(text: str, at: int) -> bool:
    return _HEADING.match(text, text.rfind("\n", 0, at) + 1) is not None


def targets(text: str) -> str:
    """Make MyST's `(name)=` the anchor of the heading below it."""
    return _TARGET.sub(r'\n<a name="\1"></a>\n', text) if ")=" in text else text


def _role(name: str, span: str) -> str:
    said = span.strip("`").strip()
    said = titled[1] if (titled := _TITLED.fullmatch(said)) else said.lstrip("~!")
    return f"`{said}`" if _LITERAL_ROLES.fullmatch(name) and "`" not in said else said


def _raised(text: str, found: re.Match[str]) -> str:
    """Write raised text: letters stay beside those before them, but a number must not join a number."""
    kind, words = found[1].lower(), " ".join(_TAG.sub("", found[2]).split())
    before = text[found.start() - 1 : found.start()]
    if kind == "p" and _OVER.match(text, found.end()):  # 1 and 3/4 is no power of 1
        return f" {words}" if before.isalnum() else words
    if not words:
        return ""
    if kind == "b":
        return f"_{_grouped(words)}" if before.isdigit() and words[0].isdigit() else words
    if _ORDINAL.fullmatch(words) or not (before.isalnum() or before in {")", "]"}):
        return words
    return "^" + _grouped(words)


def _grouped(words: str) -> str:
    return words if len(words) == 1 or words.lstrip("+-−").isalnum() else f"({words})"
