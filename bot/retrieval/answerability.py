"""Whether what was found can answer the question: from what the parts measured, never from a fused score.

A fused or relative score says which chunk is best, not whether the best is any good.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.retrieval.scoring import ScoredCandidate

# --- the thresholds, all of them ------------------------------------------------------------------
# Looked at over two sets of the repository's (a company's handbook, the example) and three made outside of it
# (two handbooks, a reference), with MiniLM: questions that the pages answer, the same questions with the
# pages that answer them taken away, and 44 that the pages don't answer, many of them near misses. Similarity
# tells these apart about as well as anything (area under the curve .66-.83 for pages taken away, .55-.99 for
# unanswerable ones). Of 178 answerable questions 19 are declined, of the 44 others 27. At .44 without the
# next rule it was 20 and 27: a trade, better on two sets, worse on two.
ENOUGH_SIMILARITY = 0.45
# "Words" is bot.retrieval.scoring's share of the question's words on the best page, times the root of their number,
# since half of eight words says more than one of two. With many of them less similarity is enough. That few
# are found says little: the question may be in other words, or in another language.
MANY_WORDS, ENOUGH_WITH_MANY_WORDS = 1.1, 0.38
# A story with a question in it is like no page as a whole, nor is the mean of a question and its gloss: what
# is only so much below is looked at again, by sentences and by texts.
NEARLY_ENOUGH_SIMILARITY, ENOUGH_OF_A_PART = 0.34, 0.44
# A question whose words are all in one chunk, such as a flag's name, needs no similarity.
ENOUGH_COVERED = 0.8
# Without vectors words are all there is. They tell off-topic questions, hardly those that the pages might
# have answered: at .5 no answerable question more is lost in any of the five sets than at .3, and 11 of the
# 44 others are declined instead of 3; from .55 on answers are lost.
ENOUGH_WORDS_ALONE = 0.5
STRONG_WORDS_ALONE, STRONG_NUMBER = 0.8, 3
# Unasked: both legs' best chunks are of one page. The page is right in 96-100 % of such cases, in all sets.
STRONG_SIMILARITY, STRONG_WORDS = 0.55, 0.4
# A reranker's relevance (Cohere's: 0..1, calibrated over many kinds of texts).
ENOUGH_RELEVANCE, STRONG_RELEVANCE = 0.2, 0.6
# --------------------------------------------------------------------------------------------------

_TOP = 5


@dataclass(frozen=True, slots=True)
class Answerability:
    """`measures` are what was looked at; `reason` says in words what decided."""

    enough: bool
    strong: bool
    measures: Mapping[str, float]
    reason: str


def judge(
    scored: Sequence[ScoredCandidate], relevance: Mapping[str, float], *, words: int = 1
) -> Answerability:
    """`scored` is best first, by a question of so many telling words.

    `relevance` is the reranker's by chunk id, empty without one.
    """
    if not scored:
        return Answerability(enough=False, strong=False, measures={}, reason="nothing was found")
    covered = max(each.covered for each in scored[:_TOP])
    similar = [each.similarity for each in _winners(scored) if each.similarity is not None]
    words_found = max(each.page for each in scored[:_TOP]) * math.sqrt(words)
    measures = {"coverage": covered, "words": words_found}
    if similar:
        measures["similarity"] = max(similar)
    if relevance:
        measures["relevance"] = best = max(relevance.values())
        enough, strong = best >= ENOUGH_RELEVANCE, best >= STRONG_RELEVANCE
        reason = _compared("relevance", best, ENOUGH_RELEVANCE)
    elif similar:
        best = max(similar)
        bound = ENOUGH_WITH_MANY_WORDS if words_found >= MANY_WORDS else ENOUGH_SIMILARITY
        enough = best >= bound or covered >= ENOUGH_COVERED
        strong = best >= STRONG_SIMILARITY and covered >= STRONG_WORDS and _agree(scored)
        coverage = _compared("coverage", covered, ENOUGH_COVERED)
        reason = f"{_compared('similarity', best, bound)} with words {words_found:.2f}, {coverage}"
    else:
        enough = words_found >= ENOUGH_WORDS_ALONE
        strong = enough and covered >= STRONG_WORDS_ALONE and words >= STRONG_NUMBER
        reason = _compared("words", words_found, ENOUGH_WORDS_ALONE)
    return Answerability(enough, strong, measures, reason)


def judge_again(verdict: Answerability, similarity: float) -> Answerability:
    """`similarity` is the best that any part or wording of the question alone has to any chunk."""
    if similarity < ENOUGH_OF_A_PART:
        return verdict
    measures = {**verdict.measures, "part similarity": similarity}
    reason = _compared("similarity to a part of the question", similarity, ENOUGH_OF_A_PART)
    return replace(verdict, enough=True, measures=measures, reason=reason)


def deserves_another_look(verdict: Answerability) -> bool:
    """Declined by similarity, and not by far."""
    if verdict.enough or "relevance" in verdict.measures:
        return False
    return verdict.measures.get("similarity", 0.0) >= NEARLY_ENOUGH_SIMILARITY


def _winners(scored: Sequence[ScoredCandidate]) -> list[ScoredCandidate]:
    """Each page's best chunk. One that is only similar, on a page with a better one, is no evidence."""
    pages: dict[str, ScoredCandidate] = {}
    for each in scored:
        pages.setdefault(each.passage.doc_id, each)
    return list(pages.values())


def _agree(scored: Sequence[ScoredCandidate]) -> bool:
    """Whether the best chunks by either leg are of one page."""
    by_sense = max(scored, key=lambda each: each.similarity or 0.0)
    by_word = max(scored, key=lambda each: each.words)
    return by_sense.passage.doc_id == by_word.passage.doc_id


def _compared(name: str, value: float, bound: float) -> str:
    return f"{name} {value:.2f} {'≥' if value >= bound else '<'} {bound:.2f}"
