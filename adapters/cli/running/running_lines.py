"""Describes the running Docent to other commands: its parts, and whether they use the current docent.yaml."""

import asyncio
import time
from collections.abc import Sequence

from bot.config.live import files_of, version_of
from bot.config.loader import Settings
from bot.runtime.process.running import Running, running


def running_lines(settings: Settings) -> list[str]:
    """Return a line for each process, and notes on its settings."""
    found = running(settings.data)
    if not found:
        return ["Running: nothing that this data folder knows of (start it with: docent run)"]
    lines = [f"Running: {' and '.join(each.services)} (process {each.pid})" for each in found]
    return lines + [f"(!) {line}" for line in behind(settings, found)]


def behind(settings: Settings, found: Sequence[Running]) -> list[str]:
    """Return how the running processes' settings differ from the current docent.yaml; nothing if they don't."""
    version = version_of(*files_of(settings))
    lines = []
    for each in found:
        who = f"process {each.pid} ({', '.join(each.services)})"
        if each.version != version:
            lines.append(f"docent.yaml is newer than what {who} goes by: it looks each second.")
        elif each.problem:
            lines.append(f"{who} can't take over docent.yaml, what was in force stays: {each.problem}")
        elif each.restart_for:
            lines.append(f"docent.yaml was changed: restart {who} for {', '.join(each.restart_for)}.")
    return lines


async def caught_up(settings: Settings, *, patience: float = 5.0) -> list[str]:
    """Return `behind` once the processes have had up to `patience` seconds to read docent.yaml."""
    until = time.monotonic() + patience
    while True:
        found = running(settings.data)
        version = version_of(*files_of(settings))
        if all(each.version == version for each in found) or time.monotonic() >= until:
            return behind(settings, found)
        await asyncio.sleep(0.2)
