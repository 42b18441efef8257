"""Reads a stream in a task of its own, so that whoever leaves early doesn't break off its request.

Small servers notice a closed connection only at the first token: until then they work on, and whoever comes next
waits without knowing. So a stream that was left is read on to its first event, closed then, and only then its turn
is over.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Generic, TypeVar

T = TypeVar("T")


class DetachedStream(Generic[T]):
    """A stream being read. `over` is called once, when the server is done with the request."""

    def __init__(self, events: AsyncGenerator[T, None], over: Callable[[], None]) -> None:
        self._events = events
        self._over = over
        self._got: asyncio.Queue[T | Exception | None] = asyncio.Queue()
        self._began = False
        self._left = False
        self.task = asyncio.create_task(self._read())

    async def next(self) -> T | None:
        """Return the next event; None at the end. Raises what the stream raised."""
        event = await self._got.get()
        if isinstance(event, Exception):
            raise event
        return event

    async def leave(self, *, patience: float = 0.0) -> None:
        """Stop reading; returns at once. With `patience`, the first event may still take so many seconds."""
        self._left = True
        if patience and not self._began and not self.task.done():
            asyncio.get_running_loop().call_later(patience, self.task.cancel)
            return
        self.task.cancel()
        await asyncio.wait([self.task])

    async def _read(self) -> None:
        try:
            async with aclosing(self._events) as events:
                async for event in events:
                    self._began = True
                    if self._left:
                        return
                    self._got.put_nowait(event)
            self._got.put_nowait(None)
        except Exception as error:  # noqa: BLE001 - whoever reads the events gets it, a bug too
            self._got.put_nowait(error)
        finally:
            self._over()
