"""Connect to the journal's database: migrated at its first use, errors translated, deadlines kept."""

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import URL, Table, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.journal import FILE, HEAD
from bot.journal.address import async_url
from bot.journal.engines import connected, make_file, use_wal
from bot.journal.failures import PART, letting_go, translated
from bot.journal.forms import rows
from bot.journal.forms.found import form_of
from bot.ports import Rejected, Unavailable
from bot.runtime.circuit_breaker import CircuitBreaker
from bot.runtime.process.private_files import private_file, put_back

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql

log = logging.getLogger(__name__)

_LOCK: Final = 0x646F63656E74  # "docent": the number of PostgreSQL's advisory lock
# Seconds.
_MIGRATION: Final = 120.0
_BACKUP: Final = 6 * 3600.0
_SHRINK: Final = 300.0
# Pages of an SQLite file that nothing stands on: so many, and such a share of all, are worth a smaller file.
_FREE, _FREE_SHARE = 500, 0.2


class Database:
    """Holds one journal database. `url` None: `journal.db` in `folder`. Each call takes at most `deadline` seconds."""

    def __init__(self, *, folder: Path, url: str | None = None, deadline: float = 5.0) -> None:
        self._url = async_url(url) if url else URL.create("sqlite+aiosqlite", database=str(folder / FILE))
        self._deadline = deadline
        self._engine: AsyncEngine | None = None
        self._found: str | None = None
        self._opening = asyncio.Lock()
        self._writing = asyncio.Lock()
        self._breaker = CircuitBreaker(PART, failures=1, probe_after=1.0)
        self._calls = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = False

    @property
    def is_sqlite(self) -> bool:
        return self._url.get_backend_name() == "sqlite"

    @property
    def where(self) -> str:
        """Name the database for people: a file, or host, port and name; no password."""
        if self.is_sqlite:
            return str(self._url.database)
        port = f":{self._url.port}" if self._url.port else ""
        return f"PostgreSQL at {self._url.host or 'localhost'}{port}/{self._url.database or ''}"

    @asynccontextmanager
    async def reading(self, *, seconds: float | None = None) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that only reads. With a deadline of its own in `seconds` it sees one moment throughout."""
        async with self._guarded():
            engine = await self._open()
            async with asyncio.timeout(seconds or self._deadline), engine.connect() as connection:
                await connection.execution_options(docent_begin="begin")
                if seconds and not self.is_sqlite:
                    await connection.execution_options(isolation_level="REPEATABLE READ")
                async with connection.begin():
                    yield connection

    @asynccontextmanager
    async def writing(
        self, *, alone: bool = False, seconds: float | None = None
    ) -> AsyncIterator[AsyncConnection]:
        """Open a transaction that is committed at the end. `alone`: no other process has one so at the time."""
        async with self._guarded():
            engine = await self._open()
            limit = asyncio.timeout(seconds or self._deadline)
            async with limit, self._one_writer(), engine.begin() as connection:
                if alone and not self.is_sqlite:
                    await connection.execute(text(f"select pg_advisory_xact_lock({_LOCK + 1})"))
                yield connection

    async def in_turn(self, connection: AsyncConnection, name: str) -> None:
        """Wait until no other transaction is open that named the same. SQLite has one writer anyhow."""
        if not self.is_sqlite:
            turn = text("select pg_advisory_xact_lock(hashtextextended(:name, 0))")
            await connection.execute(turn, {"name": name})

    @asynccontextmanager
    async def alone(self, *, seconds: float | None = None) -> AsyncIterator[AsyncConnection]:
        """Open a connection outside of any transaction, for what SQLite does in none."""
        async with self._guarded():
            engine = await self._open()
            limit = asyncio.timeout(seconds or self._deadline)
            async with limit, self._one_writer(), engine.connect() as connection:
                await connection.execution_options(docent_begin="")
                yield connection

    async def migrate(self) -> str | None:
        """Bring the tables to this version's form. Returns the form that they had; None where there were none."""
        async with self.reading():
            return self._found

    async def refuse_newer(self) -> None:
        """Raise Newer if a newer Docent has migrated the tables further."""
        async with self.reading() as connection:
            await form_of(connection, self.where)

    async def shrink(self) -> None:
        """Give back the disk space of what was deleted, where that is much of the file; PostgreSQL does so by itself."""
        if not self.is_sqlite:
            return
        async with self.alone(seconds=_SHRINK) as connection:
            free = await connection.scalar(text("select freelist_count from pragma_freelist_count"))
            pages = await connection.scalar(text("select page_count from pragma_page_count"))
            if free > _FREE and free > pages * _FREE_SHARE:
                await connection.exec_driver_sql("vacuum")
                await connection.exec_driver_sql("pragma wal_checkpoint(truncate)")

    def insert(self, table: Table) -> "sqlite.Insert | postgresql.Insert":
        """Begin an INSERT that may say ON CONFLICT."""
        if self.is_sqlite:
            return sqlite.insert(table)
        from sqlalchemy.dialects import postgresql  # noqa: PLC0415 - `docent ask` starts without it

        return postgresql.insert(table)

    async def back_up(self, folder: Path) -> dict[str, str]:
        """Copy the file as it is at one moment; of a PostgreSQL write its rows. Returns what `restore` needs to be told."""
        if not self.is_sqlite:
            copy = folder / "journal.jsonl"
            async with self.reading(seconds=_BACKUP) as connection:
                count = await rows.save(connection, copy)
            return {"rows": copy.name, "said": f"{copy}, {count} rows of {self.where}"}
        async with self.reading():
            pass  # the file is there, and of this version
        copy = folder / FILE
        private_file(copy)
        async with self._translating():
            await asyncio.to_thread(_copy, Path(str(self._url.database)), copy)
        return {"file": copy.name, "said": str(copy)}

    async def restore(self, folder: Path, told: Mapping[str, str], *, replace: bool) -> None:
        if "rows" in told:
            async with self.writing(alone=True, seconds=_BACKUP) as connection:
                await rows.load(connection, folder / told["rows"], self.where, replace=replace)
        elif not self.is_sqlite:
            raise Rejected(
                PART, "the backup's journal is an SQLite file.", remedy="Unset DATABASE_URL for it."
            )
        elif "file" in told:
            await self._dispose()
            place = Path(str(self._url.database))
            await asyncio.to_thread(put_back, folder / told["file"], place, replace=replace)

    async def check(self) -> None:
        """Raise BackendError if the journal can't be written."""
        async with self.writing() as connection:
            await connection.execute(text("delete from leases where name = ''"))

    async def close(self) -> None:
        """Close the connections, once the calls under way have ended. Who calls later hears Unavailable."""
        self._closed = True
        await self._dispose()

    async def _dispose(self) -> None:
        """Wait for the calls under way: a connection that is given back to a pool after its end would stay open."""
        with suppress(TimeoutError):
            async with asyncio.timeout(self._deadline):
                await self._idle.wait()
        engine, self._engine = self._engine, None
        if engine is not None:
            await engine.dispose()

    @asynccontextmanager
    async def _one_writer(self) -> AsyncIterator[None]:
        """Queue this process's writers: SQLite lets those that wait sleep and try again."""
        if not self.is_sqlite:
            yield
            return
        async with self._writing:
            yield

    async def _open(self) -> AsyncEngine:
        if self._closed:
            raise Unavailable(PART, "it is closed.")
        if self._engine is None:
            async with self._opening:
                if self._engine is None:
                    self._engine = await self._opened()
        return self._engine

    async def _opened(self) -> AsyncEngine:
        engine = connected(self._url, self._deadline)
        if self.is_sqlite:
            await asyncio.to_thread(make_file, Path(str(self._url.database)))
        try:
            async with asyncio.timeout(self._deadline):
                if self.is_sqlite:
                    await use_wal(engine)
                async with engine.connect() as connection:
                    await connection.execution_options(docent_begin="begin")
                    self._found = await form_of(connection, self.where)
            if self._found != HEAD:
                async with asyncio.timeout(_MIGRATION):
                    await self._migrate(engine)
        except BaseException:
            await engine.dispose()
            raise
        return engine

    async def _migrate(self, engine: AsyncEngine) -> None:
        from bot.journal.forms.migrate import upgrade  # noqa: PLC0415 - Alembic takes a while to import

        async with engine.begin() as connection:
            if not self.is_sqlite:
                await connection.execute(text(f"select pg_advisory_xact_lock({_LOCK})"))
            if await form_of(connection, self.where) != HEAD:  # another process may have been faster
                await connection.run_sync(upgrade)

    @asynccontextmanager
    async def _guarded(self) -> AsyncIterator[None]:
        """Tell callers at once while the database is down: each answer waits for the journal."""
        self._calls += 1
        self._idle.clear()
        try:
            async with self._breaker.guard(), self._translating(), letting_go():
                yield
        finally:
            self._calls -= 1
            if not self._calls:
                self._idle.set()

    @asynccontextmanager
    async def _translating(self) -> AsyncIterator[None]:
        try:
            yield
        except IntegrityError:
            raise
        except (DBAPIError, InterfaceError, PoolTimeoutError, OSError, TimeoutError, sqlite3.Error) as error:
            log.debug("the journal failed", exc_info=True)
            raise translated(error, self.where) from error
        except SQLAlchemyError as error:
            if type(error).__module__.startswith("sqlalchemy.dialects"):
                raise translated(error, self.where) from error
            raise


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)
