"""Bringing the journal's tables up to date, within the caller's transaction."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def upgrade(connection: Connection) -> None:
    """All migrations that are missing. The caller sees to it that one process does this at a time."""
    configuration = Config()
    configuration.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    configuration.attributes["connection"] = connection
    command.upgrade(configuration, "head")
