"""Calls one index: the one that the alias points at, or one that is being built."""

import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from bot.backends.weaviate.catalog import Catalog
from bot.backends.weaviate.index import Index, at_hand
from bot.backends.weaviate.schema import Generation
from bot.backends.weaviate.server.connection import Connection
from bot.backends.weaviate.server.errors import PART, Gone
from bot.backends.weaviate.server.sdk_types import WeaviateAsyncClient
from bot.backends.weaviate.store_options import StoreOptions
from bot.ports import Rejected

T = TypeVar("T")


class IndexCalls:
    """Finds the index for each call, and once more if it was dropped under the call.

    `building` is the index that is meant; None: the live one.
    """

    def __init__(
        self,
        connection: Connection,
        catalog: Catalog,
        options: StoreOptions,
        building: Generation | None,
    ) -> None:
        self._connection = connection
        self._catalog = catalog
        self._options = options
        self._building = building

    async def at_hand(self, client: WeaviateAsyncClient) -> Index | None:
        """Return the index with its collections opened; None while there is none."""
        generation = self._building or await self._catalog.live(client)
        if generation is None:
            return None
        how = self._options
        return at_hand(client, generation, how.consistency, how.writes_at_once, replicated=how.compared)

    async def call(self, ask: Callable[[Index], Awaitable[T]], empty: T) -> T:
        """Call `ask` within the time that writing has, and again while the server is restarting.

        Returns `empty` while there is no index.
        """
        return await self._asked(self._connection.patiently, ask, empty, self._options.write_seconds)

    async def read(self, ask: Callable[[Index], Awaitable[T]], empty: T) -> T:
        """Call `ask` for a question: at all nodes, within the time that a search has. `empty` as for `call`."""
        return await self._asked(self._connection.read, ask, empty, self._options.search_seconds)

    async def write(self, ask: Callable[[Index], Awaitable[None]]) -> None:
        """Call `ask` once. Raises Rejected while there is no index."""

        async def on_live(client: WeaviateAsyncClient) -> None:
            index = await self.at_hand(client)
            if index is None:
                raise Rejected(PART, "there is no index in Weaviate yet.", remedy="Run `docent index`.")
            await ask(index)

        await self._connection.call(on_live, self._options.write_seconds)

    async def _asked(
        self,
        call: Callable[[Callable[[WeaviateAsyncClient], Awaitable[T]], float], Awaitable[T]],
        ask: Callable[[Index], Awaitable[T]],
        empty: T,
        seconds: float,
    ) -> T:
        end = time.monotonic() + seconds

        async def on_live(client: WeaviateAsyncClient) -> T:
            index = await self.at_hand(client)
            return empty if index is None else await ask(index)

        try:
            return await call(on_live, seconds)
        except Gone:
            self._catalog.forget()
        return await call(on_live, max(0.0, end - time.monotonic()))
