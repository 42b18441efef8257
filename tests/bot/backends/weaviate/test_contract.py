"""The Weaviate store passes what every store passes, on a real server."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest

from bot.config.models import WeaviateSettings
from tests.support.store_contract import OpenStore, StoreContract
from tests.support.weaviate_stores import Stores


@pytest.fixture(scope="module")
def settings(
    weaviate_server: WeaviateSettings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WeaviateSettings]:
    """All tests use one name for their index, one after the other."""
    settings = weaviate_server.model_copy(update={"collection": f"T{uuid4().hex[:12]}"})
    yield settings
    asyncio.run(Stores(settings, tmp_path_factory.mktemp("end")).close())


class TestWeaviateStore(StoreContract):
    @pytest.fixture
    async def open_store(
        self, settings: WeaviateSettings, tmp_path_factory: pytest.TempPathFactory
    ) -> AsyncIterator[OpenStore]:
        stores = Stores(settings, tmp_path_factory.getbasetemp())
        yield stores.open
        await stores.recycle()
