"""The journal: questions, answers, feedback, gaps, sync runs and leases, in SQLite or PostgreSQL.

`open_journal` costs nothing: the database is opened, and migrated, at its first use. A journal that is down
therefore stops no answer: its calls raise BackendError within the deadline, and whoever calls goes on
without it. What is lost meanwhile: the record of those questions, and with it that two processes never
answer the same one.
"""

from bot.journal.database import Database
from bot.journal.forgetting import SqlForgetting
from bot.journal.leases import SqlLeases
from bot.journal.lessons import SqlLessons
from bot.journal.questions import SqlJournal
from bot.journal.runs import SqlRuns

__all__ = ["Database", "SqlForgetting", "SqlJournal", "SqlLeases", "SqlLessons", "SqlRuns"]
