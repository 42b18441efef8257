"""Finds the word of the pages that a word which no page has may have been meant to be, one slip away. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.ports import Vocabulary
from bot.retrieval.query_terms import QueryTerms, SearchedTerms, replaced
from bot.retrieval.query_translation import english
from bot.text.analyzer import tokens

# Shorter words have too many neighbours; other letters than these are not guessed at.
_GUESSABLE = re.compile(r"[A-Za-z]{4,24}")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
# A wrong letter is a likely slip only in words that few others resemble ("lease" isn't "leave"), and where
# the keys are neighbours or both are vowels.
_LONG = 8
_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
_VOWELS = "aeiouy"
_MOST_SLIPS = 4
_MOST_SPELLINGS = 250
# In an index of so many chunks one that nobody else repeats may be mistyped itself.
_MANY_CHUNKS = 1_000


def _confused() -> dict[str, str]:
    """Return for each letter those that are typed in its place."""
    near = {letter: set(_VOWELS) - {letter} if letter in _VOWELS else set() for letter in _LETTERS}
    places = {letter: (x + y * 0.5, y) for y, row in enumerate(_ROWS) for x, letter in enumerate(row)}
    for one, (x, y) in places.items():
        near[one] |= {
            other for other, (u, v) in places.items() if one != other and abs(x - u) <= 1 and abs(y - v) <= 1
        }
    return {letter: "".join(sorted(others)) for letter, others in near.items()}


_CONFUSED = _confused()


@dataclass(frozen=True, slots=True)
class Slip:
    """An unknown word, and its possible spellings by the term that each is found by."""

    word: SearchedTerms
    spellings: Mapping[str, str]


def slips(wording: QueryTerms, vocabulary: Vocabulary) -> list[Slip]:
    """Return the first few of the words that nothing in the index matches."""
    if vocabulary.chunks is None or "en" not in vocabulary.languages:
        return []
    unknown = [
        word
        for word in wording.sought
        if not word.foreign
        and _GUESSABLE.fullmatch(word.surface)
        and word.surface.lower() not in english()
        and not any(term in vocabulary.holding for term in word.terms)
    ]
    return [Slip(word, _spellings(word.surface.lower())) for word in unknown[:_MOST_SLIPS]]


def _spellings(word: str) -> dict[str, str]:
    """Return the spellings that are one slip away and begin alike, by term, the likeliest slips first."""
    cuts = [(word[:at], word[at:]) for at in range(1, len(word) + 1)]
    guesses = [a + b[1] + b[0] + b[2:] for a, b in cuts if len(b) > 1]
    guesses += [a + b[1:] for a, b in cuts if b]
    guesses += [a + a[-1] + b for a, b in cuts]
    for letters in (_VOWELS, _LETTERS):
        guesses += [a + letter + b for a, b in cuts for letter in letters]
    if len(word) >= _LONG:
        guesses += [a + letter + b[1:] for a, b in cuts if b for letter in _CONFUSED[b[0]]]
    found: dict[str, str] = {}
    for guess in guesses[:_MOST_SPELLINGS]:
        for term in tokens(guess):
            found.setdefault(term, guess)
    return found


def mend(wording: QueryTerms, found: Sequence[Slip], vocabulary: Vocabulary) -> QueryTerms:
    """Add each slip's most usual spelling beside the word as it was written.

    `vocabulary` is of the spellings' terms. Both words are kept, because the slip may be a right word that no page
    has.
    """
    fewest = 2 if (vocabulary.chunks or 0) >= _MANY_CHUNKS else 1
    meant: dict[str, str] = {}
    terms: dict[str, str] = {}
    for slip in found:
        best = max(slip.spellings, key=lambda term: vocabulary.holding.get(term, 0), default="")
        if vocabulary.holding.get(best, 0) >= fewest:
            meant[slip.word.surface], terms[slip.word.surface] = slip.spellings[best], best
    if not meant:
        return wording
    return replace(
        wording,
        texts=tuple(dict.fromkeys((*wording.texts, replaced(wording.texts[-1], meant)))),
        sought=tuple(
            replace(word, terms=(*word.terms, terms[word.surface]), others=(meant[word.surface],))
            if word.surface in terms
            else word
            for word in wording.sought
        ),
    )
