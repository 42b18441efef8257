"""All rows of a journal in a file, and back: a line of JSON each, the tables in turn, a head before them."""

import asyncio
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, MetaData, Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.journal import HEAD
from bot.journal.failures import PART
from bot.journal.tables import metadata
from bot.ports import Newer, Rejected
from bot.runtime.process.private_files import private_file

# Who runs now, and who leads: of no use another day.
_PASSING: Final = {"workers", "leases", "run_messages"}
_OURS: Final = "made_by"  # the database's own
_KEPT: Final = [table for table in metadata.sorted_tables if table.name not in {*_PASSING, _OURS}]
_AT_ONCE: Final = 500


async def save(connection: AsyncConnection, path: Path) -> int:
    """Write all rows to a file and return how many. The transaction must see one moment throughout. Raises OSError."""
    private_file(path)
    count = 0
    with path.open("w", encoding="utf-8") as file:
        file.write(_line({"journal": HEAD}))
        for table in _KEPT:
            async with connection.stream(select(table)) as rows:
                async for some in rows.mappings().partitions(_AT_ONCE):
                    lines = [_line({"table": table.name, "row": dict(row)}) for row in some]
                    await asyncio.to_thread(file.writelines, lines)
                    count += len(lines)
    return count


async def load(connection: AsyncConnection, path: Path, where: str, *, replace: bool) -> None:
    """Put a file's rows in place of all that is there; without `replace` only into empty tables. Raises Rejected, OSError."""
    if not replace and any([await _holds_any(connection, table) for table in _KEPT]):
        raise Rejected(
            PART, f"{where} holds a journal already.", remedy="Give --replace to put the backup in place."
        )
    with path.open(encoding="utf-8") as file:
        lines = _told(file)
        form = str(next(lines, {}).get("journal"))
        tables = await connection.run_sync(_emptied, form)
        while some := await asyncio.to_thread(lambda: list(islice(lines, _AT_ONCE))):
            for table in tables:
                if rows := [each["row"] for each in some if each["table"] == table.name]:
                    await connection.execute(table.insert(), rows)
    if form != HEAD:
        from bot.journal.forms.migrate import upgrade  # noqa: PLC0415 - Alembic takes a while to import

        await connection.run_sync(upgrade)


def _emptied(connection: Connection, form: str) -> list[Table]:
    """Empty the tables, in the form that the backup has, and return them. Raises Newer, Rejected."""
    if form == HEAD:
        for table in reversed(metadata.sorted_tables):
            if table.name != _OURS:
                connection.execute(table.delete())
        return _KEPT
    if form.isdecimal() and form > HEAD:
        raise Newer(
            PART,
            f"the backup's journal is of form {form}, this Docent knows {HEAD}.",
            remedy="Restore it with the Docent that made it.",
        )
    from bot.journal.forms.migrate import begin_anew  # noqa: PLC0415 - as above

    try:
        begin_anew(connection, form)
    except LookupError:
        raise Rejected(PART, "the backup doesn't say which form its journal has.") from None
    older = MetaData()
    older.reflect(connection)
    return [table for table in older.sorted_tables if table.name not in _PASSING]


async def _holds_any(connection: AsyncConnection, table: Table) -> bool:
    return bool(await connection.scalar(select(func.count()).select_from(select(table).limit(1).subquery())))


def _line(told: dict[str, Any]) -> str:
    return json.dumps(told, ensure_ascii=False) + "\n"


def _told(lines: Any) -> Iterator[dict[str, Any]]:  # noqa: ANN401 - an open file
    for number, line in enumerate(lines, 1):
        try:
            yield json.loads(line)
        except ValueError:
            raise Rejected(PART, f"the backup's journal can't be read at line {number}.") from None
