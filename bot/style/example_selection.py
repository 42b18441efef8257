"""Selects the examples of a prompt: near the question, unlike one another, within a budget. Pure.

The order depends on the question and the guide alone: on scores, and on names where scores tie.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from bot.style.guide import Sample
from bot.text.analyzer import query_terms
from bot.text.language_guess import guess_language
from bot.text.token_count import count_tokens

# Maximal marginal relevance (Carbonell & Goldstein 1998): so much for nearness, the rest against likeness.
NEARNESS: Final = 0.7


def fitting(
    samples: Sequence[Sample], *, places: frozenset[str], audience: frozenset[str], language: str
) -> list[Sample]:
    """Return the examples for this audience and one of these places, or any; in the question's language if there are some.

    `places` are the channel's id and name and what else names the place, in any case, with or without `#`; empty:
    it isn't known, so all will do.
    """
    here = {_place(place) for place in places}
    there = [
        sample
        for sample in samples
        if sample.example.audience <= audience
        and (
            not here or not sample.example.channels or here.intersection(map(_place, sample.example.channels))
        )
    ]
    return [sample for sample in there if _language(sample) == language] or there


def _place(name: str) -> str:
    return name.strip().lstrip("#").casefold()


def _language(sample: Sample) -> str:
    return sample.example.language or guess_language(sample.example.question)


def asked(sample: Sample) -> str:
    """Return the text that a question is compared with: the example's own, what came before it, its tags."""
    example = sample.example
    return " ".join(part for part in (example.question, example.context, " ".join(example.tags)) if part)


def by_words(question: str, samples: Sequence[Sample]) -> tuple[list[float], NDArray[np.float64]]:
    """Return how near each example is to the question (n), and to each other (n x n): cosine of tf-idf, from 0 to 1."""
    texts = [question, *(asked(sample) for sample in samples)]
    bags = [Counter(query_terms(text)) for text in texts]
    common = Counter(term for bag in bags for term in bag)
    rows = [{term: n * math.log(1 + len(bags) / common[term]) for term, n in bag.items()} for bag in bags]
    like = np.array([[_cosine(one, other) for other in rows] for one in rows])
    return [float(value) for value in like[0, 1:]], like[1:, 1:]


def _cosine(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    dot = sum(value * other[term] for term, value in one.items() if term in other)
    lengths = math.sqrt(sum(v * v for v in one.values()) * sum(v * v for v in other.values()))
    return dot / lengths if lengths else 0.0


def pick(
    samples: Sequence[Sample],
    near: Sequence[float],
    like: NDArray[np.float64],
    *,
    most: int,
    tokens: int,
) -> list[Sample]:
    """Return at most `most` examples of `tokens` altogether, the nearest first.

    One that doesn't fit is passed over for a shorter one.
    """
    left = sorted(range(len(samples)), key=lambda i: samples[i].id)
    taken: list[int] = []
    while left and len(taken) < most:
        best = max(left, key=lambda i: round(_worth(i, taken, near, like), 6))
        left.remove(best)
        cost = size(samples[best])
        if cost <= tokens:
            tokens -= cost
            taken.append(best)
    return [samples[i] for i in taken]


def _worth(i: int, taken: Sequence[int], near: Sequence[float], like: NDArray[np.float64]) -> float:
    closest = max((float(like[i, j]) for j in taken), default=0.0)
    return NEARNESS * near[i] - (1 - NEARNESS) * closest


def size(sample: Sample) -> int:
    """Return the example's tokens in a prompt, approximately."""
    return count_tokens(sample.example.question) + count_tokens(sample.example.answer)
