"""Leases in the journal's database."""

from sqlalchemy import delete, or_

from bot.journal.database import Database
from bot.journal.tables import leases, now


class SqlLeases:
    """ports.Leases. Lost together with the database: a holder that can't renew must stop."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def acquire(self, name: str, holder: str, *, seconds: float) -> bool:
        taken = self._database.insert(leases).values(name=name, holder=holder, until=now() + seconds)
        taken = taken.on_conflict_do_update(
            index_elements=["name"],
            set_={"holder": holder, "until": now() + seconds},
            where=or_(leases.c.holder == holder, leases.c.until <= now()),
        )
        async with self._database.writing() as connection:
            return (await connection.execute(taken)).rowcount > 0

    async def release(self, name: str, holder: str) -> None:
        mine = delete(leases).where(leases.c.name == name, leases.c.holder == holder)
        async with self._database.writing() as connection:
            await connection.execute(mine)
