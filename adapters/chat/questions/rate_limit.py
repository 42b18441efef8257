"""Limits how many questions a person may ask in a minute."""

import time
from collections import deque

from cachetools import LRUCache, TTLCache

_MINUTE = 60.0
_COUNTED = 1000  # people whose questions this process counts, too


class RateLimit:
    """Counts by the journal, which has all processes' questions; while it is down, by this process's own."""

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._accepted: LRUCache[str, deque[float]] = LRUCache(_COUNTED)
        self._told: TTLCache[str, None] = TTLCache(_COUNTED, _MINUTE)

    def exceeded(self, person: str, number: int | None) -> bool:
        """Return whether a question that was just accepted is over the limit.

        `number` is its number among the person's questions of the last minute in the journal; None while that
        is down.
        """
        here = self._count(person)
        return (here if number is None else number) > self.per_minute

    def tells(self, person: str) -> bool:
        """Return whether to tell this person of the limit: once, until a minute has passed without another try."""
        told = person in self._told
        self._told[person] = None
        return not told

    def _count(self, person: str) -> int:
        """Count one more question of this person; return how many this process saw in the last minute."""
        now = time.monotonic()
        times = self._accepted.setdefault(person, deque())
        while times and times[0] < now - _MINUTE:
            times.popleft()
        times.append(now)
        return len(times)
