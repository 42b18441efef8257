"""Defines `docent slack`: the Slack bot, and its manifest."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from adapters.cli.command import run
from bot.config.chat import SlackSettings
from bot.config.loader import Settings, default_path

app = typer.Typer(
    help="""
Answer in Slack.

It needs SLACK_BOT_TOKEN, and SLACK_APP_TOKEN (Socket Mode) or SLACK_SIGNING_SECRET (HTTP).

```
docent slack manifest     # what to create the app from
docent doctor --slack     # tokens, scopes, channels
docent slack              # answer, until Ctrl-C
```
""",
    invoke_without_command=True,
    rich_markup_mode="markdown",
)


@app.callback()
def serve(context: typer.Context) -> None:
    """Answer in Slack until stopped."""
    if context.invoked_subcommand is None:
        run(context, _serve)


@app.command("manifest")
def manifest(
    context: typer.Context,
    url: Annotated[
        str,
        typer.Option(help="For HTTP instead of Socket Mode: the public address, https://docent.example.com."),
    ] = "",
) -> None:
    """Print the app's manifest: exactly the scopes and events that Docent uses.

    Name and suggested prompts are those of docent.yaml, if there is one.
    """

    async def show(settings: Settings | None) -> int:
        from adapters.slack.manifest import as_yaml

        slack = settings.slack if settings else SlackSettings()
        typer.echo(as_yaml(slack, url=url.rstrip("/")), nl=False)
        return 0

    path = context.obj.config or default_path()
    if path == Path("docent.yaml") and not path.exists():
        asyncio.run(show(None))
    else:
        run(context, show)


async def _serve(settings: Settings) -> int:
    from adapters.cli.running.run_plan import refuse_faults
    from adapters.cli.running.service_runner import serve_one
    from bot.runtime.process.installed import needing_extras

    with needing_extras("Slack", "slack"):
        from adapters.slack.service import run as service

    refuse_faults("slack", settings)
    await serve_one(settings, "Slack", service)
    return 0
