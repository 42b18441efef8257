"""Scores how well a snippet answers a part of a question. Pure.

The words of the part are weighted by how rare they are among the snippets at hand (BM25's idf): what every passage
talks about tells nothing apart. A word counts in full in the snippet itself, less in what it hangs on (lead,
header, heading, title, the sentence before). Added to that are whether it holds what the question asks for (a
number, a name, a step), where retrieval ranked its passage, and, if there is an embedder, the cosine.
"""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.backends.extractive.definitions import asked_for, defines
from bot.backends.extractive.identifiers import exactly, identifiers, labels
from bot.backends.extractive.snippet_terms import Terms, best_of, by_term, hits, openings, snippet_terms
from bot.backends.extractive.snippets import Snippet, pointers
from bot.backends.extractive.weights import Weights
from bot.retrieval.query_terms import read
from bot.text.analyzer import distinct_tokens, tokens
from bot.text.questions.question_parts import AnswerKind, QuestionPart, holds

LANGUAGES = ("en",)  # snippets are analysed as English whatever they are: what counts is that both sides are
LABEL_WORDS = 4
HARDLY_A_SENTENCE = 4  # terms
HARDLY_A_QUESTION = 2  # terms that the snippets know

_NOT = re.compile(
    r"\b(?:not|never|cannot|can't|don't|doesn't|isn't|aren't|won't|no|none|nothing|nicht|kein\w*|nie)\b",
    re.IGNORECASE,
)
_LISTS = re.compile(r"\W*(?:what|which|who|whom|when|welche\w*|was|wann)\b", re.IGNORECASE)
_LEANS = re.compile(r"\b(?:it|that|this|them|those|these|ones?|das|es|eso|cela|ça)\b", re.IGNORECASE)


# Words that are in every other question and tell little of what it is about, as terms.
WEAK = frozenset(
    tokens(
        "get give take go come make use need want like know tell find see look happen allow help keep put let try "
        "show say thing way stuff somebody someone anybody anyone everybody people right just really actually "
        "currently please still already ever have"
    )
)

# For each part of the question: the cosine of each snippet to it.
Similarity = Sequence[Sequence[float]]


@dataclass(frozen=True, slots=True)
class ScoredSnippet:
    index: int
    snippet: Snippet
    score: float
    called: float = 0.0  # how much of the part the title and the heading hold
    # The part's words that it holds itself, or its lead or header, each with its share of the part's weight.
    covers: Mapping[Terms, float] = field(default_factory=dict)
    own: frozenset[Terms] = frozenset()  # those that it holds itself
    merit: float = 0.0  # the score without what its section and page bring


