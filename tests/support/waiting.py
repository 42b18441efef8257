"""Waiting for what comes by itself."""

import asyncio
import time
from collections.abc import Callable
from typing import Any


async def until(look: Callable[[], Any], *, seconds: float = 30.0) -> Any:
    """The first true result of `await look()`."""
    end = time.monotonic() + seconds
    while True:
        found = await look()
        if found:
            return found
        if time.monotonic() > end:
            raise AssertionError(f"it didn't come within {seconds} s")
        await asyncio.sleep(0.03)
