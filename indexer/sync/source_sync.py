"""Syncs one source: list, compare, index, delete."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from bot.model import Failure, SyncReport
from bot.ports import Embedder, IndexedDocument, Store
from indexer.reading.machines import Machines, ThisMachine
from indexer.reading.page_builder import NoPage, Page
from indexer.sources.base import Entry, Source, audience_of
from indexer.sync import narrowing, strict_audiences
from indexer.sync.cancellation import Stopped, unless_stopped
from indexer.sync.diff import Listed, Renames, SyncDiff, compare, deletes_too_much, same_page
from indexer.sync.embedding.stage import EmbeddingStage
from indexer.sync.embedding.vector_cache import VectorCache
from indexer.sync.known_metas import metas
from indexer.sync.pipeline import Pipeline
from indexer.sync.sync_tally import ShowProgress, SyncTally

DELETE_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class SyncOptions:
    """How to sync. `paths` narrows to those pages; `full` reads every page again, but embeds only texts without vectors.

    `stop` is asked all the time: once it says so the sync ends, though never within a write. `held` are sources whose
    deletions have waited for a word since an earlier sync. `max_deleted_share` is for sources that set none of their own.
    `workers` is how many processes read pages on this machine, `machines` which others do.
    """

    full: bool = False
    confirm_deletes: bool = False
    paths: tuple[str, ...] = ()
    held: frozenset[str] = frozenset()
    max_deleted_share: float = 0.2
    workers: int = 2
    machines: Machines = field(default_factory=ThisMachine)
    progress: ShowProgress | None = None
    stop: Callable[[], bool] = field(default=lambda: False)


def share_of(source: Source, options: SyncOptions) -> float:
    """Find the share of a source's pages that may be deleted without a word."""
    own = source.settings.max_deleted_share
    return options.max_deleted_share if own is None else own


def _vault(source: Source, embedder: Embedder | None) -> VectorCache | None:
    if embedder is None:
        return None
    return VectorCache(
        source.surroundings.data / "vectors" / source.name, embedder.model, embedder.dimensions
    )


