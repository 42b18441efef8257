"""Implements the store on Weaviate.

There are no transactions, so a chunk counts only if its stamp is the one that its page's entry in the manifest
names. `replace` notes what it is about to do, writes the new chunks, then the entry (which makes all of them live
in one step), then deletes the old chunks; `delete` takes the entry away first. A crash between any two steps leaves
chunks that nobody sees, and the next `revisions` deletes them.

A reader asks the manifest only for pages that somebody is writing, or was writing when a crash came. Which pages
these are it looks up every few seconds, in the background, and so a search is one call. In a cluster a node may
have missed that, so that each page is looked up there.

A server that is killed may keep an object without the index entries that find it, and writing the same object again
doesn't mend that: it has to be deleted by its id first. So all that may have been under way then is.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from bot.backends.weaviate import rebuilding
from bot.backends.weaviate.catalog import REMEDY, Catalog
from bot.backends.weaviate.index import GROUP, Index, at_hand, grouped
from bot.backends.weaviate.index_calls import IndexCalls
from bot.backends.weaviate.reading import queries, reader
from bot.backends.weaviate.reading.lookout import Lookout
from bot.backends.weaviate.reading.reader import Seen
from bot.backends.weaviate.schema import Generation
from bot.backends.weaviate.server.connection import Connection
from bot.backends.weaviate.server.errors import PART
from bot.backends.weaviate.server.sdk_types import WeaviateAsyncClient
from bot.backends.weaviate.store_options import StoreOptions
from bot.backends.weaviate.writing import backup, narrowing, writer
from bot.backends.weaviate.writing.batch_writes import why_not
from bot.backends.weaviate.writing.mend import Mender
from bot.model import Passage
from bot.ports import (
    Hit,
    IndexedDocument,
    IndexFormat,
    Narrowing,
    Nearest,
    Rejected,
    SearchQuery,
    Span,
    StoredPage,
    StoreStats,
    Vector,
    Vocabulary,
)
from bot.text.analyzer import query_terms

_BACKUP_SECONDS: Final = 6 * 3600.0
T = TypeVar("T")


class WeaviateStore:
    """The store over the index that the alias points at, or over `building`, which is to replace it."""

    def __init__(
        self,
        connection: Connection,
        catalog: Catalog,
        options: StoreOptions,
        *,
        building: Generation | None = None,
    ) -> None:
        self._connection = connection
        self._catalog = catalog
        self._options = options
        self._write_seconds = options.write_seconds
        self._building = building
        self._owner = True
        self._mender = Mender(options.settled)
        self._marked: set[int] = set()  # parts of the vocabulary that are to be counted anew
        self._seen = Seen()
        self._index = IndexCalls(connection, catalog, options, building)
        self._lookout = Lookout(
            connection,
            self._index.at_hand,
            fresh=catalog.fresh,
            doubt_all=options.replicated and not options.compared,
        )

    async def search(self, query: SearchQuery) -> list[Hit]:
        if not query.audience or query.sources == frozenset() or query.limit < 1:
            return []

        async def ask(index: Index) -> list[Hit]:
            self._check_dimensions(index, query.vector)
            lexicon = self._lookout.words.of(index)
            languages = lexicon.languages(query.audience, query.sources) if lexicon else ()
            terms = query_terms(query.text, languages or ("en",))
            found = await reader.search(index, query, terms, await self._lookout.doubts(index))
            self._seen.note(index, found)
            return queries.hits(found, query.vector)

        return await self._read(ask, [])

    async def nearest(
        self, vectors: Sequence[Vector], audience: frozenset[str], sources: frozenset[str] | None = None
    ) -> Nearest | None:
        if not vectors or not audience or sources == frozenset():
            return None

        async def ask(index: Index) -> Nearest | None:
            for vector in vectors:
                self._check_dimensions(index, vector)
            return await reader.nearest(index, vectors, audience, sources, await self._lookout.doubts(index))

        return await self._read(ask, None)

    async def vocabulary(
        self, terms: Sequence[str], audience: frozenset[str], sources: frozenset[str] | None = None
    ) -> Vocabulary:
        """Tell by what was loaded beforehand, without a call. Nothing is known while nothing is loaded."""
        lexicon = await self._lookout.vocabulary(self._options.search_seconds)
        if lexicon is None or not lexicon.parts:
            return Vocabulary()
        return await asyncio.to_thread(lexicon.vocabulary, terms, audience, sources)

    async def passages(self, spans: Sequence[Span], audience: frozenset[str]) -> list[Passage]:
        if not spans or not audience:
            return []

        async def ask(index: Index) -> list[Passage]:
            doc_ids = {span.doc_id for span in spans}
            doubts = await self._lookout.doubts(index)
            sure = not any(doc_id in doubts.pages for doc_id in doc_ids)
            seen = self._seen.pages(index, doc_ids) if sure else None
            return await reader.passages(index, spans, audience, seen)

        return await self._read(ask, [])

    async def stored(self, doc_ids: Sequence[str]) -> list[StoredPage]:
        found: list[StoredPage] = []
        for group in grouped(list(doc_ids), GROUP):
            found += await self._read(partial(reader.stored, doc_ids=group), [])
        return found

    async def replace(self, documents: Sequence[IndexedDocument]) -> None:
        for portion in writer.portions(documents):
            await self._index.write(
                partial(writer.replace, documents=portion, torn=self._mender.torn, marked=self._marked)
            )

    async def delete(self, doc_ids: Sequence[str]) -> None:
        for group in grouped(sorted(set(doc_ids)), GROUP):
            ask = partial(writer.delete, doc_ids=group, marked=self._marked)
            await self._index.call(ask, None)

    async def narrow(self, narrowings: Sequence[Narrowing]) -> None:
        for group in grouped(narrowings, narrowing.AT_ONCE):
            ask = partial(narrowing.narrow, narrowings=group, torn=self._mender.torn, marked=self._marked)
            await self._index.call(ask, None)

    async def revisions(self, source: str) -> dict[str, str]:
        await self._drop_retired()
        return await self._mender.revisions(self._step, source)

    async def _drop_retired(self) -> None:
        drop = partial(rebuilding.drop_retired, catalog=self._catalog)
        await self._connection.patiently(drop, self._write_seconds)

    async def _step(self, ask: Callable[[Index], Awaitable[T]]) -> T | None:
        """Ask with a deadline of its own; None while there is no index."""
        nothing: T | None = None
        return await self._index.call(ask, nothing)

    async def vectors(self, text_hashes: Sequence[str]) -> dict[str, Vector]:
        """Return vectors, also those of the live index where this one is built with the same model."""
        none: dict[str, Vector] = {}
        ask = partial(reader.vectors, text_hashes=text_hashes)
        known = await self._index.call(ask, none)
        missing = [each for each in text_hashes if each not in known]
        if self._building is None or not missing:
            return known
        return known | await self._connection.patiently(
            lambda client: self._live_vectors(client, missing), self._write_seconds
        )

    async def settle(self) -> None:
        self._marked.clear()
        await self._index.call(writer.settle, None)
        if self._building is None:
            await self._lookout.reload()

    async def stats(self) -> StoreStats:
        return await self._index.call(reader.stats, StoreStats(0, 0, None, {}))

    async def format(self) -> IndexFormat | None:
        if self._building is not None:
            return self._building.format
        return await self._connection.patiently(self._catalog.format, self._write_seconds)

    async def rebuild(self, wanted: IndexFormat) -> "WeaviateStore":
        """Begin an index of the format, or go on with one that was begun. Returns the store to write it with."""
        begin = partial(rebuilding.begin, catalog=self._catalog, wanted=wanted)
        return self._sibling(await self._connection.patiently(begin, self._write_seconds))

    async def swap(self, wanted: IndexFormat) -> None:
        """Return when the old index is dropped: `grace` seconds after readers have the new one."""
        swap = partial(rebuilding.swap, catalog=self._catalog, wanted=wanted)
        if await self._connection.patiently(swap, self._write_seconds):
            await asyncio.sleep(self._options.grace)
            await self._drop_retired()

    async def check(self) -> None:
        """Try each right; with no index yet, on a made-up one."""
        await self._connection.probe()
        if await self.format() is None:
            await self._connection.patiently(self._catalog.rehearse, self._write_seconds)
        await self._index.call(self._check, None)

    async def outdate(self) -> None:
        """Have the next sync build the index anew, beside this one; answers go on meanwhile."""
        await self._connection.patiently(self._catalog.outdate, self._write_seconds)

    async def back_up(self, folder: Path) -> dict[str, str]:
        """Back the index up into a backup of the server's own; nothing in the folder."""
        del folder
        return await self._connection.call(
            lambda client: backup.create(client, self._catalog, self._options.backups), _BACKUP_SECONDS
        )

    async def restore(self, folder: Path, told: Mapping[str, str], *, replace: bool) -> None:
        del folder
        if "none" in told:
            return
        if "backup" not in told:
            raise Rejected(PART, "the backup is of an index in a file.", remedy="Unset WEAVIATE_URL for it.")
        await self._connection.call(
            lambda client: backup.restore(client, self._catalog, told, replace=replace), _BACKUP_SECONDS
        )

    async def about(self) -> str:
        """Say what answers, and where: a part of a sentence for an admin."""
        await self._connection.probe()
        return f"Weaviate {self._connection.version} at {self._connection.address.url}"

    async def advice(self) -> list[str]:
        """Return what works, but isn't as the settings want it: parts of sentences for an admin."""
        return await self._connection.patiently(self._catalog.deviations, self._write_seconds)

    async def missing(self) -> list[str]:
        """Return what is wrong with further nodes of the cluster, though it is served: parts of sentences."""
        return await self._connection.missing()

    async def close(self) -> None:
        """Close the connection, which the store that was opened holds, and not those that it rebuilt with."""
        if self._owner:
            await self._lookout.close()
            await self._connection.close()

    async def _read(self, ask: Callable[[Index], Awaitable[T]], empty: T) -> T:
        self._lookout.start_looking()
        return await self._index.read(ask, empty)

    async def _live_vectors(self, client: WeaviateAsyncClient, missing: Sequence[str]) -> dict[str, Vector]:
        live, building = await self._catalog.live(client), self._building
        if live is None or building is None:
            return {}
        mine, theirs = building.format, live.format
        if (mine.model, mine.dimensions) != (theirs.model, theirs.dimensions):
            return {}
        return await reader.vectors(at_hand(client, live, self._options.consistency), missing)

    async def _check(self, index: Index) -> None:
        for collection in (index.chunks, index.pages):
            if read_only := await why_not(collection):
                raise read_only
        # Takes the right to write, and deletes nothing.
        await writer.delete(index, ["no such document"], set())

    def _sibling(self, building: Generation | None) -> "WeaviateStore":
        sibling = WeaviateStore(self._connection, self._catalog, self._options, building=building)
        sibling._owner = False
        return sibling

    def _check_dimensions(self, index: Index, vector: Vector | None) -> None:
        """Raise Rejected for a vector of another length: the server would answer it with nothing at all."""
        wanted = index.generation.format.dimensions
        if vector is not None and vector.shape != (wanted,):
            raise Rejected(
                PART,
                f"the question's vector has {vector.size} dimensions, the index {wanted}.",
                remedy=REMEDY,
            )
