"""Which snippets make the answer: the best for each part of the question, no two that say the same. Pure."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bot.backends.extractive.snippet_scoring import ScoredSnippet
from bot.backends.extractive.snippets import Snippet, siblings
from bot.text.analyzer import tokens
from bot.text.question_parts import AnswerKind, QuestionPart, holds

LEAST = 0.3  # of the way from the usual score to the best, in the first turn: below this a snippet is filler
RISE = 0.1  # more of it with each turn: what comes later must be better
SAME = 0.75  # overlap of words from which on two snippets say the same
STEP_BONUS = 0.25
WHOLE = 300  # characters of a list or table that is quoted whole
WHOLE_STEPS = 600  # the same of steps that a lead announces: one of them alone misleads
BEFORE = 200  # of the sentences before one, below a heading that says all that is asked
GAP = 120  # of one sentence between two that are quoted: it may be the condition
MOST_SIBLINGS = 8
ALL = 0.99
FIGURES = frozenset({AnswerKind.NUMBER, AnswerKind.MONEY, AnswerKind.TIME})
MOST_MISFITS = 8  # snippets that were too long for the room that is left

_DEPENDS = re.compile(
    r"[\"'(*_]*(?:this|that|these|those|it|they|them|he|she|his|her|their|its|such|however|also|otherwise|then|"
    r"instead|therefore|additionally|in addition|if so|if not|in this case|in that case|after that|afterwards|"
    r"once (?:this|that|done)|the same|both|but|and|so|dies\w*|das|es|sie|esto|eso|cela|ceci)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Chosen:
    """`same` are snippets of other pages that say the same, to be cited along. `order` is by pick."""

    snippet: Snippet
    order: int
    same: tuple[Snippet, ...] = ()


def select(
    ranked: Sequence[Sequence[ScoredSnippet]],
    parts: Sequence[QuestionPart],
    snippets: Sequence[Snippet],
    fits: Callable[[Sequence[Chosen]], bool],
) -> list[Chosen]:
    """The parts take turns; each takes its best that is new, while the whole `fits`.

    After the first turn the pages that retrieval ranked first, one for each part, have their say.
    """
    picker = _Picker(snippets, fits)
    queues = [list(one) for one in ranked]
    spans = [_span(one) for one in ranked]
    pages: Sequence[str] = list(dict.fromkeys(s.passage.doc_id for s in snippets))[: len(parts)]
    share = LEAST - RISE
    going = set(range(len(queues)))
    while going:
        share += RISE
        floors = [usual + share * (best - usual) for usual, best in spans]
        for number in sorted(going):
            if not picker.take(queues[number], floors[number], parts[number].kinds):
                going.discard(number)
        if not pages:
            continue
        for page in pages:
            picker.hear(page, ranked, spans)
        pages = ()
    picker.close_gaps()
    return picker.chosen


def _span(ranked: Sequence[ScoredSnippet]) -> tuple[float, float]:
    """The usual score of a part's snippets (where they are few, half of the best) and the best."""
    if not ranked:
        return 0.0, 0.0
    best = ranked[0].score
    return min(ranked[len(ranked) // 2].score, best / 2), best


class _Picker:
    def __init__(self, snippets: Sequence[Snippet], fits: Callable[[Sequence[Chosen]], bool]) -> None:
        self._snippets = snippets
        self._fits = fits
        self.chosen: list[Chosen] = []
        self._words: dict[int, frozenset[str]] = {}

    def take(self, queue: list[ScoredSnippet], floor: float, kinds: frozenset[AnswerKind]) -> bool:
        """False if the queue has nothing more to give."""
        misfits = 0
        steps = AnswerKind.STEPS in kinds
        while queue and misfits < MOST_MISFITS:
            best = max(queue, key=lambda one: self._gain(one, steps=steps))
            if best.score < floor:
                return False
            queue.remove(best)
            snippet = self._announced(best.snippet, queue) if best.snippet.is_lead else best.snippet
            if snippet is None or self._has(snippet):
                continue
            twin = self._twin(snippet)
            if twin is not None:
                self._cite_along(twin, snippet)
            elif self._add(snippet, kinds, called=best.called >= ALL):
                return True
            else:
                misfits += 1
        return False

    def hear(
        self, page: str, ranked: Sequence[Sequence[ScoredSnippet]], spans: Sequence[tuple[float, float]]
    ) -> None:
        """The page's best, unless it was chosen already or is worse than usual."""
        if any(page in (s.passage.doc_id for s in (c.snippet, *c.same)) for c in self.chosen):
            return
        said: list[tuple[float, list[ScoredSnippet], float]] = []
        for scored, (usual, best) in zip(ranked, spans, strict=True):
            here = [one for one in scored if one.snippet.passage.doc_id == page]
            if here:
                said.append((here[0].score - best, here, usual))
        if said:
            _, here, usual = max(said, key=lambda each: each[0])
            self.take(here, usual, frozenset())

    def close_gaps(self) -> None:
        """What stands between two sentences of a paragraph, where it is short."""
        for before, between, after in zip(
            self._snippets, self._snippets[1:], self._snippets[2:], strict=False
        ):
            around = before.kind == "prose" and before.block == between.block == after.block
            if around and _size(between) <= GAP and self._has(before) and self._has(after):
                closed = [*self.chosen, Chosen(between, len(self.chosen))]
                if not self._has(between) and self._fits(closed):
                    self.chosen = closed

    def _announced(self, lead: Snippet, queue: Sequence[ScoredSnippet]) -> Snippet | None:
        """The best of what a lead announces, in its place: a lead says nothing by itself."""
        below = (
            one
            for one in queue
            if one.snippet.passage is lead.passage and lead.text in (one.snippet.announced, one.snippet.lead)
        )
        best = max(below, key=lambda one: one.score, default=None)
        return best.snippet if best is not None else None

    def _gain(self, one: ScoredSnippet, *, steps: bool) -> float:
        bonus = STEP_BONUS if steps and any(_siblings(one.snippet, c.snippet) for c in self.chosen) else 0.0
        return one.score + bonus

    def _add(self, snippet: Snippet, kinds: frozenset[AnswerKind], *, called: bool) -> bool:
        """With what makes it whole, if there is room: the sentence before it, the list that it is of."""
        for wanted in self._wholes(snippet, kinds, called=called):
            new = [Chosen(one, len(self.chosen) + n) for n, one in enumerate(wanted) if not self._has(one)]
            if self._fits([*self.chosen, *new]):
                self.chosen += new
                return True
        return False

    def _wholes(
        self, snippet: Snippet, kinds: frozenset[AnswerKind], *, called: bool
    ) -> Iterator[list[Snippet]]:
        """The snippet with what belongs to it, the largest first. `called`: its heading says what is asked."""
        group = siblings(snippet, self._snippets)
        if snippet.kind == "prose":
            paragraph = [one for one in self._snippets if one.block == snippet.block]
            if kinds & FIGURES and not any(
                holds(kind, one.text) for kind in kinds & FIGURES for one in paragraph
            ):
                yield [snippet, *self._table_below(paragraph[-1])]
            before = paragraph[: paragraph.index(snippet)]
            if called and sum(map(_size, before)) <= BEFORE:
                yield [snippet, *before]
        if snippet.previous is not None and _DEPENDS.match(snippet.text):
            yield [snippet.previous, snippet]
        elif AnswerKind.STEPS in kinds and snippet.is_step:
            group = self._outer_steps(snippet) or group
            for end in range(len(group), 0, -1):
                yield [snippet, *(one for one in group[:end] if one is not snippet)]
        elif (
            sum(map(_size, group)) <= (WHOLE_STEPS if snippet.is_step and snippet.lead else WHOLE)
            and len(group) <= MOST_SIBLINGS
        ):
            yield sorted(group, key=lambda one: one is not snippet)
        yield [snippet]

    def _table_below(self, last: Snippet) -> list[Snippet]:
        """The rows of a short table that follows this sentence: the figures that it speaks of."""
        at = next(n for n, one in enumerate(self._snippets) if one is last) + 1
        rows = (
            [
                one
                for one in siblings(self._snippets[at], self._snippets[at:])
                if one.kind == "row" and one.passage is last.passage and one.lead == last.lead
            ]
            if at < len(self._snippets)
            else []
        )
        return rows if sum(map(_size, rows)) <= WHOLE and len(rows) <= MOST_SIBLINGS else []

    def _outer_steps(self, snippet: Snippet) -> list[Snippet]:
        """The steps that this step's list is a part of."""
        for other in self._snippets:
            if other.is_step and other.text == snippet.lead and other.passage is snippet.passage:
                return siblings(other, self._snippets)
        return []

    def _has(self, snippet: Snippet) -> bool:
        return any(c.snippet is snippet for c in self.chosen)

    def _twin(self, snippet: Snippet) -> int | None:
        words = self._of(snippet)
        for index, other in enumerate(self.chosen):
            theirs = self._of(other.snippet)
            common = len(words & theirs)
            if (
                common
                and common / min(len(words), len(theirs)) >= SAME
                and _numbers(snippet) <= _numbers(other.snippet)
            ):
                return index
        return None

    def _cite_along(self, index: int, snippet: Snippet) -> None:
        twin = self.chosen[index]
        pages = {one.passage.doc_id for one in (twin.snippet, *twin.same)}
        if snippet.passage.doc_id not in pages:
            self.chosen[index] = Chosen(twin.snippet, twin.order, (*twin.same, snippet))

    def _of(self, snippet: Snippet) -> frozenset[str]:
        key = id(snippet)
        if key not in self._words:
            self._words[key] = frozenset(tokens(snippet.text))
        return self._words[key]


def _size(snippet: Snippet) -> int:
    return len(snippet.text)


def _siblings(one: Snippet, other: Snippet) -> bool:
    """Items of one list."""
    return (
        one.kind == other.kind == "item"
        and one.passage.chunk_id == other.passage.chunk_id
        and one.lead == other.lead
        and bool(one.bullet)
    )


def _numbers(snippet: Snippet) -> set[str]:
    return set(re.findall(r"\d+(?:[.,]\d+)*", snippet.text))
