"""`docent`: the words of the command line. What a command does stands in adapters/cli/, imported on its use."""

import io
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from adapters.cli.command import Invocation
from adapters.cli.commands import (
    ask,
    backup,
    chat,
    doctor,
    forget,
    index,
    indexer,
    init,
    lookback,
    show,
    slack,
    sources,
    status,
)
from adapters.cli.commands import discord as discord_command
from adapters.cli.commands import (
    run as serve,
)
from adapters.cli.commands import style as style_command
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
        from importlib.metadata import version

        typer.echo(f"docent {version('docent')}")
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


app.command("init")(init.command)
app.command("index")(index.command)
app.command("ask")(ask.command)
app.command("chat")(chat.command)
app.command("eval")(eval_command.command)
app.command("eval-retrieval")(eval_retrieval.command)
app.add_typer(style_command.app, name="style")
app.command("status")(status.command)
app.command("show")(show.command)
app.command("questions")(lookback.questions)
app.command("why")(lookback.why)
app.command("gaps")(lookback.gaps)
app.command("backup")(backup.back_up)
app.command("restore")(backup.restore)
app.command("sources")(sources.command)
app.command("doctor")(doctor.command)
app.command("forget")(forget.command)
app.add_typer(slack.app, name="slack")
app.add_typer(discord_command.app, name="discord")
app.command("indexer")(indexer.command)
app.command("reindex")(indexer.reindex)
app.command("run")(serve.command)


def main(argv: Sequence[str] | None = None) -> None:
    """The entry point. `--config` and `--debug` may stand anywhere."""
    _reopen_closed()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without the character must not end a command
    app(hoisted(list(sys.argv[1:] if argv is None else argv)))


def _reopen_closed() -> None:
    """Whoever starts a command with a stream closed (`>&-`, some schedulers) wants to hear nothing."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: PTH123, SIM115 - stays open


def hoisted(words: list[str]) -> list[str]:
    """The words with `--config FILE` and `--debug` before the command, so that either order works."""
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
