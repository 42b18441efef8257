"""Waiting for what comes by itself."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import fields, replace
from typing import Any, TypeVar

from bot.ports import Unavailable

Limits = TypeVar("Limits")  # a frozen dataclass

_MOST = 8.0
_HANGS = 120.0  # seconds; below pytest's faulthandler_timeout


def patience() -> float:
    """How much longer than on a quiet machine everything may take now: who waits for a core gets none."""
    return min(max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)), _MOST)


def patiently(limits: "Limits", ends: str = "") -> "Limits":
    """A dataclass of seconds, each as much longer as the machine is busier: what answers must be in time.

    Where it has other numbers, too, `ends` is how the seconds' names end.
    """
    found = {each.name: getattr(limits, each.name) for each in fields(limits) if each.name.endswith(ends)}
    return replace(
        limits, **{name: one * patience() for name, one in found.items() if isinstance(one, float)}
    )


def given_up() -> asyncio.Timeout:
    """After so long a test hangs and fails. That something came in time is said by what came, not by a clock."""
    return asyncio.timeout(_HANGS)


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
