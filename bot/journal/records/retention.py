"""Forget, at each start and once a day, all that is older than `journal.keep_days`."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from bot.journal import DAY
from bot.ports import BackendError, Journal

log = logging.getLogger(__name__)


async def forget_old(journal: Journal, days: int) -> None:
    """Forget what is too old, once. A journal that is down is logged: the next time will do."""
    try:
        gone = await journal.purge(older_than_days=days)
    except BackendError as error:
        log.warning("the journal could not be cleared of what is old: %s", error)
    else:
        log.log(logging.INFO if gone else logging.DEBUG, "the journal forgot %d old questions", gone)


async def keep_forgetting(
    journal: Journal, days: int, *, pause: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """Forget what is too old now and once a day, until cancelled."""
    while True:
        await forget_old(journal, days)
        await pause(DAY)
