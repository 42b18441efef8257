"""State of a newer Docent: a process doesn't start on it, and one that runs while it is migrated stops."""

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
    """Bring the journal to this version's form. Raises Newer where a newer Docent wrote it, or the index.

    What is down shows when it is used: it keeps no service from starting.
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
    """As whoever starts and stops services does."""
    signal.raise_signal(signal.SIGTERM)


async def stop_for_newer(
    database: Database,
    stop: Callable[[], None] = end_this_process,
    *,
    every: float = _LOOK_EVERY,
) -> None:
    """Stop this process once a newer Docent has migrated the journal. Looks for ever until then."""
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
