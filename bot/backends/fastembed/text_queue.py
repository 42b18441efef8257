"""Computes texts one by one on threads; callers with the fewest texts go first."""

import asyncio
import heapq
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(order=True, slots=True)
class _Waiting(Generic[T]):
    texts: int  # of its call
    number: int
    work: Callable[[], T] = field(compare=False)
    done: "Future[T]" = field(compare=False)


class TextQueue(Generic[T]):
    """Lets a question (one text) and its snippets (a few) pass a sync's documents (many), between two of its texts."""

    def __init__(self, threads: int, name: str) -> None:
        self._pool = ThreadPoolExecutor(threads, name)
        self._waiting: list[_Waiting[T]] = []
        self._lock = Lock()
        self._numbers = count()

    async def each(self, work: Callable[[str], T], texts: Sequence[str]) -> list[T]:
        """Return what `work` makes of each text, in order. Raises the first error; texts not begun by then are left out."""
        under_way = [asyncio.wrap_future(self._put(work, text, len(texts))) for text in texts]
        try:
            return await asyncio.gather(*under_way)
        finally:
            for one in under_way:
                one.cancel()

    def close(self) -> None:
        """Let what runs end; cancel what waits."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            waiting, self._waiting = self._waiting, []
        for one in waiting:
            one.done.cancel()

    def _put(self, work: Callable[[str], T], text: str, texts: int) -> "Future[T]":
        done: Future[T] = Future()
        with self._lock:
            heapq.heappush(self._waiting, _Waiting(texts, next(self._numbers), lambda: work(text), done))
        self._pool.submit(self._next)
        return done

    def _next(self) -> None:
        with self._lock:
            if not self._waiting:
                return
            one = heapq.heappop(self._waiting)
        if not one.done.set_running_or_notify_cancel():
            return
        try:
            one.done.set_result(one.work())
        except BaseException as error:  # noqa: BLE001 - whoever waits for it gets it
            one.done.set_exception(error)
