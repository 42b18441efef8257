"""Breaks work off when it is told to stop: at once where it waits or reads, never within a write."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

_LOOK = 0.2  # seconds


class Stopped(Exception):
    """The sync was told to end."""


async def unless_stopped(
    stop: Callable[[], bool], work: Coroutine[Any, Any, object], writing: asyncio.Lock | None = None
) -> None:
    """Do the work, or break it off when `stop` says so. Raises Stopped, and what the work raises.

    Whoever holds the lock `writing` is let finish first.
    """
    task = asyncio.create_task(work)
    try:
        while not task.done():
            if stop():
                async with writing or asyncio.Lock():
                    task.cancel()
                break
            await asyncio.wait({task}, timeout=_LOOK)
    finally:
        task.cancel()
        await asyncio.wait({task})
    if task.cancelled():
        raise Stopped
    task.result()
