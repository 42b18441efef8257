"""The embedded store passes the contract."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.backends.embedded import EmbeddedStore
from tests.store_contract import OpenStore, StoreContract


class TestEmbeddedStore(StoreContract):
    """All that every store must do."""

    @pytest.fixture
    async def open_store(self, tmp_path: Path) -> AsyncIterator[OpenStore]:
        opened: list[EmbeddedStore] = []

        async def open_one() -> EmbeddedStore:
            opened.append(EmbeddedStore(tmp_path / "data" / "index.db"))
            return opened[-1]

        yield open_one
        for store in opened:
            await store.close()
