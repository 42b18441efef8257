"""Which snippets make the answer: one page, the best unit first, then what else of it answers. Pure.

The page is the one whose best snippet and best section together score highest. A second page is quoted only for a
part of the question that the first page hardly answers, or because it contradicts the first. A snippet comes
with what makes it whole: the lead of a list, the items below it, the other steps, the sentence before it.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from bot.backends.extractive.contradictions import contradicts, replaced_by
from bot.backends.extractive.snippet_scoring import ScoredSnippet
from bot.backends.extractive.snippets import Snippet, siblings
from bot.text.analyzer import distinct_tokens
from bot.text.question_parts import AnswerKind, QuestionPart

SECTION = 1.0  # what a page's best section counts beside its best snippet
NEAR = 0.4  # of the best snippet's score: what is below adds nothing
FAR = 0.5  # the same for another section of the page, which must hold words that the first lacks
ROOM = 420  # characters after which nothing is added to what answers
OVER = 80  # characters that the last thing may go beyond that
ELSEWHERE = 0.25  # so much better another page must be at a part of the question to be quoted for it
GAP = 120  # characters of a sentence between two that are quoted
SAME = 0.75  # overlap of words from which on two snippets say the same
ALL = 0.99  # of the question's words
BEFORE = 200  # characters of the sentences before one, below a heading that says all that is asked
PARAGRAPH = 250  # characters of a paragraph below a label that is quoted whole
WHOLE = 260  # characters of a list that is quoted whole
WHOLE_STEPS, ANNOUNCED_STEPS = 900, 600  # of steps, asked for or not: one of them alone misleads
MOST_SIBLINGS = 8
AS_WELL = 0.75  # the same for what says nothing new of the question
NEWS = 0.1  # of the weight of the question's words: with less of it, what is said is nothing new
AGREED = 0.6  # of its page's best score: what says otherwise must answer as well

_LABEL = re.compile(r"(?:\*\*|__|`)[^*_`]{1,60}(?:\*\*|__|`)?:|\*\*[^*]{1,60}:\*\*")
# The same without its marks, as pages are kept: at most four words.
_VARIANT = re.compile(r"(?:\*\*|__)?(?:[^\s:.,;!?]+[ ]){0,3}[^\s:.,;!?]+:(?:\*\*|__)?[ ]")
_DEPENDS = re.compile(
    r"[\"'(*_]*(?:this|that|these|those|it|they|them|he|she|his|her|their|its|such|however|also|otherwise|then|"
    r"instead|therefore|additionally|in addition|if so|if not|in this case|in that case|after that|afterwards|"
    r"once (?:this|that|done)|the same|both|but|and|so|dies\w*|das|es|sie|esto|eso|cela|ceci)\b",
    re.IGNORECASE,
)

Fits = Callable[[Sequence["Chosen"]], bool]


@dataclass(frozen=True, slots=True)
class Chosen:
    """`order` is by pick."""

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
    """Empty if nothing can be quoted. `ranked` are each part's snippets, best first; `asked` the question's terms."""
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
    """What another page says, if it is much better at this part."""
    if not ranked or _merit(ranked) < _merit(here) + ELSEWHERE:
        return []
    page = ranked[0].snippet.passage.doc_id
    return [one for one in ranked if one.snippet.passage.doc_id == page]


class _Picker:
    def __init__(self, snippets: Sequence[Snippet], fits: Fits, room: int) -> None:
        self._snippets = snippets
        self._fits = fits
        self._room = room
        self.chosen: list[Chosen] = []

    def quote(
        self, ranked: Sequence[Sequence[ScoredSnippet]], parts: Sequence[QuestionPart], page: str
    ) -> None:
        """What a page says to each part; another page, where that is much better at a part."""
        here = [[one for one in part if one.snippet.passage.doc_id == page] for part in ranked]
        order = sorted(range(len(parts)), key=lambda n: -_top(here[n]))
        for number in order:
            elsewhere = _better(ranked[number], here[number]) if len(parts) > 1 else []
            self.lead(elsewhere or here[number], parts[number].kinds)
        for number in order:
            self.fill(here[number], parts[number].kinds)
        self.close_gaps()

    def lead(self, queue: Sequence[ScoredSnippet], kinds: frozenset[AnswerKind]) -> None:
        """The best that is new, with what makes it whole."""
        for one in queue:
            snippet = self._announced(one.snippet, queue) if one.snippet.is_lead else one.snippet
            if snippet is None:
                continue
            if self._has(snippet) or self._said(snippet) or self._add(snippet, kinds, queue):
                return

    def fill(self, queue: Sequence[ScoredSnippet], kinds: frozenset[AnswerKind]) -> None:
        """What else answers nearly as well, while there is room."""
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
        """What stands between two sentences of a paragraph, where it is short: it may be the condition."""
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
        """The best snippet of another page that says otherwise, if it answers nearly as well."""
        pages = {c.snippet.passage.doc_id for c in self.chosen}
        for one in (one for part in ranked for one in part if one.score >= AGREED * _top(part)):
            if one.snippet.passage.doc_id in pages or one.snippet.is_lead:
                continue
            if any(contradicts(c.snippet, one.snippet, asked) for c in self.chosen):
                return one.snippet
        return None

    def append(self, snippet: Snippet) -> None:
        """One more, if there is room."""
        chosen = [*self.chosen, Chosen(snippet, len(self.chosen))]
        if not self._has(snippet) and self._fits(chosen):
            self.chosen = chosen

    def _size(self) -> int:
        return _characters(c.snippet for c in self.chosen)

    def _announced(self, lead: Snippet, queue: Sequence[ScoredSnippet]) -> Snippet | None:
        """The best of what a lead announces, in its place: a lead says nothing by itself."""
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
        """With what makes it whole, as far as there is room."""
        for wanted in self._wholes(snippet, kinds, queue):
            new = [each for each in wanted if not self._has(each)]
            if most is not None and self.chosen and self._size() + _characters(new) > most + OVER:
                continue
            chosen = [*self.chosen, *(Chosen(each, len(self.chosen) + n) for n, each in enumerate(new))]
            if self._fits(chosen):
                self.chosen = chosen
                return True
        return False

    def _wholes(
        self, snippet: Snippet, kinds: frozenset[AnswerKind], queue: Sequence[ScoredSnippet]
    ) -> Iterator[list[Snippet]]:
        """The snippet with what belongs to it, the largest first."""
        if snippet.kind == "row":
            yield self._rows(snippet, queue)
            return
        if snippet.is_step and (AnswerKind.STEPS in kinds or snippet.lead):
            yield from self._steps(snippet, asked=AnswerKind.STEPS in kinds)
        elif snippet.kind == "item":
            below = self._below(snippet)
            group = siblings(snippet, self._snippets)
            if _characters(group) <= WHOLE and len(group) <= MOST_SIBLINGS and not below:
                yield sorted(group, key=lambda one: one is not snippet)
            if below:
                yield [snippet, *below]
        elif snippet.kind == "prose":
            yield from self._variants(snippet, queue)
            called = any(one.called >= ALL for one in queue if one.snippet is snippet)
            yield self._with_neighbours(snippet, called=called)
        yield [snippet]

    def _steps(self, snippet: Snippet, *, asked: bool) -> Iterator[list[Snippet]]:
        """All steps with what stands below each; if that is too long, the first ones, up to this one or further."""
        steps = self._outer_steps(snippet) or siblings(snippet, self._snippets)
        groups = [[step, *self._below(step)] for step in steps]
        most = WHOLE_STEPS if asked else ANNOUNCED_STEPS
        for end in range(len(groups), 0, -1):
            group = [one for each in groups[:end] for one in each]
            if snippet in group and _characters(group) <= most:
                yield sorted(group, key=lambda one: one is not snippet)
        yield [snippet, *self._below(snippet)]

    def _rows(self, snippet: Snippet, queue: Sequence[ScoredSnippet]) -> list[Snippet]:
        """The rows of its table that match: none of them holds less of the question than another row.

        Where no cell tells the rows apart, all of a short table is the answer.
        """
        holds = {id(one.snippet): one.own for one in queue}
        table = [one for one in siblings(snippet, self._snippets) if one.kind == "row"]
        held = {id(row): holds.get(id(row), frozenset()) for row in table}
        if not any(held.values()):
            return table if _characters(table) <= WHOLE else [snippet]
        best = [row for row in table if not any(held[id(row)] < held[id(other)] for other in table)]
        return best[:MOST_SIBLINGS]

    def _variants(self, snippet: Snippet, queue: Sequence[ScoredSnippet]) -> Iterator[list[Snippet]]:
        """The paragraphs in a row that each begin with a label ("**Hamburg:** …"), where the question has no label's word.

        One of them alone would be taken for all.
        """
        found = self._labelled(snippet)
        asked = {term for one in queue for terms in one.own for term in terms}
        labels = [one.text.partition(":")[0] for one in found if _VARIANT.match(one.text)]
        named = any(asked & distinct_tokens(label) for label in labels)
        if len({one.block for one in found}) > 1 and not named and _characters(found) <= self._room:
            yield found

    def _labelled(self, snippet: Snippet) -> list[Snippet]:
        """The labelled paragraphs around it, its own among them; nothing where its own has no label."""
        page = [one for one in self._snippets if one.passage is snippet.passage and one.kind == "prose"]
        blocks = sorted({one.block for one in page})
        labelled = {one.block for one in page if _VARIANT.match(one.text) and one.previous is None}
        at = next((n for n, block in enumerate(blocks) if block == snippet.block), None)
        if at is None or snippet.block not in labelled:
            return []
        first = last = at
        while first > 0 and blocks[first - 1] in labelled:
            first -= 1
        while last + 1 < len(blocks) and blocks[last + 1] in labelled:
            last += 1
        return [one for one in page if one.block in blocks[first : last + 1] and not one.is_lead]

    def _with_neighbours(self, snippet: Snippet, *, called: bool) -> list[Snippet]:
        """With the sentences that lean on it and the one that it leans on; all of what a label heads, if it is short.

        `called`: the heading holds all that is asked, so that what the paragraph begins with needn't repeat it.
        """
        paragraph = [one for one in self._snippets if one.block == snippet.block and not one.is_lead]
        if _LABEL.match(paragraph[0].text) and _characters(paragraph) <= PARAGRAPH:
            return sorted(paragraph, key=lambda one: one is not snippet)
        at = next((n for n, one in enumerate(paragraph) if one is snippet), 0)
        found = [snippet]
        if called and _characters(paragraph[:at]) <= BEFORE:
            found += paragraph[:at]
        elif snippet.previous is not None and _DEPENDS.match(snippet.text):
            found.append(snippet.previous)
        for one in paragraph[at + 1 :]:
            if not _DEPENDS.match(one.text) or len(one.text) > GAP:
                break
            found.append(one)
        return found

    def _below(self, snippet: Snippet) -> list[Snippet]:
        """The items of the list below an item."""
        return [
            one
            for one in self._snippets
            if one.kind == "item" and one.passage is snippet.passage and snippet.text in one.ancestors
        ]

    def _outer_steps(self, snippet: Snippet) -> list[Snippet]:
        """The steps that this step's list is a part of."""
        for other in self._snippets:
            if other.is_step and other.text == snippet.lead and other.passage is snippet.passage:
                return siblings(other, self._snippets)
        return []

    def _has(self, snippet: Snippet) -> bool:
        return any(c.snippet is snippet for c in self.chosen)

    def _said(self, snippet: Snippet) -> bool:
        """Another chosen snippet says it already."""
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


def _characters(snippets: Iterable[Snippet]) -> int:
    return sum(len(one.text) for one in snippets)


def _numbers(snippet: Snippet) -> set[str]:
    return set(re.findall(r"\d+(?:[.,]\d+)*", snippet.text))
