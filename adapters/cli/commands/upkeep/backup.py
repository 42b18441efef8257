"""Defines `docent backup` and `docent restore`."""

from pathlib import Path
from typing import Annotated

import typer

from adapters.cli.command import run
from bot.config.loader import Settings


def back_up(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="A folder that holds no backup yet; it is made.")],
) -> None:
    """Back up the index and the journal, while everything goes on.

    An index in Weaviate goes into a backup of the server's own (`weaviate.backups`); the folder then says which.

    ```
    docent backup backups/monday
    ```
    """

    async def main(settings: Settings) -> int:
        from adapters.cli.backups import back_up as do
        from adapters.cli.output import show

        for line in await do(settings, folder):
            show(line)
        return 0

    run(context, main, quiet=True)


def restore(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="What `docent backup` has made.")],
    replace: Annotated[
        bool, typer.Option("--replace", help="Put it in place of what is there: that is lost.")
    ] = False,
) -> None:
    """Take the index and the journal back from a backup. Stop the bot and the indexer before.

    ```
    docent restore backups/monday
    ```
    """

    async def main(settings: Settings) -> int:
        from adapters.cli.backups import restore as do
        from adapters.cli.output import show

        for line in await do(settings, folder, replace=replace):
            show(line)
        return 0

    run(context, main, quiet=True)
