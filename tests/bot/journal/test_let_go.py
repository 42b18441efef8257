"""A journal that was locked or is in use leaves no file open: at an orderly end the write-ahead log is gone."""

import asyncio
import sqlite3
from contextlib import closing, suppress
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.journal.database import Database
from bot.ports import BackendError, Unavailable
from tests.support.waiting import until


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


async def test_closed_while_it_is_used(tmp_path: Path) -> None:
    """The end waits for the calls under way, and later ones hear of it: nothing opens the file anew."""
    database = Database(folder=tmp_path)
    under_way, go_on = asyncio.Event(), asyncio.Event()

    async def call() -> None:
        async with database.writing() as connection:
            await connection.execute(text("insert into leases (name, holder, until) values ('a', 'me', 1)"))
            under_way.set()
            await go_on.wait()

    calling = asyncio.create_task(call())
    await under_way.wait()
    end = asyncio.create_task(database.close())
    await asyncio.sleep(0)
    with pytest.raises(Unavailable):
        await database.check()
    go_on.set()
    await calling
    await end
    assert [path.name for path in tmp_path.iterdir()] == ["journal.db"]
    with closing(sqlite3.connect(tmp_path / "journal.db")) as file:
        assert file.execute("select count(*) from leases").fetchone() == (1,)


@pytest.mark.parametrize("step", range(0, 60, 3))
async def test_cancelled_at_any_step(tmp_path: Path, step: int) -> None:
    """A call may be cut off while it opens, begins, writes or ends, and once more while it lets go."""
    database = Database(folder=tmp_path)
    await database.check()
    call = asyncio.create_task(database.check())
    for _ in range(step):
        await asyncio.sleep(0.0005)
    for _ in range(3):
        call.cancel()
        await asyncio.sleep(0)
    await asyncio.wait({call})
    await database.check()
    await database.close()

    async def closed() -> bool:  # a driver's thread ends what was cut off after the one who asked
        return [path.name for path in tmp_path.iterdir()] == ["journal.db"]

    await until(closed)
