"""Defines `docent init`."""

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from adapters.cli.command import MISUSED, CommandError, say

if TYPE_CHECKING:
    from adapters.cli.setup.questions import Given


def command(
    context: typer.Context,
    docs: Annotated[
        str | None,
        typer.Argument(
            metavar="[FOLDER]", help="Where the docs are: a folder, or a git address.", show_default=False
        ),
    ] = None,
    name: Annotated[str | None, typer.Option(help="What the source is called.", show_default=False)] = None,
    url: Annotated[
        str | None,
        typer.Option(help="Where pages are read: https://wiki.example.com/{stem}.", show_default=False),
    ] = None,
    slack: Annotated[bool, typer.Option("--slack", help="Names of Slack's tokens in .env.")] = False,
    discord: Annotated[bool, typer.Option("--discord", help="The name of Discord's token in .env.")] = False,
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="GLOB=AUDIENCE", help="Who may see a folder (or everyone); may be repeated."),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing: take what fits.")] = False,
) -> None:
    """Make a docent.yaml that fits your docs, and a .env for tokens.

    It looks at the folder, asks a handful of questions (on a terminal), and writes the two files: neither is ever
    overwritten. Folders that sound as if they weren't for everyone (managers, leads, hr …) are kept for their own word.

    ```
    docent init
    docent init ./docs --slack --yes
    docent init https://git.example.com/company/handbook.git --only "managers/**=managers"
    ```
    """
    from adapters.cli.setup.questions import Given
    from bot.config.loader import default_path

    config = (context.obj.config or default_path()).expanduser().absolute()
    asks = not yes and sys.stdin.isatty()
    chats = tuple(platform for platform, chosen in (("slack", slack), ("discord", discord)) if chosen)
    try:
        _refuse_existing(config)
        given = Given(docs, name, url, chats or (None if asks else ()), _pairs(only or []))
        asyncio.run(_init(config, given, asks=asks))
    except CommandError as error:
        say(str(error))
        raise typer.Exit(error.code) from None
    except (OSError, UnicodeError) as error:
        say(f"{config.parent}: {getattr(error, 'strerror', None) or error}")
        raise typer.Exit(1) from None


def _refuse_existing(config: Path) -> None:
    if config.exists():
        raise CommandError(f"{config} is there already and stays as it is. What it lacks: docent doctor")


def _pairs(words: list[str]) -> dict[str, str]:
    """Return the pairs of arguments like `managers/**=managers`. Raises CommandError."""
    pairs = [word.rpartition("=")[::2] for word in words]
    for glob, audience in pairs:
        if not glob.strip() or not audience.strip():
            raise CommandError(
                '--only takes a pattern and an audience: --only "managers/**=managers"', MISUSED
            )
    return {glob.strip(): audience.strip() for glob, audience in pairs}


async def _init(config: Path, given: "Given", *, asks: bool) -> None:
    from adapters.cli.output import show
    from adapters.cli.setup.questions import wanted
    from adapters.cli.setup.writing import write

    def ask(question: str, usual: str) -> str:
        return str(typer.prompt(question, default=usual, show_default=bool(usual))) if asks else usual

    chosen, found = await wanted(config.parent, given, ask)
    for line in await write(config, chosen, found):
        show(line)