class SourceSync:
    """One sync of one source into `store`.

    `spare` is another index to take vectors from, `live` the one whose place `store` is to take.
    """

    def __init__(
        self,
        source: Source,
        store: Store,
        embedder: Embedder | None,
        options: SyncOptions,
        *,
        spare: Store | None = None,
        live: Store | None = None,
    ) -> None:
        self._source = source
        self._store = store
        self._options = options
        self._live = live
        self._embedding = EmbeddingStage(store, embedder, spare, _vault(source, embedder))
        self._tally = SyncTally(source, options.progress)
        self._emptied: set[str] = set()
        self._entries: dict[str, Entry] = {}
        self._stored: dict[str, str] = {}
        self._renames = Renames(set(), {})
        self._writing = asyncio.Lock()

    def report(self, *, error: str = "", cancelled: bool = False) -> SyncReport:
        """Report what has been done until now; `error` is why it ended."""
        trouble = self._options.machines.trouble
        return self._tally.report(self._embedding, trouble, error=error, cancelled=cancelled)

    async def all(self) -> None:
        """Sync the source. Raises Stopped, ListingFailed, BackendError."""
        await unless_stopped(self._options.stop, self._all(), self._writing)

    async def _all(self) -> None:
        await self._tally.show("listing", now=True)
        if self._options.full:
            await self._source.forget()
        self._source.selection.start_listing()
        self._source.unlisted = []
        async for entry in self._source.entries():
            self._stop_if_told()
            self._source.selection.seen(entry.path)
            self._entries[self._id(entry.path)] = entry
            await self._tally.show("listing", listed=len(self._entries))
        self._tally.failed += [Failure(item.name, item.reason) for item in self._source.unlisted]
        self._stored = await self._store.revisions(self._source.name)
        await self._hold_back()
        plan = self._compare()
        self._tally.listed(plan.unchanged, len(plan.to_read))
        prefix = self._id("")
        kept = self._source.may_still_have
        gone = {doc_id for doc_id in plan.gone if not kept(doc_id.removeprefix(prefix))}
        self._renames = Renames(gone, self._stored)
        if wanted := {doc_id: self._entries[doc_id] for doc_id in plan.to_read}:
            await self._narrow(wanted)
            await self._index(list(wanted.values()))
        await self._delete(self._renames.gone)
        if self._tally.counts["read"] or self._tally.counts["deleted"]:
            async with self._write_whole():
                await self._store.settle()
        await self._tally.show("done", now=True)

    def _id(self, path: str) -> str:
        return f"{self._source.name}:{path}"

    async def _hold_back(self) -> None:
        """Leave new pages out while a pattern that should narrow fits no page: nothing is opened that wasn't before."""
        self._tally.misfits = self._source.misfits()
        words = strict_audiences.held_to(self._source.settings, self._tally.misfits)
        if words is None:
            return
        # An index that is built anew has no pages yet: the live one tells which are new.
        before = await self._live.revisions(self._source.name) if self._live else {}
        known = {**before, **self._stored}
        kept = strict_audiences.kept(self._source.settings, self._entries, known, words)
        self._tally.counts["left out"] = len(self._entries) - len(kept)
        self._entries = kept

    def _compare(self) -> SyncDiff:
        found = metas(self._source, self._entries.values())
        return compare(
            [Listed(doc_id, found[entry], entry.revision) for doc_id, entry in self._entries.items()],
            self._stored,
            full=self._options.full,
            vectors=self._embedding.possible,
            only={self._id(path) for path in self._options.paths} or None,
        )

    async def _narrow(self, wanted: Mapping[str, Entry]) -> None:
        """Narrow audiences before anything is read: a page that can't be read is not shown to more people than may see it."""
        await narrowing.narrow(self._store, self._source, wanted, self._stored, self._write_whole)
        if self._live is not None:
            await narrowing.narrow_live(self._live, self._source, wanted, self._write_whole)

    async def _index(self, entries: Sequence[Entry]) -> None:
        await self._tally.show("indexing", now=True)
        async with self._options.machines.readers(self._options.workers, len(entries)) as readers:
            pipeline = Pipeline(self._source, readers, self._embedding, self._write, self._skip)
            await self._embedding.recall()
            done = False
            try:
                await pipeline.run(entries)
                done = True
            finally:
                self._tally.seconds.update(pipeline.seconds)
                await self._embedding.end(done=done)

    async def _write(self, pages: Sequence[Page], documents: Sequence[IndexedDocument]) -> None:
        async with self._write_whole():
            await self._store.replace(documents)
            renamed = []
            for page, indexed in zip(pages, documents, strict=True):
                old = self._count(indexed)
                if old is not None:
                    renamed.append(old)
                self._tally.add(page)
            if renamed:
                # At once, so that hardly anybody finds a page under both of its names.
                await self._store.delete(renamed)
        await self._tally.show("indexing")

    def _count(self, indexed: IndexedDocument) -> str | None:
        """Count a stored page; return the id that it had, if it was renamed."""
        doc_id, revision = indexed.document.id, indexed.document.revision
        self._tally.counts["chunks"] += len(indexed.chunks)
        self._tally.counts["read"] += 1
        if (before := self._stored.get(doc_id)) is not None:
            self._tally.counts["unchanged" if same_page(before, revision) else "changed"] += 1
            return None
        previous = [self._id(path) for path in self._entries[doc_id].previous]
        old = self._renames.take(doc_id, revision, previous)
        self._tally.counts["added" if old is None else "renamed"] += 1
        return old

    async def _skip(self, page: NoPage) -> None:
        self._tally.counts["read"] += 1
        doc_id = self._id(page.path)
        if (page.empty or page.draft) and doc_id in self._stored:
            # What was taken out of a page must not be found any more.
            self._emptied.add(doc_id)
        self._tally.counts["drafts"] += page.draft
        if doc_id in self._stored and page.hidden:
            await self._hide(doc_id)
        self._tally.counts["empty"] += page.empty
        if not (page.gone or page.draft or page.empty):
            audience = audience_of(self._source.settings, self._entries[self._id(page.path)])
            self._tally.failed.append(page.failure(for_all="everyone" in audience))
        await self._tally.show("indexing")

    async def _hide(self, doc_id: str) -> None:
        """Delete a page at once, without waiting for a word: the wrong people might read it meanwhile."""
        async with self._write_whole():
            await self._store.delete([doc_id])
        self._stored.pop(doc_id)
        self._tally.counts["deleted"] += 1

    async def _delete(self, gone: set[str]) -> None:
        held = self._waiting(gone)
        self._tally.held = [doc_id.removeprefix(self._id("")) for doc_id in sorted(held)]
        deletes = sorted((gone | self._emptied) - held)
        began = time.monotonic()
        for start in range(0, len(deletes), DELETE_AT_ONCE):
            await self._tally.show("deleting")
            some = deletes[start : start + DELETE_AT_ONCE]
            async with self._write_whole():
                await self._store.delete(some)
                self._tally.counts["deleted"] += len(some)
        self._tally.seconds["deleting"] = time.monotonic() - began

    def _waiting(self, gone: set[str]) -> set[str]:
        """Find the deletions that wait for a word: too many at once, or the rest of such since an earlier sync."""
        if self._options.confirm_deletes:
            return set()
        deletes = gone | self._emptied
        left = len(self._entries) - len(self._emptied)
        share = share_of(self._source, self._options)
        if deletes_too_much(len(deletes), len(self._stored), left, share):
            return deletes
        return gone if self._source.name in self._options.held else set()

    @asynccontextmanager
    async def _write_whole(self) -> AsyncIterator[None]:
        """Guard a write: it is carried out to its end, or not begun. Raises Stopped."""
        async with self._writing:
            self._stop_if_told()
            yield

    def _stop_if_told(self) -> None:
        if self._options.stop():
            raise Stopped
