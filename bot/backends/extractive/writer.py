"""Writes without a model: quotes the sentences that answer the question word for word, with citations."""

import asyncio
import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

import numpy as np

from bot.backends.extractive.further_detail import further
from bot.backends.extractive.rendering import QuotedPiece, length, render
from bot.backends.extractive.selection import Chosen, select
from bot.backends.extractive.snippet_scoring import LANGUAGES, Scorer, Similarity
from bot.backends.extractive.snippets import Snippet, snippets
from bot.model import Question, Usage
from bot.ports import (
    DETAILED,
    BackendError,
    Brief,
    Cited,
    Embedder,
    Finished,
    Reranker,
    Style,
    Wrote,
)
from bot.runtime.circuit_breaker import CircuitBreaker
from bot.runtime.deadline import Deadline
from bot.runtime.work_context import degraded
from bot.text.analyzer import query_terms
from bot.text.language_guess import guess_language
from bot.text.markdown_units import statements
from bot.text.questions import question_text
from bot.text.questions.question_parts import QuestionPart, asking_parts

NAME = "extractive"

# Of how many snippets the embedder is asked, the best by their words first. With 16 the right facts are in
# 24 of 43 handbook answers, with all (about 100) in 23, without an embedder in 21; a local model takes
# 0.13 s for 16.
COMPARED = 16
OF_PASSAGE = 1
_COMPARED_CHARACTERS = 600
BY_WORDS = "Passages chosen by their words alone: {why}"

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What was made of a brief so far."""

    question: str
    gloss: str
    parts: tuple[QuestionPart, ...]
    snippets: tuple[Snippet, ...]
    scorer: Scorer
    style: Style
    detailed: bool = False


class ExtractiveWriter:
    """A writer that is never down. With an `embedder` it compares meanings, for at most `seconds`.

    A `reranker` tells better what answers; where there is one, the embedder isn't asked. One second was too little
    for a local model on a busy machine: answers got worse without a word about it.
    """

    def __init__(
        self, embedder: Embedder | None = None, reranker: Reranker | None = None, *, seconds: float = 3.0
    ) -> None:
        self._embedder = embedder
        self._reranker = reranker
        self._seconds = seconds
        self._breaker = CircuitBreaker("the embedder")
        self._calls = 0

    async def standalone(self, question: Question) -> str:
        return question_text.merged(question)

    async def write(self, brief: Brief) -> AsyncIterator[Wrote | Cited | Finished]:
        self._calls += 1
        reading = await asyncio.to_thread(_read, brief)
        similarity, instead = await self._similarity(reading)
        pieces, more = await asyncio.to_thread(quote, reading, similarity)
        at = 0
        if brief.style.opening and pieces:
            opening = f"{brief.style.opening}\n\n"
            yield Wrote(opening)
            at = len(opening)
        for piece in pieces:
            text = f"{piece.gap}{piece.text}"
            yield Wrote(text)
            yield Cited(at + len(piece.gap), at + len(text), piece.chunk_ids)
            at += len(text)
        if brief.style.closing and pieces:
            yield Wrote(f"\n\n{brief.style.closing}")
        if not pieces:
            yield Wrote(" ")
        yield Finished("complete", Usage(NAME, calls=1), more=more, degraded=instead)

    def usage(self) -> Usage:
        return Usage(NAME, calls=self._calls)

    async def close(self) -> None: ...

    async def _similarity(self, reading: _Reading) -> tuple[Similarity | None, str]:
        """Compare the likeliest snippets with each part.

        None without an embedder or, with a reason, if it fails or is slow.
        """
        if not reading.snippets or (self._embedder is None and self._reranker is None):
            return None, ""
        likely = await asyncio.to_thread(_likely, reading)
        if self._reranker is not None:
            comparing = _rerank(self._reranker, reading, likely)
        elif self._embedder is not None:
            comparing = _embed(self._embedder, reading, likely)
        try:
            async with self._breaker.guard():
                comparing_ends = Deadline(self._seconds).wait(
                    "the embedder", comparing, seconds=self._seconds
                )
                return await comparing_ends, ""
        except BackendError as error:
            comparing.close()
            log.warning("quoting by words alone: %s", error)
            degraded("the embedder" if self._reranker is None else "the reranker")
            return None, BY_WORDS.format(why=error.reason)


def _read(brief: Brief) -> _Reading:
    found = tuple(snippets(brief.passages))
    question, gloss = _mended(brief)
    parts = asking_parts(question)
    scorer = Scorer(question, parts, found)
    return _Reading(question, gloss, parts, found, scorer, brief.style, brief.detailed)


def _mended(brief: Brief) -> tuple[str, str]:
    """Return the question without its slips, and in the pages' language; the second is "" if they are the same."""
    if not brief.wordings:
        return brief.question, ""
    other = brief.wordings[-1]
    if guess_language(other, LANGUAGES) == guess_language(brief.question, LANGUAGES):
        return other, ""
    return brief.question, other


