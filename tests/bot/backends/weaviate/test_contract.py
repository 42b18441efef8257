"""The Weaviate store passes what every store passes, on a real server."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from uuid import uuid4

import pytest

from bot.config.models import WeaviateSettings
from tests.support.store_contract import OpenStore, StoreContract, ask, begin, ids, page
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


@pytest.fixture(scope="module")
def shared(
    settings: WeaviateSettings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[WeaviateSettings]:
    shared = settings.model_copy(update={"collection": f"T{uuid4().hex[:12]}"})
    theirs = shared.model_copy(update={"tenant": "others"})

    async def write() -> None:
        stores = Stores(theirs, tmp_path_factory.getbasetemp())
        store = await begin(await stores.open())
        await store.replace([page("wiki:others.md", "winter party, handbook rule, welcome guide, index")])
        await stores.close(drop=False)

    async def read() -> None:
        stores = Stores(theirs, tmp_path_factory.getbasetemp())
        store = await stores.open()
        assert ids(await store.search(ask("handbook rule"))) == ["wiki:others.md"]
        await stores.close()

    asyncio.run(write())
    yield shared
    asyncio.run(read())


class TestTenant(StoreContract):
    """So does a tenant's part of collections that others share, beside another tenant that is there."""

    @pytest.fixture
    async def open_store(
        self, shared: WeaviateSettings, tmp_path_factory: pytest.TempPathFactory
    ) -> AsyncIterator[OpenStore]:
        stores = Stores(shared.model_copy(update={"tenant": "ours"}), tmp_path_factory.getbasetemp())
        yield stores.open
        await stores.recycle()
