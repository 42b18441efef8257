"""Reads pages on the workers of a Dask cluster, and with this machine's processes once there is none."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

import numpy as np

from bot.ports import Embedder
from indexer.confinement.messages import unpacked
from indexer.confinement.process import SECONDS_A_PAGE
from indexer.dask import worker
from indexer.dask.budget import Budget
from indexer.dask.connection import Connection, Lost, Unfit, WorkerDied
from indexer.dask.versions import stamp
from indexer.dask.worker import Died
from indexer.reading.page_builder import NoPage, Page
from indexer.reading.reader_pool import Built, Lot, ReaderPool, Readers, is_doubtful
from indexer.reading.reader_process import to_be_read

# A task costs Dask as much as reading two or three small pages takes: it has to be worth that. Where there are few
# pages, each thread still gets some tasks.
_MOST, _LEAST = 128, 16
_TASKS_A_THREAD = 4
_TASK_BYTES = 4_000_000
_TASK_DOUBTFUL = 16
# Workers that may end under a task that waits for them, and under a page.
_TRIES = 10
_MOST_ENDED = 2


class DaskReaders(Readers):
    """Reads pages on the cluster. `here` reads those that it can't; at most `bytes_at_once` are on their way."""

    def __init__(
        self,
        cluster: Connection,
        here: ReaderPool,
        budget: Budget,
        *,
        pages: int,
        bytes_at_once: int,
        seconds: float = SECONDS_A_PAGE,
        static: Embedder | None = None,
    ) -> None:
        """`pages` is how many there are in all. `static` is the embedder that whoever reads embeds with at once."""
        self._pages = pages
        self._static = static
        self._cluster = cluster
        self._here = here
        self._budget = budget
        self._bytes = bytes_at_once
        self._seconds = seconds

    @property
    def pages_at_once(self) -> int:
        if self._cluster.is_lost:
            return self._here.pages_at_once
        tasks = _TASKS_A_THREAD * max(1, self._cluster.threads)
        return max(_LEAST, min(_MOST, -(-self._pages // tasks)))

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

    async def _read(self, lots: Sequence[Lot]) -> list[Built]:
        built = await asyncio.gather(*(self._task(some) for some in _tasks(lots)))
        return [done for some in built for done in some]

    async def _task(self, lots: Sequence[Lot], ended: int = 0) -> list[Built]:
        """Read lots in one task. `ended` counts the workers that ended before while they had just these."""
        for _ in range(_TRIES):
            try:
                answers = await self._there(lots)
            except (Lost, Unfit):
                break
            except WorkerDied as died:
                if died.begun:
                    return await self._again(lots, ended + 1)
            else:
                return [
                    await self._whose_fault(lot, answer) if isinstance(answer, Died) else answer
                    for lot, answer in zip(lots, answers, strict=True)
                ]
        return [await self._here.read(lot) for lot in lots]

    async def _again(self, lots: Sequence[Lot], ended: int) -> list[Built]:
        """Read each page by itself after a worker ended with these; a page that ends two workers is given up."""
        if sum(map(len, lots)) > 1:
            return [await self._each(lot) for lot in lots]
        if ended < _MOST_ENDED:
            return await self._task(lots, ended)
        return [[NoPage(lots[0][0].entry.path, "two workers ended while they read it")]]

    async def _whose_fault(self, lot: Lot, died: Died) -> Built:
        """Read each page by itself after the process that read them ended, to find the one that did it."""
        if len(lot) == 1:
            return [NoPage(lot[0].entry.path, died.reason)]
        return await self._each(lot)

    async def _each(self, lot: Lot) -> Built:
        """Read each page in a task of its own."""
        built = await asyncio.gather(*(self._task([[page]]) for page in lot))
        return [done for (alone,) in built for done in alone]

    async def _there(self, lots: Sequence[Lot]) -> list[Built | Died]:
        """Read lots on a worker. Raises Lost, Unfit, WorkerDied."""
        requests = [to_be_read(lot, self._seconds) for lot in lots]
        async with self._budget.of(sum(map(len, requests))):
            static = self._static.model if self._static is not None else ""
            answers = await self._cluster.call(worker.read, requests, self._seconds, stamp(), static)
        return [
            answer if isinstance(answer, Died) else self._with_vectors(unpacked(answer), rows)
            for answer, rows in answers
        ]

    def _with_vectors(self, built: Built, data: bytes) -> Built:
        """Give each page its vectors, if they came along."""
        if self._static is None or not data:
            return built
        rows = np.frombuffer(data, "<f4").astype(np.float32).reshape(-1, self._static.dimensions)
        last = 0
        for at, page in enumerate(built):
            if isinstance(page, Page):
                first, last = last, last + len(page.pieces)
                built[at] = replace(page, vectors=rows[first:last])
        return built


def _tasks(lots: Sequence[Lot]) -> Iterator[list[Lot]]:
    """Group lots into tasks: large enough to be worth one, small enough to leave workers to others."""
    some: list[Lot] = []
    doubtful = size = 0
    for lot in lots:
        more = sum(len(page.fetched.data) for page in lot)
        if some and (size + more > _TASK_BYTES or doubtful == _TASK_DOUBTFUL):
            yield some
            some, doubtful, size = [], 0, 0
        some.append(lot)
        size += more
        doubtful += is_doubtful(lot[0])
    if some:
        yield some
