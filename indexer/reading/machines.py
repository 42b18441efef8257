"""Defines where a run reads pages and embeds texts: on this machine, unless docent.yaml names others."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

from bot.ports import Embedder
from indexer.reading.reader_pool import ReaderPool, Readers


class Machines(Protocol):
    """The machines of one run. They are connected to when the first pages are to be read."""

    @property
    def trouble(self) -> str:
        """What is wrong with them, as a sentence for admins; "" if nothing is. The run goes on all the same."""
        ...

    def readers(self, workers: int, pages: int) -> AbstractAsyncContextManager[Readers]:
        """Open readers for so many pages. `workers` is how many processes this machine may have for it."""
        ...

    def embedder(self, own: Embedder | None) -> Embedder | None:
        """Choose the embedder: `own`, or one that makes the same vectors elsewhere; None without one."""
        ...

    async def close(self) -> None:
        """Disconnect from them."""


class ThisMachine:
    """Reads and embeds on this machine."""

    trouble = ""

    def readers(self, workers: int, pages: int) -> AbstractAsyncContextManager[Readers]:
        return ReaderPool(workers, pages)

    def embedder(self, own: Embedder | None) -> Embedder | None:
        return own

    async def close(self) -> None: ...