def _likely(reading: _Reading) -> list[int]:
    """Return the indexes of the snippets that are the best by their words; each part has its share of them."""
    share = max(4, COMPARED // len(reading.parts))
    likely: set[int] = set()
    of_passage: Counter[str] = Counter()
    for number in range(len(reading.parts)):
        ranked = reading.scorer.part(number)
        likely.update(one.index for one in ranked[:share])
        for one in ranked:
            chunk = one.snippet.passage.chunk_id
            if of_passage[chunk] < OF_PASSAGE:
                of_passage[chunk] += 1
                likely.add(one.index)
    return sorted(likely)


async def _embed(embedder: Embedder, reading: _Reading, likely: Sequence[int]) -> Similarity:
    texts = [_in_context(reading.snippets[index]) for index in likely]
    asked = [part.text for part in reading.parts]
    vectors = await embedder.embed_documents(texts)
    whole = await embedder.embed_query(reading.gloss or reading.question)
    same = bool(reading.gloss) or len(asked) == 1
    alone = [whole if same else await embedder.embed_query(text) for text in asked]
    similar = [vectors @ ((whole + own) / 2) for own in alone]
    return [_spread(values, likely, len(reading.snippets)) for values in similar]


async def _rerank(reranker: Reranker, reading: _Reading, likely: Sequence[int]) -> Similarity:
    texts = [_in_context(reading.snippets[index]) for index in likely]
    asked = [reading.gloss] if reading.gloss else [part.text for part in reading.parts]
    relevant = [np.asarray(await reranker.rerank(text, texts)) for text in asked]
    spread = [_spread(values, likely, len(reading.snippets)) for values in relevant]
    return spread * len(reading.parts) if reading.gloss else spread


def _spread(values: np.ndarray, likely: Sequence[int], count: int) -> list[float]:
    """Return a value for every snippet: those that weren't compared get the least of those that were."""
    spread = [float(values.min())] * count
    for index, value in zip(likely, values, strict=True):
        spread[index] = float(value)
    return spread


def _in_context(snippet: Snippet) -> str:
    passage = snippet.passage
    around = (passage.title, passage.heading.rpartition(" > ")[2], snippet.lead, snippet.text)
    return " ".join(part for part in around if part)[:_COMPARED_CHARACTERS]


def quote(reading: _Reading, similarity: Similarity | None = None) -> tuple[list[QuotedPiece], bool]:
    """Return the answer's pieces, none if nothing can be quoted, and whether there are others to ask for."""
    ranked = [reading.scorer.part(number, similarity) for number in range(len(reading.parts))]
    asked = frozenset(query_terms(reading.question))
    usual, wide = _fits(reading, asked), _fits(reading, asked, times=DETAILED)
    first = select(ranked, reading.parts, reading.snippets, usual, asked=asked)
    about = select(ranked, reading.parts, reading.snippets, wide, asked=asked)
    others = further(first, about, reading.snippets, wide)
    if reading.detailed and others:
        return render(others, asked, titled=True), False
    return render(first, asked), bool(others) and not reading.detailed


def _fits(reading: _Reading, asked: frozenset[str], *, times: int = 1) -> Callable[[Sequence[Chosen]], bool]:
    """Return what tells whether the chosen are within the style's limits, or so many `times` those of a usual answer."""
    style = reading.style
    share = DETAILED if reading.detailed else 1
    room = style.max_characters * times // share - len(style.opening) - len(style.closing)
    most = style.max_sentences and style.max_sentences * times // share

    def fits(chosen: Sequence[Chosen]) -> bool:
        pieces = render(chosen, asked)
        return length(pieces) <= room and _brief_enough(chosen, pieces, most)

    return fits


def _brief_enough(chosen: Sequence[Chosen], pieces: Sequence[QuotedPiece], most: int | None) -> bool:
    """Tell whether it is within `most`.

    A list alone stays whole whatever the guide says: half of the steps would mislead.
    """
    alone = len(pieces) == 1 and chosen[0].snippet.kind == "item"
    return most is None or alone or sum(statements(piece.text) for piece in pieces) <= most
