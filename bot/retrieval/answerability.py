"""Judges whether what was found can answer the question, by what each part measured and never by a fused score.

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
# "Words" is bot.retrieval.scoring's share of the question's words on the best page, times the root of their number,
# since half of eight words says more than one of two. With many of them less similarity is enough. That few
# are found says little: the question may be in other words, or in another language.


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much similarity is enough by itself, and how much once the words' score is at least `many_words`."""

    similarity: float
    many_words: float
    with_many_words: float


BOUNDS = Bounds(similarity=0.46, many_words=1.08, with_many_words=0.38)
# The same for an embedder that separates badly (SimilarityScale.words): with it similarity without a word in
# common says nothing.
BADLY = 1.2
BOUNDS_BADLY = Bounds(similarity=0.5, many_words=1.0, with_many_words=0.42)
SOME_WORDS = 0.25
# So many words are enough by themselves, and never fewer than the second.
ALL_WORDS, LEAST_WORDS = 1.25, 0.65
# All bounds are for so many chunks: among fewer, less comes by chance.
_USUAL_CHUNKS = 10_000
# A story with a question in it is like no page as a whole, nor is the mean of a question and its gloss: what
# is only so much below is looked at again, by sentences and by texts.
NEARLY_ENOUGH_SIMILARITY, ENOUGH_OF_A_PART = 0.31, 0.44
# A question whose words are all in one chunk, such as a flag's name, needs no similarity.
ENOUGH_COVERED = 0.8
# Most of them, and this share of enough similarity.
NEARLY_COVERED, NEARLY = 0.7, 0.95
# Without vectors words are all there is. They tell off-topic questions, hardly those that the pages might
# have answered: at .5 no answerable question more is lost in any of the five sets than at .3, and 11 of the
# 44 others are declined instead of 3; from .55 on answers are lost.
ENOUGH_WORDS_ALONE = 0.5
# All words of a short question in one chunk: a term and its explanation.
ALL_COVERED = 0.95
STRONG_WORDS_ALONE, STRONG_NUMBER = 0.8, 3
# Unasked: both legs' best chunks are of one page. The page is right in 96-100 % of such cases, in all sets.
STRONG_SIMILARITY, STRONG_WORDS = 0.55, 0.4
# A page is named as near with so much, and no less than this share of the best one's score.
NEAR_COVERED, NEAR_SIMILARITY, NEAR_BEST = 0.34, 0.3, 0.4
# A reranker's relevance (Cohere's: 0..1, calibrated over many kinds of texts).
ENOUGH_RELEVANCE, STRONG_RELEVANCE = 0.2, 0.6
# --------------------------------------------------------------------------------------------------

_TOP = 5


@dataclass(frozen=True, slots=True)
class Answerability:
    """The verdict. `measures` are what was looked at; `reason` says in words what decided."""

    enough: bool
    strong: bool
    measures: Mapping[str, float]
    reason: str


def judge(
    scored: Sequence[ScoredCandidate],
    relevance: Mapping[str, float],
    *,
    words: int = 1,
    chunks: int | None = None,
    trust: float = 1.0,
    relevant: float | None = None,
) -> Answerability:
    """Judge by the chunks `scored`, best first, for a question of `words` telling words.

    `relevance` is the reranker's, by chunk id, empty without one; `relevant` is how much of it is enough. `chunks`
    is how many the asker may see, `trust` is SimilarityScale.words.
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
        least = ENOUGH_RELEVANCE if relevant is None else relevant
        enough, strong = best >= least, best >= max(least, STRONG_RELEVANCE)
        reason = _compared("relevance", best, least)
    elif similar:
        best = max(similar)
        bounds = BOUNDS if trust < BADLY else BOUNDS_BADLY
        by_chance = chance(chunks)
        bound = by_chance * (
            bounds.with_many_words if words_found >= bounds.many_words else bounds.similarity
        )
        enough = (
            best >= bound
            or covered >= ENOUGH_COVERED
            or words_found >= max(LEAST_WORDS, ALL_WORDS * by_chance**2)
        )
        enough = enough or (covered >= NEARLY_COVERED and best >= NEARLY * bound)
        enough = enough and (words_found >= SOME_WORDS or trust < BADLY)
        strong = best >= STRONG_SIMILARITY and covered >= STRONG_WORDS and _agree(scored)
        coverage = _compared("coverage", covered, ENOUGH_COVERED)
        reason = f"{_compared('similarity', best, bound)} with words {words_found:.2f}, {coverage}"
    else:
        enough = words_found >= ENOUGH_WORDS_ALONE or covered >= ALL_COVERED
        strong = enough and covered >= STRONG_WORDS_ALONE and words >= STRONG_NUMBER
        reason = _compared("words", words_found, ENOUGH_WORDS_ALONE)
    return Answerability(enough, strong, measures, reason)


def is_near(each: ScoredCandidate, best: ScoredCandidate, chunks: int | None) -> bool:
    """Tell whether a page is worth naming to who asked, whether it answers or not."""
    told = each.covered >= NEAR_COVERED or (each.similarity or 0.0) >= NEAR_SIMILARITY * chance(chunks)
    return (chunks is None or told) and each.score >= NEAR_BEST * best.score


def chance(chunks: int | None) -> float:
    """Return how similar the best of so many chunks is by chance, as a share of what it is for the usual number.

    The greatest of N random values grows with the root of log N.
    """
    return 1.0 if not chunks else min(1.0, math.sqrt(math.log(max(2, chunks)) / math.log(_USUAL_CHUNKS)))


def judge_again(verdict: Answerability, similarity: float, chunks: int | None = None) -> Answerability:
    """Judge again with the best similarity that one part or wording of the question has, taken alone, to any chunk."""
    bound = ENOUGH_OF_A_PART * chance(chunks)
    if similarity < bound:
        return verdict
    measures = {**verdict.measures, "part similarity": similarity}
    reason = _compared("similarity to a part of the question", similarity, bound)
    return replace(verdict, enough=True, measures=measures, reason=reason)


def deserves_another_look(verdict: Answerability, chunks: int | None = None) -> bool:
    """Tell whether the question was declined for want of similarity, and narrowly."""
    if verdict.enough or "relevance" in verdict.measures:
        return False
    return verdict.measures.get("similarity", 0.0) >= NEARLY_ENOUGH_SIMILARITY * chance(chunks)


def _winners(scored: Sequence[ScoredCandidate]) -> list[ScoredCandidate]:
    """Return each page's best chunk. One that is only similar, on a page with a better one, is no evidence."""
    pages: dict[str, ScoredCandidate] = {}
    for each in scored:
        pages.setdefault(each.passage.doc_id, each)
    return list(pages.values())


def _agree(scored: Sequence[ScoredCandidate]) -> bool:
    """Tell whether the best chunk by words and the best by vectors are of one page."""
    by_sense = max(scored, key=lambda each: each.similarity or 0.0)
    by_word = max(scored, key=lambda each: each.words)
    return by_sense.passage.doc_id == by_word.passage.doc_id


def _compared(name: str, value: float, bound: float) -> str:
    return f"{name} {value:.2f} {'≥' if value >= bound else '<'} {bound:.2f}"
