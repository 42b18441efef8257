"""Whose a question, feedback and a lesson are: the workspace or server, and the audience that was answered for."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_AT_ONCE = 1000

_questions = sa.table(
    "questions", sa.column("id"), sa.column("platform"), sa.column("place"), sa.column("tenant")
)
_feedback = sa.table("feedback", sa.column("answer_id"), sa.column("tenant"))
_lessons = sa.table("lessons", sa.column("id"), sa.column("lesson", sa.JSON()))


def upgrade() -> None:
    op.add_column("questions", sa.Column("tenant", sa.String(length=200), nullable=True))
    op.add_column("questions", sa.Column("audience", sa.Text(), nullable=True))
    op.add_column("feedback", sa.Column("tenant", sa.String(length=200), nullable=True))
    op.add_column("failing", sa.Column("for_all", sa.Boolean(), nullable=False, server_default=sa.false()))
    _attribute(op.get_bind())


def _attribute(connection: sa.Connection) -> None:
    """What was asked before this migration says in its place where it came from."""
    last = ""
    while rows := connection.execute(_after(last)).all():
        for row in rows:
            _set(connection, row.id, _tenant(row.platform, row.place))
        last = rows[-1].id
    for row in connection.execute(sa.select(_lessons.c.id, _lessons.c.lesson)).all():
        asked = _questions.c.id == str(row.lesson.get("answer_id") or "")
        tenant = connection.scalar(sa.select(_questions.c.tenant).where(asked))
        if tenant:
            lesson = {**row.lesson, "tenant": tenant}
            connection.execute(sa.update(_lessons).where(_lessons.c.id == row.id).values(lesson=lesson))


def _after(last: str) -> "sa.Select[Any]":
    wanted = sa.select(_questions.c.id, _questions.c.platform, _questions.c.place)
    return wanted.where(_questions.c.id > last).order_by(_questions.c.id).limit(_AT_ONCE)


def _set(connection: sa.Connection, question: str, tenant: str | None) -> None:
    if tenant is None:
        return
    connection.execute(sa.update(_questions).where(_questions.c.id == question).values(tenant=tenant))
    connection.execute(sa.update(_feedback).where(_feedback.c.answer_id == question).values(tenant=tenant))


def _tenant(platform: str, place: str) -> str | None:
    """None where it can't be told: a direct message in Discord, or a place in another form."""
    try:
        where = json.loads(json.loads(place)["place"])
        number = where.get("guild") if platform == "discord" else where.get("team")
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return f"{platform}:{number}" if number else None
