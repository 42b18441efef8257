"""Defines `docent discord`: the Discord bot, and its invitation."""

import typer

from adapters.cli.command import CommandError, run
from bot.config.loader import Settings

app = typer.Typer(
    help="""
Answer in Discord.

It needs DISCORD_TOKEN (discord.com/developers → your application → Bot → Reset Token).

```
docent discord invite          # the address that adds the bot to your server
docent doctor --discord        # token, intents, permissions by channel
docent discord                 # answer, until Ctrl-C
```
""",
    invoke_without_command=True,
    rich_markup_mode="markdown",
)


@app.callback()
def serve(context: typer.Context) -> None:
    """Answer in Discord until stopped."""
    if context.invoked_subcommand is None:
        run(context, _serve)


@app.command("invite")
def invite(context: typer.Context) -> None:
    """Print the address that adds the bot to a server, with exactly the permissions it needs."""
    run(context, _invite)


async def _serve(settings: Settings) -> int:
    from adapters.cli.running.run_plan import refuse_faults
    from adapters.cli.running.service_runner import serve_one
    from bot.runtime.process.installed import needing_extras

    with needing_extras("Discord", "discord"):
        from adapters.discord.service import run as service

    refuse_faults("discord", settings)
    await serve_one(settings, "Discord", service)
    return 0


async def _invite(settings: Settings) -> int:
    from adapters.cli.running.run_plan import refuse_faults
    from bot.runtime.process.installed import needing_extras

    with needing_extras("Discord", "discord"):
        from adapters.discord.service import invitation

    refuse_faults("discord", settings)
    if settings.discord.token is None:
        raise CommandError("Set DISCORD_TOKEN first: the address holds the application's id.")
    typer.echo(await invitation(settings))
    return 0