class Scorer:
    """Scores for one question. A word is found by any of its spellings and meanings (see bot.retrieval.query_terms)."""

    def __init__(
        self,
        question: str,
        parts: Sequence[QuestionPart],
        snippets: Sequence[Snippet],
        *,
        weights: Weights | None = None,
    ) -> None:
        self._weights = weights or Weights()
        self._snippets = snippets
        self._words = snippet_terms(snippets)
        df = Counter(
            term for words in self._words for term in words.own | words.head | words.lead | words.heading
        )
        n = len(snippets)
        self._idf = {term: math.log(1 + (n - count + 0.5) / (count + 0.5)) for term, count in df.items()}
        self._parts = parts
        elsewhere = [_sought(part.text) for part in parts]
        whole = _sought(question)
        self._part_terms = [
            self._weighed(
                part, whole, others=[t for n, terms in enumerate(elsewhere) if n != number for t in terms]
            )
            for number, part in enumerate(parts)
        ]
        self._words_of = [by_term(terms) for terms in self._part_terms]
        sought = frozenset().union(*self._words_of)
        self._hits = [hits(words, sought, self._weights) for words in self._words]
        self._kind_weights = [self._kind_weight(part) for part in parts]
        self._ranks: dict[str, int] = {}
        for snippet in snippets:
            self._ranks.setdefault(snippet.passage.chunk_id, len(self._ranks))
        self._pointers = pointers(snippets)
        self._asked = [distinct_tokens(part.text) for part in parts]
        self._negated = [_denied(part.text) for part in parts]
        self._lists = [
            AnswerKind.PERMISSION not in part.kinds and _LISTS.match(part.text) is not None for part in parts
        ]
        self._defined = [asked_for(part.text) for part in parts]
        # They ask for nothing of their subject: what the page begins with is the answer then.
        self._only_named = [
            not (part.kinds or self._lists[number] or self._negated[number])
            for number, part in enumerate(parts)
        ]
        self._openings = openings(snippets)
        asked = [identifiers(part.text) for part in parts]
        every = frozenset().union(*asked)
        self._held = [exactly(every, snippet) for snippet in snippets]
        there = frozenset().union(*self._held)
        self._identifiers = [names & there for names in asked]
        self._named = self._headings(snippets)
        self._scored: dict[int, list[ScoredSnippet]] = {}

    def _headings(self, snippets: Sequence[Snippet]) -> dict[str, frozenset[int]]:
        """Return for each chunk id the parts that hold all words of its heading."""
        named: dict[str, frozenset[int]] = {}
        for snippet in snippets:
            if snippet.passage.chunk_id not in named:
                heading = distinct_tokens(snippet.passage.heading.rpartition(" > ")[2])
                named[snippet.passage.chunk_id] = frozenset(
                    number for number, words in enumerate(self._asked) if heading and heading <= words
                )
        return named

    def _weighed(
        self, part: QuestionPart, whole: Sequence[Terms], others: Collection[Terms]
    ) -> dict[Terms, float]:
        """Weigh the question's words that the snippets know: the rarer the heavier, the part's own in full.

        What else is asked (`others`) tells nothing about this part, unless it leans on it.
        """
        own = [terms for terms in _sought(part.text) if self._known(terms)]
        leans = len(own) < HARDLY_A_QUESTION or _LEANS.search(part.text) is not None
        context = self._weights.leaning if leans else self._weights.context
        weighed = {
            terms: context * self._rarity(terms)
            for terms in whole
            if self._known(terms) and (leans or terms not in others)
        }
        return weighed | {terms: self._rarity(terms) for terms in own}

    def _kind_weight(self, part: QuestionPart) -> float:
        sought = _sought(part.text)
        unknown = sum(not self._known(terms) for terms in sought) / len(sought) if sought else 1.0
        return self._weights.kind + self._weights.unknown * unknown

    def _known(self, terms: Terms) -> bool:
        return any(term in self._idf for term in terms)

    def _rarity(self, terms: Terms) -> float:
        rarity = min(self._idf[term] for term in terms if term in self._idf)
        return rarity * (self._weights.weak if terms[0] in WEAK else 1.0)

    def part(self, number: int, similarity: Similarity | None = None) -> list[ScoredSnippet]:
        """Return the snippets, best first, without those that only name another page that was found."""
        scored = self._by_words(number)
        if similarity is not None:
            scored = [self._similar(one, similarity[number][one.index]) for one in scored]
        return sorted(scored, key=lambda one: -one.score)

    def _by_words(self, number: int) -> list[ScoredSnippet]:
        """Score by words alone, once: which snippets a model is asked about follows from it, too."""
        if number not in self._scored:
            self._scored[number] = [
                self._score(index, number) for index, points in enumerate(self._pointers) if not points
            ]
        return self._scored[number]

    def _similar(self, one: ScoredSnippet, cosine: float) -> ScoredSnippet:
        more = self._weights.dense * cosine
        return replace(one, score=one.score + more, merit=one.merit + more)

    def _score(self, index: int, number: int) -> ScoredSnippet:
        snippet, words, weights = self._snippets[index], self._words[index], self._weights
        part, terms = self._parts[number], self._part_terms[number]
        total = sum(terms.values()) or 1.0
        names = self._identifiers[number] & labels(snippet)
        held = self._kinds(snippet, part)
        here, words_of = self._hits[index], self._words_of[number]
        # Sums that don't depend on the order of a set, which is another in each process.
        found = math.fsum(terms[word] * share for word, share in best_of(here.shares, words_of).items())
        covered = math.fsum(terms[word] for word in _held(here.above, words_of)) / total
        merit = found / total + self._kind_weights[number] * held
        if index in self._openings:
            merit += covered * (weights.topic if self._only_named[number] else weights.opening)
        merit += weights.definition * defines(snippet, self._defined[number])
        if AnswerKind.CONTACT in part.kinds and holds(AnswerKind.CONTACT, snippet.text):
            merit += weights.contact
        merit -= weights.other * self._other(index, number)
        merit += weights.denies * self._denies(snippet, number)
        if number in self._named[snippet.passage.chunk_id] or self._labelled(snippet, number):
            merit += weights.named
        if snippet.kind == "row" and names and AnswerKind.COMPARISON in part.kinds:
            merit += weights.compared
        if snippet.is_question:
            merit -= weights.question
        if len(words.own) < HARDLY_A_SENTENCE and not held:
            merit -= weights.short
        if snippet.kind == "code" and AnswerKind.STEPS not in part.kinds:
            merit -= weights.code
        rank = weights.rank / (1 + 0.25 * self._ranks[snippet.passage.chunk_id])
        return ScoredSnippet(
            index=index,
            snippet=snippet,
            score=merit + rank + weights.section * snippet.passage.score,
            called=covered,
            covers={word: terms[word] / total for word in _held(here.said, words_of) if word[0] not in WEAK},
            own=_held(here.own, words_of) | {(f"={name}",) for name in names},
            merit=merit,
        )

    def _labelled(self, snippet: Snippet, number: int) -> bool:
        """Tell whether it begins with a label ("Names: …") all of whose words are in the part."""
        label, colon, _ = snippet.text.partition(":")
        if snippet.kind == "row" or not colon or len(label.split()) > LABEL_WORDS:
            return False
        found = distinct_tokens(label)
        return bool(found) and found <= self._asked[number]

    def _other(self, index: int, number: int) -> float:
        """Return the share of the part's identifiers that stand elsewhere, but not in or above this snippet."""
        names = self._identifiers[number]
        return sum(name not in self._held[index] for name in names) / len(names) if names else 0.0

    def _denies(self, snippet: Snippet, number: int) -> float:
        if self._negated[number]:
            return 1.0 if _denied(snippet.text) else -1.0
        return -0.5 if self._lists[number] and _denied(snippet.text) else 0.0

    def _kinds(self, snippet: Snippet, part: QuestionPart) -> float:
        if not part.kinds:
            return 0.0
        text = snippet.labelled_cells() if snippet.kind == "row" else snippet.text
        return sum(holds(kind, text) for kind in part.kinds) / len(part.kinds)


def _denied(text: str) -> bool:
    return _NOT.search(text) is not None


def _sought(text: str) -> list[Terms]:
    """Return the terms to look for in English pages; a foreign word also as it is."""
    return [word.terms for word in read(text, LANGUAGES).sought]


def _held(found: Iterable[str], words_of: Mapping[str, Sequence[Terms]]) -> frozenset[Terms]:
    """Return the words that these terms are spellings of."""
    return frozenset(word for term in found for word in words_of.get(term, ()))
