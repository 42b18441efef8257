"""What a search asks of Weaviate, and what comes back."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from bot.backends.weaviate import rows
from bot.backends.weaviate.schema import VECTOR
from bot.backends.weaviate.vendor import CollectionAsync, Condition, Object, WeaviateField, query
from bot.ports import Hit, SearchQuery

# Title and headings say what a chunk is about.
WEIGHTED: Final = ["title_terms^2", "heading_terms^1.5", "text_terms"]
# An explanation has a line for each leg that found the object, such as:
# Hybrid (Result Set keyword,bm25) Document <id>: original score 2.95, normalized score: 0.5
_LEG: Final = re.compile(r"\(Result Set (\w+),\w+\) Document \S+: original score (-?[\d.]+(?:[eE][+-]?\d+)?)")

Found = Object[Mapping[str, WeaviateField], None]


def audience_filter(audience: frozenset[str], sources: frozenset[str] | None = None) -> Condition:
    """For a set that isn't empty: the server takes no empty ones."""
    visible = query.Filter.by_property("audience").contains_any(_sealed(audience))
    if sources is None:
        return visible
    return visible & query.Filter.by_property("source").contains_any(_sealed(sources))


def _sealed(values: frozenset[str]) -> list[str]:
    return [rows.seal(each) for each in sorted(values)]


async def ask(chunks: CollectionAsync, wanted: SearchQuery, terms: Sequence[str], limit: int) -> list[Found]:
    """Both legs fused by the server; one leg alone where the other has nothing to go by."""
    filters = audience_filter(wanted.audience, wanted.sources)
    words = " ".join(terms)
    if wanted.vector is None or wanted.alpha <= 0:
        if not words:
            return []
        found = await chunks.query.bm25(
            words,
            query_properties=WEIGHTED,
            limit=limit,
            filters=filters,
            return_metadata=query.MetadataQuery(score=True),
            return_properties=list(rows.SHOWN),
        )
    elif not words or wanted.alpha >= 1:
        found = await chunks.query.near_vector(
            wanted.vector.tolist(),
            target_vector=VECTOR,
            limit=limit,
            filters=filters,
            return_metadata=query.MetadataQuery(distance=True),
            return_properties=list(rows.SHOWN),
        )
    else:
        found = await chunks.query.hybrid(
            words,
            vector={VECTOR: wanted.vector.tolist()},
            target_vector=VECTOR,
            alpha=wanted.alpha,
            fusion_type=query.HybridFusion.RELATIVE_SCORE,
            query_properties=WEIGHTED,
            limit=limit,
            filters=filters,
            return_metadata=query.MetadataQuery(score=True, explain_score=True),
            return_properties=list(rows.SHOWN),
        )
    return list(found.objects)


def hits(found: Sequence[Found]) -> list[Hit]:
    """In the same order."""
    return [_hit(each) for each in found]


def _hit(found: Found) -> Hit:
    metadata = found.metadata
    if metadata.distance is not None:
        cosine = 1.0 - metadata.distance
        return Hit(rows.passage(found.properties, cosine), keyword=None, vector=cosine)
    score = metadata.score or 0.0
    if not metadata.explain_score:
        return Hit(rows.passage(found.properties, score), keyword=score, vector=None)
    legs = dict(_LEG.findall(metadata.explain_score))
    return Hit(
        rows.passage(found.properties, score),
        keyword=float(legs["keyword"]) if "keyword" in legs else None,
        vector=float(legs["vector"]) if "vector" in legs else None,
    )
