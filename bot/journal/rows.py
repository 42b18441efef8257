"""All rows of a journal in a file, and back: a line of JSON each, the tables in turn, a head before them."""

import asyncio
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Table, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.journal import HEAD
from bot.journal.failures import PART
from bot.journal.tables import metadata
from bot.ports import Rejected
from bot.runtime.private_files import private_file

# Who runs now, and who leads: of no use another day.
_PASSING: Final = {"workers", "leases", "run_messages"}
_KEPT: Final = [table for table in metadata.sorted_tables if table.name not in _PASSING]
_AT_ONCE: Final = 500


async def save(connection: AsyncConnection, path: Path) -> int:
    """How many were saved. The connection's transaction must see one moment throughout. Raises OSError."""
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
    """In place of all that is there. Raises Rejected, OSError."""
    if not replace and any([await _holds_any(connection, table) for table in _KEPT]):
        raise Rejected(
            PART, f"{where} holds a journal already.", remedy="Give --replace to put the backup in place."
        )
    for table in reversed(metadata.sorted_tables):
        await connection.execute(table.delete())
    with path.open(encoding="utf-8") as file:
        lines = _told(file)
        if (version := next(lines, {}).get("journal")) != HEAD:
            raise Rejected(
                PART,
                f"the backup's journal is of version {version}, this Docent's of {HEAD}.",
                remedy="Restore it with the Docent that made it, and update that.",
            )
        while some := await asyncio.to_thread(lambda: list(islice(lines, _AT_ONCE))):
            for table in _KEPT:
                if rows := [each["row"] for each in some if each["table"] == table.name]:
                    await connection.execute(table.insert(), rows)


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
