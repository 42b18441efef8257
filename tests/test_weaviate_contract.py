"""The Weaviate store passes what every store passes, on a real server."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from bot.settings.models import WeaviateSettings
from tests.store_contract import OpenStore, StoreContract
from tests.weaviate_stores import Stores


class TestWeaviateStore(StoreContract):
    @pytest.fixture
    async def open_store(
        self,
        weaviate_server: WeaviateSettings,
        tmp_path: Path,
    ) -> AsyncIterator[OpenStore]:
        stores = Stores(weaviate_server.model_copy(update={"collection": f"T{uuid4().hex[:12]}"}), tmp_path)
        yield stores.open
        await stores.close()
