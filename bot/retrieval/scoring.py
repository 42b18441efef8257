"""How well a found chunk fits a question: both legs' evidence on scales that mean the same for every question.

    score = similarity + trust · (KEYWORD · words in the chunk + PAGE · words on the page + HEAD · in headings)

"words" is BM25 divided by what a chunk that is full of every sought word would get: the share of the
question that was found, each word weighed by its rarity. So no leg needs a weight that depends on the set:
a question that pages answer in its own words moves the keyword leg towards 1, one in other words, or with
typos, or in another language leaves it near 0 and similarity decides. Relative scores, as usual in hybrid
search, stretch both cases to 0..1 and lose that.

"trust" is 1, and grows with the number of sought words beyond eight: half of sixteen is more than half of six;
it is up to twice that where the embedder tells unrelated texts badly apart (`SimilarityScale.words`).

Over the three public sets (a handbook's questions in everyday words, long ones close to the docs' wording,
short paraphrases; one set also without titles) nDCG@10 stays within .015 for weights of .25-.4, .15-.3 and
.15-.2; trust helps the two sets of long questions by .01 and costs the others nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.model import Passage
from bot.ports import Hit
from bot.retrieval.query_terms import WeighedTerm
from bot.retrieval.similarity_calibration import SAME, SimilarityScale
from bot.text.analyzer import distinct_tokens, tokens

KEYWORD = 0.25
PAGE = 0.25
HEAD = 0.2
# With no similarity at all what stands elsewhere on a page counts more than what stands in the chunk, headings less.
PAGE_ALONE, HEAD_ALONE = 0.3, 0.15
# A word that means nearly the same as what was asked, beside the word itself (see bot.retrieval.everyday_words).
NEAR_WORD = 0.7
# Trust is the number of sought words by this one, within bounds.
USUAL_NUMBER, LEAST_TRUST, MOST_TRUST = 8, 1.0, 2.0

# BM25's usual constants, and the terms of a usual chunk with its title and headings.
_K1, _B, _USUAL_LENGTH = 1.2, 0.75, 100
_TITLE_WEIGHT, _HEADING_WEIGHT = 1.5, 1.5


@dataclass(frozen=True, slots=True)
class WeighedTerms:
    """The terms of a chunk: of its title, its headings and its text."""

    title: Sequence[str]
    heading: Sequence[str]
    text: Sequence[str]
    head: frozenset[str]
    distinct: frozenset[str]

    def count(self, term: str) -> float:
        """Count a term; title and headings count more than the text."""
        if term not in self.distinct:
            return 0.0
        counted = float(self.text.count(term))
        if term in self.head:
            counted += _TITLE_WEIGHT * self.title.count(term) + _HEADING_WEIGHT * self.heading.count(term)
        return counted


@dataclass(frozen=True, slots=True)
class ScoredCandidate:
    """A found chunk. All measures but `score` are from 0 to 1.

    `similarity` is cosine similarity on the scale of bot.retrieval.similarity_calibration, None without a vector
    search. `words` as in the module's formula; `covered` is the share of the question's words, by rarity, that
    stand in the chunk; `page` is the module's words over all found chunks of its page (both with what missed words
    cost, see `WeighedTerm`); `head` is the share that title and headings cover.
    """

    hit: Hit
    terms: WeighedTerms
    similarity: float | None
    words: float
    covered: float
    page: float
    head: float
    score: float

    @property
    def passage(self) -> Passage:
        return self.hit.passage

    @property
    def called(self) -> frozenset[str]:
        """The terms that the page names itself by besides title and heading; none where the store keeps no terms."""
        if self.hit.terms is None:
            return frozenset()
        return (
            frozenset(self.terms.heading)
            - distinct_tokens(self.passage.heading)
            - frozenset(self.terms.title)
        )


def terms_of(hit: Hit, languages: Sequence[str]) -> WeighedTerms:
    """Return the hit's terms as the store keeps them, or analysed in each of the index's languages."""
    if hit.terms is not None:
        title, heading, text = (line.split() for line in hit.terms.split("\n"))
        return _terms(title, heading, text)
    return _analysed(hit.passage.title, hit.passage.heading, hit.passage.text, tuple(languages))


@lru_cache(2_048)
def _analysed(title: str, heading: str, text: str, languages: tuple[str, ...]) -> WeighedTerms:
    return _terms(_in_any(title, languages), _in_any(heading, languages), _in_any(text, languages))


def _in_any(text: str, languages: tuple[str, ...]) -> list[str]:
    """Return the first language's terms, and those that only the others have."""
    found: list[str] = []
    for language in languages:
        known = frozenset(found)
        found += [term for term in tokens(text, language) if term not in known]
    return found


