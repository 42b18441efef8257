"""Runs work that goes on after an event was acknowledged."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from bot.ports import BackendError

log = logging.getLogger(__name__)

T = TypeVar("T")
Work = Coroutine[Any, Any, None]


def looked_at(task: "asyncio.Task[Any]") -> None:
    """Retrieve a finished task's exception, so that asyncio doesn't report it as never retrieved.

    For tasks whose failure matters only while somebody waits for them.
    """
    if not task.cancelled():
        task.exception()


def logged_at_its_end(task: "asyncio.Task[Any]") -> None:
    """Log a finished task's exception. For tasks that nobody waits for."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("%s failed", task.get_name(), exc_info=error)


class BackgroundTasks:
    """Runs coroutines in the background and logs what they raise.

    `refused` is the exception by which the platform refuses a call; it is logged as a warning.
    """

    def __init__(self, platform: str, refused: type[Exception]) -> None:
        self._platform = platform
        self._refused = refused
        self._tasks: set[asyncio.Task[Any]] = set()

    def later(self, work: Work) -> None:
        """Run `work` in the background; its exception is logged."""
        self.start_task(self.logged(work))

    def start_task(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """Run `work` in the background and return its task; its exception is logged, too."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(logged_at_its_end)
        task.add_done_callback(self._tasks.discard)
        return task

    async def logged(self, work: Work) -> None:
        """Wait for `work`; its exception is logged."""
        try:
            await work
        except self._refused as error:
            log.warning("%s refused: %s", self._platform, error)
        except Exception:  # the outermost loop of a press or a command
            log.exception("a press or a command failed")

    async def drain(self, seconds: float) -> None:
        """Wait up to `seconds` for the running tasks, then cancel the rest."""
        if self._tasks:
            _, late = await asyncio.wait(set(self._tasks), timeout=seconds)
            for task in late:
                task.cancel()


class Watches:
    """Holds tasks that run until they are closed."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, watch: Work, name: str) -> None:
        """Run `watch` in the background; it logs its own failures."""
        task = asyncio.create_task(watch, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Cancel all tasks and wait for them."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def again(trouble: str, look: Callable[[], Awaitable[None]], every: float) -> None:
    """Call `look` every `every` seconds, for ever. `trouble` is the log message when it fails."""
    while True:
        try:
            await look()
        except BackendError as error:
            log.warning("%s: %s", trouble, error)
        except Exception:  # the outermost loop of a watch
            log.exception("%s", trouble)
        await asyncio.sleep(every)
