"""Finds what names one thing exactly, in a question and in what can be quoted. Pure."""

import re

from bot.backends.extractive.snippets import Snippet

_IDENTIFIER = re.compile(
    r"[A-Za-z]+[-_./]?\d[\w.\-/]*|v?\d+(?:\.\d+)+|[A-Za-z]{1,4}(?:\+\+|#)|[B-HJ-Z]|\d+-[A-Za-z][\w-]*"
)
_VERSION = re.compile(r"v\d+(?:\.\d+)+", re.IGNORECASE)


def identifiers(text: str) -> frozenset[str]:
    """Return what names one thing exactly: X100, v2.3.1, C++, node-0777. A version comes without its v."""
    words = (word.strip("?!.,;:()\"'`*") for word in text.split())
    return frozenset(_bare_version(word) for word in words if _IDENTIFIER.fullmatch(word))


def _bare_version(word: str) -> str:
    return word[1:] if _VERSION.fullmatch(word) else word


def exactly(names: frozenset[str], snippet: Snippet) -> frozenset[str]:
    """Return those that stand in the snippet or above it, and not only as the beginning of a longer one."""
    if not names:
        return names
    passage = snippet.passage
    text = f"{snippet.text}\n{snippet.lead}\n{passage.heading}\n{passage.title}"
    return frozenset(
        name
        for name in names
        if re.search(rf"(?<![\w+#-])v?{re.escape(name)}(?![\w+#-]|\.\d)", text, re.IGNORECASE)
    )


def labels(snippet: Snippet) -> frozenset[str]:
    """Return the identifiers that a row or an item is about: in its cells, or before its colon."""
    if snippet.kind == "row":
        return frozenset(cell.strip(" *`") for cell in snippet.text.strip("| ").split("|"))
    return frozenset({snippet.text.partition(":")[0].strip(" *`")}) if snippet.kind == "item" else frozenset()
