"""One time limit for a whole answer, shared out among its stages."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from bot.ports import Unavailable

Clock = Callable[[], float]
T = TypeVar("T")


class Deadline:
    """Ends `seconds` from now, by `clock`. A stage waits for at most its own limit, and for no more than what is left."""

    def __init__(self, seconds: float, *, clock: Clock = time.monotonic) -> None:
        self._clock = clock
        self._start = clock()
        self._whole = seconds
        self._end = self._start + seconds

    @property
    def left(self) -> float:
        return max(0.0, self._end - self._clock())

    @property
    def spent(self) -> float:
        return self._clock() - self._start

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Don't count the time that passes within: the answer waits for others."""
        begun = self._clock()
        try:
            yield
        finally:
            self._end += self._clock() - begun

    async def wait(self, part: str, awaitable: Awaitable[T], *, seconds: float, keep: float = 0.0) -> T:
        """Return the awaitable's value. Raises Unavailable if it takes longer than `seconds`, or than what is left.

        `keep` seconds of what is left are not given to it: they are for what comes after.
        """
        limit = max(0.0, min(seconds, self.left - keep))
        timeout = asyncio.timeout(limit)
        try:
            async with timeout:
                return await awaitable
        except TimeoutError as error:
            if not timeout.expired():
                raise
            own = limit >= seconds or seconds >= self._whole
            why = f"no answer within {seconds:.2g} seconds." if own else f"{self._whole:g} seconds were over."
            raise Unavailable(part, why) from error
