"""The embedded store passes the contract."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.backends.sqlite import SqliteStore
from tests.support.store_contract import OpenStore, StoreContract


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
