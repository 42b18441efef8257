"""Defines `docent health`, for supervisors that restart a process when it hangs."""

import typer

from adapters.cli.command import FAILED, run
from bot.config.loader import Settings


def command(context: typer.Context) -> None:
    """Say what runs on this data folder. The exit code is 1 if nothing does, or if it hasn't been heard of for two minutes.

    It asks nobody else and opens no index: a container's health check may call it every half a minute.

    ```
    docent health
    ```
    """

    async def main(settings: Settings) -> int:
        from adapters.cli.output import show
        from adapters.cli.running.running_lines import running_lines
        from bot.runtime.process.running import running

        for line in running_lines(settings):
            show(line)
        return 0 if running(settings.data) else FAILED

    run(context, main, quiet=True)
