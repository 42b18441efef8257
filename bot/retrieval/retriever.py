"""Finds the passages to answer a question from, and whether they can: searches, fuses, reranks, judges, widens."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

import numpy as np

from bot import decisions
from bot.limits import RetrievalLimits
from bot.model import Passage, Question
from bot.ports import BackendError, Embedder, Hit, Reader, Reranker, SearchQuery, Vector, Vocabulary
from bot.retrieval import compounds, near_duplicates, query_terms, spell_correction
from bot.retrieval.answerability import deserves_another_look, judge, judge_again
from bot.retrieval.query_terms import QueryTerms
from bot.retrieval.retrieval_result import Retrieval, candidates_of, nearest_pages
from bot.retrieval.scoring import ScoredCandidate, fuse, terms_of
from bot.retrieval.section_expansion import MOST_SECTIONS, widen
from bot.retrieval.similarity_calibration import SAME, SimilarityScale, measure
from bot.runtime.circuit_breaker import CircuitBreaker
from bot.runtime.deadline import Deadline
from bot.runtime.work_context import degraded as degraded_part
from bot.runtime.work_context import span
from bot.text.questions.question_parts import parts

T = TypeVar("T")
log = logging.getLogger(__name__)

# How many chunks are looked at closely. 40 to 100 give about the same figures; each costs time. Words alone
# need more of them, and have the time that vectors would take.
POOL, POOL_ALONE = 48, 60
# Both legs bring candidates in equal parts; which of them is right is decided afterwards.
ALPHA = 0.5
RERANKED = 40
# A story may have more sentences than are worth a search each.
_MOST_LOOKS = 6

NO_EMBEDDER = "Searched by keywords alone: {why}"
NO_RERANKER = "Not reranked: {why}"


class Retriever:
    """Retrieves with a store alone (keywords), or with an embedder and a reranker beside it.

    `audiences` returns all that are configured. `relevance` is the least of the reranker's that is enough; None:
    the usual one of `answerability`.
    """

    def __init__(
        self,
        *,
        store: Reader,
        embedder: Embedder | None = None,
        reranker: Reranker | None = None,
        limits: RetrievalLimits | None = None,
        audiences: Callable[[], frozenset[str]] = frozenset,
        relevance: float | None = None,
    ) -> None:
        self._store = store
        self._audiences = audiences
        self._embedder = embedder
        self._reranker = reranker
        self._limits = limits or RetrievalLimits()
        self._relevance = relevance
        self._scale: SimilarityScale | None = None
        self._embedding = CircuitBreaker("the embedder")
        self._reranking = CircuitBreaker("the reranker")

    @property
    def breakers(self) -> tuple[CircuitBreaker, ...]:
        """The breakers of the embedder and the reranker, where there is one."""
        used = ((self._embedder, self._embedding), (self._reranker, self._reranking))
        return tuple(breaker for part, breaker in used if part is not None)

    async def retrieve(self, question: Question, standalone: str) -> Retrieval:
        """Search for `standalone` as `question`'s asker. Raises BackendError if the store is down."""
        if not question.audience:
            return Retrieval(queries=(standalone,), decision=decisions.NO_AUDIENCE, hidden=True)
        degraded: list[str] = []
        wanted, vocabulary = await self._read(standalone, question.audience, question.sources)
        vectors = await self._embed(wanted.texts, degraded)
        query = SearchQuery(
            text=query_terms.keywords(wanted, vocabulary),
            vector=None,
            audience=question.audience,
            sources=question.sources,
            alpha=ALPHA,
            limit=POOL if vectors else POOL_ALONE,
        )
        if wanted.gloss and vectors:
            query = replace(query, vector=await self._understood(query, vectors))
        elif vectors:
            query = replace(query, vector=_mean(vectors))
        with span("search"):
            hits = await self._store.search(query)
        scored = await asyncio.to_thread(_score, hits, wanted, vocabulary, self._scale or SAME)
        relevance = await self._rerank(standalone, scored, degraded)
        if relevance:
            scored = sorted(scored, key=lambda each: -relevance.get(each.passage.chunk_id, -1.0))
        trust = (self._scale or SAME).words
        verdict = judge(
            scored,
            relevance,
            words=len(wanted.sought),
            chunks=vocabulary.chunks,
            trust=trust,
            relevant=self._relevance,
        )
        if deserves_another_look(verdict, vocabulary.chunks):
            texts = [*wanted.texts, *(part.text for part in parts(standalone))]
            verdict = judge_again(verdict, await self._nearest(query, texts), vocabulary.chunks)
        surplus = await asyncio.to_thread(near_duplicates.surplus, scored)
        scored = [each for each in scored if each.passage.chunk_id not in surplus] + [
            each for each in scored if each.passage.chunk_id in surplus
        ]
        passages = await self._passages(scored, surplus, question.audience) if verdict.enough else ()
        hidden = not verdict.enough and await self._hidden(query, hits, wanted, vocabulary)
        candidates = await asyncio.to_thread(candidates_of, scored, relevance, surplus, passages, verdict)
        return Retrieval(
            passages=passages,
            candidates=candidates,
            enough=verdict.enough and bool(passages),
            strong=verdict.strong and bool(passages),
            nearest=nearest_pages(scored, None if verdict.enough else vocabulary.chunks),
            degraded=tuple(degraded),
            queries=tuple(dict.fromkeys((standalone, *wanted.texts))),
            evidence=verdict.measures,
            decision=verdict.reason,
            hidden=hidden,
        )

    async def _hidden(
        self, query: SearchQuery, seen: Sequence[Hit], wanted: QueryTerms, vocabulary: Vocabulary
    ) -> bool:
        """Tell whether pages for others would have been enough. It is for the journal alone, never for the asker."""
        others = self._audiences() - query.audience
        if not others:
            return False
        try:
            hits = await self._store.search(replace(query, audience=others))
        except BackendError as error:
            log.info("not known whether others' pages answer: %s", error)
            return False
        known = {hit.passage.doc_id for hit in seen}
        theirs = [hit for hit in hits if hit.passage.doc_id not in known]
        scored = await asyncio.to_thread(_score, theirs, wanted, vocabulary, self._scale or SAME)
        return judge(scored, {}, words=len(wanted.sought)).enough

    async def _read(
        self, text: str, audience: frozenset[str], sources: frozenset[str] | None
    ) -> tuple[QueryTerms, Vocabulary]:
        """Return the question's words with slips mended, and how common they are in what the asker may see."""
        languages = (await self._store.vocabulary((), audience, sources)).languages
        # A language's dictionary takes half a second at its first question.
        wanted = await asyncio.to_thread(query_terms.read, text, languages)
        known = await self._store.vocabulary(wanted.terms, audience, sources)
        wanted = await asyncio.to_thread(query_terms.glossed, wanted, known)
        pairs = await asyncio.to_thread(compounds.possible, text, wanted, known)
        if pairs.terms:
            whole = await self._store.vocabulary(pairs.terms, audience, sources)
            wanted = compounds.written_as_pages_do(wanted, pairs, whole)
            known = replace(known, holding={**known.holding, **whole.holding})
        slips = await asyncio.to_thread(spell_correction.slips, wanted, known)
        if slips:
            spellings = [term for slip in slips for term in slip.spellings]
            guesses = await self._store.vocabulary(spellings, audience, sources)
            wanted = await asyncio.to_thread(spell_correction.mend, wanted, slips, guesses)
            known = replace(known, holding={**known.holding, **guesses.holding})
        return wanted, known

    async def _embed(self, texts: Sequence[str], degraded: list[str]) -> list[Vector]:
        """Return the texts' vectors; none, with a line in `degraded`, if the embedder is down."""
        if self._embedder is None:
            return []
        try:
            with span("embed"):
                async with self._embedding.guard():
                    vectors = await self._vectors(self._embedder, texts)
        except BackendError as error:
            log.warning("searching by keywords alone: %s", error)
            degraded_part("the embedder")
            degraded.append(NO_EMBEDDER.format(why=error.reason))
            return []
        await self._measure(self._embedder)
        return vectors

    async def _understood(self, query: SearchQuery, vectors: Sequence[Vector]) -> Vector:
        """Return the vector that a page is nearest to: some models know a question's language, others only its gloss."""
        near = await self._store.nearest(vectors, query.audience, query.sources)
        if near is None:
            return vectors[0]
        return max(zip(near.similarities, vectors, strict=True), key=lambda each: each[0])[1]

    async def _vectors(self, embedder: Embedder, texts: Sequence[str]) -> list[Vector]:
        embedding = asyncio.gather(*map(embedder.embed_query, texts))
        return await _within(self._limits.embed, "the embedder", embedding)

    async def _measure(self, embedder: Embedder) -> None:
        """Measure what the model's similarities mean, at the first question; if that fails they are taken as they are."""
        if self._scale is not None:
            return
        try:
            self._scale = await _within(self._limits.embed, "the embedder", measure(embedder))
        except BackendError as error:
            log.warning("the model's scale was not measured: %s", error)

    async def _nearest(self, query: SearchQuery, texts: Sequence[str]) -> float:
        """Return the best similarity of any chunk to any one of the texts; 0 if there is but one text."""
        texts = list(dict.fromkeys(texts))[:_MOST_LOOKS]
        if self._embedder is None or len(texts) == 1:
            return 0.0
        try:
            vectors = await self._vectors(self._embedder, texts)
        except BackendError as error:
            log.warning("no other look at the question: %s", error)
            return 0.0
        near = await self._store.nearest(vectors, query.audience, query.sources)
        return (self._scale or SAME).of(max(near.similarities)) if near is not None else 0.0

    async def _rerank(
        self, question: str, scored: Sequence[ScoredCandidate], degraded: list[str]
    ) -> dict[str, float]:
        """Return the relevance by chunk id; nothing without a reranker, or if it is down."""
        if self._reranker is None or not scored:
            return {}
        best = [each.passage for each in scored[:RERANKED]]
        texts = ["\n".join(filter(None, (p.title, p.heading, p.text))) for p in best]
        try:
            with span("rerank"):
                async with self._reranking.guard():
                    reranking = self._reranker.rerank(question, texts)
                    scores = await _within(self._limits.rerank, "the reranker", reranking)
        except BackendError as error:
            log.warning("not reranked: %s", error)
            degraded_part("the reranker")
            degraded.append(NO_RERANKER.format(why=error.reason))
            return {}
        return {p.chunk_id: score for p, score in zip(best, scores, strict=True)}

    async def _passages(
        self, scored: Sequence[ScoredCandidate], surplus: Mapping[str, str], audience: frozenset[str]
    ) -> tuple[Passage, ...]:
        winners = [
            replace(each.passage, score=each.score, called=each.called)
            for each in scored[: MOST_SECTIONS * 3]
            if each.passage.chunk_id not in surplus
        ]
        return await widen(winners, self._store, audience, tokens=self._limits.passage_tokens)


def _mean(vectors: Sequence[Vector]) -> Vector:
    mean: Vector = np.stack(vectors).mean(axis=0, dtype=np.float32)
    length = float(np.linalg.norm(mean))
    return mean / length if length else mean


async def _within(seconds: float, part: str, awaitable: Awaitable[T]) -> T:
    return await Deadline(seconds).wait(part, awaitable, seconds=seconds)


def _score(
    hits: Sequence[Hit], wanted: QueryTerms, vocabulary: Vocabulary, scale: SimilarityScale
) -> list[ScoredCandidate]:
    terms = [terms_of(hit, vocabulary.languages) for hit in hits]
    weighed = query_terms.weigh(wanted.sought, vocabulary)
    if weighed is None:
        weighed = query_terms.weigh_by(wanted.sought, [each.distinct for each in terms])
    return fuse(hits, terms, weighed, scale)
