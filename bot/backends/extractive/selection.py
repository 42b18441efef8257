"""Selects the snippets of the answer: one page, the best unit first, then what else of it answers. Pure.

The page is the one whose best snippet and best section together score highest. A second page is quoted only for a
part of the question that the first page hardly answers, or because it contradicts the first. A snippet comes with
what makes it whole (see quotable_units).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.backends.extractive.contradictions import contradicts, replaced_by
from bot.backends.extractive.quotable_units import GAP, QuotableUnits, characters
from bot.backends.extractive.snippet_scoring import ScoredSnippet
from bot.backends.extractive.snippets import Snippet
from bot.text.analyzer import distinct_tokens
from bot.text.questions.question_parts import AnswerKind, QuestionPart

SECTION = 1.0  # what a page's best section counts beside its best snippet
NEAR = 0.4  # of the best snippet's score: what is below adds nothing
FAR = 0.5  # the same for another section of the page, which must hold words that the first lacks
ROOM = 420  # characters after which nothing is added to what answers
OVER = 80  # characters that the last thing may go beyond that
ELSEWHERE = 0.25  # so much better another page must be at a part of the question to be quoted for it
SAME = 0.75  # overlap of words from which on two snippets say the same
AS_WELL = 0.75  # the same for what says nothing new of the question
NEWS = 0.1  # of the weight of the question's words: with less of it, what is said is nothing new
AGREED = 0.6  # of its page's best score: what says otherwise must answer as well

Fits = Callable[[Sequence["Chosen"]], bool]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A snippet of the answer. `order` is the order in which they were picked."""

    snippet: Snippet
    order: int


def select(
    ranked: Sequence[Sequence[ScoredSnippet]],
    parts: Sequence[QuestionPart],
    snippets: Sequence[Snippet],
    fits: Fits,
    *,
    asked: frozenset[str] = frozenset(),
    room: int = ROOM,
) -> list[Chosen]:
    """Return the snippets to quote; none if nothing can be quoted.

    `ranked` are each part's snippets, best first; `asked` are the question's terms. `fits` tells whether so many
    may be chosen, and `room` is in characters.
    """
    best = _best_page(ranked)
    if best is None:
        return []
    picker = _Picker(snippets, fits, room)
    picker.quote(ranked, parts, best)
    other = picker.contradiction(ranked, asked)
    if other is None:
        return picker.chosen
    if any(replaced_by(one.snippet, other, snippets) for one in picker.chosen):
        old = picker.chosen[0].snippet
        picker = _Picker(snippets, fits, room)
        picker.quote(ranked, parts, other.passage.doc_id)
        other = picker.contradiction(ranked, asked) or old
    picker.append(other)
    return picker.chosen


def _best_page(ranked: Sequence[Sequence[ScoredSnippet]]) -> str | None:
    pages: dict[str, float] = {}
    sections: dict[str, float] = {}
    for one in (one for part in ranked for one in part):
        page = one.snippet.passage.doc_id
        pages[page] = max(pages.get(page, one.score), one.score)
        sections[page] = max(sections.get(page, 0.0), one.snippet.passage.score)
    return max(pages, key=lambda page: pages[page] + SECTION * sections[page], default=None)


def _top(queue: Sequence[ScoredSnippet]) -> float:
    return queue[0].score if queue else 0.0


def _merit(queue: Sequence[ScoredSnippet]) -> float:
    return max((one.merit for one in queue), default=0.0)


def _better(ranked: Sequence[ScoredSnippet], here: Sequence[ScoredSnippet]) -> list[ScoredSnippet]:
    """Return what another page says, if it is much better at this part."""
    if not ranked or _merit(ranked) < _merit(here) + ELSEWHERE:
        return []
    page = ranked[0].snippet.passage.doc_id
    return [one for one in ranked if one.snippet.passage.doc_id == page]


