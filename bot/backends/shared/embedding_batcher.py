"""Packs the texts of all who want embeddings into full batches; a text that several want is sent once."""

import asyncio
import random
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from bot.backends.shared.errors import is_passing
from bot.backends.shared.rate_limiter import RateLimiter
from bot.ports import BackendError, RateLimited

_ATTEMPTS = 4  # of a batch that fails without being told to wait
_FIRST_RETRY = 0.5
# Workers that make a request or read an answer while as many calls as allowed are under way.
_BESIDE = 2
# A batch that isn't full waits so many seconds for more, while other calls are under way.
_LINGER, _LINGERS = 0.15, 5

Rows = NDArray[np.float32]
# The right to one call.
CallSlot = Callable[[], AbstractAsyncContextManager[None]]


@dataclass(eq=False, slots=True)
class _Job:
    """What one caller waits for."""

    rows: Rows
    left: int
    done: "asyncio.Future[None]"

    def put(self, number: int, row: Rows) -> None:
        self.rows[number] = row
        self.left -= 1
        if not self.left and not self.done.done():
            self.done.set_result(None)

    def fail(self, error: Exception) -> None:
        if not self.done.done():
            self.done.set_exception(error)


@dataclass(eq=False, slots=True)
class _Text:
    """A text that waits or is on its way, and the rows of jobs that it is for."""

    text: str
    wanted: list[tuple[_Job, int]] = field(default_factory=list)

    @property
    def is_wanted(self) -> bool:
        return any(not job.done.done() for job, _ in self.wanted)


class EmbeddingBatcher:
    """Takes texts from everybody, and keeps as many calls under way as are allowed.

    `send` embeds one batch of at most `batch` texts, in one attempt, and holds the turn that it is given while it
    calls. `patience` is how many seconds without a success 429s are put up with.
    """

    def __init__(
        self,
        send: Callable[[Sequence[str], CallSlot], Awaitable[Rows]],
        bucket: RateLimiter,
        *,
        dimensions: int,
        batch: int,
        calls_at_once: int,
        patience: float,
    ) -> None:
        self._send = send
        self._full = batch
        self._bucket = bucket
        self._dimensions = dimensions
        self._most_workers = calls_at_once + _BESIDE
        self._slots = asyncio.Semaphore(calls_at_once)
        self._patience = patience
        self._known: dict[str, _Text] = {}
        self._waiting: deque[_Text] = deque()
        self._workers: set[asyncio.Task[None]] = set()
        self._sending = 0
        self._through_at = 0.0  # when something last got through, or began to be tried

    @property
    def waiting(self) -> int:
        """How many texts are not on their way yet."""
        return len(self._waiting)

    async def embed(self, texts: Sequence[str]) -> Rows:
        """Return one row a text; zeros for one that is blank."""
        rows = np.zeros((len(texts), self._dimensions), dtype=np.float32)
        numbers = [number for number, text in enumerate(texts) if text.strip()]
        if not numbers:
            return rows
        job = _Job(rows, len(numbers), asyncio.get_running_loop().create_future())
        for number in numbers:
            text = self._known.get(texts[number])
            if text is None:
                text = self._known[texts[number]] = _Text(texts[number])
                self._waiting.append(text)
            text.wanted.append((job, number))
        self._employ()
        await job.done
        return rows

    async def close(self) -> None:
        """Cancel whoever still waits."""
        for text in self._known.values():
            for job, _ in text.wanted:
                job.done.cancel()
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)

    def _employ(self) -> None:
        """Start workers: as many as there is work for, and as may call at once."""
        if not self._workers:
            self._through_at = asyncio.get_running_loop().time()
        batches = -(-len(self._waiting) // self._full)
        for _ in range(min(batches, self._most_workers - len(self._workers))):
            worker = asyncio.create_task(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)

    async def _work(self) -> None:
        while self._waiting:
            await self._linger()
            batch = await self._batch()
            if batch:
                self._sending += 1
                try:
                    await self._deliver(batch)
                finally:
                    self._sending -= 1

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Hold one of the calls at once, when nobody is asked to wait."""
        async with self._slots:
            await self._bucket.open()
            yield

    async def _linger(self) -> None:
        for _ in range(_LINGERS):
            if not 0 < len(self._waiting) < self._full or not self._sending:
                return
            await asyncio.sleep(_LINGER / _LINGERS)

    async def _batch(self) -> list[_Text]:
        """Return the next texts, as many as may be sent now."""
        batch: list[_Text] = []
        while self._waiting and not batch:
            room = await self._bucket.take(min(self._full, len(self._waiting)))
            while self._waiting and len(batch) < room:
                text = self._waiting.popleft()
                if text.is_wanted:
                    batch.append(text)
                else:
                    self._known.pop(text.text, None)
        return batch

    async def _deliver(self, batch: list[_Text]) -> None:
        try:
            rows = await self._sent([text.text for text in batch])
        except BackendError as error:
            self._fail(batch, error)
            return
        except Exception as error:  # noqa: BLE001 - a bug must reach those who wait, not end with the worker
            for text in batch:
                for job, _ in text.wanted:
                    job.fail(error)
            return
        finally:
            for text in batch:
                self._known.pop(text.text, None)
        for text, row in zip(batch, rows, strict=True):
            for job, number in text.wanted:
                job.put(number, row)

    async def _sent(self, texts: Sequence[str]) -> Rows:
        failures = 0
        while True:
            try:
                rows = await self._send(texts, self._turn)
            except BackendError as error:
                failures += not isinstance(error, RateLimited)
                await self._wait_after(error, failures)
                await self._take_all(len(texts))
            else:
                self._through_at = asyncio.get_running_loop().time()
                return rows

    async def _take_all(self, count: int) -> None:
        while count > 0:
            count -= await self._bucket.take(count)

    async def _wait_after(self, error: BackendError, failures: int) -> None:
        """Return when the batch may be tried again. Raises the error if it isn't worth it."""
        silent = asyncio.get_running_loop().time() - self._through_at
        if isinstance(error, RateLimited):
            if silent + self._bucket.paused_for > self._patience:
                raise error
            return  # the bucket waits
        if not is_passing(error) or failures >= _ATTEMPTS:
            raise error
        await asyncio.sleep(_FIRST_RETRY * 2 ** (failures - 1) * random.uniform(0.8, 1.2))  # noqa: S311 - jitter

    def _fail(self, batch: list[_Text], error: BackendError) -> None:
        """Give each job an error of its own: one that is raised twice grows its traceback."""
        for job in {job for text in batch for job, _ in text.wanted}:
            copy = type(error).__new__(type(error))
            copy.__dict__.update(error.__dict__)
            copy.args = error.args
            job.fail(copy)
