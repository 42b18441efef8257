"""`docent status`."""

from dataclasses import asdict
from typing import Annotated

import typer

from adapters.cli.command import run
from bot.config.loader import Settings


def command(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
    days: Annotated[int, typer.Option(min=1, help="Questions and costs of so many days.")] = 7,
) -> None:
    """Show the index, each source's last good sync, what fails, questions and costs.

    It warns of sources that are older than three of their cycles and of pages that can't be read.

    ```
    docent status
    ```
    """

    async def main(settings: Settings) -> int:
        from adapters.cli.output import show, show_json
        from adapters.cli.running.running_lines import running_lines
        from adapters.cli.status_report import gather, lines
        from bot.runtime.running import running

        state = await gather(settings, days)
        if as_json:
            show_json({**state.to_json(), "running": [asdict(each) for each in running(settings.data)]})
        else:
            for line in [*lines(state), "", *running_lines(settings)]:
                show(line)
        return 1 if state.problems else 0

    run(context, main, quiet=True)
