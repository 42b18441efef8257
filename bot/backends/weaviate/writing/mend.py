"""Knows what is stored, and mends what a crash of a writer or of a server left behind."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, Protocol, TypeVar
from uuid import UUID

from bot.backends.weaviate import mapping
from bot.backends.weaviate.index import GROUP, Index, grouped
from bot.backends.weaviate.mapping import ManifestEntry
from bot.backends.weaviate.server.sdk_types import CollectionAsync, query
from bot.backends.weaviate.writing import batch_writes, manifest, notes, writer
from bot.backends.weaviate.writing.notes import Change

_LISTED: Final = 1_000
_AT_ONCE: Final = 3
# As many chunks are looked at one by one where their number is wrong.
_FEW: Final = 4_000

T = TypeVar("T")


class Step(Protocol):
    """Does one thing on the live index; returns None if there is none."""

    async def __call__(self, ask: Callable[[Index], Awaitable[T]]) -> T | None: ...


@dataclass(slots=True)
class Leftover:
    """What writes have left that were begun and not ended.

    `lacking` are pages that are not whole, `surplus` is how many chunks there are beside those that pages name;
    `alone`: no other write may be under way.
    """

    lacking: set[str] = field(default_factory=set)
    surplus: int = 0
    alone: bool = True


@dataclass(slots=True)
class Mender:
    """Mends in one process, and remembers what it knows to be half done, and how far it has looked.

    Chunks younger than `settled_for` seconds are left, and get into `torn`: another writer may be about to name
    them. `suspects` are pages that may not be whole.
    """

    settled_for: float
    torn: set[UUID] = field(default_factory=set)
    listed: dict[str, UUID] = field(default_factory=dict)
    suspects: set[str] = field(default_factory=set)

    @property
    def _settled(self) -> datetime:
        return datetime.now(UTC) - timedelta(seconds=self.settled_for)

    async def revisions(self, step: Step, source: str) -> dict[str, str]:
        """Return the source's revisions, read in parts, each a step with a deadline of its own; none is read twice.

        Counting with a filter takes the server ten microseconds a chunk. So after a write that was cut off its own
        pages are looked at, and all that is found is compared with all that is stored only where the plain numbers
        don't add up then.
        """
        parts = await step(partial(manifest.ranges, source=source)) or ()
        left = await step(self.finish) or Leftover()
        if await step(partial(manifest.adds_up, surplus=left.surplus)):
            known = await self._plain(step, source, parts)
        else:
            known = await self._counted(step, source, parts, alone=left.alone)
        return {doc_id: revision for doc_id, revision in known.items() if doc_id not in left.lacking}

    async def _counted(
        self, step: Step, source: str, parts: Sequence[range], *, alone: bool
    ) -> dict[str, str]:
        whole = await step(manifest.is_whole)
        if alone and not whole:
            await step(self.sweep)
        known: dict[str, str] = {}
        for slots in parts:
            known |= await step(partial(self.part, source=source, slots=slots)) or {}
        if not whole:
            for group in grouped(sorted(known), GROUP):
                for lost in await step(partial(_forget_unseen, doc_ids=group)) or ():
                    del known[lost]
        return known

    async def _plain(self, step: Step, source: str, parts: Sequence[range]) -> dict[str, str]:
        """Read the parts; the server finds one while the one before it is read."""
        slots = asyncio.Semaphore(_AT_ONCE)

        async def one(part: range) -> dict[str, str]:
            async with slots:
                return await step(partial(manifest.revisions, part=part, source=source)) or {}

        known: dict[str, str] = {}
        for each in await asyncio.gather(*map(one, parts)):
            known |= each
        return known

    async def finish(self, index: Index) -> "Leftover":
        """Delete what writes that were cut off have made, or had not yet deleted, and look at their pages."""
        settled, left = self._settled, Leftover()
        for write in await notes.unfinished(index):
            doc_ids = {change.doc_id for change in write.changes}
            self.suspects |= doc_ids
            live = await index.live_pages(doc_ids)
            stray = [each for change in write.changes for each in _strays(change, live.get(change.doc_id))]
            if write.since > settled:
                left.alone = False
                left.surplus += len(stray) - len(await _not_found(index.chunks, stray))
                continue
            await writer.remove(index, stray)
            await _forget_unseen(index, sorted(doc_ids))
            await notes.end(index, write.id)
        for page in (await index.live_pages(self.suspects)).values():
            if missing := await _not_found(index.chunks, mapping.chunk_ids(page)):
                left.lacking.add(page.doc_id)
                left.surplus -= len(missing)
                # Some may be there and not be found: they are deleted before they are written.
                self.torn.update(mapping.chunk_ids(page))
        self.suspects = set(left.lacking)
        return left

    async def sweep(self, index: Index) -> None:
        """Delete the objects that are listed and never found; goes on where an earlier call was cut off."""
        for collection in (index.chunks, index.pages):
            await self._sweep(collection)

    async def _sweep(self, collection: CollectionAsync) -> None:
        name = collection.name
        while True:
            listed = await collection.query.fetch_objects(
                after=self.listed.get(name),
                limit=_LISTED,
                return_properties=False,
                return_metadata=query.MetadataQuery(creation_time=True),
            )
            if not listed.objects:
                self.listed.pop(name, None)
                return
            settled = self._settled
            old = [
                each.uuid for each in listed.objects if (each.metadata.creation_time or settled) <= settled
            ]
            await batch_writes.purge(collection, await _not_found(collection, old))
            self.listed[name] = listed.objects[-1].uuid

    async def part(self, index: Index, source: str, slots: range) -> dict[str, str]:
        """Return the revisions of the source's pages in these slots that are whole."""
        pages = {page.doc_id: page for page in await manifest.pages(index, slots, source)}
        lacking = await self._lacking(index, source, slots, list(pages.values()))
        return {doc_id: page.revision for doc_id, page in pages.items() if doc_id not in lacking}

    async def _lacking(
        self, index: Index, source: str, slots: range, pages: Sequence[ManifestEntry]
    ) -> set[str]:
        """Return pages that lack chunks; looks closer only where the number of chunks is wrong."""
        named = sum(page.chunks for page in pages)
        found = await manifest.chunks_found(index, slots, source)
        if named == found:
            return set()
        if max(named, found) > _FEW and len(slots) > 1:
            middle = (slots.start + slots.stop) // 2
            lower = [page for page in pages if mapping.slot(page.doc_id) < middle]
            upper = [page for page in pages if mapping.slot(page.doc_id) >= middle]
            return await self._lacking(
                index, source, range(slots.start, middle), lower
            ) | await self._lacking(index, source, range(middle, slots.stop), upper)
        return await self._mend(index, source, slots, {page.doc_id: page for page in pages})

    async def _mend(
        self, index: Index, source: str, slots: range, pages: dict[str, ManifestEntry]
    ) -> set[str]:
        """Delete chunks that no entry names; return the documents that lack some."""
        where = manifest.slots_in(slots) & query.Filter.by_property("source").equal(mapping.seal(source))
        listed = await index.chunks.query.fetch_objects(
            filters=where,
            limit=manifest.MOST,
            return_properties=["doc_id", "stamp"],
            return_metadata=query.MetadataQuery(creation_time=True),
        )
        settled = self._settled
        orphans: list[UUID] = []
        found: Counter[str] = Counter()
        for each in listed.objects:
            doc_id = mapping.unseal(each.properties["doc_id"])
            page = pages.get(doc_id)
            if page is not None and page.stamp == each.properties["stamp"]:
                found[doc_id] += 1
            elif (each.metadata.creation_time or settled) <= settled:
                orphans.append(each.uuid)
            else:
                self.torn.add(each.uuid)
        await writer.remove(index, orphans)
        lacking = {doc_id for doc_id, page in pages.items() if found[doc_id] < page.chunks}
        # Some of theirs may be there and not be found: they are deleted by their ids before they are written.
        self.torn |= {chunk for doc_id in lacking for chunk in mapping.chunk_ids(pages[doc_id])}
        return lacking