class _Picker:
    def __init__(self, snippets: Sequence[Snippet], fits: Fits, room: int) -> None:
        self._snippets = snippets
        self._fits = fits
        self._room = room
        self._units = QuotableUnits(snippets, room)
        self.chosen: list[Chosen] = []

    def quote(
        self, ranked: Sequence[Sequence[ScoredSnippet]], parts: Sequence[QuestionPart], page: str
    ) -> None:
        """Pick what a page says to each part, or another page where that is much better at a part."""
        here = [[one for one in part if one.snippet.passage.doc_id == page] for part in ranked]
        order = sorted(range(len(parts)), key=lambda n: -_top(here[n]))
        for number in order:
            elsewhere = _better(ranked[number], here[number]) if len(parts) > 1 else []
            self.lead(elsewhere or here[number], parts[number].kinds)
        for number in order:
            self.fill(here[number], parts[number].kinds)
        self.close_gaps()

    def lead(self, queue: Sequence[ScoredSnippet], kinds: frozenset[AnswerKind]) -> None:
        """Pick the best that is new, with what makes it whole."""
        for one in queue:
            snippet = self._announced(one.snippet, queue) if one.snippet.is_lead else one.snippet
            if snippet is None:
                continue
            if self._has(snippet) or self._said(snippet) or self._add(snippet, kinds, queue):
                return

    def fill(self, queue: Sequence[ScoredSnippet], kinds: frozenset[AnswerKind]) -> None:
        """Pick what else answers nearly as well, while there is room."""
        top = _merit(queue)
        sections = {c.snippet.passage.chunk_id for c in self.chosen}
        covered = {t: w for one in queue if self._has(one.snippet) for t, w in one.covers.items()}
        for one in queue:
            if self._size() >= self._room:
                return
            if one.merit < NEAR * top:
                continue
            if one.snippet.is_lead or self._has(one.snippet) or self._said(one.snippet):
                continue
            here = one.snippet.passage.chunk_id in sections
            new = sum(weight for terms, weight in one.covers.items() if terms not in covered)
            if new <= NEWS and not (here and one.merit >= AS_WELL * top):
                continue
            if not here and one.merit < FAR * top:
                continue
            covered |= one.covers
            self._add(one.snippet, kinds, queue, most=self._room)

    def close_gaps(self) -> None:
        """Pick what stands between two sentences of a paragraph, where it is short: it may be the condition."""
        for before, between, after in zip(
            self._snippets, self._snippets[1:], self._snippets[2:], strict=False
        ):
            around = before.kind == "prose" and before.block == between.block == after.block
            if around and len(between.text) <= GAP and self._has(before) and self._has(after):
                closed = [*self.chosen, Chosen(between, len(self.chosen))]
                if not self._has(between) and self._fits(closed):
                    self.chosen = closed

    def contradiction(
        self, ranked: Sequence[Sequence[ScoredSnippet]], asked: frozenset[str]
    ) -> Snippet | None:
        """Return the best snippet of another page that says otherwise, if it answers nearly as well."""
        pages = {c.snippet.passage.doc_id for c in self.chosen}
        for one in (one for part in ranked for one in part if one.score >= AGREED * _top(part)):
            if one.snippet.passage.doc_id in pages or one.snippet.is_lead:
                continue
            if any(contradicts(c.snippet, one.snippet, asked) for c in self.chosen):
                return one.snippet
        return None

    def append(self, snippet: Snippet) -> None:
        """Pick one more, if there is room."""
        chosen = [*self.chosen, Chosen(snippet, len(self.chosen))]
        if not self._has(snippet) and self._fits(chosen):
            self.chosen = chosen

    def _size(self) -> int:
        return characters(c.snippet for c in self.chosen)

    def _announced(self, lead: Snippet, queue: Sequence[ScoredSnippet]) -> Snippet | None:
        """Return the best of what a lead announces, to take its place: a lead says nothing by itself."""
        below = (
            one
            for one in queue
            if one.snippet.passage is lead.passage and lead.text in (one.snippet.announced, one.snippet.lead)
        )
        best = max(below, key=lambda one: one.score, default=None)
        return best.snippet if best is not None else None

    def _add(
        self,
        snippet: Snippet,
        kinds: frozenset[AnswerKind],
        queue: Sequence[ScoredSnippet],
        *,
        most: int | None = None,
    ) -> bool:
        """Pick the snippet with what makes it whole, as far as there is room; return whether there was any."""
        for wanted in self._units.around(snippet, kinds, queue):
            new = [each for each in wanted if not self._has(each)]
            if most is not None and self.chosen and self._size() + characters(new) > most + OVER:
                continue
            chosen = [*self.chosen, *(Chosen(each, len(self.chosen) + n) for n, each in enumerate(new))]
            if self._fits(chosen):
                self.chosen = chosen
                return True
        return False

    def _has(self, snippet: Snippet) -> bool:
        return any(c.snippet is snippet for c in self.chosen)

    def _said(self, snippet: Snippet) -> bool:
        """Tell whether another chosen snippet says it already."""
        words = distinct_tokens(snippet.text)
        for other in self.chosen:
            theirs = distinct_tokens(other.snippet.text)
            common = len(words & theirs)
            if (
                common
                and common / min(len(words), len(theirs)) >= SAME
                and _numbers(snippet) <= _numbers(other.snippet)
            ):
                return True
        return False


def _numbers(snippet: Snippet) -> set[str]:
    return set(re.findall(r"\d+(?:[.,]\d+)*", snippet.text))
