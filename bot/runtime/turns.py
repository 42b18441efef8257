"""Lets a few at a time work: questions on this machine, calls to a small server."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing

_BEAT = 3.0  # seconds after which a place is told again, changed or not


class Turns:
    """Gives turns to at most `at_once` at a time, first come, first served; None is no limit."""

    def __init__(self, at_once: int | None = None) -> None:
        self._at_once = at_once
        self._running = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    @property
    def is_limited(self) -> bool:
        return self._at_once is not None

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._waiting)

    async def enter(self) -> AsyncGenerator[int, None]:
        """Wait for a turn, and yield meanwhile how many come before. It ends once the turn has come; `leave` gives it back.

        Whoever closes it before that has no turn.
        """
        if self._at_once is None or (self._running < self._at_once and not self._waiting):
            self._running += 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        entered = False
        try:
            told = 0
            while not turn.done():
                ahead = self._waiting.index(turn) + 1
                if ahead != told:
                    yield (told := ahead)
                    continue
                await asyncio.wait([turn, self._waiting[0]], timeout=_BEAT, return_when="FIRST_COMPLETED")
                told = 0
            entered = True
        finally:
            if not entered:
                self._give_up(turn)

    async def entered(self, tell: Callable[[int], Awaitable[None]] | None = None) -> None:
        """Return once the turn has come; `tell` hears how many come before."""
        async with aclosing(self.enter()) as places:
            async for ahead in places:
                if tell is not None:
                    await tell(ahead)

    def leave(self) -> None:
        """Give the turn back, to the next who waits."""
        self._running -= 1
        if self._waiting and self._at_once is not None and self._running < self._at_once:
            self._running += 1
            self._waiting.popleft().set_result(None)

    def _give_up(self, turn: "asyncio.Future[None]") -> None:
        if turn.done():
            self.leave()
        else:
            self._waiting.remove(turn)
