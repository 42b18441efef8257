"""Upgrading: what the last release left is read by this one, and what a newer one left is left alone."""

import asyncio
import gzip
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from adapters.cli.running.newer_state import stop_for_newer
from bot.journal import HEAD
from bot.journal.database import Database
from bot.journal.forms.migrate import upgrade
from bot.ports import Newer
from tests.bot.journal.test_journal import address, server
from tests.support.command_line import CONFIG, CommandLine
from tests.support.waiting import patience

__all__ = ["address", "server"]

RELEASES = sorted((Path(__file__).parent / "releases").iterdir())
LAST_FORM = "0006"
QUESTION = "How many days of annual leave do I get?"


@pytest.fixture(params=RELEASES, ids=lambda folder: folder.name)
def release(request: pytest.FixtureRequest) -> Path:
    """What a release left, compressed."""
    folder: Path = request.param
    return folder


def unpacked(kept: Path, folder: Path) -> Path:
    """A backup of that release, as its `docent backup` made it."""
    folder.mkdir()
    for each in kept.iterdir():
        (folder / each.stem).write_bytes(gzip.decompress(each.read_bytes()))
    return folder


@pytest.fixture
def docent(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path)


# --- from an older version ------------------------------------------------------------------------


@pytest.mark.slow
def test_a_releases_state_is_read(docent: CommandLine, release: Path, tmp_path: Path) -> None:
    """Its index answers, for whom a page is alone; its journal knows what was asked; the next sync goes on."""
    unpacked(release / "sqlite", tmp_path / "kept")
    back = docent("restore", "kept")
    assert (back.returncode, back.stderr) == (0, "")
    assert "27 days" in docent("ask", QUESTION).stdout
    assert "50,000" not in docent("ask", "What is the pay range of L4?").stdout
    assert "50,000" in docent("ask", "What is the pay range of L4?", "--audience", "everyone,managers").stdout
    asked = json.loads(docent("status", "--json").stdout)["questions"]["outcomes"]
    assert (asked["ANSWERED"], asked["NOT_FOUND"]) == (3, 2)  # one each is the release's own
    docent.write({"leave.md": "# Annual leave\n\nEverybody gets 30 days of paid annual leave a year.\n"})
    assert docent("index").returncode == 0
    assert "30 days" in docent("ask", QUESTION).stdout


def test_a_journal_is_migrated_once(docent: CommandLine, release: Path, tmp_path: Path) -> None:
    """`docent migrate` says what it did, and the next time that there is nothing to do."""
    unpacked(release / "sqlite", tmp_path / "kept")
    docent("restore", "kept")
    with sqlite3.connect(tmp_path / ".docent/journal.db") as journal:
        (form,) = journal.execute("select version_num from alembic_version").fetchone()
    first, second = docent("migrate"), docent("migrate")
    assert f"was brought from {form} to form {HEAD}." in first.stdout
    assert f"has form {HEAD} already." in second.stdout
    assert (first.returncode, second.returncode) == (0, 0)


@pytest.mark.slow
async def test_a_releases_rows_go_into_postgresql(
    release: Path, server: str, address: str | None, tmp_path: Path
) -> None:
    """The rows of an older form are restored, by a database that has this one's."""
    told = unpacked(release / "postgres", tmp_path / "kept")
    made = json.loads((told / "docent-backup.json").read_text())["journal"]
    database = Database(folder=tmp_path, url=address)
    try:
        await database.migrate()
        await database.restore(told, made, replace=False)
        async with database.reading() as connection:
            outcomes = await connection.scalars(text("select outcome from questions order by outcome"))
            assert list(outcomes) == ["ANSWERED", "NOT_FOUND"]
            assert await connection.scalar(text("select version_num from alembic_version")) == HEAD
    finally:
        await database.close()


# --- several at once ------------------------------------------------------------------------------


def engine_of(address: str | None, folder: Path) -> AsyncEngine:
    if address is None:
        return create_async_engine(f"sqlite+aiosqlite:///{folder / 'journal.db'}")
    return create_async_engine(make_url(address).set(drivername="postgresql+asyncpg"))


@pytest.mark.slow
async def test_processes_that_start_at_once_migrate_once(address: str | None, tmp_path: Path) -> None:
    """Of six processes on a journal of the last form each works, and the tables are made once."""
    data = tmp_path / ".docent"
    data.mkdir()
    engine = engine_of(address, data)
    async with engine.begin() as connection:
        await connection.run_sync(upgrade, LAST_FORM)
    docent = CommandLine(tmp_path, CONFIG + (f"data: {data}\n" if address is None else ""))
    env = {"DATABASE_URL": address} if address else {}
    done = await asyncio.gather(*(asyncio.to_thread(docent.process, "migrate", env=env) for _ in range(6)))
    assert [(each.returncode, each.stderr) for each in done] == [(0, "")] * 6
    assert any(f"was brought from {LAST_FORM} to form {HEAD}" in each.stdout for each in done)
    async with engine.connect() as connection:
        forms = await connection.scalars(text("select form from made_by"))
        assert list(forms) == [HEAD]
    await engine.dispose()


