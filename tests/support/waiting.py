"""Waiting for what comes by itself."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from typing import Any

from bot.ports import Unavailable

_MOST = 8.0


def patience() -> float:
    """How much longer than on a quiet machine everything may take now: who waits for a core gets none."""
    return min(max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)), _MOST)


async def until(look: Callable[[], Awaitable[Any]], seconds: float = 30.0) -> Any:
    """The first true result of `await look()`. `seconds` are those of a quiet machine."""
    begun = time.monotonic()
    while True:
        try:
            found = await look()
        except Unavailable:  # a journal that is waited for on a busy machine
            found = None
        if found:
            return found
        if time.monotonic() - begun > seconds * patience():
            raise AssertionError(f"it didn't come within {seconds * patience():.0f} s")
        await asyncio.sleep(0.03)
