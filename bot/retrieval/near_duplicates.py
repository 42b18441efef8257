"""Keeps near-copies from filling the top results: pages kept in several places, or one page for each version.

Chunks with nearly the same terms are one family, and so are pages whose titles differ in numbers alone (a report
for each release); only the best of a family keeps its place.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from bot.retrieval.scoring import ScoredCandidate

# Chunks are near-copies if so large a share of their terms is the same. Templates with other numbers are
# above .8; neighbouring sections on one subject stay below .5.
ALIKE = 0.8
# So many of a family stay: where two copies say different things, that is worth knowing.
COPIES = 2
_FEWEST_TERMS = 8
_NUMBER = re.compile(r"\d+(?:[.\-_/]\d+)*")
_CLOSE = 24
_SAMPLE, _COMMON = 12, 5


@dataclass(slots=True)
class _Family:
    best: ScoredCandidate
    pages: set[str]
    sample: frozenset[str]

    def resembles(self, other: ScoredCandidate) -> bool:
        mine, theirs = self.best.terms.distinct, other.terms.distinct
        fewer, more = sorted((len(mine), len(theirs)))
        if fewer < max(_FEWEST_TERMS, ALIKE * more):
            return False
        # Near-copies have most of any few terms in common; comparing whole sets, each with each, takes longer.
        if len(self.sample & theirs) < _COMMON:
            return False
        common = len(mine & theirs)
        return common >= ALIKE * (len(mine) + len(theirs) - common)


def surplus(scored: Sequence[ScoredCandidate]) -> dict[str, str]:
    """Return the copies on further pages: chunk id to the id of its family's best. `scored` is best first."""
    families: list[_Family] = []
    series: dict[str, _Family] = {}
    dropped: dict[str, str] = {}
    for place, each in enumerate(scored):
        page = each.passage.doc_id
        if place == _CLOSE:
            # Below the top only families that are full matter any more.
            families = [family for family in families if len(family.pages) >= COPIES]
        family = next((f for f in families if f.resembles(each)), None)
        pattern = _NUMBER.sub("#", each.passage.title)
        # Pages of one and the same title are no series: nothing tells them apart but what they say.
        if family is None and pattern in series and series[pattern].best.passage.title != each.passage.title:
            family = series[pattern]
        if family is None and place >= _CLOSE:
            continue
        if family is None:
            new = _Family(each, {page}, _sample(each.terms.distinct))
            families.append(new)
            series.setdefault(pattern, new)
        elif page not in family.pages and len(family.pages) >= COPIES:
            dropped[each.passage.chunk_id] = family.best.passage.chunk_id
        else:
            family.pages.add(page)
    return dropped


def _sample(terms: frozenset[str]) -> frozenset[str]:
    """Return some of the terms, for equal texts the same ones; not only those with digits, in which near-copies differ."""
    ordered = sorted(terms)
    return frozenset(ordered[:: max(1, len(ordered) // _SAMPLE)])
