"""Makes the searches that Weaviate gets, and reads what comes back."""

import logging
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final

import numpy as np

from bot.backends.weaviate import mapping
from bot.backends.weaviate.index import Index
from bot.backends.weaviate.schema import TERMS, VECTOR
from bot.backends.weaviate.server.sdk_types import (
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
_log = logging.getLogger(__name__)

Found = Object[Mapping[str, WeaviateField], None]


def audience_filter(audience: frozenset[str], sources: frozenset[str] | None = None) -> Condition:
    """Return the filter for an audience that isn't empty: the server takes no empty set."""
    visible = query.Filter.by_property("audience").contains_any(_sealed(audience))
    if sources is None:
        return visible
    return visible & query.Filter.by_property("source").contains_any(_sealed(sources))


def _sealed(values: frozenset[str]) -> list[str]:
    return [mapping.seal(each) for each in sorted(values)]


async def ask(index: Index, wanted: SearchQuery, terms: Sequence[str], limit: int) -> list[Found]:
    """Search by words and vector, fused by the server; by one alone where the other has nothing to go by.

    Chunks bring their vectors along: the core decides by the similarity of what only the words found, too.
    """
    chunks, told = index.chunks, index.replicated
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
            include_vector=[VECTOR] if wanted.vector is not None else False,
            return_metadata=query.MetadataQuery(score=True, is_consistent=told),
            return_properties=_WANTED,
        )
    elif not words or wanted.alpha >= 1:
        found = await chunks.query.near_vector(
            wanted.vector.tolist(),
            target_vector=VECTOR,
            limit=limit,
            filters=filters,
            return_metadata=query.MetadataQuery(distance=True, is_consistent=told),
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
            include_vector=[VECTOR],
            return_metadata=query.MetadataQuery(score=True, explain_score=True, is_consistent=told),
            return_properties=_WANTED,
        )
    return list(found.objects)


async def nearest(
    index: Index,
    vectors: Sequence[Vector],
    audience: frozenset[str],
    sources: frozenset[str] | None,
    limit: int,
) -> list[tuple[Found, list[float]]]:
    """Return the chunks nearest to any of the vectors, and their similarities to each; none if nothing is visible."""
    near = [vector.tolist() for vector in vectors]
    found = await index.chunks.query.near_vector(
        {VECTOR: query.NearVector.list_of_vectors(*near)} if len(near) > 1 else near[0],
        target_vector=query.TargetVectors.minimum([VECTOR]) if len(near) > 1 else VECTOR,
        limit=limit,
        filters=audience_filter(audience, sources),
        include_vector=[VECTOR],
        return_metadata=query.MetadataQuery(is_consistent=index.replicated),
        return_properties=["doc_id", "stamp"],
    )
    return [(each, [_cosine(each, vector) or -1.0 for vector in vectors]) for each in found.objects]


def hits(found: Sequence[Found], vector: Vector | None) -> list[Hit]:
    """Return the hits in the same order."""
    made = [_hit(each, vector) for each in found]
    if made and any(each.metadata.explain_score for each in found) and not any(map(_legs, found)):
        _not_understood()
    return made


def _hit(found: Found, vector: Vector | None) -> Hit:
    score, distance = found.metadata.score or 0.0, found.metadata.distance
    terms = mapping.terms(found.properties)
    if distance is not None:
        return Hit(mapping.passage(found.properties, 1.0 - distance), None, 1.0 - distance, terms)
    passage, similar = mapping.passage(found.properties, score), _cosine(found, vector)
    keyword = _legs(found).get("keyword") if found.metadata.explain_score else score
    return Hit(passage, keyword, similar, terms)


def _cosine(found: Found, vector: Vector | None) -> float | None:
    stored = found.vector.get(VECTOR)
    if vector is None or not stored:
        return None
    other = np.asarray(stored, np.float32)
    length = float(np.linalg.norm(other) * np.linalg.norm(vector))
    return float(other @ vector) / length if length else None


def _legs(found: Found) -> dict[str, float]:
    return {leg: float(score) for leg, score in _LEG.findall(found.metadata.explain_score or "")}


@lru_cache(1)
def _not_understood() -> None:
    """Warn once that BM25 scores, which stand only in the explanation, weren't understood."""
    _log.error(
        "Weaviate explains scores in a way that this Docent doesn't know: `docent ask --why` shows no keyword"
        " scores. Answers don't depend on them. Update Docent, or report it with the server's version."
    )
