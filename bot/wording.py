"""A question's words: what to look for in pages, and how sure it is that the asker meant it. Pure."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.ports import Vocabulary

_MOST_TERMS = 48


@dataclass(frozen=True, slots=True)
class Sought:
    """One word of the question: any of its `terms` will do. `meant` is False for a guess at its spelling."""

    terms: tuple[str, ...]
    meant: bool = True


@dataclass(frozen=True, slots=True)
class Weighed:
    """A sought word and what it is worth to find it: its inverse document frequency."""

    sought: Sought
    weight: float


def weigh(wanted: Sequence[Sought], vocabulary: Vocabulary) -> list[Weighed] | None:
    """By how many of the index's chunks hold any spelling of the word; None if the store can't count."""
    if vocabulary.chunks is None:
        return None
    chunks = max(vocabulary.chunks, *vocabulary.holding.values(), 1)
    return [
        Weighed(word, rarity(max(vocabulary.holding.get(term, 0) for term in word.terms), chunks))
        for word in wanted[:_MOST_TERMS]
    ]


def weigh_by(wanted: Sequence[Sought], texts: Sequence[Mapping[str, float]]) -> list[Weighed]:
    """The same from a sample of the index's chunks, such as what a search found; each as its terms."""
    return [
        Weighed(word, rarity(sum(any(term in text for term in word.terms) for text in texts), len(texts)))
        for word in wanted[:_MOST_TERMS]
    ]


def rarity(holding: int, chunks: int) -> float:
    """Inverse document frequency as BM25 has it, never negative (Robertson & Zaragoza 2009)."""
    return math.log(1 + (chunks - holding + 0.5) / (holding + 0.5))
