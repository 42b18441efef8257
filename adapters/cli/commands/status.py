"""Defines `docent status`."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Final

import typer

from adapters.cli.command import run
from bot.config.loader import Settings

if TYPE_CHECKING:
    from adapters.cli.reports.status_report import StatusReport

_EVERY: Final = 2.0  # seconds


def command(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
    days: Annotated[int, typer.Option(min=1, help="Questions and costs of so many days.")] = 7,
    watch: Annotated[bool, typer.Option("--watch", help="Show it anew, until Ctrl-C.")] = False,
    seconds: Annotated[
        float | None,
        typer.Argument(
            min=0.2, metavar="SECONDS", help="With --watch: how often; 2 without.", show_default=False
        ),
    ] = None,
) -> None:
    """Show the index, each source's last good sync, what fails, questions and costs.

    It warns of sources that are older than three of their cycles and of pages that can't be read. The exit code is 1
    if the index or the journal can't be reached.

    ```
    docent status
    docent status --watch 5
    ```
    """
    if seconds is not None and not watch:
        raise typer.BadParameter("goes with --watch: docent status --watch 5", param_hint="SECONDS")
    if watch and as_json:
        raise typer.BadParameter("--watch is for people: it goes without --json.")

    async def main(settings: Settings) -> int:
        from adapters.cli.output import show, show_json
        from adapters.cli.reports.status_report import gather
        from bot.runtime.process.running import running

        if watch:
            from adapters.cli.reports.status_watch import watch as watched

            async def again() -> Sequence[str]:
                return _lines(settings, await gather(settings, days))

            await watched(again, seconds or _EVERY)
        state = await gather(settings, days)
        if as_json:
            show_json({**state.to_json(), "running": [asdict(each) for each in running(settings.data)]})
        else:
            for line in _lines(settings, state):
                show(line)
        return 1 if state.problems else 0

    run(context, main, quiet=True)


def _lines(settings: Settings, state: "StatusReport") -> Sequence[str]:
    from adapters.cli.reports.status_report import lines
    from adapters.cli.running.running_lines import running_lines

    return [*lines(state), "", *running_lines(settings)]
