"""Make the ports' nouns of the rows of the journal's tables."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row

from bot.journal import codec
from bot.model import Answer, Progress, Question, SyncReport
from bot.ports import Asked, Feedback, Place, Recorded, Scope, SyncRequest, SyncRun


def recorded(row: Row[Any]) -> Recorded:
    """Make a question of a whole row of `questions`."""
    asked = Asked(
        id=row.id,
        key=row.key,
        platform=row.platform,
        place=place_of(row),
        person=row.person,
        question=codec.loaded(Question, {"text": row.text, **row.question}),
        reply=row.reply,
    )
    answer = None if row.answer is None else replace(codec.loaded(Answer, row.answer), id=row.id)
    scope = Scope(row.tenant or "", audience_of(row.audience))
    return Recorded(asked, moment(row.asked_at), answer, row.reply, row.seconds, scope)


def place_of(row: Row[Any]) -> Place:
    """Make a place of its columns of `questions`."""
    return Place(row.thread, row.direct, row.automated, row.details)


def audience_of(column: str | None) -> frozenset[str] | None:
    """Read an audience from a column that holds it as a JSON list."""
    return None if column is None else frozenset(json.loads(column))


def run_of(row: Row[Any]) -> SyncRun:
    """Make a run of a whole row of `runs`."""
    return SyncRun(
        id=row.id,
        request=codec.loaded(SyncRequest, row.request),
        state=row.state,
        requested_at=moment(row.requested_at),
        started_at=_maybe(row.started_at),
        ended_at=_maybe(row.ended_at),
        progress=None if row.progress is None else codec.loaded(Progress, row.progress),
        reports=tuple(codec.loaded(SyncReport, report) for report in row.reports),
        error=row.error,
        cancel_wanted=row.cancel_wanted,
    )


def feedback_of(row: Row[Any]) -> Feedback:
    """Make a feedback of a whole row of `feedback`."""
    return Feedback(row.answer_id, row.person, row.verdict, row.complaint, row.comment, row.tenant or "")


def moment(seconds: float) -> datetime:
    """Return seconds since 1970 as a time in UTC."""
    return datetime.fromtimestamp(seconds, UTC)


def _maybe(seconds: float | None) -> datetime | None:
    return None if seconds is None else moment(seconds)
