"""Embeds with `static` or a local model on the workers of a Dask cluster; on this machine where they can't."""

import logging
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from bot.config.models import LocalEmbedderSettings, Nothing
from bot.model import Usage
from bot.ports import Embedder, Vector
from indexer.dask import worker
from indexer.dask.budget import Budget
from indexer.dask.connection import Connection, Lost, Unfit, WorkerDied
from indexer.dask.versions import stamp

log = logging.getLogger(__name__)

_TRIES = 5
# With `static` a text takes a fraction of a millisecond, a task some milliseconds of Dask's. The leader keeps no more
# than some five threads busy with reading and embedding, and the texts of each further call wait in its memory.
_STATIC_TEXTS = 512
_STATIC_CALLS = 8
_LOCAL_TEXTS = 96


class DaskEmbedder:
    """An Embedder over the cluster. `own` is the same model on this machine, which its opener closes."""

    def __init__(
        self, own: Embedder, model: LocalEmbedderSettings | Nothing, cluster: Connection, budget: Budget
    ) -> None:
        self._own = own
        self._settings = model
        self._cluster = cluster
        self._budget = budget
        self._unfit = ""

    @property
    def model(self) -> str:
        return self._own.model

    @property
    def dimensions(self) -> int:
        return self._own.dimensions

    @property
    def calls_at_once(self) -> int:
        """How many calls keep the workers busy: each takes one thread."""
        most = _STATIC_CALLS if isinstance(self._settings, Nothing) else self._cluster.threads
        return max(1, min(most, self._cluster.threads))

    @property
    def texts_at_once(self) -> int:
        """How many texts are worth a task."""
        return _STATIC_TEXTS if isinstance(self._settings, Nothing) else _LOCAL_TEXTS

    async def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        if not self._unfit and texts:
            for _ in range(_TRIES):
                try:
                    return await self._there(texts)
                except WorkerDied:
                    continue
                except Lost:
                    break
                except Unfit as error:
                    self._unfit = str(error)
                    log.warning("the workers don't embed, this machine does: %s", error)
                    break
        return await self._own.embed_documents(texts)

    async def embed_query(self, text: str) -> Vector:
        return await self._own.embed_query(text)

    def usage(self) -> Usage:
        return self._own.usage()

    async def close(self) -> None: ...

    async def _there(self, texts: Sequence[str]) -> NDArray[np.float32]:
        async with self._budget.of(sum(len(text) for text in texts)):
            data = await self._cluster.call(worker.embed, list(texts), self._settings, self.model, stamp())
        return np.frombuffer(data, "<f4").astype(np.float32).reshape(len(texts), self.dimensions)
