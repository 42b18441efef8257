"""SQLite's FTS5 alone: a page a row, BM25, no vectors."""

import re
import sqlite3
from pathlib import Path


class Fts5:
    def __init__(self, state: Path) -> None:
        state.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(state / "fts.db")
        self._database.execute(
            "create virtual table if not exists pages using fts5(name unindexed, text, tokenize=porter)"
        )

    def index(self, pages: dict[str, str], _docs: Path) -> None:
        known = dict(self._database.execute("select name, text from pages"))
        with self._database:
            for name in known.keys() - pages.keys():
                self._database.execute("delete from pages where name = ?", [name])
            for name, text in pages.items():
                if known.get(name) != text:
                    self._database.execute("delete from pages where name = ?", [name])
                    self._database.execute("insert into pages values (?, ?)", [name, text])

    def ask(self, question: str) -> list[str]:
        words = " OR ".join(f'"{word}"' for word in re.findall(r"\w+", question))
        wanted = "select name from pages where pages match ? order by rank limit 10"
        return [name for (name,) in self._database.execute(wanted, [words])]


open_peer = Fts5
