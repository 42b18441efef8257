"""Stores of one test on one server, closed and with their collections dropped at its end."""

import json
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from bot.backends.weaviate import WeaviateStore, mapping, open_store
from bot.backends.weaviate.schema import generation
from bot.config.models import WeaviateSettings
from tests.support.store_contract import FORMAT
from tests.support.waiting import patience

# Plain http: without this every client would read all certificates of the machine.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

_USUAL = WeaviateSettings().search_deadline


class Stores:
    """`open` gives one more client of the same index. Readers notice a swap sooner than in real life.

    The rest does to the server what no store would.
    """

    def __init__(self, settings: WeaviateSettings, data: Path) -> None:
        self.settings = settings
        self._data = data
        self._opened: list[WeaviateStore] = []

    async def open(self, *, settled: float = 0.0, at: WeaviateSettings | None = None) -> WeaviateStore:
        settings = at or self.settings
        if settings.search_deadline == _USUAL:  # the server is slow where all is
            settings = settings.model_copy(update={"search_deadline": _USUAL * patience()})
        store = open_store(settings, self._data, fresh=0.1, grace=0.4, settled=settled)
        self._opened.append(store)
        return store

    async def close(self, *, drop: bool = True) -> None:
        for store in self._opened:
            await store.close()
        if not drop:
            return
        async with self.rest() as rest:
            await rest.delete(f"/aliases/{self._alias}")
            for name in await self._names(rest):
                await rest.delete(f"/schema/{name}")

    async def recycle(self) -> None:
        """Empty the index for the next test, which goes on with it as with a rebuild; making one takes long."""
        for store in self._opened:
            await store.close()
        async with self.rest() as rest:
            await rest.delete(f"/aliases/{self._alias}")
            names = await self._names(rest)
            if self.settings.tenant:
                for name in names:
                    await rest.request("DELETE", f"/schema/{name}/tenants", json=[self.settings.tenant])
            elif await self._is_new(rest, names):
                for name in names:
                    kept = "kind" if name.endswith("_notes") else "source"
                    every = {"path": [kept], "operator": "Like", "valueText": "*"}
                    match = {"class": name, "where": every}
                    done = await rest.request("DELETE", "/batch/objects", json={"match": match})
                    done.raise_for_status()
            else:
                for name in names:
                    await rest.delete(f"/schema/{name}")

    async def _is_new(self, rest: httpx.AsyncClient, names: list[str]) -> bool:
        """Whether there is one index, of the usual format."""
        chunks = [name for name in names if not name.endswith(("_pages", "_notes"))]
        if len(chunks) != 1 or len(names) != len(chunks) + 2:
            return False
        made = generation(chunks[0], (await rest.get(f"/schema/{chunks[0]}")).json()["description"])
        return made is not None and made.format == FORMAT and not made.retired

    @property
    def _alias(self) -> str:
        name, tenant = self.settings.collection, self.settings.tenant
        return f"{name}_of_{tenant}" if tenant else name

    @asynccontextmanager
    async def rest(self) -> AsyncIterator[httpx.AsyncClient]:
        key = self.settings.api_key.get_secret_value() if self.settings.api_key else ""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        async with httpx.AsyncClient(
            base_url=f"{str(self.settings.url).partition(',')[0]}/v1", headers=headers, verify=NO_TLS
        ) as rest:
            yield rest

    async def collections(self) -> int:
        return len(await self.collection_names())

    async def collection_names(self) -> list[str]:
        async with self.rest() as rest:
            return await self._names(rest)

    async def tenants(self) -> dict[str, int]:
        """In how many collections each tenant is."""
        async with self.rest() as rest:
            answers = [await rest.get(f"/schema/{name}/tenants") for name in await self._names(rest)]
        return dict(Counter(each["name"] for answer in answers for each in answer.json()))

    async def objects(self) -> list[dict[str, Any]]:
        """Of all collections of this test, without what writers note."""
        found: list[dict[str, Any]] = []
        async with self.rest() as rest:
            for name in await self._names(rest):
                if name.endswith("_notes"):
                    continue
                answer = await rest.get("/objects", params={"class": name, "limit": "1000"})
                found += answer.json()["objects"]
        return found

    async def count(self, source: str, at: str | None = None) -> int:
        """Chunks of a source that the server, or the node `at` an address, lists."""
        found, after = 0, ""
        async with self.rest() as rest:
            while True:
                asked = {"class": f"{self.settings.collection}_1", "limit": "1000", "after": after}
                answer = await rest.get(f"{at}/v1/objects" if at else "/objects", params=asked)
                objects = answer.raise_for_status().json()["objects"]
                if not objects:
                    return found
                after = objects[-1]["id"]
                found += sum(each["properties"]["source"] == mapping.seal(source) for each in objects)

    async def forget_page(self, doc_id: str) -> None:
        """Its entry alone, as a crashed `delete` does."""
        await self._delete(f"{self.settings.collection}_1_pages", str(mapping.page_id(doc_id)))

    async def lose_chunk(self, doc_id: str) -> None:
        chunks = [
            each
            for each in await self.objects()
            if each["properties"]["doc_id"] == mapping.seal(doc_id) and "text" in each["properties"]
        ]
        await self._delete(chunks[0]["class"], chunks[0]["id"])

    async def recreate_without(self, name: str) -> None:
        """The live collection of chunks, lacking a property, with the description it had."""
        path = f"/schema/{self.settings.collection}_1"
        async with self.rest() as rest:
            schema = (await rest.get(path)).json()
            schema["properties"] = [each for each in schema["properties"] if each["name"] != name]
            (await rest.delete(path)).raise_for_status()
            (await rest.post("/schema", json=schema)).raise_for_status()

    async def describe(self, **changed: object) -> None:
        """The live collection says something else of what it was made with."""
        path = f"/schema/{self.settings.collection}_1"
        async with self.rest() as rest:
            schema = (await rest.get(path)).json()
            schema["description"] = json.dumps({**json.loads(schema["description"]), **changed})
            (await rest.put(path, json=schema)).raise_for_status()

    async def set_shards(self, status: str, ending: str = "", tenant: str | None = None) -> None:
        """Let these collections' parts take writes (READY) or none (READONLY): all, or a tenant's."""
        async with self.rest() as rest:
            for name in await self._names(rest):
                path = f"/schema/{name}/shards"
                shards = [each["name"] for each in (await rest.get(path)).json()]
                for shard in shards if name.endswith(ending) else ():
                    if tenant in {None, shard}:
                        answer = await rest.put(f"{path}/{shard}", json={"status": status})
                        answer.raise_for_status()

    async def create_foreign(self) -> None:
        async with self.rest() as rest:
            (await rest.post("/schema", json={"class": self.settings.collection})).raise_for_status()

    async def _delete(self, collection: str, object_id: str) -> None:
        async with self.rest() as rest:
            (await rest.delete(f"/objects/{collection}/{object_id}")).raise_for_status()

    async def _names(self, rest: httpx.AsyncClient) -> list[str]:
        ours = self.settings.collection
        names = [each["class"] for each in (await rest.get("/schema")).json()["classes"]]
        return [name for name in names if name == ours or name.startswith(f"{ours}_")]


async def count_objects(stores: Stores) -> int:
    return len(await stores.objects())
