"""The store on Weaviate.

There are no transactions, so readers go by the manifest: a chunk counts only if its stamp is the one that its
page's entry names. `replace` writes the new chunks, then the entry (which makes all of them live in one
step), then deletes the old chunks; `delete` takes the entry away first. A crash between any two steps
leaves chunks that nobody sees, and the next `revisions` sweeps them out.

A server that is killed may keep an object without what finds it, and writing the same object again doesn't
mend that: it has to be deleted by its id first. So whatever may have been under way then is.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final, TypeVar
from uuid import UUID

from bot.backends.weaviate import reader, writer
from bot.backends.weaviate.batch_writes import why_not
from bot.backends.weaviate.catalog import REMEDY, Catalog
from bot.backends.weaviate.index import GROUP, Index, at_hand, grouped
from bot.backends.weaviate.schema import Generation
from bot.backends.weaviate.server.connection import Connection
from bot.backends.weaviate.server.errors import PART, Gone
from bot.backends.weaviate.server.sdk_types import WeaviateAsyncClient
from bot.backends.weaviate.vocabulary import VocabularyCache
from bot.model import Passage
from bot.ports import (
    Hit,
    IndexedDocument,
    IndexFormat,
    Rejected,
    SearchQuery,
    Span,
    StoreStats,
    Vector,
    Vocabulary,
)
from bot.text.analyzer import query_terms

# Of a deadline, for the first attempt.
FIRST_SHARE: Final = 0.4
GRACE_SECONDS: Final = 8.0
SETTLED_SECONDS: Final = 120.0
T = TypeVar("T")


class WeaviateStore:
    """Of `building`, or of what the alias points at.

    `grace` is how many seconds an index outlives the swap that replaced it, and `settled` how old chunks
    must be before they count as left by a crash.
    """

    def __init__(
        self,
        connection: Connection,
        catalog: Catalog,
        *,
        consistency: str = "quorum",
        search_seconds: float = 3.0,
        write_seconds: float = 60.0,
        grace: float = GRACE_SECONDS,
        settled: float = SETTLED_SECONDS,
        building: Generation | None = None,
    ) -> None:
        self._connection = connection
        self._catalog = catalog
        self._consistency = consistency
        self._search_seconds = search_seconds
        self._write_seconds = write_seconds
        self._grace = grace
        self._settled = settled
        self._building = building
        self._owner = True
        self._torn: set[UUID] = set()  # chunks that a crash may have left in part
        self._words = VocabularyCache()

    async def search(self, query: SearchQuery) -> list[Hit]:
        if not query.audience or query.sources == frozenset() or query.limit < 1:
            return []

        async def ask(index: Index) -> list[Hit]:
            self._check_dimensions(index, query)
            terms = query_terms(query.text, await self._words.languages(index))
            return await reader.search(index, query, terms)

        return await self._on_index(ask, [], self._search_seconds)

    async def vocabulary(
        self, terms: Sequence[str], audience: frozenset[str], sources: frozenset[str] | None = None
    ) -> Vocabulary:
        """Not counted: the server can't tell it of one asker's part in a single call."""
        del terms, audience, sources

        async def ask(index: Index) -> Vocabulary:
            return Vocabulary(languages=await self._words.languages(index))

        return await self._on_index(ask, Vocabulary(0), self._search_seconds)

    async def passages(self, spans: Sequence[Span], audience: frozenset[str]) -> list[Passage]:
        if not spans or not audience:
            return []
        return await self._on_index(
            lambda index: reader.passages(index, spans, audience), [], self._search_seconds
        )

    async def replace(self, documents: Sequence[IndexedDocument]) -> None:
        for portion in writer.portions(documents):
            await self._write(partial(writer.replace, documents=portion, torn=self._torn))

    async def delete(self, doc_ids: Sequence[str]) -> None:
        for group in grouped(sorted(set(doc_ids)), GROUP):
            await self._on_index(partial(writer.delete, doc_ids=group), None, self._write_seconds)

    async def revisions(self, source: str) -> dict[str, str]:
        await self._connection.patiently(self._drop_retired, self._write_seconds)
        return await self._on_index(
            lambda index: writer.revisions(index, source, self._torn, settled_for=self._settled),
            {},
            self._write_seconds,
        )

    async def vectors(self, text_hashes: Sequence[str]) -> dict[str, Vector]:
        """Also those of the live index, where this one is built with the same model."""
        none: dict[str, Vector] = {}
        ask = partial(reader.vectors, text_hashes=text_hashes)
        known = await self._on_index(ask, none, self._write_seconds)
        missing = [each for each in text_hashes if each not in known]
        if self._building is None or not missing:
            return known
        return known | await self._connection.patiently(
            lambda client: self._live_vectors(client, missing), self._write_seconds
        )

    async def settle(self) -> None:
        """Nothing to do: Weaviate compacts by itself."""

    async def stats(self) -> StoreStats:
        return await self._on_index(reader.stats, StoreStats(0, 0, None, {}), self._write_seconds)

    async def format(self) -> IndexFormat | None:
        if self._building is not None:
            return self._building.format
        return await self._connection.patiently(self._catalog.format, self._write_seconds)

    async def rebuild(self, wanted: IndexFormat) -> "WeaviateStore":
        return await self._connection.patiently(partial(self._rebuild, wanted=wanted), self._write_seconds)

    async def swap(self, wanted: IndexFormat) -> None:
        """Returns when the old index is dropped: `grace` seconds after readers have the new one."""
        old = await self._connection.patiently(partial(self._swap, wanted=wanted), self._write_seconds)
        if old:
            await asyncio.sleep(self._grace)
            await self._connection.patiently(self._drop_retired, self._write_seconds)

    async def check(self) -> None:
        await self._connection.probe()
        await self._on_index(self._check, None, self._write_seconds)

    async def outdate(self) -> None:
        """Have the next sync build the index anew, beside this one; answers go on meanwhile."""
        await self._connection.patiently(self._catalog.outdate, self._write_seconds)

    async def about(self) -> str:
        """What answers, and where: a part of a sentence for an admin."""
        await self._connection.probe()
        return f"Weaviate {self._connection.version} at {self._connection.address.url}"

    async def advice(self) -> list[str]:
        """What works, but isn't as the settings want it: parts of sentences for an admin."""
        return await self._connection.patiently(self._catalog.deviations, self._write_seconds)

    async def missing(self) -> list[str]:
        """What is wrong with further nodes of the cluster, though it is served: parts of sentences."""
        return await self._connection.missing()

    async def close(self) -> None:
        """Only the store that was opened holds the connection, not those that it rebuilt with."""
        if self._owner:
            await self._connection.close()

    async def _on_index(self, ask: Callable[[Index], Awaitable[T]], empty: T, seconds: float) -> T:
        """`empty` while there is no index. One that was dropped under the call is looked up anew."""
        end = time.monotonic() + seconds

        async def on_live(client: WeaviateAsyncClient) -> T:
            index = await self._index(client)
            return empty if index is None else await ask(index)

        try:
            return await self._connection.patiently(on_live, seconds, first=seconds * FIRST_SHARE)
        except Gone:
            self._catalog.forget()
        return await self._connection.call(on_live, max(0.0, end - time.monotonic()))

    async def _write(self, ask: Callable[[Index], Awaitable[None]]) -> None:
        async def on_live(client: WeaviateAsyncClient) -> None:
            index = await self._index(client)
            if index is None:
                raise Rejected(PART, "there is no index in Weaviate yet.", remedy="Run `docent index`.")
            await ask(index)

        await self._connection.call(on_live, self._write_seconds)

    async def _index(self, client: WeaviateAsyncClient) -> Index | None:
        generation = self._building or await self._catalog.live(client)
        return at_hand(client, generation, self._consistency) if generation is not None else None

    async def _live_vectors(self, client: WeaviateAsyncClient, missing: Sequence[str]) -> dict[str, Vector]:
        live, building = await self._catalog.live(client), self._building
        if live is None or building is None:
            return {}
        mine, theirs = building.format, live.format
        if (mine.model, mine.dimensions) != (theirs.model, theirs.dimensions):
            return {}
        return await reader.vectors(at_hand(client, live, self._consistency), missing)

    async def _rebuild(self, client: WeaviateAsyncClient, wanted: IndexFormat) -> "WeaviateStore":
        live = await self._catalog.format(client)
        if live == wanted:
            return self._sibling(None)
        await self._catalog.retire(client, wanted)
        await self._drop_retired(client)
        await self._catalog.drop_halves(client)
        new = await self._catalog.building(client, wanted) or await self._catalog.create(client, wanted)
        if live is None:
            await self._catalog.point(client, new)
            return self._sibling(None)
        return self._sibling(new)

    async def _swap(self, client: WeaviateAsyncClient, wanted: IndexFormat) -> bool:
        """Whether there is something to drop."""
        if await self._catalog.format(client) != wanted:
            new = await self._catalog.building(client, wanted)
            if new is None:
                raise Rejected(PART, "no index of this format was built.", remedy="Run `docent index`.")
            await self._catalog.point(client, new)
        return bool(await self._catalog.retire(client, wanted))

    async def _drop_retired(self, client: WeaviateAsyncClient) -> None:
        for each in await self._catalog.retired(client):
            await self._catalog.drop(client, each)

    async def _check(self, index: Index) -> None:
        for collection in (index.chunks, index.pages):
            if read_only := await why_not(collection):
                raise read_only
        # Takes the right to write, and deletes nothing.
        await writer.delete(index, ["no such document"])

    def _sibling(self, building: Generation | None) -> "WeaviateStore":
        sibling = WeaviateStore(
            self._connection,
            self._catalog,
            consistency=self._consistency,
            search_seconds=self._search_seconds,
            write_seconds=self._write_seconds,
            grace=self._grace,
            settled=self._settled,
            building=building,
        )
        sibling._owner = False
        return sibling

    def _check_dimensions(self, index: Index, query: SearchQuery) -> None:
        """The server answers a vector of another length with nothing at all."""
        wanted = index.generation.format.dimensions
        if query.vector is not None and query.vector.shape != (wanted,):
            raise Rejected(
                PART,
                f"the question's vector has {query.vector.size} dimensions, the index {wanted}.",
                remedy=REMEDY,
            )
