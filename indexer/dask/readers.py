"""Pages read by the workers of a Dask cluster; by this machine's processes once there is none."""

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from indexer.confinement.process import SECONDS_A_PAGE, ReaderDied, unpacked
from indexer.dask import worker
from indexer.dask.budget import Budget
from indexer.dask.connection import Connection, Lost, Unfit, WorkerDied
from indexer.dask.versions import stamp
from indexer.reading.page_builder import NoPage, Page, RawPage
from indexer.reading.reader_pool import ReaderPool, Readers
from indexer.reading.reader_process import to_be_read


class DaskReaders(Readers):
    """`here` reads what the cluster can't. `suspects` is held for a page that may have ended a worker."""

    def __init__(
        self,
        cluster: Connection,
        here: ReaderPool,
        budget: Budget,
        suspects: asyncio.Lock,
        *,
        bytes_at_once: int,
        seconds: float = SECONDS_A_PAGE,
    ) -> None:
        self._cluster = cluster
        self._here = here
        self._budget = budget
        self._suspects = suspects
        self._bytes = bytes_at_once
        self._seconds = seconds

    @property
    def groups_at_once(self) -> int:
        return max(self._here.groups_at_once, 2 * self._cluster.threads + 2)

    @property
    def bytes_at_once(self) -> int:
        return self._bytes

    async def __aenter__(self) -> Self:
        await self._here.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._here.__aexit__(kind, error, trace)

    async def _group(self, pages: Sequence[RawPage]) -> list[Page | NoPage]:
        if not pages:
            return []
        try:
            return await self._there(pages)
        except (Lost, Unfit):
            return await self._here.read(pages)
        except WorkerDied:
            return [done for page in pages for done in await self._tried(page)]
        except ReaderDied:
            # One of them did it: which?
            return [done for page in pages for done in await self._alone(page)]

    async def _alone(self, page: RawPage) -> list[Page | NoPage]:
        try:
            return await self._there([page])
        except (Lost, Unfit):
            return await self._here.read([page])
        except WorkerDied:
            return await self._tried(page)
        except ReaderDied as error:
            return [NoPage(page.entry.path, str(error))]

    async def _tried(self, page: RawPage) -> list[Page | NoPage]:
        """One that was with a worker that ended, among others perhaps. They are tried one after the other."""
        async with self._suspects:
            try:
                return await self._there([page])
            except (Lost, Unfit):
                return await self._here.read([page])
            except WorkerDied:
                return [NoPage(page.entry.path, "two workers ended while they had it")]
            except ReaderDied as error:
                return [NoPage(page.entry.path, str(error))]

    async def _there(self, pages: Sequence[RawPage]) -> list[Page | NoPage]:
        """Raises Lost, Unfit, WorkerDied, ReaderDied."""
        request = to_be_read(pages, self._seconds)
        async with self._budget.of(len(request)):
            answer = await self._cluster.call(worker.read, request, self._seconds, stamp())
        done: list[Page | NoPage] = unpacked(answer)
        return done
