"""The journal when something stands in its way: one sentence of a BackendError, in time."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from bot.journal.database import Database
from bot.journal.records.questions import SqlJournal
from bot.model import Question
from bot.ports import Asked, BackendError, Corrupt, Place, Rejected, Unavailable
from tests.support.waiting import given_up, until

ASKED = Asked("i", "k", "slack", Place("C"), "U", Question("?", frozenset()))


@pytest.fixture
async def database(data: Path) -> AsyncIterator[Database]:
    database = Database(folder=data, deadline=0.5)
    yield database
    await database.close()


async def test_a_damaged_file_is_named(database: Database, data: Path):
    """A journal that is no database is Corrupt, and the word says which file and what to do."""
    (data / "journal.db").write_bytes(b"not a database at all " * 400)
    with pytest.raises(Corrupt, match=r"journal\.db is damaged.*Move it away"):
        await SqlJournal(database).accept(ASKED, worker="w")


async def test_a_foreign_file_is_named(database: Database, data: Path):
    """A database of another program is left as it is, and the word says where it lies."""
    other = sqlite3.connect(data / "journal.db")
    other.execute("create table questions(x)")
    other.close()
    with pytest.raises(Rejected, match=r"journal\.db is a database of something else"):
        await database.check()


async def test_a_locked_file_is_given_up_in_time(database: Database, data: Path):
    """Where another process holds the lock, a call fails as Unavailable within its deadline."""
    await database.check()
    other = sqlite3.connect(data / "journal.db", isolation_level=None)
    other.execute("begin immediate")
    async with given_up():
        with pytest.raises(Unavailable):
            await SqlJournal(database).accept(ASKED, worker="w")
    with pytest.raises(
        Unavailable, match="not tried again"
    ):  # a question waits for it once, not at each step
        await SqlJournal(database).set_reply("id1", "C1/2")
    other.execute("rollback")
    other.close()
    assert await until(lambda: SqlJournal(database).accept(ASKED, worker="w"))


async def test_a_server_that_is_down_is_named_without_its_password(data: Path, free_port: Callable[[], int]):
    """No connection is Unavailable; the word names host and database and no secret."""
    url = f"postgres://docent:hunter2@127.0.0.1:{free_port()}/docs"
    database = Database(folder=data, url=url)
    with pytest.raises(
        Unavailable, match=r"PostgreSQL at 127\.0\.0\.1:\d+/docs can't be reached \(nobody listens there\)"
    ) as raised:
        await database.check()
    assert "hunter2" not in str(raised.value)


async def test_a_folder_that_can_not_be_made_is_told(data: Path):
    """The word says which setting names it."""
    (data / "file").write_text("")
    database = Database(folder=data / "file" / "state")
    with pytest.raises(Unavailable, match=r"journal\.db can't be made .*Check DOCENT_DATA"):
        await database.check()


async def test_a_server_that_comes_back_is_used(data: Path):
    """A journal whose first use failed works as soon as it can."""
    folder = data / "journal"
    folder.write_text("a file where the folder belongs")
    database = Database(folder=folder)
    with pytest.raises(BackendError):
        await database.check()
    folder.unlink()

    async def works() -> bool:
        await database.check()
        return True

    await until(works)
    await database.close()


@pytest.mark.parametrize("url", ["mysql://h/d", "nonsense", "sqlite://"])
def test_an_unknown_address_is_rejected(data: Path, url: str):
    """DATABASE_URL of another kind is told with the form that is expected."""
    with pytest.raises(Rejected, match="postgresql://user:password@host/name"):
        Database(folder=data, url=url)


@pytest.mark.parametrize(
    "url",
    [
        "postgres://u:p@h/d",
        "postgresql://u:p@h/d?sslmode=require",
        "postgresql+asyncpg://u:p@h/d",
        "postgresql+psycopg2://u:p@h/d",
    ],
)
def test_the_usual_forms_of_an_address_are_taken(data: Path, url: str):
    """What hosting services hand out as DATABASE_URL works as it is."""
    database = Database(folder=data, url=url)
    assert not database.is_sqlite
    assert database.where == "PostgreSQL at h/d"


WRITER = """
import asyncio, resource, sys
from pathlib import Path
from bot.journal.database import Database
from bot.journal.records.questions import SqlJournal
from bot.model import Question
from bot.ports import Asked, BackendError, Place

async def main():
    database = Database(folder=Path(sys.argv[1]))
    journal = SqlJournal(database)
    await database.check()
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, resource.RLIM_INFINITY))
    kept = 0
    try:
        for kept in range(2000):
            question = Question("x" * 5000, frozenset())
            await journal.accept(Asked(str(kept), str(kept), "p", Place(), "", question), worker="w")
    except BackendError as error:
        print(type(error).__name__, kept)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    await database.close()

asyncio.run(main())
"""


@pytest.mark.slow
async def test_a_full_disk_loses_nothing_that_was_accepted(data: Path):
    """When nothing more can be written the call says so as ReadOnly; what was accepted stays readable."""
    done = subprocess.run(
        [sys.executable, "-c", WRITER, str(data)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONPATH": "."},
    )
    assert done.stdout.split()[0] == "ReadOnly", done.stderr
    kept = int(done.stdout.split()[1])
    database = Database(folder=data)
    assert await SqlJournal(database).recorded(str(kept - 1)) is not None
    assert await SqlJournal(database).recorded(str(kept)) is None
    await database.close()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_folder_without_rights_is_named(data: Path):
    """A folder that can't be written is named."""
    data.chmod(0o500)
    with pytest.raises(BackendError, match="can't be opened"):
        await Database(folder=data / "state").check()
    data.chmod(0o700)


async def test_while_it_is_down_callers_hear_so_at_once(data: Path):
    """After some failures nobody waits for the deadline again, until it is tried once more."""
    database = Database(folder=data, deadline=0.5)
    await database.check()
    other = sqlite3.connect(data / "journal.db", isolation_level=None)
    other.execute("begin immediate")
    for _ in range(3):
        with pytest.raises(Unavailable):
            await database.check()
    with pytest.raises(Unavailable, match="not tried again"):
        await database.check()
    other.execute("rollback")
    other.close()
    await database.close()


async def test_a_large_file_stays_on_the_disk(database: Database):
    """However large the journal grows, a connection remembers a quarter of a megabyte of it, not SQLite's 2."""
    async with database.reading() as connection:
        kibibytes = -(await connection.exec_driver_sql("pragma cache_size")).scalar_one()
    assert kibibytes == 256