# --- from a newer version -------------------------------------------------------------------------


async def test_a_newer_journal_is_left_alone(address: str | None, tmp_path: Path) -> None:
    """Whoever wrote it is named, and no call reads or writes it."""
    newer, database = (Database(folder=tmp_path, url=address) for _ in range(2))
    async with newer.writing() as connection:
        await connection.execute(text("update alembic_version set version_num = '9999'"))
        await connection.execute(text("insert into made_by (form, docent, at) values ('9999', '9.1.0', 0)"))
    await newer.close()
    try:
        for _ in range(2):
            with pytest.raises(Newer, match=r"written by Docent 9\.1\.0 \(form 9999, this one knows 0"):
                await database.check()
    finally:
        await database.close()
    engine = engine_of(address, tmp_path)
    async with engine.connect() as connection:
        assert await connection.scalar(text("select version_num from alembic_version")) == "9999"
    await engine.dispose()


async def test_a_process_stops_when_a_newer_one_comes(address: str | None, tmp_path: Path) -> None:
    """Until then it goes on."""
    database, newer = (Database(folder=tmp_path, url=address) for _ in range(2))
    stopped = asyncio.Event()
    await database.migrate()
    watch = asyncio.create_task(stop_for_newer(database, stopped.set, every=0.01))
    try:
        for _ in range(5):
            await database.check()
        assert not stopped.is_set()
        async with newer.writing() as connection:
            await connection.execute(text("update alembic_version set version_num = '9999'"))
        async with asyncio.timeout(30 * patience()):
            await stopped.wait()
        await watch
    finally:
        watch.cancel()
        await database.close()
        await newer.close()


@pytest.fixture
def newer_journal(tmp_path: Path) -> Iterator[CommandLine]:
    """A Docent with an index, whose journal a newer one has migrated."""
    docent = CommandLine(tmp_path)
    docent.write({"leave.md": "# Annual leave\n\nEverybody gets 27 days of annual leave.\n"})
    assert docent("index").returncode == 0
    change(tmp_path / ".docent/journal.db", "update alembic_version set version_num = '9999'")
    before = contents(tmp_path / ".docent/journal.db")
    yield docent
    assert contents(tmp_path / ".docent/journal.db") == before


@pytest.mark.slow
@pytest.mark.parametrize(
    "words", [("ask", QUESTION), ("index",), ("migrate",), ("indexer",), ("backup", "kept")]
)
def test_an_older_docent_stops(newer_journal: CommandLine, words: tuple[str, ...]) -> None:
    """It says in one sentence that a newer one was there, and what to do; its exit code is 2."""
    done = newer_journal.process(*words)
    assert done.returncode == 2, done.stderr
    assert "was written by a newer Docent (form 9999, this one knows" in done.stderr
    assert "Start that one, or restore a backup from before the upgrade." in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("change_of", ["pragma user_version = 99", "update builds set analysis = 99"])
def test_a_newer_index_is_left_alone(tmp_path: Path, change_of: str) -> None:
    """A service doesn't start on it; whoever wants may make it anew."""
    docent = CommandLine(tmp_path)
    docent.write({"leave.md": "# Annual leave\n\nEverybody gets 27 days of annual leave.\n"})
    docent("index")
    change(tmp_path / ".docent/index.db", change_of)
    before = contents(tmp_path / ".docent/index.db", "select * from chunks_1")
    started = docent.process("indexer")
    assert started.returncode == 2, started.stderr
    assert "newer Docent" in started.stderr
    assert "docent index --rebuild" in started.stderr
    asked, synced = docent("ask", QUESTION), docent("index")
    assert "27 days" not in asked.stdout
    assert (asked.returncode, synced.returncode) == (1, 1)
    assert contents(tmp_path / ".docent/index.db", "select * from chunks_1") == before
    assert docent("index", "--rebuild").returncode == 0
    assert "27 days" in docent("ask", QUESTION).stdout


def change(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(statement)
    connection.close()


def contents(path: Path, *queries: str) -> list[object]:
    """What the file holds, and the forms that it says it has."""
    connection = sqlite3.connect(path)
    names = [row[0] for row in connection.execute("select name from sqlite_schema where sql is not null")]
    plain = [*queries] or [f"select * from {name}" for name in names if name in KEPT]  # noqa: S608 - our own names
    found: list[object] = [connection.execute("pragma user_version").fetchall()]
    found += [connection.execute(query).fetchall() for query in plain]
    connection.close()
    return found


KEPT = ("alembic_version", "questions", "runs", "usage", "made_by", "leases")
