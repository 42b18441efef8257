"""A journal's rows go into a backup and come back, a PostgreSQL's, too, and at one moment of it."""

import json
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import text

from bot.journal.database import Database
from bot.journal.forms import rows
from bot.journal.records.questions import SqlJournal
from bot.journal.running.runs import SqlRuns
from bot.ports import Feedback, Rejected, SyncRequest
from tests.bot.journal.test_journal import (
    address,
    answer,
    asked,
    database,
    journal,
    open_database,
    runs,
    server,
)

__all__ = ["address", "database", "journal", "open_database", "runs", "server"]


async def saved(database: Database, path: Path) -> list[str]:
    async with database.reading(seconds=60) as connection:
        await rows.save(connection, path)
    return sorted(path.read_text().splitlines())


async def load(database: Database, path: Path, *, replace: bool = False) -> None:
    async with database.writing(alone=True, seconds=60) as connection:
        await rows.load(connection, path, "the database", replace=replace)


async def fill(journal: SqlJournal, runs: SqlRuns, count: int) -> None:
    for n in range(count):
        await journal.accept(asked(str(n), f"Wie viele Tage? 🎉 {n}"), worker="a")
    await journal.finish("id0", answer(name="0"), seconds=1.25)
    await journal.give_feedback(Feedback("id0", "U1", "bad", "wrong", "25, not 30"))
    await journal.claim("once")
    await runs.request(SyncRequest("handbook"))


@pytest.mark.slow
async def test_there_and_back(database: Database, journal: SqlJournal, runs: SqlRuns, tmp_path: Path) -> None:
    """Every row comes back as it was, in place of what there is by then."""
    await fill(journal, runs, 1_100)
    before = await saved(database, tmp_path / "one")
    assert len(before) > 1_100
    assert stat.S_IMODE((tmp_path / "one").stat().st_mode) == 0o600
    await journal.accept(asked("late"), worker="a")
    with pytest.raises(Rejected, match="the database holds a journal already"):
        await load(database, tmp_path / "one")
    assert await journal.recorded("idlate") is not None
    await load(database, tmp_path / "one", replace=True)
    assert await saved(database, tmp_path / "two") == before
    found = await journal.recorded("id0")
    assert found is not None
    assert found.answer == answer(name="0")
    assert await journal.recorded("idlate") is None


async def test_from_one_database_to_another(
    database: Database, journal: SqlJournal, runs: SqlRuns, tmp_path: Path
) -> None:
    """Rows of either kind of database go into an SQLite file as well."""
    await fill(journal, runs, 3)
    before = await saved(database, tmp_path / "one")
    other = Database(folder=tmp_path / "other")
    await load(other, tmp_path / "one")
    assert await saved(other, tmp_path / "two") == before
    await other.close()


async def test_of_one_moment(
    database: Database,
    journal: SqlJournal,
    open_database: Callable[[], Database],
    tmp_path: Path,
) -> None:
    """What is asked while a backup is made isn't in it by half."""
    await journal.accept(asked("1"), worker="a")
    async with database.reading(seconds=60) as connection:
        await connection.execute(text("select count(*) from questions"))
        later = SqlJournal(open_database())
        await later.accept(asked("2"), worker="a")
        await later.give_feedback(Feedback("id2", "U1", "bad", "wrong", ""))
        await rows.save(connection, tmp_path / "one")
    told = [json.loads(line) for line in (tmp_path / "one").read_text().splitlines()]
    assert [each["row"]["id"] for each in told if each.get("table") == "questions"] == ["id1"]
    assert not any(each.get("table") == "feedback" for each in told)


@pytest.mark.parametrize(
    ("spoil", "word"),
    [
        (lambda lines: [json.dumps({"journal": "9999"}), *lines[1:]], "of form 9999"),
        (lambda lines: [json.dumps({"journal": "0000"}), *lines[1:]], "doesn't say which form"),
        (lambda lines: [*lines[:-1], lines[-1][:20]], "can't be read at line"),
        (lambda _: [], "doesn't say which form"),
    ],
    ids=["of a newer version", "of no version", "cut off", "empty"],
)
async def test_a_backup_that_will_not_do(
    database: Database,
    journal: SqlJournal,
    tmp_path: Path,
    spoil: Callable[[list[str]], list[str]],
    word: str,
) -> None:
    """It is refused with a word, and what there is stays."""
    await journal.accept(asked("1"), worker="a")
    await saved(database, tmp_path / "one")
    lines = (tmp_path / "one").read_text().splitlines()
    (tmp_path / "one").write_text("\n".join(spoil(lines)))
    with pytest.raises(Rejected, match=word):
        await load(database, tmp_path / "one", replace=True)
    assert await journal.recorded("id1") is not None


async def test_a_file_does_not_go_into_a_server(database: Database, tmp_path: Path) -> None:
    """A backup of an SQLite journal is refused where the journal is a PostgreSQL."""
    if database.is_sqlite:
        pytest.skip("only for a server")
    with pytest.raises(Rejected, match="SQLite file"):
        await database.restore(tmp_path, {"file": "journal.db"}, replace=True)


async def test_told_to_people(database: Database, journal: SqlJournal, tmp_path: Path) -> None:
    """What was made is said, without a password, and is what a restore takes."""
    await journal.accept(asked("1"), worker="a")
    told = await database.back_up(tmp_path)
    assert str(tmp_path) in told["said"]
    await journal.accept(asked("2"), worker="a")
    await database.restore(tmp_path, told, replace=True)
    assert await journal.recorded("id1") is not None
    assert await journal.recorded("id2") is None
