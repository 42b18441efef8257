"""Opens connections to the index file, runs transactions, and says what SQLite's errors mean for people."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from bot.ports import BackendError, Corrupt, Newer, ReadOnly, Rejected, Unavailable
from bot.runtime.process.private_files import private_file, private_folder

PART = "search"
REMEDY = "Run `docent index --rebuild` to make the index anew from the docs."
APPLICATION_ID = 0x446F6374  # "Doct"
SCHEMA = 1

# The journal is cut back to this after a large write.
_WAL_BYTES = 64 * 2**20
# Pages (of 4 KiB) after which the journal is written into the file: many are written again and again until then.
_WAL_PAGES = 8_000
_WRITE_FAILED = {
    apsw.SQLITE_IOERR_WRITE,
    apsw.SQLITE_IOERR_FSYNC,
    apsw.SQLITE_IOERR_TRUNCATE,
    apsw.SQLITE_IOERR_SHMSIZE,
    apsw.SQLITE_IOERR_SHMOPEN,
}
# SQLError is a bug of ours, except where what is missing was there when the index was made.
_DAMAGED = (
    "vtable constructor failed",
    "no such table",
    "no such column",
    "no such fts5 table",
    "tokenize directive",
)

Identity = tuple[int, int]


def identity(path: Path) -> Identity | None:
    """Return which file lies at the path: another one after it was deleted or put back from a backup."""
    try:
        found = os.stat(path)  # noqa: PTH116 - once for each search: half the time of Path.stat
    except OSError:
        return None
    return found.st_dev, found.st_ino


def connect(path: Path, *, cache_kib: int, busy_seconds: float = 10) -> apsw.Connection:
    """Open the index, and make the file if there is none. Raises BackendError."""
    with translated(path):
        private_folder(path.parent)
        private_file(path)
        connection = apsw.Connection(str(path))
        try:
            connection.set_busy_timeout(int(busy_seconds * 1000))
            _set_up(connection, path, cache_kib)
        except BaseException:
            connection.close()
            raise
    return connection


def _set_up(connection: apsw.Connection, path: Path, cache_kib: int) -> None:
    ours = connection.pragma("application_id") == APPLICATION_ID
    if ours and (form := connection.pragma("user_version")) > SCHEMA:
        raise newer(f"{path} was written by a newer Docent (form {form}, this one knows {SCHEMA}).")
    # One pragma a call: apsw stops at the first row.
    for pragma in (
        "journal_mode=wal",
        "synchronous=normal",
        f"cache_size=-{cache_kib}",
        "temp_store=memory",
        f"journal_size_limit={_WAL_BYTES}",
        f"wal_autocheckpoint={_WAL_PAGES}",
    ):
        connection.execute(f"pragma {pragma}").fetchall()
    if not ours:
        with transaction(connection, write=True):
            _claim(connection, path)


def newer(reason: str) -> Newer:
    """Return the error for an index that this version can't read, and must not write."""
    return Newer(PART, reason, remedy="Start that one, or make the index anew: docent index --rebuild")


def _claim(connection: apsw.Connection, path: Path) -> None:
    if connection.pragma("application_id") == APPLICATION_ID:  # another process was faster
        return
    if connection.execute("select 1 from sqlite_schema limit 1").fetchall():
        raise Rejected(PART, f"{path} is a database of something else.", remedy="Point `data` elsewhere.")
    connection.execute(
        """create table builds(
            id integer primary key autoincrement, state text not null, model text not null,
            dimensions integer not null, chunking text not null, analysis integer not null,
            generation integer not null default 0, floor integer not null default 0)"""
    )
    connection.execute(f"pragma application_id={APPLICATION_ID}")
    connection.execute(f"pragma user_version={SCHEMA}")


def empty_journal(connection: apsw.Connection, busy_seconds: float) -> None:
    """Write the journal into the file and cut it to nothing, unless somebody reads or writes just now."""
    connection.set_busy_timeout(0)
    try:
        connection.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    except (apsw.BusyError, apsw.LockedError):
        return  # the next time will do
    finally:
        connection.set_busy_timeout(int(busy_seconds * 1000))


@contextmanager
def transaction(connection: apsw.Connection, *, write: bool = False) -> Iterator[None]:
    """Give one snapshot for reading, or make one change whole or not at all."""
    connection.execute("begin immediate" if write else "begin")
    try:
        yield
        connection.execute("commit" if write else "rollback")
    except BaseException:
        if connection.in_transaction:
            connection.execute("rollback")
        raise


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise BackendError for what SQLite or the system says; bugs of ours stay what they are."""
    try:
        yield
    except (apsw.Error, OSError) as error:
        ours = _translate(error, path)
        if ours is None:
            raise
        raise ours from error
    except UnicodeDecodeError as error:  # by apsw, of a text in the file
        raise damaged(path, "a text in it is no UTF-8") from error


def damaged(path: Path, reason: str) -> Corrupt:
    return Corrupt(PART, f"the index {path} is damaged ({reason}).", remedy=REMEDY)


def _translate(error: apsw.Error | OSError, path: Path) -> BackendError | None:
    for kind, meaning in _MEANINGS:
        if isinstance(error, kind):
            return meaning(error, path)
    return None


def _failed_io(error: Exception, path: Path) -> BackendError:
    code = getattr(error, "extendedresult", 0)
    if code == apsw.SQLITE_IOERR_CORRUPTFS:
        return damaged(path, "the file system is damaged")
    if code in _WRITE_FAILED:
        return ReadOnly(PART, f"writing {path} failed.", remedy=f"Check the disk of {path.parent}.")
    return Unavailable(PART, f"reading {path} failed.", remedy=f"Check the disk of {path.parent}.")


def _failed_sql(error: Exception, path: Path) -> BackendError | None:
    return damaged(path, str(error)) if any(sign in str(error) for sign in _DAMAGED) else None


def _cannot_open(error: Exception, path: Path) -> BackendError:
    why = f" ({error.strerror})" if isinstance(error, OSError) and error.strerror else ""
    return Unavailable(PART, f"the index {path} can't be opened{why}.", remedy="Check who owns its folder.")


_Meaning = Callable[[Exception, Path], BackendError | None]
_MEANINGS: tuple[tuple[type[Exception] | tuple[type[Exception], ...], _Meaning], ...] = (
    ((apsw.CorruptError, apsw.NotADBError, apsw.FormatError), lambda error, path: damaged(path, str(error))),
    (apsw.SQLError, _failed_sql),
    (
        apsw.FullError,
        lambda _, path: ReadOnly(PART, "the disk is full.", remedy=f"Free some space for {path.parent}."),
    ),
    (
        (apsw.ReadOnlyError, apsw.PermissionsError),
        lambda _, path: ReadOnly(PART, f"{path} can't be written.", remedy="Check who owns it."),
    ),
    (
        (apsw.BusyError, apsw.LockedError, apsw.ProtocolError),
        lambda _, path: Unavailable(PART, f"the index {path} is locked by another process."),
    ),
    ((apsw.CantOpenError, OSError), _cannot_open),
    (apsw.IOError, _failed_io),
)
