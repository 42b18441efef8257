"""Shows pages to fewer people: writes their chunks again, as a revision of their own, without reading the page."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from bot.backends.weaviate import mapping
from bot.backends.weaviate.index import GROUP, Index, grouped
from bot.backends.weaviate.mapping import ManifestEntry, Row
from bot.backends.weaviate.reading.queries import Found
from bot.backends.weaviate.schema import VECTOR
from bot.backends.weaviate.server.sdk_types import data
from bot.backends.weaviate.writing import writer
from bot.model import narrower
from bot.ports import Narrowing

# Pages at once: their chunks are held in memory, with their vectors.
AT_ONCE = 20


async def narrow(index: Index, narrowings: Sequence[Narrowing], torn: set[UUID], marked: set[int]) -> None:
    """Narrow pages. One of which not all chunks are found is deleted: nobody may find the rest of it as it was."""
    wanted = {each.doc_id: each for each in narrowings}
    former = await index.live_pages(wanted, whole=True)
    less = {
        doc_id: _less(page, wanted[doc_id])
        for doc_id, page in former.items()
        if narrower(frozenset(page.audience), wanted[doc_id].audience) != frozenset(page.audience)
    }
    rows: list[Row] = []
    pages: list[ManifestEntry] = []
    lacking: list[str] = []
    for doc_id, page in less.items():
        found = await _chunks(index, former[doc_id])
        if len(found) < page.chunks:
            lacking.append(doc_id)
        else:
            pages.append(page)
            rows += [_row(each, page) for each in found]
    if pages:
        changed = {page.doc_id: former[page.doc_id] for page in pages}
        await writer.put(index, pages, rows, changed, torn=torn, marked=marked)
    if lacking:
        await writer.delete(index, lacking, marked)


def _less(page: ManifestEntry, wanted: Narrowing) -> ManifestEntry:
    audience = tuple(sorted(narrower(frozenset(page.audience), wanted.audience)))
    told = "\0".join((page.stamp, wanted.revision, *audience))
    stamp = hashlib.blake2b(told.encode(), digest_size=16).hexdigest()
    return replace(page, audience=audience, revision=wanted.revision, stamp=stamp)


async def _chunks(index: Index, page: ManifestEntry) -> list[Found]:
    found: list[Found] = []
    for group in grouped(mapping.chunk_ids(page), GROUP):
        answer = await index.chunks.query.fetch_objects_by_ids(
            group, limit=len(group), include_vector=[VECTOR]
        )
        found += answer.objects
    return found


def _row(found: Found, page: ManifestEntry) -> Row:
    vector = found.vector.get(VECTOR)
    return data.DataObject(
        uuid=mapping.chunk_id(page.doc_id, page.stamp, mapping.ordinal(found.properties)),
        properties=mapping.moved(found.properties, page),
        vector={VECTOR: vector} if vector else None,
    )
