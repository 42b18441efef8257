"""Calls a service: within a deadline, with a second try, over connections that several parts share.

The second try is ours, here as in embedder.py, judge.py and bot/answering/writing.py: stamina waits out a
Retry-After of 3 s where 1 s is left for a question, and logs a call's arguments, which are its words.
"""

import asyncio
import random
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, Self, TypeVar

from bot.backends.shared.errors import is_passing
from bot.ports import BackendError, Unavailable

T = TypeVar("T")

_RETRY_AFTER: Final = 0.2  # seconds, give or take half of it


class SharedClient(ABC):
    """Connections for all parts at one service; closed when the last of them is."""

    def __init__(self) -> None:
        self._users = 0

    def use(self) -> Self:
        """Return the client for one part more, which is to release it."""
        self._users += 1
        return self

    async def release(self) -> None:
        self._users -= 1
        if self._users == 0:
            await self._close()

    @abstractmethod
    async def _close(self) -> None: ...


@asynccontextmanager
async def deadline(service: str, part: str, seconds: float) -> AsyncIterator[asyncio.Timeout]:
    """Raise Unavailable after `seconds`; the timeout that it gives can be rescheduled."""
    timeout = asyncio.timeout(seconds)
    try:
        async with timeout:
            yield timeout
    except TimeoutError:
        if not timeout.expired():
            raise
        raise Unavailable(part, f"{service} took longer than {seconds:.2g} seconds.") from None


async def twice(call: Callable[[], Awaitable[T]]) -> T:
    """Make the call, and once more after a failure that may have passed."""
    try:
        return await call()
    except BackendError as error:
        if not is_passing(error):
            raise
    await asyncio.sleep(_RETRY_AFTER * random.uniform(0.5, 1.5))  # noqa: S311 - jitter
    return await call()
