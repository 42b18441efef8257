"""How well a found chunk fits a question: both legs' evidence on scales that mean the same for every question.

    score = similarity + trust · (KEYWORD · words in the chunk + PAGE · words on the page + HEAD · in headings)

"words" is BM25 divided by what a chunk that is full of every sought word would get: the share of the
question that was found, each word weighed by its rarity. So no leg needs a weight that depends on the set:
a question that pages answer in its own words moves the keyword leg towards 1, one in other words, or with
typos, or in another language leaves it near 0 and similarity decides. Relative scores, as usual in hybrid
search, stretch both cases to 0..1 and lose that.

"trust" is 1, and grows with the number of sought words beyond eight: half of sixteen is more than half of six.

Over the three public sets (a handbook's questions in everyday words, long ones close to the docs' wording,
short paraphrases; one set also without titles) nDCG@10 stays within .015 for weights of .25-.4, .15-.3 and
.15-.2; trust helps the two sets of long questions by .01 and costs the others nothing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.analyze import tokens
from bot.model import Passage
from bot.ports import Hit
from bot.scale import SAME, Scale
from bot.wording import Weighed

KEYWORD = 0.25
PAGE = 0.25
HEAD = 0.2
# With no similarity at all what stands elsewhere on a page counts as much as what stands in the chunk.
PAGE_ALONE = 0.3
# Trust is the number of sought words by this one, within bounds.
USUAL_NUMBER, LEAST_TRUST, MOST_TRUST = 8, 1.0, 2.0

# BM25's usual constants, and the terms of a usual chunk with its title and headings.
_K1, _B, _USUAL_LENGTH = 1.2, 0.75, 100
_TITLE_WEIGHT, _HEADING_WEIGHT = 2.0, 1.5


@dataclass(frozen=True, slots=True)
class Terms:
    """A chunk as terms: how often (title and headings count more), in how long a text, and its head's."""

    counts: Mapping[str, float]
    distinct: frozenset[str]
    head: frozenset[str]
    length: int


@dataclass(frozen=True, slots=True)
class Scored:
    """One found chunk. All measures but `score` are 0..1.

    `similarity` is cosine similarity on bot.scale's scale, None if there was no vector search. `words` as in the module's
    formula; `covered` is the share of the question's words, by rarity, that stand in the chunk, `page`
    the module's words over all found chunks of its page, `head` the covered share by title and headings.
    """

    hit: Hit
    terms: Terms
    similarity: float | None
    words: float
    covered: float
    page: float
    head: float
    score: float

    @property
    def passage(self) -> Passage:
        return self.hit.passage


def terms_of(passage: Passage, languages: Sequence[str]) -> Terms:
    """Analysed as pages of each of the index's languages are."""
    return _terms(passage.title, passage.heading, passage.text, tuple(languages))


@lru_cache(2_048)
def _terms(title: str, heading: str, text: str, languages: tuple[str, ...]) -> Terms:
    counts: dict[str, float] = {}
    head: set[str] = set()
    length = 0
    for language in languages:
        found = tokens(text, language)
        length = max(length, len(found))
        weighted: dict[str, float] = {**Counter(found)}
        for part, weight in ((title, _TITLE_WEIGHT), (heading, _HEADING_WEIGHT)):
            for term in tokens(part, language):
                weighted[term] = weighted.get(term, 0.0) + weight
                head.add(term)
        counts = {**counts, **weighted} if counts else weighted
    return Terms(counts, frozenset(counts), frozenset(head), length)


def fuse(
    hits: Sequence[Hit], terms: Sequence[Terms], weighed: Sequence[Weighed], scale: Scale = SAME
) -> list[Scored]:
    """Best first; ties stay in the order of the hits. `scale` is for the hits' cosines."""
    rows = [_saturated(each, weighed) for each in terms]
    pages = _pages(hits, rows, weighed)
    whole = sum(word.weight for word in weighed) or 1.0
    trust = min(MOST_TRUST, max(LEAST_TRUST, len(weighed) / USUAL_NUMBER))
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
        words, covered, head = words / whole, covered / whole, head / whole
        page = pages[hit.passage.doc_id] / whole
        similarity = (lowest if hit.vector is None else scale.of(hit.vector)) if known else None
        scored.append(
            Scored(
                hit=hit,
                terms=each,
                similarity=similarity,
                words=words,
                covered=covered,
                page=page,
                head=head,
                score=(similarity or 0.0)
                + trust * (KEYWORD * words + (PAGE if known else PAGE_ALONE) * page + HEAD * head),
            )
        )
    return sorted(scored, key=lambda each: -each.score)


def _saturated(terms: Terms, weighed: Sequence[Weighed]) -> list[float]:
    """0..1 for each sought word: how much of it the chunk has, as BM25 counts it."""
    norm = _K1 * (1 - _B + _B * terms.length / _USUAL_LENGTH)
    row = []
    for word in weighed:
        count = 0.0
        for term in word.sought.terms:
            count = max(count, terms.counts.get(term, 0.0))
        row.append(count / (count + norm) if count else 0.0)
    return row


def _pages(hits: Sequence[Hit], rows: Sequence[list[float]], weighed: Sequence[Weighed]) -> dict[str, float]:
    """By page: the most that any of its found chunks has of each word, weighed and summed."""
    best: dict[str, list[float]] = {}
    for hit, row in zip(hits, rows, strict=True):
        known = best.get(hit.passage.doc_id)
        best[hit.passage.doc_id] = row if known is None else list(map(max, known, row))
    return {
        page: sum(value * word.weight for value, word in zip(row, weighed, strict=True))
        for page, row in best.items()
    }
