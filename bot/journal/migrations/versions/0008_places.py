"""Where questions were asked, in columns: it was JSON within JSON, searched by its text."""

import json
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_AT_ONCE = 1000

_questions = sa.table(
    "questions",
    sa.column("id"),
    sa.column("platform"),
    sa.column("place"),
    sa.column("thread"),
    sa.column("direct", sa.Boolean()),
    sa.column("automated", sa.Boolean()),
    sa.column("details", sa.JSON()),
)


def upgrade() -> None:
    op.add_column("questions", sa.Column("thread", sa.String(200), nullable=False, server_default=""))
    op.add_column("questions", sa.Column("direct", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column(
        "questions", sa.Column("automated", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.add_column("questions", sa.Column("details", sa.JSON(), nullable=False, server_default="{}"))
    _convert(op.get_bind())
    op.create_index("questions_thread", "questions", ["platform", "thread"])
    op.drop_column("questions", "place")


def _convert(connection: sa.Connection) -> None:
    last = ""
    while rows := connection.execute(_after(last)).all():
        for row in rows:
            if (found := _place(row.platform, row.place)) is not None:
                connection.execute(sa.update(_questions).where(_questions.c.id == row.id).values(found))
        last = rows[-1].id


def _after(last: str) -> "sa.Select[Any]":
    wanted = sa.select(_questions.c.id, _questions.c.platform, _questions.c.place)
    return wanted.where(_questions.c.id > last).order_by(_questions.c.id).limit(_AT_ONCE)


def _place(platform: str, place: str) -> dict[str, Any] | None:
    """The columns; None where the place says nothing, as of questions at the command line."""
    try:
        saved = json.loads(place)
        address = json.loads(saved["place"])
        thread = _thread(platform, address)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    kept: dict[str, Any] = {"address": address, "files": saved.get("files") or []}
    if platform == "discord":
        kept["before"] = saved.get("before") or 0
    else:
        kept["history"] = saved.get("thread")
    return {
        "thread": thread,
        "direct": bool(saved.get("direct")),
        "automated": bool(address.get("automated")),
        "details": kept,
    }


def _thread(platform: str, address: dict[str, Any]) -> str:
    if platform == "discord":
        in_place = address.get("answer_in", "place") == "place" or not address.get("message")
        return str(address["channel"] if in_place else address["message"])
    return f"{address['channel']}/{address['thread_ts']}" if address.get("thread_ts") else ""
