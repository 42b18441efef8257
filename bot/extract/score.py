"""How well a snippet answers a part of a question. Pure.

The words of the part are weighted by how rare they are among the snippets at hand (BM25's idf): what every
passage talks about tells nothing apart. A word counts in full in the snippet itself, less in what it hangs
on (lead, header, heading, title, the sentence before). On top comes whether it holds what the question asks
for (a number, a name, a step), where retrieval ranked its passage, and, if there is an embedder, the cosine.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.analyze import query_terms, tokens
from bot.extract.snippets import Snippet
from bot.extract.wanted import Part, holds

HARDLY_A_SENTENCE = 4  # terms


@dataclass(frozen=True, slots=True)
class Weights:
    """Found by hand on two handbooks; they are round because nothing finer is measurable."""

    lead: float = 0.6
    heading: float = 0.5
    title: float = 0.3
    beside: float = 0.3
    context: float = 0.4  # of the question's other parts
    kind: float = 0.2
    rank: float = 0.35
    dense: float = 1.0
    question: float = 0.5  # taken off from what only asks
    short: float = 0.2  # taken off from what is hardly a sentence


@dataclass(frozen=True, slots=True)
class Scored:
    snippet: Snippet
    part: int
    score: float
    terms: frozenset[str]


@dataclass(slots=True)
class Words:
    """A snippet's terms, by where they stand."""

    own: frozenset[str]
    lead: frozenset[str]
    heading: frozenset[str]
    title: frozenset[str]
    beside: frozenset[str] = frozenset()


class Scorer:
    def __init__(
        self,
        question: str,
        parts: Sequence[Part],
        snippets: Sequence[Snippet],
        *,
        similarity: Mapping[int, Sequence[float]] | None = None,
        weights: Weights | None = None,
    ) -> None:
        self._weights = weights or Weights()
        self._snippets = snippets
        self._words = _words(snippets)
        self._similarity = similarity or {}
        df = Counter(term for words in self._words for term in words.own | words.lead | words.heading)
        n = len(snippets)
        self._idf = {term: math.log(1 + (n - count + 0.5) / (count + 0.5)) for term, count in df.items()}
        self._parts = parts
        whole = self._known(question)
        self._part_terms = [
            {term: (1.0 if term in own else self._weights.context) * self._idf[term] for term in whole}
            for own in (set(self._known(part.text)) for part in parts)
        ]
        ranks: dict[str, int] = {}
        for snippet in snippets:
            ranks.setdefault(snippet.passage.chunk_id, len(ranks))
        self._ranks = ranks

    def _known(self, text: str) -> list[str]:
        return [term for term in query_terms(text) if term in self._idf]

    def part(self, number: int) -> list[Scored]:
        """All snippets, best first."""
        scored = [self._score(index, number) for index in range(len(self._snippets))]
        return sorted(scored, key=lambda one: -one.score)

    def _score(self, index: int, number: int) -> Scored:
        snippet, words, weights = self._snippets[index], self._words[index], self._weights
        terms = self._part_terms[number]
        total = sum(terms.values()) or 1.0
        score = 0.0
        for term, weight in terms.items():
            score += weight * _credit(term, words, weights)
        score /= total
        score += self._kinds(snippet, self._parts[number])
        score += weights.rank / (1 + 0.25 * self._ranks[snippet.passage.chunk_id])
        if self._similarity:
            score += weights.dense * self._similarity[number][index]
        if snippet.is_question:
            score -= weights.question
        if len(words.own) < HARDLY_A_SENTENCE and snippet.kind == "prose":
            score -= weights.short
        return Scored(snippet, number, score, frozenset(terms) & words.own)

    def _kinds(self, snippet: Snippet, part: Part) -> float:
        if not part.kinds:
            return 0.0
        text = f"{snippet.lead} {snippet.text}" if snippet.kind == "row" else snippet.text
        held = sum(holds(kind, text) for kind in part.kinds)
        return self._weights.kind * held / len(part.kinds)


def _credit(term: str, words: Words, weights: Weights) -> float:
    if term in words.own:
        return 1.0
    if term in words.lead:
        return weights.lead
    if term in words.heading:
        return weights.heading
    if term in words.beside:
        return weights.beside
    return weights.title if term in words.title else 0.0


def _words(snippets: Sequence[Snippet]) -> list[Words]:
    cache: dict[str, frozenset[str]] = {}

    def terms(text: str) -> frozenset[str]:
        if text not in cache:
            cache[text] = frozenset(tokens(text))
        return cache[text]

    found = [
        Words(
            own=terms(s.text),
            lead=terms(s.lead) | terms(s.head.split("\n")[0]),
            heading=terms(s.passage.heading),
            title=terms(s.passage.title),
        )
        for s in snippets
    ]
    for index in range(1, len(found)):
        if snippets[index].block == snippets[index - 1].block:
            found[index].beside = found[index - 1].own
            found[index - 1].beside |= found[index].own
    return found
