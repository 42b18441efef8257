"""Puts the commands of `docent` together. What a command does is in its own module, imported when it is used."""

import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from adapters.cli.command import Invocation
from adapters.cli.commands import ask, chat, doctor, index, init, show, sources, status
from adapters.cli.commands import style as style_command
from adapters.cli.commands.processes import discord as discord_command
from adapters.cli.commands.processes import health, indexer, slack
from adapters.cli.commands.processes import run as serve
from adapters.cli.commands.upkeep import backup, forget, lookback, migrate
from adapters.cli.evaluation import eval as eval_command
from adapters.cli.evaluation import eval_retrieval

app = typer.Typer(
    name="docent",
    help="""
Answers questions about your docs, with citations.

Docent reads **docent.yaml** (here, or named by `--config` or `DOCENT_CONFIG`), keeps a search index of
the sources it lists, and answers from it.

```
docent init                                     # make a docent.yaml that fits your docs
docent index                                    # read the docs
docent ask "How many days of annual leave do I get?"        # ask them
docent doctor                                   # what could be wrong, and what to do
docent run                                      # answer in chat, keep the index in step
```
""",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        from bot.runtime.process.installed import version

        typer.echo(f"docent {version()}")
        raise typer.Exit


@app.callback()
def _options(
    context: typer.Context,
    config: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="docent.yaml to use.")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Log everything, show tracebacks.")] = False,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    context.obj = Invocation(config, debug)


# In the order of a first day, then the rarer ones.
_FIRST, _RUNNING = "The first day", "While it runs"
_BETTER, _KEEPING = "Making answers better", "Keeping and forgetting"
app.command("init", rich_help_panel=_FIRST)(init.command)
app.command("index", rich_help_panel=_FIRST)(index.command)
app.command("ask", rich_help_panel=_FIRST)(ask.command)
app.command("chat", rich_help_panel=_FIRST)(chat.command)
app.command("doctor", rich_help_panel=_FIRST)(doctor.command)
app.command("run", rich_help_panel=_FIRST)(serve.command)
app.command("status", rich_help_panel=_RUNNING)(status.command)
app.command("health", rich_help_panel=_RUNNING)(health.command)
app.command("sources", rich_help_panel=_RUNNING)(sources.command)
app.command("reindex", rich_help_panel=_RUNNING)(indexer.reindex)
app.command("indexer", rich_help_panel=_RUNNING)(indexer.command)
app.add_typer(slack.app, name="slack", rich_help_panel=_RUNNING)
app.add_typer(discord_command.app, name="discord", rich_help_panel=_RUNNING)
app.command("questions", rich_help_panel=_BETTER)(lookback.questions)
app.command("gaps", rich_help_panel=_BETTER)(lookback.gaps)
app.command("why", rich_help_panel=_BETTER)(lookback.why)
app.command("show", rich_help_panel=_BETTER)(show.command)
app.add_typer(style_command.app, name="style", rich_help_panel=_BETTER)
app.command("eval", rich_help_panel=_BETTER)(eval_command.command)
app.command("eval-retrieval", rich_help_panel=_BETTER)(eval_retrieval.command)
app.command("migrate", rich_help_panel=_KEEPING)(migrate.command)
app.command("backup", rich_help_panel=_KEEPING)(backup.back_up)
app.command("restore", rich_help_panel=_KEEPING)(backup.restore)
app.command("forget", rich_help_panel=_KEEPING)(forget.command)


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command line. `--config` and `--debug` may come before or after the command."""
    _reopen_closed()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without the character must not end a command
    app(hoisted(list(sys.argv[1:] if argv is None else argv)))


def _reopen_closed() -> None:
    """Connect closed standard streams (`>&-`, some schedulers) to the null device, so that nothing fails on them."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - stays open


def hoisted(words: list[str]) -> list[str]:
    """Return the words with `--config FILE` and `--debug` moved before the command."""
    front: list[str] = []
    rest: list[str] = []
    while words:
        word = words.pop(0)
        if word == "--":
            rest += [word, *words]
            break
        if word == "--config" and words:
            front += [word, words.pop(0)]
        elif word == "--debug" or word.startswith("--config="):
            front.append(word)
        else:
            rest.append(word)
    return front + rest
