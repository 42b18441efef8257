"""Read and write in plain SQL what one answer needs of an SQLite journal.

`docent ask` does no more with the journal than this, and importing SQLAlchemy would take it longer than all
else. Where anything is odd (no file yet, another version, a lock, a failure), `None` or False says so: the
whole journal then does it, or tells what is wrong.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

from bot.journal import DAY, HEAD, SQLITE_NOW, SQLITE_PRAGMAS, codec
from bot.model import Answer
from bot.ports import Asked, Lesson, Scope

_QUESTION: Final = """
insert into questions (id, key, platform, thread, direct, automated, details, person, reply, question, text, wording,
  asked_at, worker, outcome, answer, degraded, seconds, tenant, audience)
values (:id, :key, :platform, :thread, :direct, :automated, :details, :person, :reply, :question, :text, :wording,
  :now, :worker, :outcome, :answer, :degraded, :seconds, :tenant, :audience)"""
_USAGE: Final = """
insert into usage (day, model, calls, texts, input_tokens, output_tokens)
values (:day, :model, :calls, :texts, :input_tokens, :output_tokens)
on conflict (day, model) do update set calls = calls + excluded.calls, texts = texts + excluded.texts,
  input_tokens = input_tokens + excluded.input_tokens, output_tokens = output_tokens + excluded.output_tokens"""


class AnswerFile:
    """Holds the journal's file. Calls block, for at most `seconds` while it is locked."""

    def __init__(self, file: Path, *, keep_texts: bool, seconds: float) -> None:
        self._file = file
        self._keep_texts = keep_texts
        self._seconds = seconds

    def verified(self) -> list[Lesson] | None:
        """Return the accepted verified answers, the oldest first; None where the file can't be read so."""
        wanted = (
            "select lesson from lessons where kind = 'verified' and state = 'accepted' order by saved_at, id"
        )
        try:
            with self._opened() as connection:
                return [codec.loaded(Lesson, json.loads(row[0])) for row in connection.execute(wanted)]
        except (sqlite3.Error, ValueError):
            return None

    def record(self, asked: Asked, answer: Answer, *, worker: str, seconds: float, scope: Scope) -> bool:
        """Keep the question with its answer, in one transaction. Returns whether that worked."""
        values = codec.question_values(asked, keep_texts=self._keep_texts) | {"worker": worker}
        values |= codec.answer_values(answer, seconds, scope, keep_texts=self._keep_texts)
        kept = {name: json.dumps(each) if isinstance(each, dict) else each for name, each in values.items()}
        try:
            with self._opened() as connection, connection:
                connection.execute("begin immediate")
                (now,) = connection.execute(f"select {SQLITE_NOW}").fetchone()
                connection.execute(_QUESTION, kept | {"now": now})
                for each in answer.usage:
                    if counts := codec.usage_counts(each):
                        connection.execute(_USAGE, {"day": int(now / DAY), "model": each.model, **counts})
        except sqlite3.Error:
            return False
        return True

    @contextmanager
    def _opened(self) -> Iterator[sqlite3.Connection]:
        """Open the file. Raises sqlite3.Error, also where it isn't there or is another version's."""
        address = f"{self._file.absolute().as_uri()}?mode=rw"
        with closing(
            sqlite3.connect(address, uri=True, timeout=self._seconds, isolation_level=None)
        ) as connection:
            for pragma in SQLITE_PRAGMAS:
                connection.execute(pragma)
            if connection.execute("select version_num from alembic_version").fetchone() != (HEAD,):
                raise sqlite3.DatabaseError("another version")
            yield connection
