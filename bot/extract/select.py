"""Which snippets make the answer: the best for each part of the question, no two that say the same. Pure."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bot.analyze import tokens
from bot.extract.score import Scored
from bot.extract.snippets import Snippet, siblings
from bot.extract.wanted import Kind, Part

LEAST = 0.3  # of the way from the usual score to the best, in the first turn: below this a snippet is filler
RISE = 0.1  # more of it with each turn: what comes later must be better
SAME = 0.75  # overlap of words from which on two snippets say the same
STEP_BONUS = 0.25
WHOLE = 300  # characters of a list or table that is quoted whole
WHOLE_STEPS = 600  # the same of steps that a lead announces: one of them alone misleads
MOST_SIBLINGS = 8
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
    ranked: Sequence[Sequence[Scored]],
    parts: Sequence[Part],
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
            steps = Kind.STEPS in parts[number].kinds
            if not picker.take(queues[number], floors[number], steps=steps):
                going.discard(number)
        if not pages:
            continue
        for page in pages:
            picker.hear(page, ranked, spans)
        pages = ()
    return picker.chosen


def _span(ranked: Sequence[Scored]) -> tuple[float, float]:
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

    def take(self, queue: list[Scored], floor: float, *, steps: bool) -> bool:
        """False if the queue has nothing more to give."""
        misfits = 0
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
            elif self._add(snippet, steps=steps):
                return True
            else:
                misfits += 1
        return False

    def hear(
        self, page: str, ranked: Sequence[Sequence[Scored]], spans: Sequence[tuple[float, float]]
    ) -> None:
        """The page's best, unless it was chosen already or is worse than usual."""
        if any(page in (s.passage.doc_id for s in (c.snippet, *c.same)) for c in self.chosen):
            return
        said: list[tuple[float, list[Scored], float]] = []
        for scored, (usual, best) in zip(ranked, spans, strict=True):
            here = [one for one in scored if one.snippet.passage.doc_id == page]
            if here:
                said.append((here[0].score - best, here, usual))
        if said:
            _, here, usual = max(said, key=lambda each: each[0])
            self.take(here, usual, steps=False)

    def _announced(self, lead: Snippet, queue: Sequence[Scored]) -> Snippet | None:
        """The best of what a lead announces, in its place: a lead says nothing by itself."""
        below = (
            one
            for one in queue
            if one.snippet.passage is lead.passage and lead.text in (one.snippet.announced, one.snippet.lead)
        )
        best = max(below, key=lambda one: one.score, default=None)
        return best.snippet if best is not None else None

    def _gain(self, one: Scored, *, steps: bool) -> float:
        bonus = STEP_BONUS if steps and any(_siblings(one.snippet, c.snippet) for c in self.chosen) else 0.0
        return one.score + bonus

    def _add(self, snippet: Snippet, *, steps: bool) -> bool:
        """With what makes it whole, if there is room: the sentence before it, the list that it is of."""
        for wanted in self._wholes(snippet, steps=steps):
            new = [Chosen(one, len(self.chosen) + n) for n, one in enumerate(wanted) if not self._has(one)]
            if self._fits([*self.chosen, *new]):
                self.chosen += new
                return True
        return False

    def _wholes(self, snippet: Snippet, *, steps: bool) -> Iterator[list[Snippet]]:
        """The snippet with what belongs to it, the largest first."""
        group = siblings(snippet, self._snippets)
        if snippet.previous is not None and _DEPENDS.match(snippet.text):
            yield [snippet.previous, snippet]
        elif steps and snippet.is_step:
            group = self._outer_steps(snippet) or group
            for end in range(len(group), 0, -1):
                yield [snippet, *(one for one in group[:end] if one is not snippet)]
        elif (
            sum(len(one.text) for one in group)
            <= (WHOLE_STEPS if snippet.is_step and snippet.lead else WHOLE)
            and len(group) <= MOST_SIBLINGS
        ):
            yield sorted(group, key=lambda one: one is not snippet)
        yield [snippet]

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
