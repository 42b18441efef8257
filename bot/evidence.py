"""Whether what was found can answer the question: from what the parts measured, never from a fused score.

A fused or relative score says which chunk is best, not whether the best is any good.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.fusion import Scored

# --- the thresholds, all of them ------------------------------------------------------------------
# Found over three public sets with MiniLM: questions that the pages answer, the same questions with the
# pages that answer them taken away, questions of another set, and nine that a handbook doesn't answer.
# Similarity alone tells these apart best (area under the curve .70-.92 for the hardest kind, .85-1 for
# off-topic ones); peaks, gaps and coverage added to it in a logistic regression that was fitted to the other
# sets changed that by ±.03. At .44 it loses 7 % of a handbook's questions in everyday words, 1 % of the
# other sets', and declines 6 of the 9, and about 94 % of what is off-topic.
ENOUGH_SIMILARITY = 0.44
# A story with a question in it is like no page as a whole, nor is the mean of a question and its gloss: what
# is only so much below is looked at again, by sentences and by texts.
NEARLY_ENOUGH_SIMILARITY = 0.34
# A question whose words are all on the page, such as a flag's name, needs no similarity.
ENOUGH_WORDS = 0.8
# Without vectors words are all there is: bot.fusion's share of them on the page, times the root of their
# number, since half of eight words says more than one of two. It tells off-topic questions (area .93-.99,
# a large handbook's .76), hardly those that the pages might have answered: only the hopeless is declined.
ENOUGH_WORDS_ALONE = 0.3
STRONG_WORDS_ALONE, STRONG_NUMBER = 0.8, 3
# Unasked: both legs' best chunks are of one page. The page is right in 96-100 % of such cases, in all sets.
STRONG_SIMILARITY, STRONG_WORDS = 0.55, 0.4
# A reranker's relevance (Cohere's: 0..1, calibrated over many kinds of texts).
ENOUGH_RELEVANCE, STRONG_RELEVANCE = 0.2, 0.6
# --------------------------------------------------------------------------------------------------

_TOP = 5


@dataclass(frozen=True, slots=True)
class Verdict:
    """`measures` are what was looked at; `reason` says in words what decided."""

    enough: bool
    strong: bool
    measures: Mapping[str, float]
    reason: str


def judge(scored: Sequence[Scored], relevance: Mapping[str, float], *, words: int = 1) -> Verdict:
    """`scored` is best first, by a question of so many telling words.

    `relevance` is the reranker's by chunk id, empty without one.
    """
    if not scored:
        return Verdict(enough=False, strong=False, measures={}, reason="nothing was found")
    covered = max(each.covered for each in scored[:_TOP])
    similar = [each.similarity for each in _winners(scored) if each.similarity is not None]
    measures = {"coverage": covered}
    if similar:
        measures["similarity"] = max(similar)
    if relevance:
        measures["relevance"] = best = max(relevance.values())
        enough, strong = best >= ENOUGH_RELEVANCE, best >= STRONG_RELEVANCE
        reason = _compared("relevance", best, ENOUGH_RELEVANCE)
    elif similar:
        best = max(similar)
        enough = best >= ENOUGH_SIMILARITY or covered >= ENOUGH_WORDS
        strong = best >= STRONG_SIMILARITY and covered >= STRONG_WORDS and _agree(scored)
        coverage = _compared("coverage", covered, ENOUGH_WORDS)
        reason = f"{_compared('similarity', best, ENOUGH_SIMILARITY)}, {coverage}"
    else:
        measures["words"] = best = max(each.page for each in scored[:_TOP]) * math.sqrt(words)
        enough = best >= ENOUGH_WORDS_ALONE
        strong = covered >= STRONG_WORDS_ALONE and words >= STRONG_NUMBER
        reason = _compared("words", best, ENOUGH_WORDS_ALONE)
    return Verdict(enough, strong, measures, reason)


def judge_again(verdict: Verdict, similarity: float) -> Verdict:
    """`similarity` is the best that any part or wording of the question alone has to any chunk."""
    if similarity < ENOUGH_SIMILARITY:
        return verdict
    measures = {**verdict.measures, "part similarity": similarity}
    reason = _compared("similarity to a part of the question", similarity, ENOUGH_SIMILARITY)
    return replace(verdict, enough=True, measures=measures, reason=reason)


def deserves_another_look(verdict: Verdict) -> bool:
    """Declined by similarity, and not by far."""
    if verdict.enough or "relevance" in verdict.measures:
        return False
    return verdict.measures.get("similarity", 0.0) >= NEARLY_ENOUGH_SIMILARITY


def _winners(scored: Sequence[Scored]) -> list[Scored]:
    """Each page's best chunk. One that is only similar, on a page with a better one, is no evidence."""
    pages: dict[str, Scored] = {}
    for each in scored:
        pages.setdefault(each.passage.doc_id, each)
    return list(pages.values())


def _agree(scored: Sequence[Scored]) -> bool:
    """Whether the best chunks by either leg are of one page."""
    by_sense = max(scored, key=lambda each: each.similarity or 0.0)
    by_word = max(scored, key=lambda each: each.words)
    return by_sense.passage.doc_id == by_word.passage.doc_id


def _compared(name: str, value: float, bound: float) -> str:
    return f"{name} {value:.2f} {'≥' if value >= bound else '<'} {bound:.2f}"
