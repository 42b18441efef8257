"""The store without a server: one SQLite file, keywords by FTS5, vectors scored in numpy.

store.py        EmbeddedStore: the port, on threads
files.py        connections, transactions, and what SQLite's errors mean for people
schema.py       builds: the live index, and the one that is built beside it
writing.py      replace, delete
reading.py      one search or look-up, in one snapshot
keywords.py     the query in FTS5's words
vectors.py      sign bits in memory, exact scores from the file
fusion.py       two rankings become one
"""

from bot.backends.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
