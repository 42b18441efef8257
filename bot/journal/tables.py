"""The tables as they are after all migrations. Times are seconds since 1970 by the database's clock."""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Double,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
)
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from bot.journal import SQLITE_NOW

metadata = MetaData()


class now(FunctionElement[float]):  # noqa: N801 - it is used like SQL's own
    """Says the database's clock in SQL: seconds since 1970, of this moment and not of the transaction's start."""

    type = Double()
    inherit_cache = True


@compiles(now, "sqlite")
def _now_sqlite(_element: now, _compiler: SQLCompiler, **_: object) -> str:
    return SQLITE_NOW


@compiles(now, "postgresql")
def _now_postgresql(_element: now, _compiler: SQLCompiler, **_: object) -> str:
    return "extract(epoch from clock_timestamp())::float8"


# `thread` to `details` are the place's. `worker` None: whoever adopts next may have it. `answer` None: not finished. `wording` groups gaps.
# `tenant` is the workspace or server, `audience` a JSON list in order: whom it was answered for. None: not known.
questions = Table(
    "questions",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("key", String(300), nullable=False),
    Column("platform", String(40), nullable=False),
    Column("thread", String(200), nullable=False, server_default=""),
    Column("direct", Boolean, nullable=False, server_default=false()),
    Column("automated", Boolean, nullable=False, server_default=false()),
    Column("details", JSON, nullable=False, server_default="{}"),
    Column("person", String(200), nullable=False),
    Column("reply", String(600), nullable=False),
    Column("question", JSON, nullable=False),
    Column("text", Text, nullable=False),
    Column("wording", Text, nullable=False),
    Column("asked_at", Double, nullable=False),
    Column("worker", String(200)),
    Column("outcome", String(20)),
    Column("answer", JSON(none_as_null=True)),
    Column("degraded", Boolean, nullable=False, default=False),
    Column("seconds", Double),
    Column("tenant", String(200)),
    Column("audience", Text),
    UniqueConstraint("key", name="questions_key"),
    Index("questions_reply", "platform", "reply"),
    Index("questions_asked_at", "asked_at"),
    Index("questions_person", "platform", "person", "asked_at"),
    Index("questions_outcome", "outcome", "wording"),
    Index("questions_thread", "platform", "thread"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("answer_id", String(64), primary_key=True),
    Column("person", String(200), primary_key=True),
    Column("verdict", String(10), nullable=False),
    Column("complaint", String(40), nullable=False),
    Column("comment", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("tenant", String(200)),
)

# What is done once, whoever does it.
claims = Table(
    "claims",
    metadata,
    Column("key", String(300), primary_key=True),
    Column("at", Double, nullable=False),
)

workers = Table(
    "workers",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("seen_at", Double, nullable=False),
)

# `slot` is taken while the run waits: one of a kind.
runs = Table(
    "runs",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("slot", String(300)),
    Column("source", String(100)),
    Column("request", JSON, nullable=False),
    Column("state", String(20), nullable=False),
    Column("requested_at", Double, nullable=False),
    Column("started_at", Double),
    Column("ended_at", Double),
    Column("worker", String(200)),
    Column("beat_at", Double),
    Column("progress", JSON(none_as_null=True)),
    Column("reports", JSON, nullable=False),
    Column("error", Text, nullable=False),
    Column("cancel_wanted", Boolean, nullable=False, default=False),
    UniqueConstraint("slot", name="runs_slot"),
    Index("runs_state", "state", "requested_at"),
)

# Messages in chat that show a run, and whose process keeps them current.
run_messages = Table(
    "run_messages",
    metadata,
    Column("platform", String(40), primary_key=True),
    Column("address", String(300), primary_key=True),
    Column("run", String(64), nullable=False),
    Column("worker", String(200), nullable=False),
)

# The end of each source's last sync without an error.
good_syncs = Table(
    "good_syncs",
    metadata,
    Column("source", String(100), primary_key=True),
    Column("at", Double, nullable=False),
)

# Pages that fail, and since when.
failing = Table(
    "failing",
    metadata,
    Column("source", String(100), primary_key=True),
    Column("name", String(1000), primary_key=True),
    Column("reason", Text, nullable=False),
    Column("since", Double, nullable=False),
    Column("for_all", Boolean, nullable=False, server_default=false()),
)

# What the models were billed for, by day (since 1970) and model.
usage = Table(
    "usage",
    metadata,
    Column("day", Integer, primary_key=True),
    Column("model", String(200), primary_key=True),
    Column("calls", BigInteger, nullable=False),
    Column("texts", BigInteger, nullable=False),
    Column("input_tokens", BigInteger, nullable=False),
    Column("output_tokens", BigInteger, nullable=False),
)

leases = Table(
    "leases",
    metadata,
    Column("name", String(200), primary_key=True),
    Column("holder", String(200), nullable=False),
    Column("until", Double, nullable=False),
    Column("seconds", Double),
)

# What admins saved in chat; `lesson` is the whole of it.
lessons = Table(
    "lessons",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("kind", String(20), nullable=False),
    Column("state", String(20), nullable=False),
    Column("saved_at", Double, nullable=False),
    Column("lesson", JSON, nullable=False),
    Index("lessons_state", "kind", "state", "saved_at"),
)

# Which Docent brought the journal to which form.
made_by = Table(
    "made_by",
    metadata,
    Column("form", String(32), primary_key=True),
    Column("docent", String(40), nullable=False),
    Column("at", Double, nullable=False),
)
