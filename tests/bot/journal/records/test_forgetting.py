"""Taking a person out of the journal."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

from bot.journal.database import Database
from bot.journal.records.forgetting import SqlForgetting
from bot.journal.records.lessons import SqlLessons
from bot.journal.records.questions import SqlJournal
from bot.journal.records.retention import forget_old, keep_forgetting
from bot.journal.running.runs import SqlRuns
from bot.model import Answer, Outcome, Question
from bot.ports import Asked, Feedback, Forgotten, Lesson, Place, Scope, Someone, SyncRequest, Unavailable
from tests.bot.journal.test_journal import age, server  # noqa: F401 - a fixture
from tests.support.command_line import CommandLine

_EVERYONE = frozenset({"everyone"})
_DAY = datetime(2026, 5, 3, tzinfo=UTC)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
async def database(request: pytest.FixtureRequest, data: Path) -> AsyncIterator[Database]:
    url = None
    if request.param == "postgresql":
        made = make_url(request.getfixturevalue("server"))
        engine = create_async_engine(made.set(drivername="postgresql+asyncpg"))
        async with engine.begin() as connection:
            await connection.execute(text("drop schema public cascade"))
            await connection.execute(text("create schema public"))
        await engine.dispose()
        url = made.render_as_string(hide_password=False)
    opened = Database(folder=data, url=url)
    yield opened
    await opened.close()


async def _asked(
    journal: SqlJournal, name: str, person: str, platform: str = "slack", **answer: object
) -> None:
    question = Question(f"What did {name} ask?", _EVERYONE)
    asked = Asked(
        name, f"{platform}:{name}", platform, Place(details={"address": {"user": person}}), person, question
    )
    await journal.accept(asked, worker="w")
    made = Answer(name, Outcome.ANSWERED, **{"text": "It is.", **answer})
    await journal.finish(name, made, seconds=1.0, scope=Scope(f"{platform}:T1", _EVERYONE))


async def _filled(database: Database) -> tuple[SqlJournal, SqlLessons, SqlRuns]:
    """Dana has asked on two platforms, judged, saved and asked for a reindex; Erik has as well."""
    journal, lessons, runs = SqlJournal(database), SqlLessons(database), SqlRuns(database)
    await _asked(journal, "secret-of-dana", "U1")
    await _asked(journal, "in-discord", "77", "discord")
    await _asked(
        journal, "of-erik", "U2", text="It is.\n\n*Verified by Dana W. on 3 May 2026.*", verified="l1"
    )
    await _asked(journal, "another-u1", "U1", "discord")
    for answer, person, tenant in (
        ("of-erik", "U1", "slack:T1"),
        ("of-erik", "U2", "slack:T1"),
        ("secret-of-dana", "U2", "slack:T1"),
        ("another-u1", "U1", "discord:9"),
    ):
        await journal.give_feedback(Feedback(answer, person, "up", tenant=tenant))
    await journal.claim("share secret-of-dana C1")
    await journal.claim("human of-erik")
    for name, kind, by, person in (
        ("l1", "verified", "Dana W.", "slack:U1"),
        ("l2", "example", "Dana", ""),
        ("l3", "example", "Erik", "slack:U2"),
    ):
        await lessons.add(Lesson(name, kind, "accepted", "Q", "A", by, _DAY, person=person))
    await runs.request(SyncRequest("docs", asked_by="slack:U1"))
    await runs.request(SyncRequest("wiki", asked_by="slack:U2"))
    return journal, lessons, runs


async def test_a_person_is_forgotten_and_nobody_else(database: Database) -> None:
    """Questions with their answers and feedback go, names and ids beside what stays; others' stay."""
    journal, lessons, runs = await _filled(database)
    gone = await SqlForgetting(database).forget([Someone("slack", "U1"), Someone("discord", "77")], ["Dana"])
    assert gone == Forgotten(questions=2, feedback=1, runs=1, lessons=2, names=("Dana", "Dana W."))
    assert await journal.recorded("secret-of-dana") is None
    assert await journal.recorded("in-discord") is None
    assert await journal.feedback("secret-of-dana") == []
    assert [given.person for given in await journal.feedback("of-erik")] == ["U2"]
    assert [given.person for given in await journal.feedback("another-u1")] == ["U1"]
    kept = await journal.recorded("of-erik")
    assert kept is not None
    assert kept.answer is not None
    assert kept.answer.text == "It is.\n\n*Verified by an admin on 3 May 2026.*"
    assert [(one.by, one.person) for one in await lessons.lessons()] == [
        ("an admin", ""),
        ("an admin", ""),
        ("Erik", "slack:U2"),
    ]
    assert sorted(run.request.asked_by for run in await runs.latest()) == ["", "slack:U2"]
    assert await journal.claim("share secret-of-dana C1")
    assert not await journal.claim("human of-erik")


