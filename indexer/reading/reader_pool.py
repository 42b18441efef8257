"""Who turns fetched bytes into pages: a thread for a few plain ones, processes for many or doubtful ones.

Processes take a moment to start: until then, many plain ones are read by a thread, too.
"""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from indexer.converters.formats import HEAVY, ending
from indexer.reading.page_builder import NoPage, Page, RawPage, build
from indexer.reading.reader_process import ReaderDied, ReaderProcess

# Starting a process costs as much as reading so many pages.
_FEW = 150
# A small text can't keep a thread for long, whatever is in it.
_SMALL = 100_000

SECONDS_A_FILE = 60.0


class ReaderPool:
    """Reads `pages` pages in all. `workers` processes read groups of pages, as many doubtful ones alone.

    `seconds` is what one file may take.
    """

    def __init__(self, workers: int, pages: int, *, seconds: float = SECONDS_A_FILE) -> None:
        self._few = pages < _FEW
        self._seconds = seconds
        # Groups go to workers that may have one already; a page alone has one to itself: only it is to blame.
        self._for_groups: asyncio.Queue[ReaderProcess] = asyncio.Queue()
        self._for_one: asyncio.Queue[ReaderProcess] = asyncio.Queue()
        self._workers = [ReaderProcess() for _ in range(max(1, workers))]
        self._apart = [ReaderProcess() for _ in self._workers]
        self._starting: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        for worker in self._apart:
            self._for_one.put_nowait(worker)
        if not self._few:
            self._starting = [asyncio.create_task(self._start(worker)) for worker in self._workers]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for starting in self._starting:
            starting.cancel()
        await asyncio.gather(*self._starting, return_exceptions=True)
        for worker in (*self._workers, *self._apart):
            await worker.close()

    async def _start(self, worker: ReaderProcess) -> None:
        try:
            await worker.read([], seconds=self._seconds)
        except ReaderDied:
            pass  # the first file to be read says so, too
        finally:
            self._for_groups.put_nowait(worker)
            self._for_groups.put_nowait(worker)

    async def read(self, pages: Sequence[RawPage]) -> list[Page | NoPage]:
        """In the order given."""
        alone = [page for page in pages if _is_doubtful(page)]
        together = [page for page in pages if not _is_doubtful(page)]
        if self._few or not any(starting.done() for starting in self._starting):
            plain = asyncio.to_thread(lambda: [build(page) for page in together])
        else:
            plain = self._group(together)
        first, *others = await asyncio.gather(plain, *(self._alone(page) for page in alone))
        built = {page.entry.path: done for page, done in zip(together, first, strict=True)}
        built |= {page.entry.path: done for page, (done,) in zip(alone, others, strict=True)}
        return [built[page.entry.path] for page in pages]

    async def _group(self, pages: Sequence[RawPage]) -> list[Page | NoPage]:
        if not pages:
            return []
        worker = await self._for_groups.get()
        try:
            return await worker.read(pages, seconds=self._seconds)
        except ReaderDied:
            pass
        finally:
            self._for_groups.put_nowait(worker)
        # One of them did it: which?
        return [done for page in pages for done in await self._alone(page)]

    async def _alone(self, page: RawPage) -> list[Page | NoPage]:
        worker = await self._for_one.get()
        try:
            return await worker.read([page], seconds=self._seconds)
        except ReaderDied as error:
            return [NoPage(page.entry.path, str(error))]
        finally:
            self._for_one.put_nowait(worker)


def _is_doubtful(page: RawPage) -> bool:
    return ending(page.fetched.name) in HEAVY or len(page.fetched.data) > _SMALL
