"""Read DATABASE_URL."""

from typing import Final

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from bot.journal.failures import PART
from bot.ports import Rejected

_FORMS: Final = "Expected postgresql://user:password@host/name."


def async_url(url: str) -> URL:
    """Read `postgres://`, `postgresql://`, `postgresql+asyncpg://` or `sqlite:///file`. Raises Rejected for others."""
    try:
        made = make_url(url)
    except ArgumentError:
        raise Rejected(PART, "DATABASE_URL is not an address.", remedy=_FORMS) from None
    backend = made.drivername.partition("+")[0]
    if backend == "sqlite" and made.database:
        return made.set(drivername="sqlite+aiosqlite")
    if backend not in ("postgres", "postgresql"):
        raise Rejected(PART, f"DATABASE_URL has an unknown kind of database, {backend}.", remedy=_FORMS)
    query = dict(made.query)
    if "sslmode" in query:  # libpq's word; asyncpg's is ssl
        query.setdefault("ssl", query.pop("sslmode"))
    for unknown in ("channel_binding", "gssencmode"):
        query.pop(unknown, None)
    return made.set(drivername="postgresql+asyncpg", query=query)