async def test_an_id_alone_is_looked_for_everywhere(database: Database) -> None:
    """Without a platform the same id is forgotten on each."""
    journal, _, _ = await _filled(database)
    gone = await SqlForgetting(database).forget([Someone("", "U1")])
    assert (gone.questions, gone.feedback, gone.runs, gone.lessons) == (2, 2, 1, 1)
    assert await journal.recorded("another-u1") is None


async def test_who_was_never_there_changes_nothing(database: Database) -> None:
    """Somebody whom the journal doesn't know takes nothing along."""
    await _filled(database)
    assert await SqlForgetting(database).forget([Someone("slack", "U9")], ["Nobody"]) == Forgotten(
        names=("Nobody",)
    )


async def test_the_file_keeps_no_trace(data: Path) -> None:
    """What was forgotten is in no byte of the journal's files, before anybody closes them."""
    database = Database(folder=data)
    await _filled(database)
    gone = await SqlForgetting(database).forget([Someone("slack", "U1"), Someone("", "77")], ["Dana"])
    assert gone.questions == 2
    held = b"".join(path.read_bytes() for path in data.glob("journal.db*"))
    await database.close()
    assert b"What did of-erik ask?" in held
    for trace in (b"secret-of-dana", b"in-discord", b"Dana"):
        assert trace not in held


def test_the_command_says_what_it_removed(tmp_path: Path) -> None:
    """`docent forget` removes somebody from the journal and from the guide's examples, and tells how much."""
    docent = CommandLine(tmp_path)
    docent.config.write_text(docent.config.read_text() + "style: ./style\n")
    examples = tmp_path / "style" / "examples"
    examples.mkdir(parents=True)
    (tmp_path / "style" / "guide.yaml").write_text("voice: [Be brief.]\n")
    signed = "question: Q\nanswer: A\nsaved_by: Dana\nsaved_on: 2026-05-03\n"
    (examples / "hers.yaml").write_text(signed)
    (examples / "his.yaml").write_text(signed.replace("Dana", "Erik"))

    async def fill() -> None:
        database = Database(folder=tmp_path / ".docent")
        await _filled(database)
        await database.close()

    import asyncio  # noqa: PLC0415 - the command runs a loop of its own

    asyncio.run(fill())
    done = docent("forget", "slack:U1", "77", "--name", "Dana")
    assert done.stderr == ""
    assert "Removed: 2 questions, 1 piece of feedback." in done.stdout
    assert "2 saved answers: kept without their name" in done.stdout
    assert (examples / "hers.yaml").read_text() == "question: Q\nanswer: A\nsaved_on: 2026-05-03\n"
    assert "saved_by: Erik" in (examples / "his.yaml").read_text()
    assert "Nothing of them was there." in docent("forget", "slack:U1").stdout
    assert docent("forget", "teams:U1").returncode == 2


# --- what is forgotten by itself ------------------------------------------------------------------


async def test_the_old_is_forgotten_at_the_start_and_once_a_day(database: Database) -> None:
    """What is older than `keep_days` goes when a service starts, and from then on daily."""
    journal, _, _ = await _filled(database)
    await age(database, "questions", "asked_at", 8 * 86400)
    pauses: list[float] = []

    class Stopped(Exception):
        """The test has seen enough."""

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        assert await journal.recorded("of-erik") is None
        if len(pauses) == 3:
            raise Stopped
        await _asked(journal, "of-erik", "U2")
        await age(database, "questions", "asked_at", 8 * 86400)

    with pytest.raises(Stopped):
        await keep_forgetting(journal, 7, pause=pause)
    assert pauses == [86400.0, 86400.0, 86400.0]


async def test_a_journal_that_is_down_keeps_nobody_from_starting() -> None:
    """That the old can't be forgotten now is only told."""

    class Down:
        async def purge(self, *, older_than_days: int) -> int:
            raise Unavailable("journal", "it is down.")

    await forget_old(Down(), 7)  # type: ignore[arg-type] # the only call that it makes
