"""Keeps a part that is down from slowing every answer.

Ours: purgatory and aiobreaker send every question that comes at the time of the probe to the dead part (10 of 10),
and purgatory never opens for a part that fails at every second call.
"""

import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from bot.ports import RateLimited, Unauthorized, Unavailable

FAILURES = 5
WINDOW = 30.0
PROBE_AFTER = 15.0
LONGEST = 60.0  # a Retry-After of an hour is still probed


class CircuitBreaker:
    """Opens after `failures` within `window` seconds, and then lets one probe through every `probe_after` seconds.

    A failure is an Unavailable or Unauthorized, with which the part can serve nobody. A request that was rejected
    or refused says nothing about the next one.
    """

    def __init__(
        self,
        part: str,
        *,
        failures: int = FAILURES,
        window: float = WINDOW,
        probe_after: float = PROBE_AFTER,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.part = part
        self._window = window
        self._probe_after = probe_after
        self._clock = clock
        self._failed_at: deque[float] = deque(maxlen=failures)
        self._open_until: float | None = None
        self._probing = False
        self._last: Unavailable | Unauthorized = Unavailable(part, "")

    @property
    def is_open(self) -> bool:
        return self._open_until is not None

    @asynccontextmanager
    async def guard(self) -> AsyncIterator[None]:
        """Guard a call to the part, made within.

        While the breaker is open, raises at once what the last call failed with.
        """
        probing = self._enter()
        try:
            yield
        except (Unavailable, Unauthorized) as error:
            self._failed(error)
            raise
        else:
            if probing:
                self._close()
        finally:
            if probing:
                self._probing = False

    def _enter(self) -> bool:
        """Return whether this call is the probe. Raises if the breaker is open."""
        if self._open_until is None:
            return False
        left = self._open_until - self._clock()
        if left > 0 or self._probing:
            reason = f"{self._last.reason.rstrip('. ')} (not tried again for {max(left, 1):.0f} s)."
            kind = Unauthorized if isinstance(self._last, Unauthorized) else Unavailable
            raise kind(self.part, reason, remedy=self._last.remedy)
        self._probing = True
        return True

    def _failed(self, error: Unavailable | Unauthorized) -> None:
        now = self._clock()
        self._failed_at.append(now)
        self._last = error
        wait = self._probe_after
        if isinstance(error, RateLimited):
            wait = min(max(wait, error.retry_after), LONGEST)
        full = len(self._failed_at) == self._failed_at.maxlen
        if self.is_open or (full and now - self._failed_at[0] <= self._window):
            self._open_until = now + wait

    def _close(self) -> None:
        self._open_until = None
        self._failed_at.clear()
