"""The terms of each snippet, by where they stand: in its own text, in what it hangs on, or beside it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.backends.extractive.snippets import Snippet, asks
from bot.backends.extractive.weights import Weights
from bot.model import Passage
from bot.text.analyzer import distinct_tokens

# One word of a question: its spellings and meanings, as terms.
Terms = tuple[str, ...]


@dataclass(slots=True)
class SnippetTerms:
    """Stems, as `distinct_tokens` makes them.

    `beside` are those of the sentences before and after; `asked` of the question that it stands below, as in an FAQ.
    """

    own: frozenset[str]
    head: frozenset[str]
    lead: frozenset[str]
    heading: frozenset[str]
    title: frozenset[str]
    beside: frozenset[str] = frozenset()
    asked: frozenset[str] = frozenset()


def snippet_terms(snippets: Sequence[Snippet]) -> list[SnippetTerms]:
    """Return the terms of each snippet, in the snippets' order.

    The words that a page names itself by (`Passage.called`) count where the page begins, and a question's words
    count for the sentence that follows it.
    """
    found = [
        SnippetTerms(
            own=distinct_tokens(s.text),
            head=distinct_tokens(s.head.partition("\n")[0]),
            lead=distinct_tokens(s.lead),
            heading=distinct_tokens(s.passage.heading),
            title=distinct_tokens(s.passage.title),
            asked=_question_above(s),
        )
        for s in snippets
    ]
    for index in openings(snippets):
        if not snippets[index].passage.heading:
            called = _called(snippets[index].passage, snippets, found)
            found[index].lead |= called
            found[index].title |= called
    for index in range(1, len(found)):
        before, here = snippets[index - 1], snippets[index]
        if here.block == before.block:
            found[index].beside = found[index - 1].own
            found[index - 1].beside |= found[index].own
            if before.is_question:
                found[index].lead |= found[index - 1].own
    return found


def openings(snippets: Sequence[Snippet]) -> frozenset[int]:
    """Return the index of each passage's first snippet: right below a heading, text need not repeat its words."""
    first: dict[str, int] = {}
    for index, snippet in enumerate(snippets):
        first.setdefault(snippet.passage.chunk_id, index)
    return frozenset(first.values())


def _question_above(snippet: Snippet) -> frozenset[str]:
    above = (snippet.passage.heading.rpartition(" > ")[2], snippet.lead)
    return frozenset(term for text in above if asks(text) for term in distinct_tokens(text))


def _called(page: Passage, snippets: Sequence[Snippet], terms: Sequence[SnippetTerms]) -> frozenset[str]:
    """Return the terms that the page names itself by and says nowhere in its text."""
    said = (
        terms[index].own | terms[index].head | terms[index].heading
        for index, snippet in enumerate(snippets)
        if snippet.passage.doc_id == page.doc_id
    )
    return page.called.difference(*said) if page.called else page.called


@dataclass(frozen=True, slots=True)
class Hits:
    """What a snippet has of the sought terms.

    `shares` are what each counts, from 0 to 1, by where the term stands; `own` stand in the snippet itself, `said` there or in what it
    hangs on, `above` in its title or heading.
    """

    shares: Mapping[str, float]
    own: frozenset[str]
    said: frozenset[str]
    above: frozenset[str]


def hits(words: SnippetTerms, sought: frozenset[str], weights: Weights) -> Hits:
    """Return what a snippet's terms have of the sought ones."""
    own, head, lead = sought & words.own, sought & words.head, sought & words.lead
    heading, title = sought & words.heading, sought & words.title
    places = (
        (title, weights.title),
        (sought & words.beside, weights.beside),
        (heading, weights.heading),
        (lead, weights.lead),
        (sought & words.asked, weights.asked),
        (head, weights.head),
        (own, 1.0),
    )
    shares: dict[str, float] = {}
    for held, share in places:
        shares |= dict.fromkeys(held, share)
    return Hits(shares, own, own | head | lead, heading | title)


def by_term(words: Iterable[Terms]) -> dict[str, list[Terms]]:
    """Return for each term the words that it is a spelling of."""
    found: dict[str, list[Terms]] = {}
    for word in words:
        for term in word:
            found.setdefault(term, []).append(word)
    return found


def best_of(shares: Mapping[str, float], words_of: Mapping[str, Sequence[Terms]]) -> dict[Terms, float]:
    """Return for each word that was found the share of its best spelling."""
    best: dict[Terms, float] = {}
    for term, share in shares.items():
        for word in words_of.get(term, ()):
            best[word] = max(best.get(word, 0.0), share)
    return best
