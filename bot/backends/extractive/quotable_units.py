"""Finds what must be quoted along with a snippet, which alone would be misread. Pure.

A list comes with its items, a step with the other steps, a row with the rows that match as well, a sentence with
those that refer to it ("This takes …") or that it refers to.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from bot.backends.extractive.snippet_scoring import ScoredSnippet
from bot.backends.extractive.snippets import Snippet, siblings
from bot.text.analyzer import distinct_tokens
from bot.text.questions.question_parts import AnswerKind

# All in characters, but for MOST_SIBLINGS.
GAP = 120  # of a sentence that is quoted for the sake of the one before it
BEFORE = 200  # of the sentences before one, below a heading that says all that is asked
PARAGRAPH = 250  # of a paragraph below a label that is quoted whole
WHOLE = 260  # of a list that is quoted whole
WHOLE_STEPS, ANNOUNCED_STEPS = 900, 600  # of steps, asked for or not: one of them alone misleads
MOST_SIBLINGS = 8
ALL = 0.99  # of the question's words

_LABEL = re.compile(r"(?:\*\*|__|`)[^*_`]{1,60}(?:\*\*|__|`)?:|\*\*[^*]{1,60}:\*\*")
# The same without its marks, as pages are kept: at most four words.
_VARIANT = re.compile(r"(?:\*\*|__)?(?:[^\s:.,;!?]+[ ]){0,3}[^\s:.,;!?]+:(?:\*\*|__)?[ ]")
_DEPENDS = re.compile(
    r"[\"'(*_]*(?:this|that|these|those|it|they|them|he|she|his|her|their|its|such|however|also|otherwise|then|"
    r"instead|therefore|additionally|in addition|if so|if not|in this case|in that case|after that|afterwards|"
    r"once (?:this|that|done)|the same|both|but|and|so|dies\w*|das|es|sie|esto|eso|cela|ceci)\b",
    re.IGNORECASE,
)


class QuotableUnits:
    """Finds the units among these snippets, none much longer than `room` characters."""

    def __init__(self, snippets: Sequence[Snippet], room: int) -> None:
        self._snippets = snippets
        self._room = room

    def around(
        self, snippet: Snippet, kinds: frozenset[AnswerKind], queue: Sequence[ScoredSnippet]
    ) -> Iterator[list[Snippet]]:
        """Give the units that hold the snippet, the largest first.

        `kinds` are what its part of the question asks for, `queue` that part's snippets with their scores.
        """
        if snippet.kind == "row":
            yield self._rows(snippet, queue)
            return
        if snippet.is_step and (AnswerKind.STEPS in kinds or snippet.lead):
            yield from self._steps(snippet, asked=AnswerKind.STEPS in kinds)
        elif snippet.kind == "item":
            below = self._below(snippet)
            group = siblings(snippet, self._snippets)
            if characters(group) <= WHOLE and len(group) <= MOST_SIBLINGS and not below:
                yield sorted(group, key=lambda one: one is not snippet)
            if below:
                yield [snippet, *below]
        elif snippet.kind == "prose":
            yield from self._variants(snippet, queue)
            called = any(one.called >= ALL for one in queue if one.snippet is snippet)
            yield self._with_neighbours(snippet, called=called)
        yield [snippet]

    def _steps(self, snippet: Snippet, *, asked: bool) -> Iterator[list[Snippet]]:
        """Give all steps with what stands below each; if that is too long, the first ones up to this one or further."""
        steps = self._outer_steps(snippet) or siblings(snippet, self._snippets)
        groups = [[step, *self._below(step)] for step in steps]
        most = WHOLE_STEPS if asked else ANNOUNCED_STEPS
        for end in range(len(groups), 0, -1):
            group = [one for each in groups[:end] for one in each]
            if snippet in group and characters(group) <= most:
                yield sorted(group, key=lambda one: one is not snippet)
        yield [snippet, *self._below(snippet)]

    def _rows(self, snippet: Snippet, queue: Sequence[ScoredSnippet]) -> list[Snippet]:
        """Return the rows of its table that match: none of them holds less of the question than another row.

        Where no cell tells the rows apart, all of a short table is the answer.
        """
        holds = {id(one.snippet): one.own for one in queue}
        table = [one for one in siblings(snippet, self._snippets) if one.kind == "row"]
        held = {id(row): holds.get(id(row), frozenset()) for row in table}
        if not any(held.values()):
            return table if characters(table) <= WHOLE else [snippet]
        best = [row for row in table if not any(held[id(row)] < held[id(other)] for other in table)]
        return best[:MOST_SIBLINGS]

    def _variants(self, snippet: Snippet, queue: Sequence[ScoredSnippet]) -> Iterator[list[Snippet]]:
        """Give the labelled paragraphs in a row ("**Hamburg:** …"), where the question has none of the labels' words.

        One of them alone would be taken for all.
        """
        found = self._labelled(snippet)
        asked = {term for one in queue for terms in one.own for term in terms}
        labels = [one.text.partition(":")[0] for one in found if _VARIANT.match(one.text)]
        named = any(asked & distinct_tokens(label) for label in labels)
        if len({one.block for one in found}) > 1 and not named and characters(found) <= self._room:
            yield found

    def _labelled(self, snippet: Snippet) -> list[Snippet]:
        """Return the labelled paragraphs around it and its own; none where its own has no label."""
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
        """Add the sentences that depend on it and the one that it depends on, or all of a short labelled paragraph.

        `called`: the heading holds all that is asked, so that the paragraph's beginning needn't repeat it.
        """
        paragraph = [one for one in self._snippets if one.block == snippet.block and not one.is_lead]
        if _LABEL.match(paragraph[0].text) and characters(paragraph) <= PARAGRAPH:
            return sorted(paragraph, key=lambda one: one is not snippet)
        at = next((n for n, one in enumerate(paragraph) if one is snippet), 0)
        found = [snippet]
        if called and characters(paragraph[:at]) <= BEFORE:
            found += paragraph[:at]
        elif snippet.previous is not None and _DEPENDS.match(snippet.text):
            found.append(snippet.previous)
        for one in paragraph[at + 1 :]:
            if not _DEPENDS.match(one.text) or len(one.text) > GAP:
                break
            found.append(one)
        return found

    def _below(self, snippet: Snippet) -> list[Snippet]:
        """Return the items of the list below an item."""
        return [
            one
            for one in self._snippets
            if one.kind == "item" and one.passage is snippet.passage and snippet.text in one.ancestors
        ]

    def _outer_steps(self, snippet: Snippet) -> list[Snippet]:
        """Return the steps of the list that this step's own list is nested in."""
        for other in self._snippets:
            if other.is_step and other.text == snippet.lead and other.passage is snippet.passage:
                return siblings(other, self._snippets)
        return []


def characters(snippets: Iterable[Snippet]) -> int:
    """Return how long the snippets' texts are together."""
    return sum(len(one.text) for one in snippets)
