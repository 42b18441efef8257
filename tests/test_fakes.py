"""The fakes keep the contracts of what they stand in for."""

import pytest

from tests.support.fakes import FakeStorage, FakeStore
from tests.support.store_contract import OpenStore, StoreContract


class TestFakeStore(StoreContract):
    """The store in memory passes every store's contract."""

    @pytest.fixture
    def open_store(self) -> OpenStore:
        storage = FakeStorage()

        async def open_one() -> FakeStore:
            return FakeStore(storage)

        return open_one
