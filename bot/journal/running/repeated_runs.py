"""Keep one of the schedule's syncs that found everything as the one before did: there are thousands a day."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import ColumnElement, and_, delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.journal.nouns import run_of
from bot.journal.tables import runs
from bot.model import SyncReport
from bot.ports import SCHEDULE, SyncRequest


def of_source(source: str | None) -> ColumnElement[bool]:
    """Match runs of this source alone; None: those of all sources."""
    return runs.c.source.is_(None) if source is None else runs.c.source == source


async def forget_the_same(
    connection: AsyncConnection, run_id: str, request: SyncRequest, reports: Sequence[SyncReport]
) -> None:
    """Delete the run before this one if the schedule asked for it as well, and it came to the same."""
    told = _unchanged(reports)
    if request.asked_by != SCHEDULE or told is None:
        return
    ended = and_(of_source(request.source), runs.c.ended_at.is_not(None), runs.c.id != run_id)
    wanted = select(runs).where(ended).order_by(runs.c.ended_at.desc(), runs.c.id).limit(1)
    row = (await connection.execute(wanted)).first()
    before = None if row is None else run_of(row)
    if before is None or before.request != request or before.error or before.state == "cancelled":
        return
    if told == _unchanged(before.reports):
        await connection.execute(delete(runs).where(runs.c.id == before.id))


def _unchanged(reports: Sequence[SyncReport]) -> tuple[object, ...] | None:
    """Return what reports found, to compare them by; None if they changed anything."""
    if any(one.added or one.changed or one.renamed or one.deleted or one.embedded for one in reports):
        return None
    return tuple(replace(one, seconds=0.0, stages={}) for one in reports)
