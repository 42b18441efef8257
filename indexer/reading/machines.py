"""Where pages are read and texts are embedded during a run: on this machine, unless docent.yaml names others."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from bot.ports import Embedder
from indexer.reading.reader_pool import ReaderPool, Readers


class Machines(Protocol):
    """Of one run. Nothing is reached for before pages are to be read."""

    @property
    def trouble(self) -> str:
        """What is wrong with them, as a sentence for admins; "" if nothing is. The run goes on all the same."""
        ...

    def readers(self, workers: int, pages: int) -> AbstractAsyncContextManager[Readers]:
        """For so many pages. `workers` are the processes that this machine may have for it."""
        ...

    def embedder(self, own: Embedder | None) -> Embedder | None:
        """The same vectors by the same name, from whoever makes them."""
        ...

    async def close(self) -> None: ...


class ThisMachine:
    """No others."""

    trouble = ""

    def readers(self, workers: int, pages: int) -> AbstractAsyncContextManager[Readers]:
        return ReaderPool(workers, pages)

    def embedder(self, own: Embedder | None) -> Embedder | None:
        return own

    async def close(self) -> None: ...
