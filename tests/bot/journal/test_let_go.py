"""A journal that was locked leaves no file open: at an orderly end the write-ahead log is gone."""

import asyncio
import sqlite3
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.journal.database import Database
from bot.ports import BackendError


@pytest.mark.parametrize("how", ["refused", "cut off while it waits", "cancelled"])
async def test_nothing_stays_open(tmp_path: Path, how: str) -> None:
    database = Database(folder=tmp_path, deadline=1.5)

    async def write() -> None:
        with suppress(BackendError):
            async with database.writing() as connection:
                await connection.execute(text("delete from leases where name = ''"))

    await database.check()
    lock = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
    lock.execute("begin immediate")
    writers = [asyncio.create_task(write()) for _ in range(1 if how == "refused" else 3)]
    if how == "cancelled":
        await asyncio.wait(writers, timeout=0.1)
        for each in writers:
            each.cancel()
    await asyncio.gather(*writers, return_exceptions=True)
    lock.execute("rollback")
    lock.close()
    await database.close()
    assert [path.name for path in tmp_path.iterdir()] == ["journal.db"]
