"""Tells people what is being done while an answer takes long: searching, reading 6 pages, waiting."""

import asyncio
from collections.abc import Awaitable, Callable

from adapters.chat.background_tasks import logged_at_its_end
from bot.model import Stage

_EVERY = 2.0  # seconds: platforms take no more


def words(stage: Stage) -> str:
    """Return the stage in words that can follow "is …"."""
    if stage.kind == "waiting":
        others = "one question is" if stage.number == 1 else f"{stage.number} questions are"
        return f"waiting: {others} before yours"
    if stage.kind == "reading":
        return f"reading {stage.number} page{'' if stage.number == 1 else 's'}"
    return "thinking" if stage.kind == "thinking" else "searching the docs"


class StageTeller:
    """Passes the latest stage to `tell`, after so many seconds and every 2 seconds at most.

    Call `stop` once an answer is shown.
    """

    def __init__(
        self, tell: Callable[[str], Awaitable[None]], *, after: float, every: float = _EVERY
    ) -> None:
        self._tell = tell
        self._after = after
        self._every = every
        self._latest: Stage | None = None
        self._task: asyncio.Task[None] | None = None

    async def hear(self, stage: Stage) -> None:
        """Note the answer's current stage."""
        self._latest = stage
        if self._task is None:
            self._task = asyncio.create_task(self._telling(), name="telling what is done")
            self._task.add_done_callback(logged_at_its_end)

    async def stop(self) -> None:
        """Stop telling."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _telling(self) -> None:
        told: Stage | None = None
        await asyncio.sleep(self._after)
        while True:
            if self._latest is not None and self._latest != told:
                told = self._latest
                await self._tell(words(told))
            await asyncio.sleep(self._every)
