"""Keeps a process from starting on, or going on with, data that a newer Docent has migrated."""

import asyncio
import logging
import signal
from collections.abc import Callable
from typing import Final

from bot.bootstrap import App
from bot.journal.database import Database
from bot.ports import BackendError, Newer

log = logging.getLogger(__name__)

_LOOK_FOR: Final = 5.0
_LOOK_EVERY: Final = 60.0


async def refuse_newer(app: App) -> None:
    """Migrate the journal to this version. Raises Newer if the journal or the index is a newer Docent's.

    A part that is down doesn't keep a service from starting: that shows when it is used.
    """
    try:
        await app.records.database.migrate()
    except Newer:
        raise
    except BackendError as error:
        log.warning("the journal isn't ready: %s", error)
    look = asyncio.create_task(app.store.format())
    await asyncio.wait({look}, timeout=_LOOK_FOR)
    if not look.done():
        look.add_done_callback(lambda late: late.cancelled() or late.exception())
    elif isinstance(found := look.exception(), Newer):
        raise found


def end_this_process() -> None:
    """Send this process SIGTERM, as a supervisor would."""
    signal.raise_signal(signal.SIGTERM)


async def stop_for_newer(
    database: Database,
    stop: Callable[[], None] = end_this_process,
    *,
    every: float = _LOOK_EVERY,
) -> None:
    """Call `stop` once a newer Docent has migrated the journal. Checks for ever until then."""
    while True:
        await asyncio.sleep(every)
        try:
            await database.refuse_newer()
        except Newer as error:
            log.error("this process stops: %s", error)  # noqa: TRY400 - its own words suffice
            stop()
            return
        except BackendError as error:
            log.debug("whose the journal is can't be told: %s", error)
