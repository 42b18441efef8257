"""Near-copies: pages made from one template, or kept in two places, must not fill the top results."""

from collections.abc import Sequence
from dataclasses import dataclass

from bot.fusion import Scored

# Chunks are near-copies if so large a share of their terms is the same. Templates with other numbers are
# above .8; neighbouring sections on one subject stay below .5.
ALIKE = 0.8
# So many of a family stay: where two copies say different things, that is worth knowing.
COPIES = 2
_FEWEST_TERMS = 8
# Of so many sampled terms so many are shared by near-copies, all but surely.
_SAMPLE, _COMMON = 12, 6


@dataclass(slots=True)
class _Family:
    best: Scored
    sample: frozenset[int]
    pages: set[str]


def surplus(scored: Sequence[Scored]) -> dict[str, str]:
    """Chunk id → chunk id of its family's best, for all copies on further pages; `scored` is best first."""
    families: list[_Family] = []
    dropped: dict[str, str] = {}
    for each in scored:
        if len(each.terms.distinct) < _FEWEST_TERMS:
            continue
        page = each.passage.doc_id
        sample = _sample(each)
        family = next(
            (f for f in families if len(sample & f.sample) >= _COMMON and _alike(each, f.best)), None
        )
        if family is None:
            families.append(_Family(each, sample, {page}))
        elif page not in family.pages and len(family.pages) >= COPIES:
            dropped[each.passage.chunk_id] = family.best.passage.chunk_id
        else:
            family.pages.add(page)
    return dropped


def _sample(one: Scored) -> frozenset[int]:
    """Sets that are much alike have most of these in common (the bottom-k sketch of Broder's MinHash, 1997).

    Comparing whole sets, each with each, would take longer than the search.
    """
    return frozenset(sorted(map(hash, one.terms.distinct))[:_SAMPLE])


def _alike(one: Scored, other: Scored) -> bool:
    mine, theirs = one.terms.distinct, other.terms.distinct
    common = len(mine & theirs)
    return common >= ALIKE * (len(mine) + len(theirs) - common)
