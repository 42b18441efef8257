"""Backs the live index up into the server's own backups, and restores it; the alias isn't part of one and is set again."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from bot.backends.weaviate.catalog import Catalog
from bot.backends.weaviate.schema import Generation, generation, notes_of, pages_of
from bot.backends.weaviate.server.errors import PART
from bot.backends.weaviate.server.sdk_types import BackupStorage, WeaviateAsyncClient, exceptions
from bot.ports import Rejected, Unavailable

_LOOK_SECONDS: Final = 0.5
# Of a tenant's index there is none by itself.
_OF_ALL_TENANTS: Final = {
    "none": "tenant",
    "said": "not in it: Weaviate's backups are of all tenants' collections; `docent index` makes it anew",
    "restored": "not in it",
}
_NO_MODULE: Final = "Start the server with ENABLE_MODULES=backup-filesystem and BACKUP_FILESYSTEM_PATH."


async def create(client: WeaviateAsyncClient, catalog: Catalog, storage: str) -> dict[str, str]:
    """Back it up, and return what `restore` wants once the server has it all."""
    if catalog.is_shared:
        return dict(_OF_ALL_TENANTS)
    live = await catalog.live(client)
    if live is None:
        raise Rejected(PART, "there is no index in Weaviate yet.", remedy="Run `docent index`.")
    name = f"docent-{live.chunks.lower()}-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    backend = BackupStorage(storage)
    try:
        await client.backup.create(name, backend, include_collections=_collections(live.chunks))
        while (status := await client.backup.get_create_status(name, backend)).status != "SUCCESS":
            if status.status in {"FAILED", "CANCELED"}:
                raise Unavailable(PART, f"Weaviate's backup failed ({str(status.error)[:200]}).")
            await asyncio.sleep(_LOOK_SECONDS)
    except exceptions.UnexpectedStatusCodeError as error:
        raise _without_module(error) or error from error
    told = {"backup": name, "storage": storage, "collection": live.chunks}
    return {**told, "said": f"backup {name} of Weaviate, in its {storage}"}


async def restore(
    client: WeaviateAsyncClient, catalog: Catalog, told: Mapping[str, str], *, replace: bool
) -> None:
    """Put the index back beside whatever is live, then point the alias at it in one step."""
    if catalog.is_shared:
        raise Rejected(
            PART,
            "the backup is of an index of its own, not of a tenant's.",
            remedy="Unset weaviate.tenant for it.",
        )
    name, chunks, backend = told["backup"], told["collection"], BackupStorage(told["storage"])
    there = [each for each in _collections(chunks) if await client.collections.exists(each)]
    if there and not replace:
        raise Rejected(
            PART,
            f"Weaviate has {', '.join(there)} already.",
            remedy="Give --replace to put the backup in place.",
        )
    for each in there:
        await client.collections.delete(each)
    try:
        await client.backup.restore(name, backend, include_collections=_collections(chunks))
        while (status := await client.backup.get_restore_status(name, backend)).status != "SUCCESS":
            if status.status in {"FAILED", "CANCELED"}:
                raise Unavailable(PART, f"Weaviate did not restore {name} ({str(status.error)[:200]}).")
            await asyncio.sleep(_LOOK_SECONDS)
    except exceptions.UnexpectedStatusCodeError as error:
        raise _without_module(error) or error from error
    await catalog.point(client, await _made(client, chunks))


async def _made(client: WeaviateAsyncClient, chunks: str) -> Generation:
    found = generation(chunks, (await client.collections.use(chunks).config.get()).description)
    if found is None:
        raise Rejected(PART, f"the collection {chunks} of the backup isn't Docent's.")
    return found


def _collections(chunks: str) -> list[str]:
    return [chunks, pages_of(chunks), notes_of(chunks)]


def _without_module(error: exceptions.UnexpectedStatusCodeError) -> Rejected | None:
    if "backend" in str(error).lower() or "module" in str(error).lower():
        return Rejected(PART, "Weaviate has no place for backups.", remedy=_NO_MODULE)
    return None
