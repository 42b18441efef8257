"""Look back at what was asked: questions with their feedback, and those that the docs don't answer."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, true, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.journal import DAY, codec
from bot.journal.database import Database
from bot.journal.nouns import audience_of, feedback_of, moment, recorded
from bot.journal.tables import claims, feedback, now, questions
from bot.model import Outcome
from bot.ports import Feedback, Gap, Judged, QuestionFilter, Recorded, Rights

_DISMISSED = "gap dismissed "
_ID = 8


class SqlLookback:
    """Implements ports.Lookback."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def questions(self, wanted: QuestionFilter) -> list[Judged]:
        c = questions.c
        which = [c.asked_at > now() - wanted.days * DAY]
        if wanted.outcome is not None:
            which.append(c.outcome == str(wanted.outcome))
        if wanted.bad:
            which.append(c.id.in_(select(feedback.c.answer_id).where(feedback.c.verdict == "down")))
        if wanted.person is not None:
            which.append(c.person == wanted.person.id)
            which.append(c.platform == wanted.person.platform if wanted.person.platform else true())
        if wanted.rights is not None:
            which.append(await self._covered(wanted.rights))
        found = select(questions).where(*which).order_by(c.asked_at.desc(), c.id).limit(wanted.limit)
        return await self._with_feedback(found)

    async def judged(self, *, limit: int = 1000) -> list[Judged]:
        some = select(feedback.c.answer_id)
        wanted = select(questions).where(questions.c.id.in_(some)).order_by(questions.c.asked_at.desc())
        return await self._with_feedback(wanted.limit(limit))

    async def gaps(self, *, limit: int = 20, rights: Rights | None = None) -> list[Gap]:
        c = questions.c
        unanswered = await self._unanswered(rights)
        times, last = func.count().label("times"), func.max(c.asked_at).label("last")
        groups = select(c.wording, times, last).where(unanswered).group_by(c.wording)
        groups = groups.order_by(times.desc(), last.desc())
        async with self._database.reading() as connection:
            dismissed = await self._dismissed(connection, rights)
            rows = (await connection.execute(groups.limit(limit + len(dismissed)))).all()
            found = [row for row in rows if _gap_id(row.wording) not in dismissed][:limit]
            wordings = [row.wording for row in found]
            texts = await self._usual_texts(connection, unanswered, wordings)
            audiences = await self._last_audiences(connection, unanswered, wordings)
        return [
            Gap(
                texts[row.wording],
                row.times,
                moment(row.last),
                _gap_id(row.wording),
                audience_of(audiences[row.wording]),
            )
            for row in found
        ]

    async def dismiss(self, gap_id: str, *, rights: Rights | None = None) -> bool:
        wanted = select(questions.c.wording).where(await self._unanswered(rights)).distinct()
        keys = [_DISMISSED + gap_id + tenant for tenant in _tenants(rights)]
        rows = self._database.insert(claims).values([{"key": key, "at": now()} for key in keys])
        async with self._database.writing() as connection:
            if not any(_gap_id(wording) == gap_id for wording in await connection.scalars(wanted)):
                return False
            await connection.execute(rows.on_conflict_do_nothing(index_elements=["key"]))
        return True

    async def solve(self, gap: Gap) -> None:
        c = questions.c
        same = and_(
            c.outcome == str(Outcome.NOT_FOUND),
            c.wording == codec.wording(gap.question),
            c.audience == codec.audience_text(gap.audience),
        )
        async with self._database.writing() as connection:
            await connection.execute(update(questions).where(same).values(wording=""))

    async def _dismissed(self, connection: AsyncConnection, rights: Rights | None) -> set[str]:
        """Return the ids of gaps that were dismissed for the whole instance, or for all of these tenants."""
        like = claims.c.key.startswith(_DISMISSED, autoescape=True)
        keys = [
            key.removeprefix(_DISMISSED) for key in await connection.scalars(select(claims.c.key).where(like))
        ]
        by_all = {key for key in keys if len(key) == _ID}
        theirs = [{key[:_ID] for key in keys if key[_ID:] == tenant} for tenant in _tenants(rights)]
        return by_all | set.intersection(*theirs)

    async def _with_feedback(self, wanted: Select[Any]) -> list[Judged]:
        async with self._database.reading() as connection:
            found: list[Recorded] = [recorded(row) for row in await connection.execute(wanted)]
            said: dict[str, list[Feedback]] = {each.asked.id: [] for each in found}
            mine = select(feedback).where(feedback.c.answer_id.in_(said)).order_by(feedback.c.at)
            for row in await connection.execute(mine):
                said[row.answer_id].append(feedback_of(row))
        return [Judged(each, tuple(said[each.asked.id])) for each in found]

    async def _unanswered(self, rights: Rights | None) -> ColumnElement[bool]:
        """Match the questions that make gaps and are theirs to read."""
        c = questions.c
        unanswered = and_(c.outcome == str(Outcome.NOT_FOUND), c.wording != "")
        return unanswered if rights is None else and_(unanswered, await self._covered(rights))

    async def _covered(self, rights: Rights) -> ColumnElement[bool]:
        """Match the questions that are theirs to read: there are few different audiences, so each is looked at."""
        c = questions.c
        async with self._database.reading() as connection:
            kept = list(await connection.scalars(select(c.audience).distinct()))
        readable = [
            one for one in kept if (words := audience_of(one)) is not None and words <= rights.audience
        ]
        if rights.tenants is None:
            return or_(c.audience.in_(readable), c.audience.is_(None))
        return and_(c.audience.in_(readable), c.tenant.in_(sorted(rights.tenants)))

    async def _usual_texts(
        self, connection: AsyncConnection, among: ColumnElement[bool], wordings: list[str]
    ) -> Mapping[str, str]:
        c = questions.c
        times = func.count().label("times")
        wanted = select(c.wording, c.text).where(among, c.wording.in_(wordings)).group_by(c.wording, c.text)
        rows = await connection.execute(wanted.order_by(times, c.text.desc()))
        return {row.wording: row.text for row in rows}

    async def _last_audiences(
        self, connection: AsyncConnection, among: ColumnElement[bool], wordings: list[str]
    ) -> Mapping[str, str | None]:
        c = questions.c
        last = func.max(c.asked_at)
        wanted = select(c.wording, c.audience).where(among, c.wording.in_(wordings))
        rows = await connection.execute(wanted.group_by(c.wording, c.audience).order_by(last))
        return {row.wording: row.audience for row in rows}


def _tenants(rights: Rights | None) -> list[str]:
    """Name whose list it is: "" is the whole instance's."""
    return [""] if rights is None or rights.tenants is None else sorted(rights.tenants) or [" nobody"]


def _gap_id(wording: str) -> str:
    return sha256(wording.encode()).hexdigest()[:_ID]
