"""Runs `docent reindex --cancel`: stops what waits or runs, and says what it has stored so far."""

import asyncio
import time

from adapters.cli.commands.ask import check_sources
from adapters.cli.output import ago, report_lines, show
from bot.config.loader import Settings
from bot.opened_records import open_records
from bot.ports import Runs, SyncRun

_OPEN = ("waiting", "running")
_LOOK = 0.2  # seconds
# A run ends within two seconds of being cancelled, unless its process is gone.
PATIENCE = 15.0


async def cancel_runs(settings: Settings, name: str | None, *, wait: bool, patience: float = PATIENCE) -> int:
    """Cancel the run with this id, those of this source, or all.

    With `wait`, return 1 if one of them hasn't ended within `patience` seconds; else 0.
    """
    records = open_records(settings)
    try:
        going = await records.runs.going_on()
        chosen = [run for run in going if name in (None, run.id, run.request.source)]
        if not chosen:
            check_sources(settings, [name] if name else [])
            show(_nothing(name, going))
        # Waiting runs first: they would start when a running one ends.
        for run in sorted(chosen, key=lambda run: run.state, reverse=True):
            await records.runs.cancel(run.id)
        until = time.monotonic() + (patience if wait else 0.0)
        ended = [_told(run, await _ended(records.runs, run, until), wait=wait) for run in chosen]
        return 0 if all(ended) or not wait else 1
    finally:
        await records.close()


def _nothing(name: str | None, going: list[SyncRun]) -> str:
    if name is not None and any(run.request.source is None for run in going):
        return f"No sync of {name} alone waits or runs; one of all sources does: docent reindex --cancel"
    return f"Nothing to cancel: no sync{f' of {name}' if name else ''} waits or runs."


async def _ended(runs: Runs, run: SyncRun, until: float) -> SyncRun:
    """Wait for the run to end, until the time `until` at most, and return it."""
    while True:
        now = await runs.run(run.id) or run
        if now.state not in _OPEN or time.monotonic() >= until:
            return now
        await asyncio.sleep(_LOOK)


def _told(before: SyncRun, now: SyncRun, *, wait: bool) -> bool:
    """Print what became of the run. Return False if it goes on."""
    what = f"the sync of {now.request.source or 'all sources'} that was asked for {ago(now.requested_at)}"
    if now.state in _OPEN:
        when = (
            "Nobody has answered: if whoever ran it has died, the next indexer ends it."
            if wait
            else "It ends within seconds; see: docent status"
        )
        show(f"Told to end: {what}. {when}")
        return False
    if now.state != "cancelled":
        show(f"Too late to cancel {what}: it had ended already.")
    elif before.started_at is None and not now.reports:
        show(f"Cancelled {what}. It had not begun; the index is as it was.")
    else:
        show(f"Cancelled {what}. What it has stored is kept, and the next sync goes on from there.")
    for line in (line for report in now.reports for line in report_lines(report)):
        show(line)
    return True
