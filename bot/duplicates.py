"""Near-copies: pages made from one template, or kept in two places, must not fill the top results."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor

from bot.fusion import Scored

# Chunks are near-copies if so large a share of their terms is the same. Templates with other numbers are
# above .8; neighbouring sections on one subject stay below .5.
ALIKE = 0.8
# So many of a family stay: where two copies say different things, that is worth knowing.
COPIES = 2
_FEWEST_TERMS = 8


@dataclass(slots=True)
class _Family:
    best: Scored
    pages: set[str]


def surplus(scored: Sequence[Scored]) -> dict[str, str]:
    """Chunk id → chunk id of its family's best, for all copies on further pages; `scored` is best first."""
    families: dict[int, list[_Family]] = {}
    dropped: dict[str, str] = {}
    for each in scored:
        page = each.passage.doc_id
        family = _family(each, families)
        if family is None:
            families.setdefault(len(each.terms.counts), []).append(_Family(each, {page}))
        elif page not in family.pages and len(family.pages) >= COPIES:
            dropped[each.passage.chunk_id] = family.best.passage.chunk_id
        else:
            family.pages.add(page)
    return dropped


def _family(one: Scored, families: Mapping[int, Sequence[_Family]]) -> _Family | None:
    """By size first: most chunks differ in that alone, and comparing sets takes its time."""
    terms = one.terms.distinct
    if len(terms) < _FEWEST_TERMS:
        return None
    for size in range(ceil(ALIKE * len(terms)), floor(len(terms) / ALIKE) + 1):
        for family in families.get(size, ()):
            common = len(terms & family.best.terms.distinct)
            if common >= ALIKE * (len(terms) + size - common):
                return family
    return None
