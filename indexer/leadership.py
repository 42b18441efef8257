"""Decides which of several indexers leads: the one that holds the lease in the journal."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

from bot.ports import BackendError, Leases
from bot.runtime.process import process_identity

_log = logging.getLogger(__name__)

LEASE = "indexer"


class Leadership:
    """Takes the lease and keeps it, for `seconds` at a time. `clock` is monotonic, in seconds."""

    def __init__(self, leases: Leases, seconds: float, clock: Callable[[], float]) -> None:
        self.holder = process_identity.name("indexer")
        self.why_lost = "the lease ended"
        self._leases = leases
        self._seconds = seconds
        self._clock = clock
        self._until = 0.0
        self._ending = False

    def lost(self) -> bool:
        """Tell whether this process may not write: it was told to stop, or its lease may be another's."""
        return self._ending or self._clock() >= self._until

    async def renew(self) -> bool:
        """Take or renew the lease; False where another has it, or the journal can't be reached.

        Counted from before the call, so that it ends here before it ends for others.
        """
        before = self._clock()
        try:
            mine = await self._leases.acquire(
                LEASE, self.holder, seconds=self._seconds, died=process_identity.died
            )
            if mine:
                # A second less than the others see, for the way there.
                self._until = before + self._seconds - min(1.0, self._seconds / 10)
                return True
            self._until, self.why_lost = 0.0, "another indexer leads now"
        except BackendError as error:
            self.why_lost = "the lease ended, since the journal can't be reached"
            _log.warning("the lease can't be renewed: %s", error)
        return False

    async def keep(self, stop: asyncio.Event) -> None:
        """Renew the lease in time, until `stop`."""
        while not stop.is_set():
            await asyncio.sleep(self._seconds / 4)
            await self.renew()

    async def end_at(self, stop: asyncio.Event) -> None:
        """Lose the leadership as soon as `stop` is set, whatever the lease says."""
        await stop.wait()
        self._ending = True

    async def release(self) -> None:
        """Let another take the lease now."""
        with suppress(BackendError):
            await self._leases.release(LEASE, self.holder)
