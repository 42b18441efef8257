"""Who turns fetched bytes into pages: a thread for a few, processes for many."""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from indexer.page import NoPage, Page, RawPage, build


class Readers:
    """Reads `pages` pages in all, with at most `workers` processes."""

    def __init__(self, workers: int, pages: int) -> None:
        self._workers = workers
        self._pages = pages

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def read(self, raw: Sequence[RawPage]) -> list[Page | NoPage]:
        """In the order given."""
        return await asyncio.to_thread(lambda: [build(page) for page in raw])
