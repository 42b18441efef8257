"""Shows a sync's progress on a terminal: done, total, pages a second, time left.

It prints nothing elsewhere.
"""

import time
from types import TracebackType
from typing import TYPE_CHECKING, Self

from adapters.cli.output import clean, is_terminal
from adapters.wording import duration
from bot.model import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

_STAGES = {"listing": "listing", "indexing": "indexing", "deleting": "deleting", "done": "done"}


class Display:
    """Shows a progress bar for each source, on stderr."""

    def __init__(self, *, shown: bool) -> None:
        self._bars = _bars() if shown and is_terminal() else None
        self._tasks: dict[str, TaskID] = {}

    def __enter__(self) -> Self:
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars is not None:
            self._bars.stop()

    def update(self, progress: Progress) -> None:
        """Show the progress."""
        if self._bars is None:
            return
        task = self._tasks.get(progress.source)
        if task is None:
            task = self._tasks[progress.source] = self._bars.add_task(
                clean(progress.source), total=None, detail=""
            )
        self._bars.update(
            task,
            total=progress.total,
            completed=progress.done,
            description=f"{clean(progress.source)}: {_STAGES[progress.stage]}",
            detail=detail(progress),
        )


def detail(progress: Progress) -> str:
    """Return the progress in words: `212/883 pages, 150/s, 4.5 s left`."""
    if progress.total is None:
        return f"{progress.done:,} pages"
    parts = [f"{progress.done:,}/{progress.total:,} pages"]
    if progress.stage != "done" and progress.rate:
        parts.append(f"{progress.rate:.0f}/s" if progress.rate >= 1 else f"{progress.rate:.2f}/s")
        left = progress.seconds_left
        if left is not None:
            parts.append(f"{duration(max(0.0, left))} left")
    return ", ".join(parts)


def _bars() -> "Bars":
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bars

    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=30),
        TextColumn("{task.fields[detail]}", markup=False),
    )
    return Bars(*columns, console=Console(stderr=True), transient=True)


class Counter:
    """Shows how many of all are done, on a terminal."""

    def __init__(self, what: str, total: int, *, shown: bool) -> None:
        self._display = Display(shown=shown)
        self._what = what
        self._total = total
        self._done = 0
        self._began = time.monotonic()

    def __enter__(self) -> Self:
        self._display.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._display.__exit__(kind, error, trace)

    def step(self) -> None:
        """Count one more."""
        self.at(self._done + 1)

    def at(self, done: int) -> None:
        """Set how many are done."""
        self._done = done
        seconds = time.monotonic() - self._began
        self._display.update(Progress(self._what, "indexing", done, self._total, seconds))
