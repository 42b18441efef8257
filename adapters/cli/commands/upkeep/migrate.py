"""Defines `docent migrate`, which brings the journal to this version's schema before anything else starts."""

import asyncio
import time
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.command import run
from bot.config.loader import Settings

if TYPE_CHECKING:
    from bot.journal.database import Database

_AGAIN = 1.0


def command(
    context: typer.Context,
    wait: Annotated[
        float, typer.Option(metavar="SECONDS", help="How long to wait for a database that isn't up yet.")
    ] = 0.0,
) -> None:
    """Bring what is stored to the form of this version, once; what has it already stays as it is.

    Every command does so by itself, under a lock: this one is for whoever wants it done before anything starts.
    The exit code is 2, and nothing is touched, where a newer Docent has been at work.

    ```
    docent migrate --wait 60
    ```
    """

    async def main(settings: Settings) -> int:
        from adapters.cli.output import show

        show(await _journal(settings, until=time.monotonic() + wait))
        show(await _index(settings))
        return 0

    run(context, main, quiet=True)


async def _journal(settings: Settings, *, until: float) -> str:
    from bot.journal import HEAD
    from bot.opened_records import open_records

    records = open_records(settings)
    try:
        found = await _migrated(records.database, until)
        if found == HEAD:
            return f"journal: {records.where} has form {HEAD} already."
        return f"journal: {records.where} was brought from {found or 'nothing'} to form {HEAD}."
    finally:
        await records.close()


async def _migrated(database: "Database", until: float) -> str | None:
    """Migrate the journal and return the version that it had.

    While the database isn't up it tries again, until the time `until`.
    """
    from bot.ports import Unavailable

    while True:
        try:
            return await database.migrate()
        except Unavailable:
            if time.monotonic() >= until:
                raise
            await asyncio.sleep(_AGAIN)


async def _index(settings: Settings) -> str:
    from bot.bootstrap import open_store

    store = await open_store(settings)
    try:
        made = await store.format()
    finally:
        await store.close()
    if made is None:
        return "index: there is none yet; it is made by: docent index"
    return "index: this version can use it; what has to be made anew is, beside it, by the next sync."
