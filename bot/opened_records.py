"""Opens the journal's parts at their first use: importing SQLAlchemy takes longer than answering a question."""

import asyncio
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from bot.config.loader import Settings
from bot.journal import FILE
from bot.journal.records.one_answer import AnswerFile
from bot.model import Answer
from bot.ports import (
    Asked,
    Forgetting,
    Journal,
    Leases,
    Lesson,
    LessonKind,
    Lessons,
    LessonState,
    Lookback,
    RunMessages,
    Runs,
    Scope,
)

if TYPE_CHECKING:
    from bot.journal.database import Database

# SQLite gives up waiting for a lock before a call's deadline.
_BUSY = 0.5


def open_records(settings: Settings) -> "Records":
    """Open the journal alone. Raises Rejected for an address that can't be one; whoever opens it closes it."""
    rule = settings.journal
    url = rule.url.get_secret_value() if rule.url else None

    def database() -> "Database":
        from bot.journal.database import Database

        return Database(folder=settings.data, url=url, deadline=rule.deadline)

    file = AnswerFile(settings.data / FILE, keep_texts=rule.questions, seconds=rule.deadline * _BUSY)
    records = Records(database, keep_texts=rule.questions, file=None if url else file)
    if url:
        _ = records.database  # an address that can't be one shows now
    return records


class Records:
    """The journal's parts. `file` is the journal where it is an SQLite file, for what one answer needs of it."""

    def __init__(
        self, database: "Callable[[], Database]", *, keep_texts: bool = True, file: AnswerFile | None = None
    ) -> None:
        self._open = database
        self._keep_texts = keep_texts
        self._file = file

    @cached_property
    def database(self) -> "Database":
        return self._open()

    @cached_property
    def journal(self) -> Journal:
        from bot.journal.records.questions import SqlJournal

        return SqlJournal(self.database, keep_texts=self._keep_texts)

    @cached_property
    def runs(self) -> Runs:
        from bot.journal.running.runs import SqlRuns

        return SqlRuns(self.database)

    @cached_property
    def run_messages(self) -> RunMessages:
        from bot.journal.running.run_messages import SqlRunMessages

        return SqlRunMessages(self.database)

    @cached_property
    def leases(self) -> Leases:
        from bot.journal.running.leases import SqlLeases

        return SqlLeases(self.database)

    @cached_property
    def lessons(self) -> Lessons:
        from bot.journal.records.lessons import SqlLessons

        return SqlLessons(self.database)

    @cached_property
    def lookback(self) -> Lookback:
        from bot.journal.records.lookback import SqlLookback

        return SqlLookback(self.database)

    @cached_property
    def forgetting(self) -> Forgetting:
        from bot.journal.records.forgetting import SqlForgetting

        return SqlForgetting(self.database)

    @property
    def where(self) -> str:
        """The database, named for people."""
        return self.database.where

    async def check(self) -> None:
        """Return if the journal can be written; raise BackendError if not."""
        await self.database.check()

    async def close(self) -> None:
        if "database" in self.__dict__:
            await self.database.close()

    async def keep(self, asked: Asked, answer: Answer, *, worker: str, seconds: float, scope: Scope) -> None:
        """Write down a question that is answered already. Raises BackendError."""
        if self._file is not None and await asyncio.to_thread(
            self._file.record, asked, answer, worker=worker, seconds=seconds, scope=scope
        ):
            return
        await self.journal.accept(asked, worker=worker)
        await self.journal.finish(asked.id, answer, seconds=seconds, scope=scope)

    async def verified(self) -> list[Lesson] | None:
        """Return the accepted verified answers if the file alone tells them, else None."""
        return None if self._file is None else await asyncio.to_thread(self._file.verified)


class LateLessons:
    """Implements ports.Lessons. What each question needs is read from the journal's file, if that can be read so."""

    def __init__(self, records: Records) -> None:
        self._records = records

    async def add(self, lesson: Lesson) -> None:
        await self._records.lessons.add(lesson)

    async def lesson(self, lesson_id: str) -> Lesson | None:
        return await self._records.lessons.lesson(lesson_id)

    async def lessons(
        self, *, kind: LessonKind | None = None, states: Sequence[LessonState] = ()
    ) -> list[Lesson]:
        if kind == "verified" and tuple(states) == ("accepted",):
            found = await self._records.verified()
            if found is not None:
                return found
        return await self._records.lessons.lessons(kind=kind, states=states)

    async def change(self, lesson: Lesson, *, was: LessonState) -> bool:
        return await self._records.lessons.change(lesson, was=was)
