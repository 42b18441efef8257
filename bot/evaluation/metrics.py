"""Measures how good rankings and answers are. Pure.

Ours: ir_measures gives the same nDCG and recall to the last digit, and needs a compiled trec_eval for these lines.

The marking of answers (what counts as holding a fact, as cited, as declined) is that of the questions' own scorer,
so that both print the same numbers for one file of answers.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence

from bot.text.matching import plain, stands_in


def ndcg(ranked: Sequence[str], relevant: Mapping[str, int], *, at: int = 10) -> float:
    """Return the normalised discounted cumulative gain (Järvelin & Kekäläinen 2002), with gains as they are graded."""
    gain = sum(relevant.get(item, 0) / math.log2(place + 2) for place, item in enumerate(ranked[:at]))
    best = sorted(relevant.values(), reverse=True)[:at]
    ideal = sum(grade / math.log2(place + 2) for place, grade in enumerate(best))
    return gain / ideal if ideal else 0.0


def hit(ranked: Sequence[str], relevant: Collection[str], *, at: int) -> bool:
    return any(item in relevant for item in ranked[:at])


def recall(ranked: Sequence[str], relevant: Collection[str], *, at: int) -> float:
    return len(set(ranked[:at]) & set(relevant)) / len(relevant) if relevant else 0.0


def mean(values: Iterable[float]) -> float:
    """Return the mean; 0 of nothing."""
    known = list(values)
    return sum(known) / len(known) if known else 0.0


def percentile(values: Iterable[float], share: float) -> float:
    """Return the nearest-rank percentile; 0 of nothing."""
    known = sorted(values)
    return known[max(0, math.ceil(share * len(known)) - 1)] if known else 0.0


def holds_facts(answer: str, must_contain: Sequence[Sequence[str]]) -> bool:
    """Tell whether each group of alternatives has one in the answer."""
    text = plain(answer)
    return all(any(stands_in(text, alternative) for alternative in group) for group in must_contain)
