"""Limits what is sent: calls and texts a minute, and nothing from anybody for a while after a 429.

Ours: aiolimiter lets up to twice a limit through in its period (9 of 5), which Cohere answers with 429s;
pyrate-limiter holds a batch back until there is room for all of it, where a part could go at once, and starts a
thread.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

MINUTE = 60.0
_WORTH_A_CALL = 8  # texts; less than that waits for more room
_LONGEST_BACKOFF = 30.0
_LONGEST_PAUSE = 60.0  # whatever Retry-After says: then it is tried again


class RateLimiter:
    """Counts over the last 60 seconds, as Cohere does: what was sent in them never exceeds a limit.

    A limit of None is none. `clock` and `sleep` are for tests.
    """

    def __init__(
        self,
        *,
        calls_per_minute: int | None = None,
        texts_per_minute: int | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._calls = calls_per_minute
        self._texts = texts_per_minute
        self._clock = clock
        self._sleep = sleep
        self._sent: deque[tuple[float, int]] = deque()
        self._texts_sent = 0
        self._paused_until = 0.0
        self._backoff = 1.0

    @property
    def paused_for(self) -> float:
        """Seconds until anything may be sent again; 0 if it may."""
        return max(0.0, self._paused_until - self._clock())

    async def open(self) -> None:
        """Return when anything may be sent."""
        while wait := self.paused_for:
            await self._sleep(wait)

    async def take(self, wanted: int) -> int:
        """Wait until texts may be sent, at most `wanted`; count them as sent, and return how many."""
        while True:
            room, wait = self._room(wanted)
            if room > 0:
                self._sent.append((self._clock(), room))
                self._texts_sent += room
                return room
            await self._sleep(wait)

    def pause(self, seconds: float | None) -> None:
        """Send nothing for `seconds`; None and 0 double with every pause until something gets through."""
        if not seconds:
            if self.paused_for:
                return  # calls that were under way together are one reason to wait, not several
            seconds, self._backoff = self._backoff, min(self._backoff * 2, _LONGEST_BACKOFF)
        self._paused_until = max(self._paused_until, self._clock() + min(seconds, _LONGEST_PAUSE))

    def succeeded(self) -> None:
        self._backoff = 1.0

    def _room(self, wanted: int) -> tuple[int, float]:
        """Return how many texts may go now, and 0; or 0, and the seconds until it is worth asking again."""
        if self.paused_for:
            return 0, self.paused_for
        now = self._clock()
        while self._sent and self._sent[0][0] <= now - MINUTE:
            self._texts_sent -= self._sent.popleft()[1]
        next_room = self._sent[0][0] + MINUTE - now if self._sent else 0.0
        if self._calls is not None and len(self._sent) >= self._calls:
            return 0, next_room
        if self._texts is None:
            return wanted, 0.0
        room = min(wanted, self._texts - self._texts_sent)
        if room <= 0 or (self._sent and room < min(wanted, _WORTH_A_CALL)):
            return 0, next_room
        return room, 0.0