def _strays(change: Change, live: ManifestEntry | None) -> list[UUID]:
    """Return the chunks of either revision that isn't live."""
    kept = set(mapping.chunk_ids(live)) if live is not None else set()
    named = [
        mapping.chunk_id(change.doc_id, stamp, ordinal)
        for stamp, chunks in filter(None, (change.new, change.old))
        for ordinal in range(chunks)
    ]
    return [each for each in named if each not in kept]


async def _not_found(collection: CollectionAsync, ids: Sequence[UUID]) -> list[UUID]:
    """Return those that their ids' or their source's filter doesn't find."""
    missing: list[UUID] = []
    for group in grouped(ids, _LISTED):
        where = query.Filter.by_id().contains_any(list(group)) & query.Filter.by_property("source").like("*")
        found = await collection.query.fetch_objects(filters=where, limit=len(group), return_properties=False)
        known = {each.uuid for each in found.objects}
        missing += [each for each in group if each not in known]
    return missing


async def _forget_unseen(index: Index, doc_ids: Sequence[str]) -> set[str]:
    """Delete pages whose entries no id finds, so that they can be written anew, and return them."""
    unseen = set(doc_ids) - (await index.live_pages(doc_ids)).keys()
    await batch_writes.purge(index.pages, map(mapping.page_id, unseen))
    return unseen
