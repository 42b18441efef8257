"""Tells when two questions ask the same, with all thresholds for it. Pure."""

import re
from collections.abc import Collection
from typing import Final

from bot.text.analyzer import query_terms

# A verified answer is given without looking further: rather none than one to another question.
SAME_MEANING: Final = 0.9  # cosine of the questions' vectors, and then so many words in common:
WORDS_BESIDE_MEANING: Final = 0.5
SAME_WORDS: Final = 0.8  # where there are no vectors

_TELLING: Final = re.compile(r"\d[\d.,]*|\b(?:not|no|never|without|except|nicht|kein\w*|ohne|nie)\b|n't\b")


def same(one: str, other: str, cosine: float | None) -> bool:
    """Tell whether they ask the same. `cosine` is that of their vectors, None if not known.

    Other numbers or a negation make another question.
    """
    if set(_TELLING.findall(one.lower())) != set(_TELLING.findall(other.lower())):
        return False
    common = shared_words(one, other)
    if cosine is None:
        return common >= SAME_WORDS
    return cosine >= SAME_MEANING and common >= WORDS_BESIDE_MEANING


def shared_words(one: str, other: str) -> float:
    """Return the harmonic mean of the shares of each one's telling words that the other has (Dice), from 0 to 1."""
    first, second = set(query_terms(one)), set(query_terms(other))
    return _dice(first, second)


def _dice(first: Collection[str], second: Collection[str]) -> float:
    both = len(first) + len(second)
    return 2 * len(set(first) & set(second)) / both if both else 0.0
