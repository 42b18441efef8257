"""How many questions a person may ask in a minute."""

import time
from collections import OrderedDict, deque

from adapters.chat.journal_log import JournalLog
from bot.ports import Asked

_MINUTE = 60.0
_COUNTED = 1000  # people whose questions of the last minute are counted here as well


class RateLimit:
    """The journal counts all processes' questions, here are counted those of this one."""

    def __init__(self, per_minute: int, ledger: JournalLog) -> None:
        self.per_minute = per_minute
        self._ledger = ledger
        self._accepted: OrderedDict[str, deque[float]] = OrderedDict()
        self._told: OrderedDict[str, float] = OrderedDict()

    def number(self, person: str) -> int:
        """This question's number among the person's of the last minute."""
        times = self._minute(person)
        times.append(time.monotonic())
        self._accepted[person] = times
        self._accepted.move_to_end(person)
        if len(self._accepted) > _COUNTED:
            self._accepted.popitem(last=False)
        return len(times)

    async def exceeded(self, asked: Asked, number: int) -> bool:
        """Whether this question is one too many; `number` is its own among this person's here.

        The journal's count has among them those that came here after this one.
        """
        count = await self._ledger.asked_by(asked, within=_MINUTE)
        if count is None:
            return False
        elsewhere = max(0, count - len(self._minute(asked.person)))
        return number + elsewhere > self.per_minute

    def tells(self, person: str) -> bool:
        """Whether this person is told of the limit: once, until a minute has gone by without."""
        now = time.monotonic()
        before = self._told.pop(person, -_MINUTE)
        self._told[person] = now
        if len(self._told) > _COUNTED:
            self._told.popitem(last=False)
        return now - before >= _MINUTE

    def _minute(self, person: str) -> deque[float]:
        """When this process accepted a question of this person within the last minute."""
        times = self._accepted.get(person, deque())
        while times and times[0] < time.monotonic() - _MINUTE:
            times.popleft()
        return times
