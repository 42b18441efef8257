"""Tell who is alive by the database's clock, and whose work is therefore free to take."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select

from bot.journal.tables import now, workers


def heard_within(moment: ColumnElement[float], seconds: float) -> ColumnElement[bool]:
    """Match times at most so many seconds ago. One further ahead than that was written by a wrong clock."""
    return and_(moment > now() - seconds, moment < now() + seconds)


def heard_workers(seconds: float) -> Select[tuple[str]]:
    """Select the names of workers that were heard of within so many seconds."""
    return select(workers.c.name).where(heard_within(workers.c.seen_at, seconds))


def left_by_others(
    worker: ColumnElement[Any], me: str, *, silent_for: float, dead: Collection[str]
) -> ColumnElement[bool]:
    """Match rows of workers other than me that died, or weren't heard of for `silent_for` seconds."""
    return and_(worker != me, or_(worker.not_in(heard_workers(silent_for)), worker.in_(dead)))
