"""Keep questions, answers and feedback in the journal's database. What looks back at many is in lookback.py."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Select, and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.journal import DAY, codec
from bot.journal.database import Database
from bot.journal.nouns import feedback_of, place_of, recorded
from bot.journal.records.spending import add_usage
from bot.journal.running.liveness import heard_within, left_by_others
from bot.journal.tables import claims, feedback, now, questions, runs, usage, workers
from bot.model import Answer, Outcome, Usage
from bot.ports import Asked, Feedback, Place, Recorded, Scope, SpendingTotals

_ENDED = ("done", "failed", "cancelled")


class SqlJournal:
    """Implements ports.Journal. Without `keep_texts` it leaves out what people asked, and what repeats it.

    Such a question can't be answered by a process that adopts it, makes no gap, and `why` shows its scores
    but not its queries. The answer's text stays: it is made of the docs.
    """

    def __init__(self, database: Database, *, keep_texts: bool = True) -> None:
        self._database = database
        self._keep_texts = keep_texts

    # --- one question -----------------------------------------------------------------------------

    async def accept(self, asked: Asked, *, worker: str, within: float = 60.0) -> int:
        row = self._database.insert(questions).values(
            **codec.question_values(asked, keep_texts=self._keep_texts),
            asked_at=now(),
            worker=worker,
            degraded=False,
        )
        async with self._database.writing() as connection:
            await self._database.in_turn(connection, f"{asked.platform}:{asked.person}")
            done = await connection.execute(row.on_conflict_do_nothing(index_elements=["key"]))
            return (
                await self._asked_by(connection, asked.platform, asked.person, within) if done.rowcount else 0
            )

    async def set_reply(self, question_id: str, reply: str) -> None:
        await self._update(question_id, reply=reply)

    async def finish(
        self, question_id: str, answer: Answer, *, seconds: float, scope: Scope | None = None
    ) -> None:
        values = codec.answer_values(answer, seconds, scope, keep_texts=self._keep_texts)
        async with self._database.writing() as connection:
            await connection.execute(update(questions).where(questions.c.id == question_id).values(values))
            await add_usage(self._database, connection, answer.usage)

    async def recorded(self, question_id: str) -> Recorded | None:
        return await self._one(select(questions).where(questions.c.id == question_id))

    async def recorded_by_key(self, key: str, *, further: str = "") -> Recorded | None:
        c, begin = questions.c, key + further
        same = c.key == key
        if further:  # a range, which the index of keys finds
            same = or_(same, and_(c.key >= begin, c.key < begin[:-1] + chr(ord(begin[-1]) + 1)))
        return await self._one(select(questions).where(same).order_by(c.asked_at.desc()).limit(1))

    async def recorded_by_reply(self, platform: str, reply: str) -> Recorded | None:
        same = and_(questions.c.platform == platform, questions.c.reply == reply)
        return await self._one(select(questions).where(same).order_by(questions.c.asked_at.desc()).limit(1))

    async def asked_by(self, platform: str, person: str, *, within: float) -> int:
        async with self._database.reading() as connection:
            return await self._asked_by(connection, platform, person, within)

    async def _asked_by(self, connection: AsyncConnection, platform: str, person: str, within: float) -> int:
        c = questions.c
        same = and_(c.platform == platform, c.person == person, heard_within(c.asked_at, within))
        return await connection.scalar(select(func.count()).where(same)) or 0

    async def places(
        self, platform: str, *, thread: str | None = None, direct: bool | None = None, limit: int
    ) -> list[Place]:
        c = questions.c
        wanted = select(questions).where(c.platform == platform)
        if thread is not None:
            wanted = wanted.where(c.thread == thread)
        if direct is not None:
            wanted = wanted.where(c.direct.is_(direct))
        async with self._database.reading() as connection:
            rows = await connection.execute(wanted.order_by(c.asked_at.desc()).limit(limit))
            return [place_of(row) for row in rows]

    # --- whose questions --------------------------------------------------------------------------

    async def beat(self, worker: str) -> None:
        async with self._database.writing() as connection:
            await self._beat(connection, worker)

    async def adopt(
        self,
        platform: str,
        *,
        worker: str,
        silent_for: float,
        died: Callable[[str], bool] = lambda _: False,
    ) -> list[Recorded]:
        c = questions.c
        open_ = and_(c.platform == platform, c.outcome.is_(None))
        async with self._database.writing(alone=True) as connection:
            await self._beat(connection, worker)
            names = await connection.scalars(select(c.worker).where(open_, c.worker != worker).distinct())
            dead = [name for name in names if died(name)]
            left = left_by_others(c.worker, worker, silent_for=silent_for, dead=dead)
            lost = and_(open_, or_(c.worker.is_(None), left))
            taken = await connection.execute(
                update(questions).where(lost).values(worker=worker).returning(*questions.c)
            )
            return sorted((recorded(row) for row in taken), key=lambda each: each.asked_at)

    async def give_back(self, worker: str) -> None:
        c = questions.c
        mine = and_(c.worker == worker, c.outcome.is_(None))
        async with self._database.writing() as connection:
            await connection.execute(update(questions).where(mine).values(worker=None))
            await connection.execute(delete(workers).where(workers.c.name == worker))

    # --- what people think of the answers ---------------------------------------------------------

    async def give_feedback(self, given: Feedback) -> None:
        said = {
            "verdict": given.verdict,
            "complaint": given.complaint,
            "comment": codec.storable(given.comment),
            "at": now(),
            "tenant": given.tenant or None,
        }
        row = self._database.insert(feedback).values(answer_id=given.answer_id, person=given.person, **said)
        row = row.on_conflict_do_update(index_elements=["answer_id", "person"], set_=said)
        async with self._database.writing() as connection:
            await connection.execute(row)

    async def feedback(self, answer_id: str) -> list[Feedback]:
        wanted = select(feedback).where(feedback.c.answer_id == answer_id).order_by(feedback.c.at)
        async with self._database.reading() as connection:
            return [feedback_of(row) for row in await connection.execute(wanted)]

    async def claim(self, key: str) -> bool:
        row = self._database.insert(claims).values(key=key, at=now())
        async with self._database.writing() as connection:
            done = await connection.execute(row.on_conflict_do_nothing(index_elements=["key"]))
        return done.rowcount > 0

    async def claimed(self, key: str) -> bool:
        async with self._database.reading() as connection:
            return bool(
                await connection.scalar(select(func.count()).select_from(claims).where(claims.c.key == key))
            )

    async def release(self, key: str) -> None:
        async with self._database.writing() as connection:
            await connection.execute(delete(claims).where(claims.c.key == key))

    # --- all of them ------------------------------------------------------------------------------

    async def tally(self, *, days: int = 7) -> SpendingTotals:
        c = questions.c
        recent = c.asked_at > now() - days * DAY
        async with self._database.reading() as connection:
            outcomes = await connection.execute(
                select(c.outcome, func.count()).where(recent).group_by(c.outcome)
            )
            counts = {row[0]: row[1] for row in outcomes}
            degraded = await connection.scalar(select(func.count()).where(recent, c.degraded)) or 0
            seconds = sorted(
                await connection.scalars(select(c.seconds).where(recent, c.seconds.is_not(None)))
            )
        return SpendingTotals(
            outcomes={outcome: counts.get(str(outcome), 0) for outcome in Outcome},
            unfinished=counts.get(None, 0),
            degraded=degraded,
            seconds_p50=_at(seconds, 0.5),
            seconds_p95=_at(seconds, 0.95),
        )

    async def spend(self, spent: Sequence[Usage]) -> None:
        async with self._database.writing() as connection:
            await add_usage(self._database, connection, spent)

    async def spent(self, *, days: int = 30) -> list[Usage]:
        u = usage.c
        recent = u.day * DAY > now() - days * DAY
        sums = [func.sum(column) for column in (u.calls, u.texts, u.input_tokens, u.output_tokens)]
        wanted = select(u.model, *sums).where(recent).group_by(u.model).order_by(u.model)
        async with self._database.reading() as connection:
            return [
                Usage(row[0], *(int(each) for each in row[1:])) for row in await connection.execute(wanted)
            ]

    async def purge(self, *, older_than_days: int) -> int:
        before = now() - older_than_days * DAY
        async with self._database.writing() as connection:
            gone = await connection.execute(delete(questions).where(questions.c.asked_at < before))
            await connection.execute(delete(feedback).where(feedback.c.at < before))
            await connection.execute(delete(claims).where(claims.c.at < before))
            old_runs = and_(runs.c.requested_at < before, runs.c.state.in_(_ENDED))
            await connection.execute(delete(runs).where(old_runs))
            await connection.execute(delete(workers).where(workers.c.seen_at < now() - DAY))
        await self._database.shrink()
        return gone.rowcount

    # --- within -----------------------------------------------------------------------------------

    async def _update(self, question_id: str, **values: object) -> None:
        async with self._database.writing() as connection:
            await connection.execute(update(questions).where(questions.c.id == question_id).values(values))

    async def _one(self, wanted: Select[Any]) -> Recorded | None:
        async with self._database.reading() as connection:
            row = (await connection.execute(wanted)).first()
        return None if row is None else recorded(row)

    async def _beat(self, connection: AsyncConnection, worker: str) -> None:
        seen = self._database.insert(workers).values(name=worker, seen_at=now())
        seen = seen.on_conflict_do_update(index_elements=["name"], set_={"seen_at": now()})
        await connection.execute(seen)


def _at(ordered: Sequence[float | None], share: float) -> float | None:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None
