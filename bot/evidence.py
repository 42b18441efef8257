"""Whether what was found can answer the question: from what the parts measured, never from a fused score.

A fused or relative score says which chunk is best, not whether the best is any good.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.fusion import Scored

# --- the thresholds, all of them ------------------------------------------------------------------
ENOUGH_RELEVANCE, STRONG_RELEVANCE = 0.2, 0.6
ENOUGH, STRONG = 0.36, 0.62
ENOUGH_WORDS, STRONG_WORDS = 0.25, 0.6
# --------------------------------------------------------------------------------------------------

_TOP = 5


@dataclass(frozen=True, slots=True)
class Verdict:
    """`measures` are what was looked at; `reason` says in words what decided."""

    enough: bool
    strong: bool
    measures: Mapping[str, float]
    reason: str


def judge(scored: Sequence[Scored], relevance: Mapping[str, float]) -> Verdict:
    """`scored` is best first; `relevance` is the reranker's by chunk id, empty without one."""
    if not scored:
        return Verdict(enough=False, strong=False, measures={}, reason="nothing was found")
    if relevance:
        return _by("relevance", max(relevance.values()), ENOUGH_RELEVANCE, STRONG_RELEVANCE)
    top = scored[:_TOP]
    covered = max(each.covered for each in top)
    similar = [each.similarity for each in top if each.similarity is not None]
    if not similar:
        return _by("coverage", covered, ENOUGH_WORDS, STRONG_WORDS)
    verdict = _by("similarity and coverage", max(similar) + 0.2 * covered, ENOUGH, STRONG)
    measures = {"similarity": max(similar), "coverage": covered}
    return Verdict(verdict.enough, verdict.strong, measures, verdict.reason)


def _by(name: str, value: float, enough: float, strong: float) -> Verdict:
    sign, bound = (">=", enough) if value >= enough else ("<", enough)
    return Verdict(value >= enough, value >= strong, {name: value}, f"{name} {value:.2f} {sign} {bound:.2f}")
