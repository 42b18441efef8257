"""Who turns fetched bytes into pages: processes, always. What a page does to them, the main process only loses one."""

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
    """Read pages in lots: small ones together, and each that is doubtful as the only one."""

    @property
    def pages_at_once(self) -> int:
        """So many of them are worth a call of `read`."""
        return 8

    @property
    def groups_at_once(self) -> int:
        """So many calls of `read` keep all of them busy."""
        return 4

    @property
    def bytes_at_once(self) -> int:
        """So much of pages may wait for them or be under way."""
        return _BYTES

    async def read(self, pages: Sequence[RawPage]) -> Built:
        """In the order given."""
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
        """What is made of each lot's pages, in their order."""


class ReaderPool(Readers):
    """Processes of this machine. Reads `pages` pages in all. `workers` processes read groups of pages, as many doubtful ones alone.

    `seconds` is what one file may take of the processor's time.
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
    """Whether it may take long, or end its process."""
    return ending(page.fetched.name) in HEAVY or len(page.fetched.data) > _SMALL
