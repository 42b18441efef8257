"""Defines `docent doctor`."""

from typing import Annotated

import typer

from adapters.cli.command import run
from bot.config.loader import Settings


def command(
    context: typer.Context,
    slack: Annotated[bool, typer.Option("--slack", help="Check Slack: tokens, scopes, channels.")] = False,
    discord: Annotated[bool, typer.Option("--discord", help="Check Discord: token, intents.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Check each part of the configuration, live, and say what to do about what is wrong.

    Models are asked one small question each. Slack and Discord are checked where their tokens are set, or
    with --slack and --discord. The exit code is 1 if anything can't work.

    ```
    docent doctor
    ```
    """

    async def main(settings: Settings) -> int:
        from adapters.cli.reports.doctor_report import diagnose

        return await diagnose(settings, slack=slack, discord=discord, as_json=as_json)

    run(context, main, quiet=True)
