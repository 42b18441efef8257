"""The terms of each snippet, by where they stand: in its own text, in what it hangs on, or beside it. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.backends.extractive.snippets import Snippet
from bot.model import Passage
from bot.text.analyzer import distinct_tokens


@dataclass(slots=True)
class SnippetTerms:
    """Stems, as `distinct_tokens` makes them. `beside` are those of the sentences before and after."""

    own: frozenset[str]
    head: frozenset[str]
    lead: frozenset[str]
    heading: frozenset[str]
    title: frozenset[str]
    beside: frozenset[str] = frozenset()


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


def _called(page: Passage, snippets: Sequence[Snippet], terms: Sequence[SnippetTerms]) -> frozenset[str]:
    """Return the terms that the page names itself by and says nowhere in its text."""
    said = (
        terms[index].own | terms[index].head | terms[index].heading
        for index, snippet in enumerate(snippets)
        if snippet.passage.doc_id == page.doc_id
    )
    return page.called.difference(*said) if page.called else page.called
