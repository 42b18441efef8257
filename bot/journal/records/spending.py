"""Sum what models were billed for, by day and model."""

from collections.abc import Sequence

from sqlalchemy import Integer, cast, func
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.journal import DAY, codec
from bot.journal.database import Database
from bot.journal.tables import now, usage
from bot.model import Usage


async def add_usage(database: Database, connection: AsyncConnection, spent: Sequence[Usage]) -> None:
    """Add to today's sums in the caller's transaction, model by model in one order, so that writers don't deadlock."""
    for each in sorted(spent, key=lambda used: used.model):
        counts = codec.usage_counts(each)
        if not counts:
            continue
        row = database.insert(usage).values(
            day=cast(func.floor(now() / DAY), Integer), model=each.model, **counts
        )
        more = {name: usage.c[name] + row.excluded[name] for name in counts}
        await connection.execute(row.on_conflict_do_update(index_elements=["day", "model"], set_=more))
