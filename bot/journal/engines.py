"""Engines of SQLAlchemy for the journal's databases, and what SQLite needs besides."""

import asyncio
import os
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from bot.journal import SQLITE_PRAGMAS
from bot.journal.failures import PART
from bot.runtime.process.installed import needing_extras
from bot.runtime.process.private_files import private_file, private_folder

_POOL: Final = 5
_PAGES: Final = 256  # KiB that an SQLite connection remembers; the system remembers the whole file
_RETRY: Final = 0.02  # seconds
_BUSY: Final = 0.8  # of the deadline: SQLite gives up waiting for a lock before that cuts the call off


def connected(url: URL, deadline: float) -> AsyncEngine:
    """Make the engine for a database, which connects at its first use. `deadline` is a call's, in seconds."""
    arguments: dict[str, Any] = {"pool_size": _POOL, "pool_timeout": deadline}
    if url.get_backend_name() != "sqlite":
        with needing_extras(PART):
            return create_async_engine(url, pool_pre_ping=True, max_overflow=5, **arguments)
    engine = create_async_engine(url, connect_args={"timeout": deadline * _BUSY}, max_overflow=0, **arguments)
    event.listen(engine.sync_engine, "connect", _prepare_sqlite)
    event.listen(engine.sync_engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own
    connection.isolation_level = None  # the driver's own BEGIN comes too late for DDL and reads
    cursor = connection.cursor()
    for pragma in SQLITE_PRAGMAS:
        cursor.execute(pragma)
    cursor.execute(f"pragma cache_size = -{_PAGES}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes the lock at once: taking it later can fail without waiting."""
    begin = connection.get_execution_options().get("docent_begin", "begin immediate")
    if begin:
        connection.exec_driver_sql(begin)


async def use_wal(engine: AsyncEngine) -> None:
    """Let SQLite's readers go on beside a writer. The switch, unlike all else, fails at once where another process is busy."""
    while True:
        try:
            async with engine.connect() as connection:
                await connection.execution_options(docent_begin="")
                await connection.exec_driver_sql("pragma journal_mode = wal")
        except DBAPIError as error:
            if "locked" not in str(error.orig):
                raise
            await asyncio.sleep(_RETRY)
        else:
            return


def make_file(path: Path) -> None:
    """Make an SQLite file that its owner alone can read, unless it is there. Raises OSError."""
    private_folder(path.parent)
    if not os.access(path.parent, os.W_OK):
        raise PermissionError(f"unable to open a database in {path.parent}")
    private_file(path)
