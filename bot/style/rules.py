"""Checks one answer against the rules that code can check. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from bot.style.guide import Rules, phrases
from bot.text.factual_claims import states_facts
from bot.text.markdown_units import split, statements

_MARKER: Final = re.compile(r"[ \t]*\[\d{1,3}\](?!\()")
_LEADING: Final = re.compile(r"^(?:\[\d{1,3}\]\s*)+")
_ENDING: Final = re.compile(r"\[\d{1,3}\]\W*$")
# What goes on in the next: an announcement, a question that is answered.
_OPEN: Final = re.compile(r"[:?]$")
_CODE: Final = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)
_QUOTE: Final = re.compile(r"^>.*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that an answer breaks, and how."""

    rule: str
    how: str


def broken(text: str, rules: Rules, *, most: int | None = None) -> list[Broken]:
    """Return the rules that the text breaks. `most` characters count where the guide says none.

    Markers aren't counted, and code isn't read.
    """
    bare = _MARKER.sub("", text).strip()
    limit = rules.length.characters or most
    found: list[Broken] = []
    if limit and len(bare) > limit:
        found.append(Broken("length", f"{len(bare)} characters, at most {limit}"))
    prose = _CODE.sub("", bare)
    if rules.length.sentences and (count := statements(prose)) > rules.length.sentences:
        found.append(Broken("sentences", f"{count} sentences, at most {rules.length.sentences}"))
    found += [Broken("avoid", f"has “{word}”") for word in _holding(prose, rules.words.avoid)]
    for word in rules.words.use:
        found += [Broken("use", f"has “{o}”, not “{word.say}”") for o in _holding(prose, word.instead_of)]
    if rules.citations == "sentence" and (bare_facts := list(_uncited(text, rules))):
        found.append(Broken("citations", f"no citation behind “{bare_facts[0][:60]}”"))
    if rules.opening and not bare.startswith(rules.opening):
        found.append(Broken("opening", "doesn't open as the guide says"))
    if rules.closing and not bare.endswith(rules.closing):
        found.append(Broken("closing", "doesn't close as the guide says"))
    return found


def _uncited(text: str, rules: Rules) -> Iterator[str]:
    """Give sentences that state facts and have no marker behind them, except for the guide's own."""
    for phrase in phrases(rules):
        text = text.replace(phrase, "")
    text = _CODE.sub("", text)
    for unit in split(text):
        said = _LEADING.sub("", text[unit.start : unit.end])
        marked = _ENDING.search(said) or _MARKER.match(text, unit.end)
        if unit.kind in ("prose", "item") and states_facts(said) and not (marked or _OPEN.search(said)):
            yield said


def checkable(rules: Rules, *, most: int | None = None) -> list[str]:
    """Return the rules that `broken` looks at in this guide."""
    there = {
        "length": rules.length.characters or most,
        "sentences": rules.length.sentences,
        "avoid": rules.words.avoid,
        "use": rules.words.use,
        "citations": rules.citations == "sentence",
        "opening": rules.opening,
        "closing": rules.closing,
    }
    return [name for name, said in there.items() if said]


def _holding(text: str, words: Sequence[str]) -> Iterator[str]:
    """Give the words that stand in the text; signs such as "!" count anywhere in it."""
    text = _QUOTE.sub("", text)
    for word in words:
        before = r"(?<!\w)" if word[0].isalnum() else ""
        after = r"(?!\w)" if word[-1].isalnum() else ""
        if re.search(before + re.escape(word) + after, text, re.IGNORECASE):
            yield word
