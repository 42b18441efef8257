"""Writing one index, in an order that a crash can't make visible; and mending what a crash left."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from bot.backends.weaviate import batch_writes, mapping
from bot.backends.weaviate.index import GROUP, Index, grouped
from bot.backends.weaviate.mapping import ManifestEntry, Row
from bot.backends.weaviate.server.errors import PART
from bot.backends.weaviate.server.sdk_types import query
from bot.ports import IndexedDocument, Rejected

# Chunks that are written before their pages' entries.
CHUNKS: Final = 1000
_CURSOR: Final = 1000


def portions(documents: Sequence[IndexedDocument]) -> Iterator[list[IndexedDocument]]:
    """Whole documents, of some thousand chunks together; of one id only the last counts."""
    portion: list[IndexedDocument] = []
    chunks = 0
    for each in {each.document.id: each for each in documents}.values():
        if portion and chunks + len(each.chunks) > CHUNKS:
            yield portion
            portion, chunks = [], 0
        portion.append(each)
        chunks += len(each.chunks)
    if portion:
        yield portion


async def replace(index: Index, documents: Sequence[IndexedDocument], torn: set[UUID]) -> None:
    """`torn` holds the ids of chunks that a crash may have left in part.

    Only what the manifest named before is deleted, by id. A filter for "another stamp than the new one" would
    take new chunks, too: while the server indexes an object, it may have its page and not yet its stamp.
    """
    _check_dimensions(index, documents)
    pages, chunks = await asyncio.to_thread(_rows, documents)
    former = await index.live_pages(page.doc_id for page in pages)
    await batch_writes.insert(index.chunks, chunks, torn)
    await batch_writes.insert(index.pages, [mapping.page_row(page) for page in pages])
    new = {row.uuid for row in chunks}
    await _remove(
        index, [each for page in former.values() for each in mapping.chunk_ids(page) if each not in new]
    )


async def _remove(index: Index, ids: Sequence[UUID]) -> None:
    """Those that their ids' filter finds are whole, and go in one call; the others one by one."""
    for group in grouped(ids, GROUP):
        found = await batch_writes.delete(index.chunks, query.Filter.by_id().contains_any(list(group)))
        if found < len(group):
            await batch_writes.purge(index.chunks, group)


def _rows(documents: Sequence[IndexedDocument]) -> tuple[list[ManifestEntry], list[Row]]:
    pages: list[ManifestEntry] = []
    chunks: list[Row] = []
    for each in documents:
        document, stamp = each.document, mapping.stamp(each)
        chunks += mapping.chunk_rows(each, stamp)
        pages.append(
            ManifestEntry(
                doc_id=document.id,
                source=document.source,
                language=document.language,
                revision=document.revision,
                stamp=stamp,
                chunks=len(each.chunks),
            )
        )
    return pages, chunks


def _check_dimensions(index: Index, documents: Sequence[IndexedDocument]) -> None:
    """The server takes any for the first object of a collection, and then finds nothing."""
    wanted = index.generation.format.dimensions
    for each in documents:
        for chunk in each.chunks:
            if chunk.vector is not None and chunk.vector.shape != (wanted,):
                raise Rejected(PART, f"a vector doesn't have the index's {wanted} dimensions.")


async def delete(index: Index, doc_ids: Sequence[str]) -> None:
    """The entries first: from then on nobody sees the chunks."""
    where = query.Filter.by_property("doc_id").contains_any([mapping.seal(each) for each in doc_ids])
    await batch_writes.delete(index.pages, where)
    await batch_writes.delete(index.chunks, where)


async def revisions(index: Index, source: str, torn: set[UUID], *, settled_for: float) -> dict[str, str]:
    """Counts first whether the chunks are those of the manifest, and mends where they aren't.

    A filter counts what can be found, and the plain total what is there: after a crash of the server they may
    differ.
    """
    every = await _pages(index)
    pages = {doc_id: page for doc_id, page in every.items() if page.source == source}
    where = query.Filter.by_property("source").equal(mapping.seal(source))
    found = await index.chunks.aggregate.over_all(filters=where, total_count=True)
    stored = await index.chunks.aggregate.over_all(total_count=True)
    if (found.total_count, stored.total_count) != (_chunks(pages), _chunks(every)):
        lacking = await _mend(index, source, pages, torn, settled_for)
        pages = {doc_id: page for doc_id, page in pages.items() if doc_id not in lacking}
    unseen = pages.keys() - (await index.live_pages(pages)).keys()
    await batch_writes.purge(index.pages, map(mapping.page_id, unseen))
    return {doc_id: page.revision for doc_id, page in pages.items() if doc_id not in unseen}


def _chunks(pages: Mapping[str, ManifestEntry]) -> int:
    return sum(page.chunks for page in pages.values())


async def _pages(index: Index) -> dict[str, ManifestEntry]:
    """With a cursor, which takes no filter: a source may have more pages than one answer holds."""
    every = index.pages.iterator(cache_size=_CURSOR)
    pages = [mapping.page(each.properties) async for each in every]
    return {page.doc_id: page for page in pages}


async def _mend(
    index: Index, source: str, pages: Mapping[str, ManifestEntry], torn: set[UUID], settled_for: float
) -> set[str]:
    """Delete chunks that no entry names; returns the documents that lack some.

    Chunks younger than `settled_for` seconds are left, and get into `torn`: another writer may be about to
    name them.
    """
    settled = datetime.now(UTC) - timedelta(seconds=settled_for)
    orphans: list[UUID] = []
    found: Counter[str] = Counter()
    every = index.chunks.iterator(
        return_properties=["doc_id", "source", "stamp"],
        return_metadata=query.MetadataQuery(creation_time=True),
        cache_size=_CURSOR,
    )
    async for each in every:
        if each.properties["source"] != mapping.seal(source):
            continue
        doc_id = mapping.unseal(each.properties["doc_id"])
        page = pages.get(doc_id)
        if page is not None and page.stamp == each.properties["stamp"]:
            found[doc_id] += 1
        elif (each.metadata.creation_time or settled) <= settled:
            orphans.append(each.uuid)
        else:
            torn.add(each.uuid)
    await _remove(index, orphans)
    return {doc_id for doc_id, page in pages.items() if found[doc_id] < page.chunks}
