"""Who is alive by the database's clock, and whose work is therefore anybody's."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, or_, select

from bot.journal.tables import now, workers


def heard_within(moment: ColumnElement[float], seconds: float) -> ColumnElement[bool]:
    """Whether it was so many seconds ago at most. What lies ahead by more was written by a wrong clock."""
    return and_(moment > now() - seconds, moment < now() + seconds)


def heard_workers(seconds: float) -> Select[tuple[str]]:
    """The names of the workers that were heard of so lately."""
    return select(workers.c.name).where(heard_within(workers.c.seen_at, seconds))


def left_by_others(
    worker: ColumnElement[Any], me: str, *, silent_for: float, dead: Collection[str]
) -> ColumnElement[bool]:
    """The rows of workers but me that died, or weren't heard of for so many seconds."""
    return and_(worker != me, or_(worker.not_in(heard_workers(silent_for)), worker.in_(dead)))
