"""How a source stands after a sync: when it last went well, and which of its pages fail."""

from typing import Final

from sqlalchemy import and_, delete
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.journal import codec
from bot.journal.database import Database
from bot.journal.records.spending import add_usage
from bot.journal.tables import failing, good_syncs, now
from bot.model import SyncReport, Usage

_NAME: Final = 1000  # characters of a page's name that are kept


async def remember(
    database: Database, connection: AsyncConnection, report: SyncReport, *, narrow: bool
) -> None:
    """Keep a source's last good sync, what fails in it since when, and what its embedding was billed.

    `narrow`: the sync was of some paths alone, which says nothing of the others.
    """
    if report.embedded and report.model:
        used = Usage(report.model, texts=report.embedded, input_tokens=report.tokens)
        await add_usage(database, connection, [used])
    if report.error or report.cancelled or narrow:
        return
    at = database.insert(good_syncs).values(source=report.source, at=now())
    await connection.execute(at.on_conflict_do_update(index_elements=["source"], set_={"at": now()}))
    fails = {failure.name[:_NAME]: failure for failure in report.failed}
    mended = and_(failing.c.source == report.source, failing.c.name.not_in(fails))
    await connection.execute(delete(failing).where(mended))
    for name, failure in fails.items():
        row = database.insert(failing).values(
            source=report.source,
            name=codec.storable(name),
            reason=codec.storable(failure.reason),
            since=now(),
            for_all=failure.for_all,
        )
        said = {"reason": row.excluded.reason, "for_all": row.excluded.for_all}
        await connection.execute(row.on_conflict_do_update(index_elements=["source", "name"], set_=said))
