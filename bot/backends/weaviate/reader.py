"""Reading one index: never two revisions of a page, and never a chunk that its manifest doesn't name."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import numpy as np

from bot.backends.weaviate import mapping, queries
from bot.backends.weaviate.index import GROUP, Index, grouped
from bot.backends.weaviate.queries import Found
from bot.backends.weaviate.schema import VECTOR
from bot.backends.weaviate.server.sdk_types import aggregate, query
from bot.model import Passage
from bot.ports import Hit, SearchQuery, SourceStats, Span, StoreStats, Vector

# Asked for beyond the limit, for chunks that are being replaced and don't count.
SPARE: Final = 10
WIDER: Final = 4
# Times that a search looks again while pages change under it.
LOOKS: Final = 20
# The server's own limit for one answer.
MOST: Final = 10_000
SOURCES: Final = 10_000


async def search(index: Index, wanted: SearchQuery, terms: Sequence[str]) -> list[Hit]:
    """The best of what is live.

    Where chunks of another revision turn up, the page is changing: then the search is done again, until it
    lies between two looks at the manifest that say the same, so that the page was whole meanwhile.
    """
    fetch = wanted.limit + SPARE
    live: list[Found] = []
    similar: dict[UUID, float] = {}
    before: dict[str, str] = {}
    for _ in range(LOOKS):
        found = await queries.ask(index.chunks, wanted, terms, min(fetch, MOST))
        pages, similar = await asyncio.gather(
            index.live_pages(mapping.unseal(each.properties["doc_id"]) for each in found),
            queries.missed(index.chunks, found, wanted.vector),
        )
        now = {mapping.seal(doc_id): page.stamp for doc_id, page in pages.items()}
        live = [each for each in found if now.get(str(each.properties["doc_id"])) == each.properties["stamp"]]
        changing = {str(each.properties["doc_id"]) for each in found} - _sure(found, now)
        short = len(live) < wanted.limit and fetch <= len(found) < MOST
        if not short and all(before.get(doc_id) == now[doc_id] for doc_id in changing if doc_id in now):
            break
        before, fetch = now, fetch * WIDER if short else fetch
    return queries.hits(live[: wanted.limit], similar)


def _sure(found: Sequence[Found], stamps: Mapping[str, str]) -> set[str]:
    """Documents of which only live chunks were found."""
    stale = {
        each.properties["doc_id"]
        for each in found
        if stamps.get(str(each.properties["doc_id"])) != each.properties["stamp"]
    }
    return {str(each.properties["doc_id"]) for each in found if each.properties["doc_id"] not in stale}


async def passages(index: Index, spans: Sequence[Span], audience: frozenset[str]) -> list[Passage]:
    """By id: the manifest's stamp and the ordinals say which objects they are."""
    visible: dict[str, list[Passage]] = {}
    for _ in range(LOOKS):
        pages = await index.live_pages(span.doc_id for span in spans)
        wanted = {
            mapping.chunk_id(page.doc_id, page.stamp, ordinal)
            for span in spans
            if (page := pages.get(span.doc_id))
            for ordinal in range(max(0, span.first), min(span.last, page.chunks - 1) + 1)
        }
        found: list[Found] = []
        for group in grouped(sorted(wanted), GROUP):
            answer = await index.chunks.query.fetch_objects_by_ids(
                group, limit=len(group), return_properties=[*mapping.SHOWN, "audience"]
            )
            found += answer.objects
        visible = _by_document(found, audience)
        if len(found) == len(wanted):
            break
    chosen = {
        passage.chunk_id: passage
        for span in spans
        for passage in visible.get(span.doc_id, [])
        if span.first <= passage.ordinal <= span.last
    }
    return list(chosen.values())


def _by_document(found: Sequence[Found], audience: frozenset[str]) -> dict[str, list[Passage]]:
    by_document: dict[str, list[Passage]] = {}
    for each in found:
        allowed = each.properties.get("audience")
        if isinstance(allowed, list) and audience.intersection(map(mapping.unseal, allowed)):
            passage = mapping.passage(each.properties)
            by_document.setdefault(passage.doc_id, []).append(passage)
    for each_of in by_document.values():
        each_of.sort(key=lambda passage: passage.ordinal)
    return by_document


async def vectors(index: Index, text_hashes: Sequence[str]) -> dict[str, Vector]:
    """A text that stands on many pages may crowd others out of an answer: those are asked for again."""
    known: dict[str, Vector] = {}
    for group in grouped(sorted(set(text_hashes)), GROUP):
        left = set(group)
        while left:
            answer = await index.chunks.query.fetch_objects(
                filters=query.Filter.by_property("text_hash").contains_any(sorted(left)),
                limit=2 * GROUP,
                include_vector=[VECTOR],
                return_properties=["text_hash"],
            )
            new = {
                str(each.properties["text_hash"]): np.asarray(each.vector[VECTOR], dtype=np.float32)
                for each in answer.objects
                if each.vector.get(VECTOR)
            }
            known |= new
            left -= new.keys()
            if not new or len(answer.objects) < 2 * GROUP:
                break
    return known


async def stats(index: Index) -> StoreStats:
    """By the manifest: what is live."""
    groups = await index.pages.aggregate.over_all(
        group_by=aggregate.GroupByAggregate(prop="source", limit=SOURCES),
        total_count=True,
        return_metrics=[aggregate.Metrics("chunks").integer(sum_=True)],
    )
    sources = {
        mapping.unseal(each.grouped_by.value): SourceStats(
            documents=each.total_count or 0, chunks=chunks_in(each.properties)
        )
        for each in groups.groups
    }
    return StoreStats(
        documents=sum(each.documents for each in sources.values()),
        chunks=sum(each.chunks for each in sources.values()),
        bytes=None,
        sources=sources,
    )


def chunks_in(sums: Mapping[str, object]) -> int:
    """Of one group of an aggregation over pages."""
    return int(getattr(sums["chunks"], "sum_", None) or 0)
