"""Defines `docent chat`."""

from typing import Annotated

import typer

from adapters.cli.command import run_sync
from adapters.cli.commands.ask import audience_of
from bot.config.loader import Settings


def command(
    context: typer.Context,
    audience: Annotated[
        str,
        typer.Option(metavar="A,B", help="Ask as somebody of these audiences. [default: default_audience]"),
    ] = "",
) -> None:
    """Ask on, each question with what was said before it.

    `/why` shows how the last answer came about, `/new` forgets what was said, `/quit` (or Ctrl-D) ends.
    Ctrl-C stops an answer; at the prompt it ends the chat.

    ```
    docent chat
    ```
    """

    def main(settings: Settings) -> int:
        from adapters.cli.chat_loop import chat

        return chat(settings, audience_of(settings, audience))

    run_sync(context, main, quiet=True)
