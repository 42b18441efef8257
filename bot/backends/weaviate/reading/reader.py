"""Reads one index: never two revisions of a page, and never a chunk that its manifest doesn't name."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

import numpy as np
from cachetools import LRUCache

from bot.backends.weaviate import mapping
from bot.backends.weaviate.index import GROUP, Index, grouped
from bot.backends.weaviate.mapping import ManifestEntry
from bot.backends.weaviate.reading import queries
from bot.backends.weaviate.reading.queries import Found
from bot.backends.weaviate.reading.view import Doubts
from bot.backends.weaviate.schema import VECTOR
from bot.backends.weaviate.server.sdk_types import aggregate, query
from bot.model import Passage
from bot.ports import Nearest, SearchQuery, SourceStats, Span, StoredPage, StoreStats, Vector

# Asked for beyond the limit, for chunks that are being replaced and don't count.
SPARE: Final = 10
WIDER: Final = 4
# Times that a search looks again while pages change under it.
LOOKS: Final = 20
# The server's own limit for one answer.
MOST: Final = 10_000
SOURCES: Final = 10_000
_REMEMBERED: Final = 4_000


class Seen:
    """Remembers which revisions searches have found lately: their chunks can be asked for by id at once."""

    def __init__(self) -> None:
        self._of = ""
        self._pages: LRUCache[str, ManifestEntry] = LRUCache(_REMEMBERED)

    def note(self, index: Index, found: Sequence[Found]) -> None:
        if self._of != index.generation.chunks:
            self._of = index.generation.chunks
            self._pages.clear()
        for each in found:
            page = mapping.page_of(each.properties)
            self._pages[page.doc_id] = page

    def pages(self, index: Index, doc_ids: Iterable[str]) -> dict[str, ManifestEntry] | None:
        """Return the pages' entries; None if one of them isn't known."""
        if self._of != index.generation.chunks:
            return None
        known = {doc_id: self._pages.get(doc_id) for doc_id in set(doc_ids)}
        pages = {doc_id: page for doc_id, page in known.items() if page is not None and page.chunks}
        return pages if len(pages) == len(known) else None


async def search(index: Index, wanted: SearchQuery, terms: Sequence[str], doubts: Doubts) -> list[Found]:
    """Return the best of what is live.

    Where chunks of another revision turn up, the page is changing: then the search is done again, until it lies
    between two looks at the manifest that say the same, so that the page was whole meanwhile. A page that nobody
    writes has one revision, and isn't looked up.
    """
    fetch = wanted.limit + (SPARE if doubts.any else 0)
    live: list[Found] = []
    before: dict[str, str] = {}
    for _ in range(LOOKS):
        found = await queries.ask(index, wanted, terms, min(fetch, MOST))
        doubtful = _doubtful(index, found, doubts)
        pages = await index.live_pages(mapping.unseal(each) for each in doubtful)
        now = {mapping.seal(doc_id): page.stamp for doc_id, page in pages.items()}
        live = [
            each
            for each in found
            if (doc_id := _doc_id(each)) not in doubtful or now.get(doc_id) == each.properties["stamp"]
        ]
        changing = doubtful - _sure(found, now)
        short = len(live) < wanted.limit and fetch <= len(found) < MOST
        if not short and all(before.get(doc_id) == now[doc_id] for doc_id in changing if doc_id in now):
            break
        before, fetch = now, fetch * WIDER if short else max(fetch, wanted.limit + SPARE)
    return live[: wanted.limit]


def _doc_id(found: Found) -> str:
    return str(found.properties["doc_id"])


def _doubtful(index: Index, found: Sequence[Found], doubts: Doubts) -> set[str]:
    """Return pages that are being written, or of which two revisions turned up, here or on another node."""
    stamps: dict[str, object] = {}
    doubtful: set[str] = set()
    for each in found:
        doc_id, stamp = _doc_id(each), each.properties["stamp"]
        two = stamps.setdefault(doc_id, stamp) != stamp
        if two or mapping.unseal(doc_id) in doubts or not index.is_agreed(each):
            doubtful.add(doc_id)
    return doubtful


def _sure(found: Sequence[Found], stamps: Mapping[str, str]) -> set[str]:
    """Return documents of which only live chunks were found."""
    stale = {_doc_id(each) for each in found if stamps.get(_doc_id(each)) != each.properties["stamp"]}
    return {_doc_id(each) for each in found} - stale


async def passages(
    index: Index, spans: Sequence[Span], audience: frozenset[str], seen: dict[str, ManifestEntry] | None
) -> list[Passage]:
    """Return passages by their chunks' ids, which are made of stamp and ordinal.

    `seen` is what a search has just found of these pages. Where that has gone, the manifest says what is live.
    """
    visible: dict[str, list[Passage]] = {}
    pages = seen
    for _ in range(LOOKS):
        if pages is None:
            pages = await index.live_pages(span.doc_id for span in spans)
        wanted = _wanted(spans, pages)
        found: list[Found] = []
        for group in grouped(sorted(wanted), GROUP):
            answer = await index.chunks.query.fetch_objects_by_ids(
                group,
                limit=len(group),
                return_properties=[*mapping.SHOWN, "audience"],
                return_metadata=query.MetadataQuery(is_consistent=index.replicated),
            )
            found += answer.objects
        visible = _by_document(found, audience)
        if len(found) == len(wanted) and (pages is not seen or all(index.is_agreed(each) for each in found)):
            break
        pages = None
    chosen = {
        passage.chunk_id: passage
        for span in spans
        for passage in visible.get(span.doc_id, [])
        if span.first <= passage.ordinal <= span.last
    }
    return list(chosen.values())


async def stored(index: Index, doc_ids: Sequence[str]) -> list[StoredPage]:
    """Return pages as they are stored, with the audience that the manifest has."""
    entries = await index.live_pages(doc_ids, whole=True)
    pages = [entries[doc_id] for doc_id in dict.fromkeys(doc_ids) if doc_id in entries]
    spans = [Span(page.doc_id, 0, page.chunks) for page in pages]
    all_words = frozenset(word for page in pages for word in page.audience)
    held: dict[str, list[Passage]] = {}
    for passage in await passages(index, spans, all_words, None):
        held.setdefault(passage.doc_id, []).append(passage)
    return [
        StoredPage(page.doc_id, frozenset(page.audience), tuple(held.get(page.doc_id, ()))) for page in pages
    ]


def _wanted(spans: Sequence[Span], pages: Mapping[str, ManifestEntry]) -> set[UUID]:
    return {
        mapping.chunk_id(page.doc_id, page.stamp, ordinal)
        for span in spans
        if (page := pages.get(span.doc_id))
        for ordinal in range(max(0, span.first), min(span.last, page.chunks - 1) + 1)
    }


async def nearest(
    index: Index,
    vectors: Sequence[Vector],
    audience: frozenset[str],
    sources: frozenset[str] | None,
    doubts: Doubts,
) -> Nearest | None:
    """Return the nearest chunk; one of a page in doubt won't do unless it is live."""
    limit = 1 + SPARE if doubts.any or index.replicated else 1
    near = await queries.nearest(index, vectors, audience, sources, limit)
    for found, similarities in near:
        doc_id = mapping.unseal(_doc_id(found))
        if doc_id in doubts or not index.is_agreed(found):
            page = (await index.live_pages([doc_id])).get(doc_id)
            if page is None or page.stamp != found.properties["stamp"]:
                continue
        return Nearest(doc_id, tuple(similarities))
    return None


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
    """Return vectors by hash.

    A text that stands on many pages may crowd others out of an answer: those are asked for again.
    """
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
    """Count what is live, by the manifest."""
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
    """Return the chunks of one group of an aggregation over pages."""
    return int(getattr(sums["chunks"], "sum_", None) or 0)
