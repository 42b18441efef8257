"""One answer, kept without SQLAlchemy: the journal can't tell the difference."""

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.journal.database import Database
from bot.journal.records.one_answer import AnswerFile
from bot.model import Answer, Candidate, Citation, Outcome, Passage, Question, Trace, Turn, Usage
from bot.opened_records import LateLessons, Records
from bot.ports import Asked, Lesson, Place, Scope, Unavailable
from tests.support.command_line import CommandLine

SAVED = datetime(2026, 5, 3, tzinfo=UTC)
QUESTION = Question("Is there a \0 crèche?", frozenset({"everyone", "été"}), (Turn("user", "Hello \ud800"),))
PASSAGE = Passage("a.md#0", "h:a.md", "h", 0, "A", "", "", "x" * 400)
FOUND = Answer(
    "q2",
    Outcome.ANSWERED,
    "Yes [1].",
    (Citation(1, "h:a.md", "A", "", "https://h.example/a", "Yes."),),
    usage=(Usage("embedder", 1, 2, 3, 4), Usage("nothing"), Usage("writer", calls=5)),
    trace=Trace(candidates=(Candidate(PASSAGE, 1.0, None, 0.5),), decision="because"),
)
NOT_FOUND = Answer("q2", Outcome.NOT_FOUND, "Nothing.", degraded=("the search",))
SCOPE = Scope("cli", QUESTION.audience)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(folder=tmp_path)
    yield database
    await database.close()


def asked(name: str) -> Asked:
    return Asked(name, f"cli:{name}", "cli", Place(), "", QUESTION)


def rows(folder: Path, table: str) -> list[dict[str, object]]:
    connection = sqlite3.connect(folder / "journal.db")
    connection.row_factory = sqlite3.Row
    found = [dict(row) for row in connection.execute(f"select * from {table}")]  # noqa: S608 - our own word
    connection.close()
    return found


@pytest.mark.parametrize("answer", [FOUND, NOT_FOUND], ids=["answered", "a gap"])
@pytest.mark.parametrize("keep_texts", [True, False], ids=["with texts", "without"])
async def test_same_row(tmp_path: Path, database: Database, answer: Answer, *, keep_texts: bool):
    """Every column is what the whole journal writes."""
    whole = Records(lambda: database, keep_texts=keep_texts)
    await whole.keep(asked("q1"), replace(answer, id="q1"), worker="w", seconds=1.5, scope=SCOPE)
    file = AnswerFile(tmp_path / "journal.db", keep_texts=keep_texts, seconds=1)
    assert file.record(asked("q2"), answer, worker="w", seconds=1.5, scope=SCOPE)
    first, second = rows(tmp_path, "questions")
    own = {"id": "q2", "key": "cli:q2"}
    at = {"asked_at": pytest.approx(first["asked_at"], abs=60)}
    assert second == first | own | at


async def test_same_sums(tmp_path: Path, database: Database):
    """What the models were billed for adds up with what is there."""
    records = Records(lambda: database)
    await records.keep(asked("q1"), FOUND, worker="w", seconds=1, scope=SCOPE)
    AnswerFile(tmp_path / "journal.db", keep_texts=True, seconds=1).record(
        asked("q2"), FOUND, worker="w", seconds=1, scope=SCOPE
    )
    spent = {used.model: used for used in await records.journal.spent()}
    assert spent == {"embedder": Usage("embedder", 2, 4, 6, 8), "writer": Usage("writer", calls=10)}


async def test_no_file_yet(tmp_path: Path, database: Database):
    """Where there is no journal yet the whole one makes it."""
    file = AnswerFile(tmp_path / "journal.db", keep_texts=True, seconds=1)
    assert file.verified() is None
    assert not (tmp_path / "journal.db").exists()
    records = Records(lambda: database, file=file)
    await records.keep(asked("q1"), FOUND, worker="w", seconds=1, scope=SCOPE)
    kept = await records.journal.recorded("q1")
    assert kept is not None
    assert kept.answer is not None
    assert kept.answer.text == "Yes [1]."


async def test_another_version(tmp_path: Path, database: Database):
    """A journal of another version is left alone."""
    await database.check()
    with sqlite3.connect(tmp_path / "journal.db") as connection:
        connection.execute("update alembic_version set version_num = '0001'")
    connection.close()
    file = AnswerFile(tmp_path / "journal.db", keep_texts=True, seconds=1)
    assert not file.record(asked("q1"), FOUND, worker="w", seconds=1, scope=SCOPE)
    assert file.verified() is None
    assert rows(tmp_path, "questions") == []


async def test_locked(tmp_path: Path):
    """A file that stays locked ends as the whole journal's error."""
    database = Database(folder=tmp_path, deadline=0.2)
    await database.check()
    file = AnswerFile(tmp_path / "journal.db", keep_texts=True, seconds=0.01)
    other = sqlite3.connect(tmp_path / "journal.db", isolation_level=None)
    other.execute("begin immediate")
    with pytest.raises(Unavailable, match="locked"):
        await Records(lambda: database, file=file).keep(
            asked("q1"), FOUND, worker="w", seconds=1, scope=SCOPE
        )
    other.close()
    await database.close()


async def test_verified_answers(tmp_path: Path, database: Database):
    """Accepted verified answers come from the file as from the whole journal, the oldest first."""
    whole = Records(lambda: database)
    kinds = [("b", "verified", "accepted"), ("a", "verified", "accepted"), ("c", "verified", "review")]
    for name, kind, state in [*kinds, ("d", "example", "accepted")]:
        await whole.lessons.add(
            Lesson(name, kind, state, "Who?", "Ann.", "U1", SAVED, revisions={"h:a.md": "r1"})
        )
    late = Records(lambda: database, file=AnswerFile(tmp_path / "journal.db", keep_texts=True, seconds=1))
    found = await LateLessons(late).lessons(kind="verified", states=("accepted",))
    assert [lesson.id for lesson in found] == ["a", "b"]
    assert found == await whole.lessons.lessons(kind="verified", states=("accepted",))


@pytest.mark.slow
def test_without_sqlalchemy(tmp_path: Path):
    """A question at the command line imports no SQLAlchemy once there is a journal."""
    docent = CommandLine(tmp_path)
    docent.write({"a.md": "# Leave\n\nLeave is 25 days a year."})
    assert docent("index").returncode == 0
    told = docent.process("ask", "How many days is leave?", env={"PYTHONPROFILEIMPORTTIME": "1"})
    assert "25 days" in told.stdout
    assert "bot.journal.records.one_answer" in told.stderr
    assert "sqlalchemy" not in told.stderr
