"""Does once, with a made-up index, what indexing, asking and swapping take: so a missing right is told first."""

from contextlib import suppress
from typing import Final
from uuid import uuid4

from bot.backends.weaviate.schema import (
    VECTOR,
    Generation,
    Layout,
    chunks_arguments,
)
from bot.backends.weaviate.server.errors import VENDOR
from bot.backends.weaviate.server.sdk_types import (
    CollectionAsync,
    WeaviateAsyncClient,
    WeaviateField,
    data,
    query,
)
from bot.backends.weaviate.writing import batch_writes
from bot.ports import BackendError, IndexFormat

TRIAL: Final = IndexFormat("trial", 2, "trial")


async def rehearse(client: WeaviateAsyncClient, trial: Generation, pointer: str, layout: Layout) -> None:
    """Raise what stands in the way; leaves nothing behind but, for tenants, the empty collection of their trials."""
    await _clear(client, trial, pointer)
    try:
        chunks = await _made(client, trial, layout)
        if not trial.tenant:
            await chunks.config.update(description="trial")
        properties: dict[str, WeaviateField] = {"doc_id": "<trial>", "source": "<trial>", "ordinal": 0}
        row = data.DataObject(uuid=uuid4(), properties=properties, vector={VECTOR: [1.0, 0.0]})
        await batch_writes.insert(chunks, [row])
        where = query.Filter.by_property("source").equal("<trial>")
        await chunks.query.near_vector([1.0, 0.0], target_vector=VECTOR, limit=1, filters=where)
        await chunks.aggregate.over_all(total_count=True, filters=where)
        await batch_writes.delete(chunks, where)
        await batch_writes.why_not(chunks)
        await client.alias.create(alias_name=pointer, target_collection=trial.chunks)
        await client.alias.update(alias_name=pointer, new_target_collection=trial.chunks)
        await client.alias.get(alias_name=pointer)
        await client.alias.delete(alias_name=pointer)
        await client.collections.list_all(simple=True)
        await _drop(client, trial)
    except BaseException:
        await _clear(client, trial, pointer)
        raise


async def _made(client: WeaviateAsyncClient, trial: Generation, layout: Layout) -> CollectionAsync:
    chunks = client.collections.use(trial.chunks)
    if not (trial.tenant and await client.collections.exists(trial.chunks)):
        await client.collections.create(**chunks_arguments(trial, layout))
    await chunks.config.get()
    if not trial.tenant:
        return chunks
    await chunks.tenants.create([trial.tenant])
    await chunks.tenants.get_by_names([trial.tenant])
    return chunks.with_tenant(trial.tenant)


async def _drop(client: WeaviateAsyncClient, trial: Generation) -> None:
    if trial.tenant:
        await client.collections.use(trial.chunks).tenants.remove([trial.tenant])
    else:
        await client.collections.delete(trial.chunks)


async def _clear(client: WeaviateAsyncClient, trial: Generation, pointer: str) -> None:
    """Delete what an earlier trial may have left; what can't be deleted here shows in what follows."""
    with suppress(*VENDOR, BackendError):
        if await client.alias.get(alias_name=pointer) is not None:
            await client.alias.delete(alias_name=pointer)
    with suppress(*VENDOR, BackendError):
        if await client.collections.exists(trial.chunks):
            await _drop(client, trial)
