"""The embedded store passes the contract."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.backends.sqlite import SqliteStore, fts_query
from bot.ports import Store
from tests.support.store_contract import OpenStore, StoreContract, ask, ids, page


class TestEmbeddedStore(StoreContract):
    """All that every store must do."""

    @pytest.fixture
    async def open_store(self, tmp_path: Path) -> AsyncIterator[OpenStore]:
        opened: list[SqliteStore] = []

        async def open_one() -> SqliteStore:
            opened.append(SqliteStore(tmp_path / "data" / "index.db"))
            return opened[-1]

        yield open_one
        for store in opened:
            await store.close()

    async def test_words_of_hidden_pages_are_not_counted(self, store: Store) -> None:
        """A word that is left out as too common where all may be seen is looked for where few pages have it."""
        crowd = [f"ferry {number}" for number in range(fts_query.POSTINGS + 1)]
        await store.replace([page("wiki:crowd.md", *crowd, audience=["board"], vectors=False)])
        await store.replace(
            [
                page("wiki:ferry.md", "a ferry"),
                page("wiki:rest.md", "some harbour", "some quay", "some pier", "some harbour quay pier"),
            ]
        )
        question = "ferry harbour quay pier"
        assert "wiki:ferry.md" in ids(await store.search(ask(question, vector=False)))
        board = ["everyone", "board"]
        assert "wiki:ferry.md" not in ids(await store.search(ask(question, vector=False, audience=board)))
