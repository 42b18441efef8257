"""Turn what the database's drivers raise into BackendErrors."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from socket import gaierror
from traceback import clear_frames
from typing import Final

from bot.ports import BackendError, Corrupt, ReadOnly, Rejected, Unauthorized, Unavailable

PART = "the journal"

# PostgreSQL's SQLSTATE, by its beginning.
_STATES: Final[tuple[tuple[str, type[BackendError], str, str], ...]] = (
    ("28", Unauthorized, "the database refuses this user or password.", "Check DATABASE_URL."),
    ("42501", Unauthorized, "the database user lacks a right.", "Grant it create and write."),
    ("3D000", Rejected, "there is no database of that name.", "Create it, or check DATABASE_URL."),
    ("53100", ReadOnly, "the database's disk is full.", "Make room."),
    ("25006", ReadOnly, "the database is read-only.", "Point DATABASE_URL at the primary."),
    ("XX001", Corrupt, "the database is damaged.", "Restore it from a backup."),
)
# SQLite's messages.
_MESSAGES: Final[tuple[tuple[str, type[BackendError], str, str], ...]] = (
    ("database or disk is full", ReadOnly, "the disk is full.", "Make room."),
    ("readonly database", ReadOnly, "{where} is read-only.", "Check the folder's rights."),
    ("attempt to write", ReadOnly, "{where} is read-only.", "Check the folder's rights."),
    ("unable to open", Unavailable, "{where} can't be opened.", "Check the folder's rights."),
    ("disk i/o error", ReadOnly, "the disk of {where} fails or is full.", "Check the disk."),
    ("not a database", Corrupt, "{where} is damaged.", "Move it away: a new one is begun by itself."),
    ("malformed", Corrupt, "{where} is damaged.", "Move it away: a new one is begun by itself."),
    ("already exists", Rejected, "{where} is a database of something else.", "Point DOCENT_DATA elsewhere."),
    ("locked", Unavailable, "{where} is locked by another process.", ""),
)


def translated(error: Exception, where: str) -> BackendError:
    """Return the BackendError for an error of SQLAlchemy, a driver or a socket. `where` names the database."""
    cause = getattr(error, "orig", None) or error
    state = str(getattr(cause, "sqlstate", None) or getattr(cause, "pgcode", None) or "")
    for beginning, kind, reason, remedy in _STATES:
        if state.startswith(beginning):
            return kind(PART, reason, remedy=remedy)
    message = str(cause).lower()
    for words, kind, reason, remedy in _MESSAGES:
        if words in message:
            return kind(PART, reason.format(where=where), remedy=remedy)
    if isinstance(cause, (PermissionError, FileNotFoundError, FileExistsError, NotADirectoryError)):
        why = (cause.strerror or str(cause)).lower()
        return Unavailable(PART, f"{where} can't be made ({why}).", remedy="Check DOCENT_DATA.")
    if isinstance(cause, TimeoutError):
        return Unavailable(PART, f"{where} doesn't answer in time.")
    why = next((word for kind, word in _NETWORK if isinstance(cause, kind)), type(cause).__name__)
    return Unavailable(
        PART, f"{where} can't be reached ({why}).", remedy="Check DATABASE_URL, and that it runs."
    )


_NETWORK: Final[tuple[tuple[type[Exception], str], ...]] = (
    (ConnectionRefusedError, "nobody listens there"),
    (gaierror, "no such host"),
)


@asynccontextmanager
async def letting_go() -> AsyncIterator[None]:
    """Drop what a failed or cancelled call still holds: a statement in a traceback keeps SQLite's file open."""
    try:
        yield
    except BaseException as error:
        seen: set[int] = set()
        pending: list[BaseException | None] = [error]
        while pending:
            each = pending.pop()
            if each is not None and id(each) not in seen:
                seen.add(id(each))
                clear_frames(each.__traceback__)
                pending += [each.__cause__, each.__context__]
        raise
