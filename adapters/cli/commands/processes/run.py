"""Defines `docent run`: everything that is configured, in one process."""

import logging

import typer

from adapters.cli.command import MISUSED, CommandError, run
from bot.config.loader import Settings

log = logging.getLogger(__name__)


def command(context: typer.Context) -> None:
    """Run Slack, Discord and the indexer in one process: each that is configured.

    It says at its start what it runs, what not and why. One that fails is started again and doesn't take the
    others down. For more than a small team run `docent slack`, `docent discord` and `docent indexer` as
    processes of their own (see the Procfile).

    ```
    docent run
    ```
    """
    run(context, _serve)


async def _serve(settings: Settings) -> int:
    from adapters.cli.open_sources import check_sources_open
    from adapters.cli.running.run_plan import DISCORD, INDEXER, SLACK, plan
    from adapters.cli.running.service_runner import Service, serve_all
    from bot.runtime.process.installed import needing_extras

    planned = plan(settings)
    for fault in planned.faults:
        log.error("%s", fault)
    lines = planned.lines(settings)
    if not planned.services:
        raise CommandError(
            f"Nothing to run; {' '.join(lines)}. Put tokens into .env beside docent.yaml: docent init helps.",
            MISUSED,
        )
    for line in lines:
        log.info("%s", line)
    services: dict[str, Service] = {}
    if SLACK in planned.services:
        with needing_extras(SLACK, "slack"):
            from adapters.slack.service import run as slack

        services[SLACK] = slack
    if DISCORD in planned.services:
        with needing_extras(DISCORD, "discord"):
            from adapters.discord.service import run as discord

        services[DISCORD] = discord
    if INDEXER in planned.services:
        with needing_extras(INDEXER, "indexer"):
            from indexer.service import run as indexer

        services[INDEXER] = indexer
    await serve_all(settings, services, check_sources_open if settings.sources else None)
    return 0
