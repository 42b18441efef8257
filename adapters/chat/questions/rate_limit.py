"""How many questions a person may ask in a minute."""

import time
from collections import OrderedDict, deque

_MINUTE = 60.0
_COUNTED = 1000  # people whose questions of the last minute are counted here as well


class RateLimit:
    """Judges by the journal's count, which has all processes' questions; while it is down, by this process's own."""

    def __init__(self, per_minute: int) -> None:
        self.per_minute = per_minute
        self._accepted: OrderedDict[str, deque[float]] = OrderedDict()
        self._told: OrderedDict[str, float] = OrderedDict()

    def exceeded(self, person: str, number: int | None) -> bool:
        """Whether a question that was just accepted is one too many.

        `number` is its own among the person's of the last minute by the journal's count; None while that is down.
        """
        here = self._count(person)
        return (here if number is None else number) > self.per_minute

    def tells(self, person: str) -> bool:
        """Whether this person is told of the limit: once, until a minute has gone by without."""
        now = time.monotonic()
        before = self._told.pop(person, -_MINUTE)
        self._told[person] = now
        if len(self._told) > _COUNTED:
            self._told.popitem(last=False)
        return now - before >= _MINUTE

    def _count(self, person: str) -> int:
        """One more question of this person here; how many that makes in the last minute."""
        now = time.monotonic()
        times = self._accepted.pop(person, None) or deque()
        while times and times[0] < now - _MINUTE:
            times.popleft()
        times.append(now)
        self._accepted[person] = times
        if len(self._accepted) > _COUNTED:
            self._accepted.popitem(last=False)
        return len(times)
