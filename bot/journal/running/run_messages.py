"""Keep where chat shows a run, so that another process can go on with a message when its own has died."""

from collections.abc import Callable

from sqlalchemy import and_, delete, select, update

from bot.journal.database import Database
from bot.journal.running.liveness import left_by_others
from bot.journal.tables import run_messages
from bot.ports import RunMessage


class SqlRunMessages:
    """Implements ports.RunMessages."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, message: RunMessage, *, worker: str) -> None:
        row = self._database.insert(run_messages).values(
            platform=message.platform, address=message.address, run=message.run_id, worker=worker
        )
        again = {"run": message.run_id, "worker": worker}
        async with self._database.writing() as connection:
            await connection.execute(
                row.on_conflict_do_update(index_elements=["platform", "address"], set_=again)
            )

    async def drop(self, message: RunMessage) -> None:
        c = run_messages.c
        same = and_(c.platform == message.platform, c.address == message.address)
        async with self._database.writing() as connection:
            await connection.execute(delete(run_messages).where(same))

    async def adopt(
        self, platform: str, *, worker: str, silent_for: float, died: Callable[[str], bool] = lambda _: False
    ) -> list[RunMessage]:
        c = run_messages.c
        async with self._database.reading() as connection:  # who looks must not keep writers waiting
            names = list(
                await connection.scalars(
                    select(c.worker).where(c.platform == platform, c.worker != worker).distinct()
                )
            )
        if not names:
            return []
        dead = [name for name in names if died(name)]
        left = left_by_others(c.worker, worker, silent_for=silent_for, dead=dead)
        lost = and_(c.platform == platform, left)
        async with self._database.writing(alone=True) as connection:
            taken = await connection.execute(
                update(run_messages).where(lost).values(worker=worker).returning(*run_messages.c)
            )
            return [RunMessage(row.run, row.platform, row.address) for row in taken]
