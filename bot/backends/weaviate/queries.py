"""What a search asks of Weaviate, and what comes back."""

import re
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from bot.backends.weaviate import mapping
from bot.backends.weaviate.schema import TERMS, VECTOR
from bot.backends.weaviate.server.sdk_types import (
    CollectionAsync,
    Condition,
    Object,
    WeaviateField,
    query,
)
from bot.ports import Hit, SearchQuery, Vector

# Title and headings say what a chunk is about.
WEIGHTED: Final = ["title_terms^2", "heading_terms^1.5", "text_terms"]
_WANTED: Final = [*mapping.SHOWN, *TERMS]
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
    return [mapping.seal(each) for each in sorted(values)]


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
            return_properties=_WANTED,
        )
    elif not words or wanted.alpha >= 1:
        found = await chunks.query.near_vector(
            wanted.vector.tolist(),
            target_vector=VECTOR,
            limit=limit,
            filters=filters,
            return_metadata=query.MetadataQuery(distance=True),
            return_properties=_WANTED,
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
            return_properties=_WANTED,
        )
    return list(found.objects)


async def missed(chunks: CollectionAsync, found: Sequence[Found], vector: Vector | None) -> dict[UUID, float]:
    """Cosine similarities of those that only the keywords found: the core decides by them, too."""
    ids = [each.uuid for each in found if each.metadata.distance is None and "vector" not in _legs(each)]
    if vector is None or not ids:
        return {}
    near = await chunks.query.near_vector(
        vector.tolist(),
        target_vector=VECTOR,
        limit=len(ids),
        filters=query.Filter.by_id().contains_any(ids),
        return_metadata=query.MetadataQuery(distance=True),
        return_properties=False,
    )
    return {each.uuid: 1.0 - (each.metadata.distance or 0.0) for each in near.objects}


def hits(found: Sequence[Found], similar: Mapping[UUID, float]) -> list[Hit]:
    """In the same order; `similar` is what the vector search did not say."""
    return [_hit(each, similar) for each in found]


def _hit(found: Found, similar: Mapping[UUID, float]) -> Hit:
    score, distance = found.metadata.score or 0.0, found.metadata.distance
    terms = mapping.terms(found.properties)
    if distance is not None:
        return Hit(mapping.passage(found.properties, 1.0 - distance), None, 1.0 - distance, terms)
    passage = mapping.passage(found.properties, score)
    if not found.metadata.explain_score:
        return Hit(passage, score, similar.get(found.uuid), terms)
    legs = _legs(found)
    return Hit(passage, legs.get("keyword"), legs.get("vector", similar.get(found.uuid)), terms)


def _legs(found: Found) -> dict[str, float]:
    return {leg: float(score) for leg, score in _LEG.findall(found.metadata.explain_score or "")}
