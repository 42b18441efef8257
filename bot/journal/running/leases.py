"""Keep leases in the journal's database."""

import logging
from collections.abc import Callable

from sqlalchemy import delete, func, or_, select

from bot.journal.database import Database
from bot.journal.tables import leases, now

_log = logging.getLogger(__name__)

# Of a lease of an older version, which doesn't say how long it was taken for.
_LONGEST = 60.0
_SLACK = 1.0


class SqlLeases:
    """Implements ports.Leases. A lease is lost together with the database: a holder that can't renew must stop.

    A lease whose end lies further ahead than it was taken for is void: a wrong clock wrote it, or the clock was set
    back since. Whoever holds it goes by a steady clock, and has it no longer than that.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def acquire(
        self, name: str, holder: str, *, seconds: float, died: Callable[[str], bool] = lambda _: False
    ) -> bool:
        values = {"holder": holder, "until": now() + seconds, "seconds": seconds}
        void = leases.c.until > now() + func.coalesce(leases.c.seconds, _LONGEST) + _SLACK
        others = select(leases.c.holder).where(leases.c.name == name, leases.c.holder != holder)
        async with self._database.writing() as connection:
            before = (await connection.execute(others.where(void))).scalar()
            dead = [each for each in await connection.scalars(others) if died(each)]
            taken = self._database.insert(leases).values(name=name, **values)
            taken = taken.on_conflict_do_update(
                index_elements=["name"],
                set_=values,
                where=or_(leases.c.holder.in_([holder, *dead]), leases.c.until <= now(), void),
            )
            gained = (await connection.execute(taken)).rowcount > 0
        if gained and before is not None:
            _log.warning(
                "the lease of %s was from a clock that was ahead: it is void, %s leads in its place",
                before,
                holder,
            )
        return gained

    async def held(self, name: str, *, died: Callable[[str], bool] = lambda _: False) -> bool:
        ahead = now() + func.coalesce(leases.c.seconds, _LONGEST) + _SLACK
        lasting = select(leases.c.holder).where(
            leases.c.name == name, leases.c.until > now(), leases.c.until <= ahead
        )
        async with self._database.reading() as connection:
            return any(not died(each) for each in list(await connection.scalars(lasting)))

    async def release(self, name: str, holder: str) -> None:
        mine = delete(leases).where(leases.c.name == name, leases.c.holder == holder)
        async with self._database.writing() as connection:
            await connection.execute(mine)
