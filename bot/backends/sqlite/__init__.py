"""Stores the index without a server: one SQLite file, keywords by FTS5, vectors scored in numpy.

No other module opens that file; what a store must do is said by `bot.ports` and the store contract in the tests.
"""

from bot.backends.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
