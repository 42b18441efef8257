"""Offers the workers of a Dask cluster as the machines of one run."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from bot.config.cluster import DaskSettings
from bot.config.models import LocalEmbedderSettings, Nothing
from bot.ports import Embedder
from indexer.dask.budget import Budget
from indexer.dask.connection import Connection, Lost, Patience
from indexer.dask.embedder import DaskEmbedder
from indexer.dask.readers import DaskReaders
from indexer.reading.reader_pool import ReaderPool, Readers


class DaskMachines:
    """Connects when the first pages are to be read. `model` is what the workers embed with; None: they don't."""

    def __init__(
        self,
        settings: DaskSettings,
        model: LocalEmbedderSettings | Nothing | None,
        patience: Patience | None = None,
    ) -> None:
        self._settings = settings
        self._model = model
        self._cluster = Connection(settings, patience)
        self._budget = Budget(settings.bytes_at_once)
        self._opening = asyncio.Lock()
        self._is_open = False
        self._static: Embedder | None = None

    @property
    def trouble(self) -> str:
        return self._cluster.trouble

    @asynccontextmanager
    async def readers(self, workers: int, pages: int) -> AsyncIterator[Readers]:
        async with self._opening:
            if not self._is_open:
                self._is_open = True
                with suppress(Lost):  # it was told, and these readers know
                    await self._cluster.open()
        readers = DaskReaders(
            self._cluster,
            ReaderPool(workers, pages),
            self._budget,
            pages=pages,
            bytes_at_once=self._settings.bytes_at_once,
            static=self._static,
        )
        async with readers:
            yield readers

    def embedder(self, own: Embedder | None) -> Embedder | None:
        if own is None or self._model is None:
            return own
        if isinstance(self._model, Nothing):
            self._static = own
        return DaskEmbedder(own, self._model, self._cluster, self._budget)

    async def close(self) -> None:
        await self._cluster.close()
