"""The rules that code can check, on one answer. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bot.sentences import sentences
from bot.style.guide import Rules

_MARKER: Final = re.compile(r"[ \t]*\[\d{1,3}\](?!\()")
_CODE: Final = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_QUOTE: Final = re.compile(r"^>.*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that an answer breaks, and how."""

    rule: str
    how: str


def broken(text: str, rules: Rules, *, most: int | None = None) -> list[Broken]:
    """`most` characters count where the guide says none. Markers aren't counted; code isn't read."""
    bare = _MARKER.sub("", text).strip()
    limit = rules.length.characters or most
    found: list[Broken] = []
    if limit and len(bare) > limit:
        found.append(Broken("length", f"{len(bare)} characters, at most {limit}"))
    prose = _CODE.sub("", bare)
    if rules.length.sentences and (count := len(sentences(prose))) > rules.length.sentences:
        found.append(Broken("sentences", f"{count} sentences, at most {rules.length.sentences}"))
    found += [Broken("avoid", f"has “{word}”") for word in _holding(prose, rules.words.avoid)]
    for word in rules.words.use:
        found += [Broken("use", f"has “{o}”, not “{word.say}”") for o in _holding(prose, word.instead_of)]
    if rules.opening and not bare.startswith(rules.opening):
        found.append(Broken("opening", "doesn't open as the guide says"))
    if rules.closing and not bare.endswith(rules.closing):
        found.append(Broken("closing", "doesn't close as the guide says"))
    return found


def checkable(rules: Rules, *, most: int | None = None) -> list[str]:
    """The rules that `broken` looks at in this guide."""
    there = {
        "length": rules.length.characters or most,
        "sentences": rules.length.sentences,
        "avoid": rules.words.avoid,
        "use": rules.words.use,
        "opening": rules.opening,
        "closing": rules.closing,
    }
    return [name for name, said in there.items() if said]


def _holding(text: str, words: Sequence[str]) -> Iterator[str]:
    """The words that stand in the text; signs such as "!" anywhere in it."""
    text = _QUOTE.sub("", text)
    for word in words:
        before = r"(?<!\w)" if word[0].isalnum() else ""
        after = r"(?!\w)" if word[-1].isalnum() else ""
        if re.search(before + re.escape(word) + after, text, re.IGNORECASE):
            yield word
