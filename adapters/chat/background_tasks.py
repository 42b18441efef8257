"""Work that goes on after an event was acknowledged."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

from bot.ports import BackendError

log = logging.getLogger(__name__)

T = TypeVar("T")
Work = Coroutine[Any, Any, None]


def looked_at(task: "asyncio.Task[Any]") -> None:
    """For tasks whose failure counts only while somebody waits: asyncio complains of what nobody ever looked at."""
    if not task.cancelled():
        task.exception()


def logged_at_its_end(task: "asyncio.Task[Any]") -> None:
    """For tasks that nobody waits for: what goes wrong is logged."""
    if not task.cancelled() and (error := task.exception()) is not None:
        log.error("%s failed", task.get_name(), exc_info=error)


class BackgroundTasks:
    """`refused` is how the platform says no, which is no bug of ours."""

    def __init__(self, platform: str, refused: type[Exception]) -> None:
        self._platform = platform
        self._refused = refused
        self._tasks: set[asyncio.Task[Any]] = set()

    def later(self, work: Work) -> None:
        """Do it; what goes wrong is logged."""
        self.start_task(self.logged(work))

    def start_task(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        """Do it; what goes wrong is the caller's to see, and logged as well."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(logged_at_its_end)
        task.add_done_callback(self._tasks.discard)
        return task

    async def logged(self, work: Work) -> None:
        """Wait for it; what goes wrong is logged."""
        try:
            await work
        except self._refused as error:
            log.warning("%s refused: %s", self._platform, error)
        except Exception:  # the outermost loop of a press or a command
            log.exception("a press or a command failed")

    async def drain(self, seconds: float) -> None:
        """Wait for what is small, and end the rest."""
        if self._tasks:
            _, late = await asyncio.wait(set(self._tasks), timeout=seconds)
            for task in late:
                task.cancel()


class Watches:
    """Tasks that go on beside everything else, until they are closed."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, watch: Work, name: str) -> None:
        """Go on with it; it says itself what goes wrong."""
        task = asyncio.create_task(watch, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """End them all."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def again(trouble: str, look: Callable[[], Awaitable[None]], every: float) -> None:
    """Look, and look again after so many seconds, for ever. `trouble` is what to say where that fails."""
    while True:
        try:
            await look()
        except BackendError as error:
            log.warning("%s: %s", trouble, error)
        except Exception:  # the outermost loop of a watch
            log.exception("%s", trouble)
        await asyncio.sleep(every)
