"""`docent run`: everything that is configured, in one process."""

import typer

from adapters.cli.command import MISUSED, CommandError, run
from bot.config.loader import Settings


def command(context: typer.Context) -> None:
    """Run Slack, Discord and the indexer in one process: each that is configured.

    For a small team. One that fails is started again and doesn't take the others down. For more, run
    `docent slack`, `docent discord` and `docent indexer` as processes of their own (see the Procfile).

    ```
    docent run
    ```
    """
    run(context, _serve)


async def _serve(settings: Settings) -> int:
    from adapters.cli.open_sources import check_sources_open
    from adapters.cli.service_runner import Service, serve_all

    services: dict[str, Service] = {}
    if settings.slack.bot_token is not None:
        from adapters.slack.service import run as slack

        services["Slack"] = slack
    if settings.discord.token is not None:
        from adapters.discord.service import run as discord

        services["Discord"] = discord
    if settings.sources:
        from indexer.service import run as indexer

        services["the indexer"] = indexer
    if not services:
        raise CommandError(
            "Nothing to run: set SLACK_BOT_TOKEN or DISCORD_TOKEN, or list sources in docent.yaml.", MISUSED
        )
    await serve_all(settings, services, check_sources_open if settings.sources else None)
    return 0
