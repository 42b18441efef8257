"""Writes one index, in an order that keeps a crash from being seen."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final
from uuid import UUID

from bot.backends.weaviate import mapping
from bot.backends.weaviate.index import GROUP, Index, grouped
from bot.backends.weaviate.mapping import ManifestEntry, Row
from bot.backends.weaviate.reading import lexicon
from bot.backends.weaviate.reading.lexicon import PageWords
from bot.backends.weaviate.server.errors import PART
from bot.backends.weaviate.server.sdk_types import query
from bot.backends.weaviate.writing import batch_writes, manifest, notes
from bot.backends.weaviate.writing.notes import Change
from bot.ports import IndexedDocument, Rejected

# Chunks that are written before their pages' entries.
CHUNKS: Final = 1000
_COUNTED: Final = ("source", "language", "chunks", "audience", "words")


def portions(documents: Sequence[IndexedDocument]) -> Iterator[list[IndexedDocument]]:
    """Give whole documents, of some thousand chunks together; of one id only the last counts."""
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


async def replace(
    index: Index, documents: Sequence[IndexedDocument], torn: set[UUID], marked: set[int]
) -> None:
    """Replace documents. `torn` holds the ids of chunks that a crash may have left in part.

    `marked` are the parts of the vocabulary that this writer has marked since it counted. Only what the manifest
    named before is deleted, by id. A filter for "another stamp than the new one" would take new chunks, too: while
    the server indexes an object, it may have its page and not yet its stamp.
    """
    _check_dimensions(index, documents)
    pages, chunks = await asyncio.to_thread(_rows, documents)
    former = await index.live_pages(page.doc_id for page in pages)
    await put(index, pages, chunks, former, torn=torn, marked=marked)


async def put(
    index: Index,
    pages: Sequence[ManifestEntry],
    chunks: Sequence[Row],
    former: Mapping[str, ManifestEntry],
    *,
    torn: set[UUID],
    marked: set[int],
) -> None:
    """Put these pages with these chunks in place of what the manifest names of the `former`."""
    changes = [Change(page.doc_id, _revision(page), _revision(former.get(page.doc_id))) for page in pages]
    begun, _ = await asyncio.gather(notes.begin(index, changes), _mark(index, pages, marked))
    await batch_writes.insert(index.chunks, chunks, torn, at_once=index.writes_at_once)
    if chunks:
        await batch_writes.flush(index.chunks)
    await batch_writes.insert(index.pages, [mapping.page_row(page) for page in pages])
    new = {row.uuid for row in chunks}
    old = [each for page in former.values() for each in mapping.chunk_ids(page) if each not in new]
    await remove(index, old)
    await notes.end(index, begun)


async def remove(index: Index, ids: Sequence[UUID]) -> None:
    """Remove chunks: those that their ids' filter finds are whole, and go in one call; the others one by one."""
    for group in grouped(ids, GROUP):
        found = await batch_writes.delete(index.chunks, query.Filter.by_id().contains_any(list(group)))
        if found < len(group):
            await batch_writes.purge(index.chunks, group)


async def delete(index: Index, doc_ids: Sequence[str], marked: set[int]) -> None:
    """Delete pages, the entries first: from then on nobody sees the chunks."""
    former = await index.live_pages(doc_ids)
    where = query.Filter.by_property("doc_id").contains_any([mapping.seal(each) for each in doc_ids])
    begun = await notes.begin(index, [Change(each, None, _revision(former.get(each))) for each in doc_ids])
    await _mark(index, former.values(), marked)
    await batch_writes.delete(index.pages, where)
    await batch_writes.delete(index.chunks, where)
    await notes.end(index, begun)


async def settle(index: Index) -> None:
    """Count the vocabulary anew, of the parts that writers have marked.

    A replica that was behind when the writes ended has their vectors by now: it writes them out, too.
    """
    await batch_writes.flush(index.chunks)
    marked = await notes.marks(index)
    for number in sorted(set(marked.values())):
        slots = notes.slots_of(number)
        pages = await manifest.pages(index, slots, properties=_COUNTED)
        part = await asyncio.to_thread(lexicon.add_up, map(_page_words, pages))
        await notes.put_part(index, number, part)
        await notes.unmark(index, [mark for mark, of in marked.items() if of == number])


def _page_words(page: ManifestEntry) -> PageWords:
    return PageWords(page.source, page.audience, page.language, page.chunks, page.words)


async def _mark(index: Index, pages: Iterable[ManifestEntry], marked: set[int]) -> None:
    """Have the words of these pages' parts counted anew, by whoever settles next."""
    new = {notes.part_of(mapping.slot(page.doc_id)) for page in pages} - marked
    if new:
        await notes.mark(index, new)
        marked |= new


def _revision(page: ManifestEntry | None) -> notes.Revision | None:
    return (page.stamp, page.chunks) if page is not None else None


def _rows(documents: Sequence[IndexedDocument]) -> tuple[list[ManifestEntry], list[Row]]:
    pages: list[ManifestEntry] = []
    chunks: list[Row] = []
    for each in documents:
        document, stamp, terms = each.document, mapping.stamp(each), mapping.terms_of(each)
        chunks += mapping.chunk_rows(each, stamp, terms)
        pages.append(
            ManifestEntry(
                doc_id=document.id,
                source=document.source,
                language=document.language,
                revision=document.revision,
                stamp=stamp,
                chunks=len(each.chunks),
                audience=tuple(sorted(document.audience)),
                words=lexicon.pack(" ".join(of_chunk).split() for of_chunk in terms),
            )
        )
    return pages, chunks


def _check_dimensions(index: Index, documents: Sequence[IndexedDocument]) -> None:
    """Raise Rejected for other dimensions: the server takes any for a collection's first object, and then finds nothing."""
    wanted = index.generation.format.dimensions
    for each in documents:
        for chunk in each.chunks:
            if chunk.vector is not None and chunk.vector.shape != (wanted,):
                raise Rejected(PART, f"a vector doesn't have the index's {wanted} dimensions.")
