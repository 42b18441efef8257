"""The form of the journal's tables: which one a database has, and bringing it to this version's."""

import time
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, insert

from bot.journal import HEAD
from bot.journal.tables import made_by, metadata
from bot.runtime.process.installed import version


def upgrade(connection: Connection, to: str = "head") -> None:
    """Make all migrations that are missing, in the caller's transaction. One process may do this at a time."""
    command.upgrade(_configuration(connection), to)
    if to == "head":
        _sign(connection)


def begin_anew(connection: Connection, form: str) -> None:
    """Drop all tables and make empty ones of an older form. Raises LookupError for a form that never was."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415 - for old backups alone

    known = ScriptDirectory.from_config(_configuration(connection)).walk_revisions()
    if form not in {each.revision for each in known}:
        raise LookupError(form)
    metadata.drop_all(connection)
    connection.exec_driver_sql("drop table alembic_version")
    upgrade(connection, form)


def _configuration(connection: Connection) -> Config:
    made = Config()
    made.set_main_option("script_location", str(Path(__file__).parents[1] / "migrations"))
    made.attributes["connection"] = connection
    return made


def _sign(connection: Connection) -> None:
    """Write down who did it, for older versions that find it so."""
    connection.execute(made_by.delete().where(made_by.c.form == HEAD))
    connection.execute(insert(made_by).values(form=HEAD, docent=version(), at=time.time()))
