"""Take a person out of the journal: what they asked and judged, their ids, and their name from what they saved."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import ColumnElement, String, and_, cast, delete, or_, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.journal.database import Database
from bot.journal.tables import claims, feedback, lessons, questions, runs
from bot.ports import Forgotten, Someone

NOBODY = "an admin"
_AT_ONCE = 500


class SqlForgetting:
    """Implements ports.Forgetting."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def forget(self, people: Collection[Someone], names: Collection[str] = ()) -> Forgotten:
        """Delete what these people left, in one transaction; SQLite's file keeps no trace of it.

        `names` are how they are called in what they saved. Returns how much there was, and the files that name them.
        """
        async with self._database.writing() as connection:
            saved = await _unsign_lessons(connection, people, set(names))
            asked = await _ids(connection, or_(*(_asker(one) for one in people)))
            judged = await connection.execute(delete(feedback).where(or_(*map(_judge, people))))
            await _drop_questions(connection, asked)
            reindexes = await _unsign_runs(connection, {str(one) for one in people})
        if self._database.is_sqlite:
            async with self._database.alone() as connection:
                await connection.execute(text("pragma wal_checkpoint(truncate)"))
        return Forgotten(len(asked), judged.rowcount, reindexes, *saved)


def _asker(someone: Someone) -> ColumnElement[bool]:
    c = questions.c
    mine = c.person == someone.id
    return and_(c.platform == someone.platform, mine) if someone.platform else mine


def _judge(someone: Someone) -> ColumnElement[bool]:
    """Match feedback, which has a person's id alone and where it was given."""
    c = feedback.c
    mine = c.person == someone.id
    if not someone.platform:
        return mine
    return and_(mine, or_(c.tenant.is_(None), c.tenant.startswith(f"{someone.platform}:")))


async def _ids(connection: AsyncConnection, which: ColumnElement[bool]) -> list[str]:
    return list(await connection.scalars(select(questions.c.id).where(which)))


async def _drop_questions(connection: AsyncConnection, ids: list[str]) -> None:
    """Delete questions with what others said of their answers, and the claims of what was done once about them."""
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        await connection.execute(delete(feedback).where(feedback.c.answer_id.in_(some)))
        about = (claims.c.key.startswith(f"{what} {one}") for one in some for what in ("share", "human"))
        await connection.execute(delete(claims).where(or_(*about)))
        await connection.execute(delete(questions).where(questions.c.id.in_(some)))


async def _unsign_runs(connection: AsyncConnection, people: set[str]) -> int:
    """Keep reindexes, without who asked for them. Returns how many there were."""
    count = 0
    for row in (await connection.execute(select(runs.c.id, runs.c.request))).all():
        by = str(row.request.get("asked_by") or "")
        if by in people or by.partition(":")[2] in people:
            request = {**row.request, "asked_by": ""}
            await connection.execute(update(runs).where(runs.c.id == row.id).values(request=request))
            count += 1
    return count


async def _unsign_lessons(
    connection: AsyncConnection, people: Collection[Someone], names: set[str]
) -> tuple[int, tuple[str, ...], tuple[str, ...]]:
    """Keep what they saved, and answers that repeated it, without their name. Returns how many, files, and their names."""
    ids = {str(one) for one in people}
    count, files = 0, []
    for row in (await connection.execute(select(lessons.c.id, lessons.c.lesson))).all():
        lesson = dict(row.lesson)
        by = str(lesson.get("by") or "")
        person = str(lesson.get("person") or "")
        if ids.isdisjoint({person, person.partition(":")[2]} - {""}) and by not in names:
            continue
        count += 1
        names.add(by)
        if lesson.get("file"):
            files.append(str(lesson["file"]))
        lesson |= {"by": NOBODY, "person": ""}
        await connection.execute(update(lessons).where(lessons.c.id == row.id).values(lesson=lesson))
        await _unsign_answers(connection, row.id, by)
    names.discard(NOBODY)
    return count, tuple(files), tuple(sorted(names))


async def _unsign_answers(connection: AsyncConnection, lesson: str, by: str) -> None:
    """Take the name of who verified it out of answers that were given with it."""
    held = cast(questions.c.answer, String).contains(f'"{lesson}"', autoescape=True)
    for row in (await connection.execute(select(questions.c.id, questions.c.answer).where(held))).all():
        answer: dict[str, Any] = row.answer
        if answer.get("verified") == lesson:
            said = str(answer["text"]).replace(f"Verified by {by} on", f"Verified by {NOBODY} on")
            changed = {**answer, "text": said}
            await connection.execute(update(questions).where(questions.c.id == row.id).values(answer=changed))
