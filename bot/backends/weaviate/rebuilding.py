"""Builds a further index beside the live one, puts it in its place, and drops the old one."""

from bot.backends.weaviate.catalog import Catalog
from bot.backends.weaviate.schema import Generation
from bot.backends.weaviate.server.errors import PART
from bot.backends.weaviate.server.sdk_types import WeaviateAsyncClient
from bot.ports import IndexFormat, Rejected


async def begin(client: WeaviateAsyncClient, catalog: Catalog, wanted: IndexFormat) -> Generation | None:
    """Return the index to fill, begun earlier or now; None where the live one is it.

    The first index of all is the live one from its beginning.
    """
    live = await catalog.format(client)
    if live == wanted:
        return None
    await catalog.retire(client, wanted)
    await drop_retired(client, catalog)
    await catalog.drop_halves(client)
    new = await catalog.building(client, wanted) or await catalog.create(client, wanted)
    if live is None:
        await catalog.point(client, new)
        return None
    return new


async def swap(client: WeaviateAsyncClient, catalog: Catalog, wanted: IndexFormat) -> bool:
    """Point the alias at the index of this format. Returns whether an old one is left to drop."""
    if await catalog.format(client) != wanted:
        new = await catalog.building(client, wanted)
        if new is None:
            raise Rejected(PART, "no index of this format was built.", remedy="Run `docent index`.")
        await catalog.point(client, new)
    return bool(await catalog.retire(client, wanted))


async def drop_retired(client: WeaviateAsyncClient, catalog: Catalog) -> None:
    """Drop the indexes that were replaced."""
    for each in await catalog.retired(client):
        await catalog.drop(client, each)
