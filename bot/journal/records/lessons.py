"""What admins saved in chat, in the journal's database."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, select, update

from bot.journal import codec
from bot.journal.database import Database
from bot.journal.tables import lessons
from bot.ports import Lesson, LessonKind, LessonState


class SqlLessons:
    """Implements ports.Lessons."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, lesson: Lesson) -> None:
        row = self._database.insert(lessons).values(id=lesson.id, **_values(lesson))
        async with self._database.writing() as connection:
            await connection.execute(row)

    async def lesson(self, lesson_id: str) -> Lesson | None:
        async with self._database.reading() as connection:
            row = (await connection.execute(select(lessons).where(lessons.c.id == lesson_id))).first()
        return None if row is None else _lesson(row)

    async def lessons(
        self, *, kind: LessonKind | None = None, states: Sequence[LessonState] = ()
    ) -> list[Lesson]:
        wanted = select(lessons).order_by(lessons.c.saved_at, lessons.c.id)
        if kind:
            wanted = wanted.where(lessons.c.kind == kind)
        if states:
            wanted = wanted.where(lessons.c.state.in_(states))
        async with self._database.reading() as connection:
            return [_lesson(row) for row in await connection.execute(wanted)]

    async def change(self, lesson: Lesson, *, was: LessonState) -> bool:
        same = (lessons.c.id == lesson.id) & (lessons.c.state == was)
        async with self._database.writing() as connection:
            done = await connection.execute(update(lessons).where(same).values(_values(lesson)))
        return done.rowcount > 0


def _values(lesson: Lesson) -> dict[str, Any]:
    kept = replace(lesson, question=codec.storable(lesson.question), answer=codec.storable(lesson.answer))
    return {
        "kind": lesson.kind,
        "state": lesson.state,
        "saved_at": lesson.saved_at.timestamp(),
        "lesson": codec.dumped(kept),
    }


def _lesson(row: Row[Any]) -> Lesson:
    return replace(codec.loaded(Lesson, row.lesson), state=row.state)
