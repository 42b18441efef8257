"""Runs `docent status --watch`: the status again and again, until Ctrl-C."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from adapters.cli.output import clean, show

if TYPE_CHECKING:
    from rich.console import Console

Lines = Callable[[], Awaitable[Sequence[str]]]


async def watch(lines: Lines, seconds: float) -> None:
    """Print the lines every `seconds`, in place on a terminal, else one after the other. Ends with its task."""
    from rich.console import Console

    console = Console()
    if console.is_terminal and not console.is_dumb_terminal:
        await _redrawn(console, lines, seconds)
    else:
        first = True
        async for now, found in _again(lines, seconds):
            show("\n".join(found) if first else f"\n--- {now} ---\n" + "\n".join(found))
            first = False


async def _redrawn(console: "Console", lines: Lines, seconds: float) -> None:
    from rich.live import Live
    from rich.text import Text

    # The terminal's earlier content comes back at the end.
    with Live(console=console, screen=True, auto_refresh=False) as live:
        async for now, found in _again(lines, seconds):
            about = f"docent status, every {seconds:g} s: {now}. Ctrl-C ends it."
            live.update(Text("\n".join([about, "", *map(clean, found)])), refresh=True)


async def _again(lines: Lines, seconds: float) -> AsyncIterator[tuple[str, Sequence[str]]]:
    """Yield the time and the lines to show, for ever."""
    while True:
        yield f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC", await lines()
        await asyncio.sleep(seconds)
