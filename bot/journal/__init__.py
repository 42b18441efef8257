"""Keeps questions, answers, feedback, gaps, sync runs and leases, in SQLite or PostgreSQL.

Opening it costs nothing: the database is opened, and migrated, at its first use. A journal that is down
therefore stops no answer: its calls raise BackendError within the deadline, and whoever calls goes on
without it. What is lost meanwhile: the record of those questions, and with it that two processes never
answer the same one.
"""

from typing import Final

# The last migration; the database is left alone where it says so already.
HEAD: Final = "0008"

DAY: Final = 86400.0  # seconds

# Of an SQLite file, whoever opens it. The clock is in seconds since 1970, of this moment.
FILE: Final = "journal.db"
SQLITE_NOW: Final = "((julianday('now') - 2440587.5) * 86400.0)"
SQLITE_PRAGMAS: Final = (
    "pragma synchronous = normal",
    "pragma secure_delete = on",  # what is forgotten is overwritten
)
