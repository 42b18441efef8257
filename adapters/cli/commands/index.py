"""Defines `docent index`."""

from typing import Annotated

import typer

from adapters.cli.command import run
from adapters.cli.commands.ask import check_sources
from bot.config.loader import Settings


def command(
    context: typer.Context,
    sources: Annotated[
        list[str] | None,
        typer.Argument(metavar="[SOURCE]…", help="Only these sources of docent.yaml.", show_default=False),
    ] = None,
    full: Annotated[bool, typer.Option("--full", help="Read every page again, changed or not.")] = False,
    confirm_deletes: Annotated[
        bool, typer.Option("--confirm-deletes", help="Delete pages that are gone, however many.")
    ] = False,
    rebuild: Annotated[
        bool,
        typer.Option(
            "--rebuild",
            help="Make the index anew from the docs: for one that is damaged, or built with other settings."
            " In Weaviate answers go on from the old one meanwhile.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the reports as JSON.")] = False,
) -> None:
    """Bring the index in step with the docs, once.

    Only what has changed is read. A page that can't be read is named in the report and doesn't stop the rest;
    a source that can't be listed keeps its pages and makes the exit code 1. Ctrl-C stops it; what was indexed
    is kept, and the next time goes on from there.

    ```
    docent index
    docent index handbook --full
    ```
    """

    async def main(settings: Settings) -> int:
        from adapters.cli.index_run import IndexRequest, index

        check_sources(settings, sources or [])
        wish = IndexRequest(tuple(dict.fromkeys(sources or [])), full, confirm_deletes, rebuild)
        return await index(settings, wish, as_json=as_json)

    run(context, main, quiet=True, stopped="Stopped. What was indexed so far is kept; run it again to go on.")
