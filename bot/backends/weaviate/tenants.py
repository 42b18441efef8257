"""Shares one server among several Docents: each is a tenant of collections that those of one format share.

A tenant has an alias of its own, so its swap is its own. Which of its indexes is old, or is to be built anew, is
noted in its part of them: the collections' descriptions are everybody's. They stay when their last tenant leaves.
"""

import json
from dataclasses import replace
from hashlib import blake2b
from typing import Any, Final
from uuid import UUID

from bot.backends.weaviate.catalog import Catalog
from bot.backends.weaviate.schema import (
    SCHEMA,
    Generation,
    Layout,
    chunks_arguments,
    generation,
    notes_arguments,
    notes_of,
    pages_arguments,
)
from bot.backends.weaviate.server.errors import VENDOR
from bot.backends.weaviate.server.sdk_types import CollectionAsync, WeaviateAsyncClient, data
from bot.backends.weaviate.writing import batch_writes
from bot.backends.weaviate.writing.rehearsal import TRIAL, rehearse
from bot.ports import IndexFormat

_STATE: Final = UUID("4b1c3f7e-2f0d-4d7a-8a35-6f9d1c2b7e10")


class TenantCatalog(Catalog):
    """The indexes of one tenant, in collections named `{collection}_t{format}_1` and so on."""

    def __init__(self, collection: str, tenant: str, layout: Layout, *, fresh: float) -> None:
        super().__init__(f"{collection}_of_{tenant}", layout, fresh=fresh)
        self._collection = collection
        self._tenant = tenant
        self._names = rf"{collection}_t[0-9a-f]+_\d+"

    @property
    def is_shared(self) -> bool:
        return True

    async def create(self, client: WeaviateAsyncClient, wanted: IndexFormat) -> Generation:
        """Create the tenant's part of the first collections of this format that it isn't in. Chunks come last."""
        digest = blake2b(repr((wanted, SCHEMA)).encode(), digest_size=5).hexdigest()
        number = 1
        while await self._is_in(client, name := f"{self._collection}_t{digest}_{number}"):
            number += 1
        new = Generation(name, wanted, tenant=self._tenant)
        for arguments in (notes_arguments, pages_arguments, chunks_arguments):
            await self._join(client, arguments(new, self._layout))
        return new

    async def drop(self, client: WeaviateAsyncClient, old: Generation) -> None:
        if old.chunks == await self._target(client):
            return
        for name in (old.notes, old.pages, old.chunks):
            await client.collections.use(name).tenants.remove([self._tenant])

    async def drop_halves(self, client: WeaviateAsyncClient) -> None:
        """Do nothing: another Docent may be about to make the rest of them."""

    async def made(
        self, client: WeaviateAsyncClient, name: str, description: str | None
    ) -> Generation | None:
        """Return the index with what this tenant has noted; None where it isn't in it.

        An index whose notes are gone was being dropped, and counts as retired.
        """
        found = generation(name, description)
        if found is None or not await self._is_in(client, name):
            return None
        mine = replace(found, tenant=self._tenant)
        if not await self._is_in(client, mine.notes):
            return replace(mine, retired=True)
        noted = await self._notes(client, mine).query.fetch_object_by_id(_STATE)
        state = json.loads(str(noted.properties["body"])) if noted is not None else {}
        return replace(mine, retired=bool(state.get("retired")), schema=str(state.get("schema", mine.schema)))

    async def rehearse(self, client: WeaviateAsyncClient) -> None:
        """Raise what an index would stumble over; the collection for that is the tenants' own, and stays."""
        trial = Generation(f"{self._collection}_trial", TRIAL, tenant=self._tenant)
        await rehearse(client, trial, f"{self._collection}_of_{self._tenant}_trial", self._layout)

    async def _remark(self, client: WeaviateAsyncClient, marked: Generation) -> None:
        body = json.dumps({"retired": marked.retired, "schema": marked.schema})
        note = data.DataObject(uuid=_STATE, properties={"kind": "<state>", "body": body})
        await batch_writes.insert(self._notes(client, marked), [note])

    async def _missing(self, client: WeaviateAsyncClient, each: Generation) -> list[str]:
        return [name for name in (each.pages, each.notes) if not await self._is_in(client, name)]

    def _notes(self, client: WeaviateAsyncClient, of: Generation) -> CollectionAsync:
        return client.collections.use(notes_of(of.chunks)).with_tenant(self._tenant)

    async def _is_in(self, client: WeaviateAsyncClient, name: str) -> bool:
        if not await client.collections.exists(name):
            return False
        return await client.collections.use(name).tenants.exists(self._tenant)

    async def _join(self, client: WeaviateAsyncClient, arguments: dict[str, Any]) -> None:
        name = str(arguments["name"])
        if not await client.collections.exists(name):
            try:
                await client.collections.create(**arguments)
            except VENDOR:  # another Docent may have been faster
                if not await client.collections.exists(name):
                    raise
        if not await self._is_in(client, name):
            await client.collections.use(name).tenants.create([self._tenant])
