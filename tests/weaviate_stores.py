"""Stores of one test on one server, closed and with their collections dropped at its end."""

from pathlib import Path

import httpx

from bot.backends.weaviate import WeaviateStore, open_store
from bot.settings.models import WeaviateSettings


class Stores:
    """`open` gives one more client of the same index. Readers notice a swap sooner than in real life."""

    def __init__(self, settings: WeaviateSettings, data: Path) -> None:
        self.settings = settings
        self._data = data
        self._opened: list[WeaviateStore] = []

    async def open(self) -> WeaviateStore:
        store = open_store(self.settings, self._data, fresh=0.1, grace=0.4, settled=0.0)
        self._opened.append(store)
        return store

    async def close(self) -> None:
        for store in self._opened:
            await store.close()
        await self._drop()

    async def _drop(self) -> None:
        key = self.settings.api_key.get_secret_value() if self.settings.api_key else ""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        async with httpx.AsyncClient(base_url=f"{self.settings.url}/v1", headers=headers) as client:
            await client.delete(f"/aliases/{self.settings.collection}")
            for each in (await client.get("/schema")).json()["classes"]:
                if each["class"].startswith(f"{self.settings.collection}_"):
                    await client.delete(f"/schema/{each['class']}")
