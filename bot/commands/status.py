"""`docent status`."""

import typer

from bot.commands.running import CommandError, run
from bot.config import Settings


def command(context: typer.Context) -> None:
    """Not there yet."""
    run(context, _main)


async def _main(settings: Settings) -> int:
    raise CommandError("This command isn't there yet.")