def _terms(title: Sequence[str], heading: Sequence[str], text: Sequence[str]) -> WeighedTerms:
    head = frozenset(title).union(heading)
    return WeighedTerms(title, heading, text, head, head.union(text))


def fuse(
    hits: Sequence[Hit],
    terms: Sequence[WeighedTerms],
    weighed: Sequence[WeighedTerm],
    scale: SimilarityScale = SAME,
) -> list[ScoredCandidate]:
    """Score the hits, best first; ties keep the hits' order. `scale` is for their cosines."""
    rows = [_saturated(each, weighed) for each in terms]
    pages = _pages(hits, rows, weighed)
    whole = sum(word.weight for word in weighed) or 1.0
    missed = sum(word.missed for word in weighed) or 1.0
    trust = scale.words * min(MOST_TRUST, max(LEAST_TRUST, len(weighed) / USUAL_NUMBER))
    known = [scale.of(hit.vector) for hit in hits if hit.vector is not None]
    # What a leg's list ends with is the most that a chunk below its end can have.
    lowest = min(known, default=0.0)
    scored = []
    for hit, each, row in zip(hits, terms, rows, strict=True):
        words = covered = head = 0.0
        for word, value in zip(weighed, row, strict=True):
            if value:
                words += value * word.weight
                covered += word.weight
                if not each.head.isdisjoint(word.sought.terms):
                    head += word.weight
        words, head = words / whole, head / whole
        page = pages[hit.passage.doc_id]
        similarity = (lowest if hit.vector is None else scale.of(hit.vector)) if known else None
        scored.append(
            ScoredCandidate(
                hit=hit,
                terms=each,
                similarity=similarity,
                words=words,
                covered=covered / missed,
                page=page / missed,
                head=head,
                score=(similarity or 0.0)
                + trust
                * (
                    KEYWORD * words
                    + (PAGE if known else PAGE_ALONE) * page / whole
                    + (HEAD if known else HEAD_ALONE) * head
                ),
            )
        )
    return sorted(scored, key=lambda each: -each.score)


def _saturated(terms: WeighedTerms, weighed: Sequence[WeighedTerm]) -> list[float]:
    """Return for each sought word how much of it the chunk has, from 0 to 1, as BM25 counts it."""
    norm = _K1 * (1 - _B + _B * len(terms.text) / _USUAL_LENGTH)
    row = []
    for word in weighed:
        best = 0.0
        for term in word.sought.terms:
            if count := terms.count(term):
                share = NEAR_WORD if term in word.sought.near else 1.0
                best = max(best, share * count / (count + norm))
        row.append(best)
    return row


def _pages(
    hits: Sequence[Hit], rows: Sequence[list[float]], weighed: Sequence[WeighedTerm]
) -> dict[str, float]:
    """Return for each page the most that any of its found chunks has of each word, weighed and summed."""
    best: dict[str, list[float]] = {}
    for hit, row in zip(hits, rows, strict=True):
        known = best.get(hit.passage.doc_id)
        best[hit.passage.doc_id] = row if known is None else list(map(max, known, row))
    return {
        page: sum(value * word.weight for value, word in zip(row, weighed, strict=True))
        for page, row in best.items()
    }
