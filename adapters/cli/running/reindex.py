"""Follows a run that the indexer was asked for to its end, or until it is plain that no indexer takes it."""

import asyncio
import time
from collections.abc import Callable

from bot.model import Progress
from bot.opened_records import Records
from bot.ports import SyncRun
from bot.runtime.process import process_identity
from indexer.leadership import LEASE

_LOOK = 0.3  # seconds
# How long an indexer that is starting, or taking over from one that died, has to take the run.
PATIENCE = 3.0


class Nobody(Exception):
    """Raised when no indexer runs; the run has been taken back."""


async def followed(
    records: Records, asked: SyncRun, show: Callable[[Progress], None], *, patience: float = PATIENCE
) -> SyncRun:
    """Follow the run and return it when it has ended. Raises Nobody, BackendError."""
    until = time.monotonic() + patience
    while asked.state in ("waiting", "running"):
        await asyncio.sleep(_LOOK)
        asked = await records.runs.run(asked.id) or asked
        if asked.progress:
            show(asked.progress)
        if asked.state != "waiting" or await records.leases.held(LEASE, died=process_identity.died):
            until = time.monotonic() + patience
        elif time.monotonic() >= until:
            await records.runs.cancel(asked.id)
            raise Nobody
    return asked
