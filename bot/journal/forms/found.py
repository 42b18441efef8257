"""Which form a journal has, and whether this version may use it."""

from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.journal import HEAD
from bot.journal.failures import PART
from bot.ports import Newer


async def form_of(connection: AsyncConnection, where: str) -> str | None:
    """Return the last migration that was made there; None for an empty database.

    Raises Newer where this version doesn't know it: nothing may then be read or written.
    """
    return await connection.run_sync(_form, where)


def _form(connection: Connection, where: str) -> str | None:
    if not connection.dialect.has_table(connection, "alembic_version"):
        return None
    form: str | None = connection.scalar(text("select version_num from alembic_version"))
    if form is None or form <= HEAD:
        return form
    by = None
    if connection.dialect.has_table(connection, "made_by"):
        by = connection.scalar(text("select docent from made_by where form = :form"), {"form": form})
    raise Newer(
        PART,
        f"{where} was written by {f'Docent {by}' if by else 'a newer Docent'} (form {form}, this one knows {HEAD}).",
        remedy="Start that one, or restore a backup from before the upgrade.",
    )
