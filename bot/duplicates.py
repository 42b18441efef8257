"""Near-copies: pages made from one template, or kept in two places, must not fill the top results."""

from collections.abc import Sequence

from bot.fusion import Scored

# Chunks are near-copies if so large a share of their terms is the same. Templates with other numbers are
# above .8; neighbouring sections on one subject stay below .5.
ALIKE = 0.8
# So many of a family stay: where two copies say different things, that is worth knowing.
COPIES = 2
_FEWEST_TERMS = 8


def surplus(scored: Sequence[Scored]) -> dict[str, str]:
    """Chunk id → chunk id of its family's best, for all copies on further pages; `scored` is best first."""
    families: list[tuple[frozenset[str], str, set[str]]] = []
    dropped: dict[str, str] = {}
    for each in scored:
        terms = frozenset(each.terms.counts)
        page = each.passage.doc_id
        # Most differ in size alone: comparing that first makes this cheap.
        fewest, most = ALIKE * len(terms), len(terms) / ALIKE
        family = next((f for f in families if fewest <= len(f[0]) <= most and _alike(terms, f[0])), None)
        if family is None:
            families.append((terms, each.passage.chunk_id, {page}))
        elif page not in family[2] and len(family[2]) >= COPIES:
            dropped[each.passage.chunk_id] = family[1]
        else:
            family[2].add(page)
    return dropped


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    common = len(one & other)
    return min(len(one), len(other)) >= _FEWEST_TERMS and common >= ALIKE * (len(one) + len(other) - common)
