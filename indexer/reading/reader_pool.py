"""Reads fetched pages in processes, so that whatever a page does to them, the main process goes on."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from indexer.converters.formats import HEAVY, ending
from indexer.reading.page_builder import NoPage, Page, RawPage
from indexer.reading.reader_process import SECONDS_A_PAGE, ReaderDied, ReaderProcess

# For fewer pages than this, one process alone: starting another costs as much as reading so many.
_FEW = 150
# A text below it is read with others.
_SMALL = 100_000
_BYTES = 64_000_000


# Pages that are read by one process with one call: where it ends, one of them did it.
Lot = Sequence[RawPage]
Built = list[Page | NoPage]


class Readers(ABC):
    """Reads pages in lots: small pages together, each doubtful page (see `is_doubtful`) in a lot of its own."""

    @property
    def pages_at_once(self) -> int:
        """How many pages make a call of `read` worthwhile."""
        return 8

    @property
    def groups_at_once(self) -> int:
        """How many calls of `read` at once keep all readers busy."""
        return 4

    @property
    def bytes_at_once(self) -> int:
        """How many bytes of pages may wait to be read or be under way."""
        return _BYTES

    async def read(self, pages: Sequence[RawPage]) -> Built:
        """Read pages; the results are in the pages' order."""
        together = [page for page in pages if not is_doubtful(page)]
        lots: list[Lot] = [together] if together else []
        lots += [[page] for page in pages if is_doubtful(page)]
        built = {
            page.entry.path: done
            for lot, all_done in zip(lots, await self._read(lots), strict=True)
            for page, done in zip(lot, all_done, strict=True)
        }
        return [built[page.entry.path] for page in pages]

    @abstractmethod
    async def _read(self, lots: Sequence[Lot]) -> list[Built]:
        """Read lots; the results are in the lots' order, and in each in its pages'."""


class ReaderPool(Readers):
    """Reads with processes of this machine: `workers` for lots of pages, and as many for doubtful pages alone.

    `pages` is how many there are in all; `seconds` is the processor time that one file may take.
    """

    def __init__(self, workers: int, pages: int, *, seconds: float = SECONDS_A_PAGE) -> None:
        # Groups go to workers that may have one already; a page alone has one to itself: only it is to blame.
        self._for_groups: asyncio.Queue[ReaderProcess] = asyncio.Queue()
        self._for_one: asyncio.Queue[ReaderProcess] = asyncio.Queue()
        together = 1 if pages < _FEW else max(1, workers)
        self._seconds = seconds
        self._workers = [ReaderProcess() for _ in range(together)]
        self._apart = [ReaderProcess() for _ in range(max(1, workers))]

    async def __aenter__(self) -> Self:
        for worker in self._apart:
            self._for_one.put_nowait(worker)
        for worker in (*self._workers, *self._workers):
            self._for_groups.put_nowait(worker)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for worker in (*self._workers, *self._apart):
            await worker.close()

    async def _read(self, lots: Sequence[Lot]) -> list[Built]:
        return await asyncio.gather(
            *(self._alone(lot[0]) if is_doubtful(lot[0]) else self._group(lot) for lot in lots)
        )

    async def _group(self, pages: Lot) -> Built:
        worker = await self._for_groups.get()
        try:
            return await worker.read(pages, seconds=self._seconds)
        except ReaderDied:
            pass
        finally:
            self._for_groups.put_nowait(worker)
        # One of them did it: which?
        return [done for page in pages for done in await self._alone(page)]

    async def _alone(self, page: RawPage) -> Built:
        worker = await self._for_one.get()
        try:
            return await worker.read([page], seconds=self._seconds)
        except ReaderDied as error:
            return [NoPage(page.entry.path, str(error))]
        finally:
            self._for_one.put_nowait(worker)


def is_doubtful(page: RawPage) -> bool:
    """Tell whether a page may take long, or end its process: by its format, or its size."""
    return ending(page.fetched.name) in HEAVY or len(page.fetched.data) > _SMALL
