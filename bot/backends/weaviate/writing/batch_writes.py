"""Writes that end only when every object is stored, or gone."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence
from typing import Final, TypeVar
from uuid import UUID, uuid4

from bot.backends.weaviate.index import grouped
from bot.backends.weaviate.mapping import Row
from bot.backends.weaviate.server.errors import (
    PART,
    VENDOR,
    Gone,
    from_message,
    read_only,
    translate,
)
from bot.backends.weaviate.server.hedge import first_answer
from bot.backends.weaviate.server.sdk_types import CollectionAsync, Condition, exceptions, query
from bot.ports import BackendError, ReadOnly, Rejected, Unauthorized, Unavailable

# Objects of one call: some hundred kB of text, or a few MB of vectors.
BATCH: Final = 200
TRIES: Final = 4
PAUSE: Final = 0.2
# A request that isn't answered after so many seconds is made again, beside the first one, so many times in all.
AGAIN_SECONDS: Final = 8.0
REQUESTS: Final = 4
_PURGED_AT_ONCE: Final = 8

T = TypeVar("T")

_FINAL = (ReadOnly, Rejected, Unauthorized, Gone)


async def insert(
    collection: CollectionAsync,
    objects: Sequence[Row],
    torn: set[UUID] | None = None,
    *,
    at_once: int = 1,
) -> None:
    """Insert or overwrite all, in `at_once` batches at a time; objects that fail are tried again.

    What is in `torn` is deleted before it is written. What fails gets into it, and out when it is stored; with None
    there is no such care, so that what is overwritten is never away. Raises BackendError if some objects still
    fail.
    """
    left = list(objects)
    for attempt in range(TRIES):
        if attempt:
            await asyncio.sleep(PAUSE * 2**attempt)
        left, error = await _once(collection, left, torn, at_once)
        if not left:
            return
        if isinstance(error, _FINAL):
            break
    raise error or Unavailable(PART, f"Weaviate did not store {len(left)} of {len(objects)} objects.")


async def _once(
    collection: CollectionAsync, objects: Sequence[Row], torn: set[UUID] | None, at_once: int
) -> tuple[list[Row], BackendError | None]:
    slots = asyncio.Semaphore(at_once)

    async def one(batch: Sequence[Row]) -> tuple[list[Row], BackendError | None]:
        async with slots:
            left, why = await _batch(collection, batch, torn or ())
        if torn is not None:
            torn.difference_update(_ids(batch))
            torn.update(_ids(left))
        return left, why

    done = await asyncio.gather(*(one(batch) for batch in grouped(objects, BATCH)))
    errors = sorted((why for _, why in done if why), key=lambda why: not isinstance(why, _FINAL))
    return [each for left, _ in done for each in left], errors[0] if errors else None


async def _batch(
    collection: CollectionAsync, batch: Sequence[Row], torn: Collection[UUID]
) -> tuple[list[Row], BackendError | None]:
    """Return what of the batch wasn't stored, and why."""
    try:
        await purge(collection, [each for each in _ids(batch) if each in torn])
        result = await _again(lambda: collection.data.insert_many(batch))
    except exceptions.WeaviateInsertManyAllFailedError as all_failed:
        return list(batch), from_message(str(all_failed))
    except VENDOR as failure:
        return list(batch), translate(failure)
    failed = [batch[index] for index in result.errors]
    return failed, next((from_message(each.message) for each in result.errors.values()), None)


def _ids(objects: Sequence[Row]) -> list[UUID]:
    return [each.uuid for each in objects if isinstance(each.uuid, UUID)]


async def purge(collection: CollectionAsync, ids: Iterable[UUID]) -> None:
    """Delete each by itself, which also reaches what no filter finds; what isn't there is no error."""
    slots = asyncio.Semaphore(_PURGED_AT_ONCE)

    async def one(each: UUID) -> None:
        async with slots:
            await _again(lambda: collection.data.delete_by_id(each))

    await asyncio.gather(*map(one, ids))


async def delete(collection: CollectionAsync, where: Condition) -> int:
    """Delete until nothing matches, because one call is bounded by the server's limit; return how many it was.

    The whole write's deadline ends it where a server keeps finding what it deleted.
    """
    deleted = 0
    while True:
        result = await _again(lambda: collection.data.delete_many(where=where))
        if result.failed:
            raise await why_not(collection) or Unavailable(PART, "Weaviate did not delete what it should.")
        if result.matches == 0:
            return deleted
        deleted += result.successful


async def flush(collection: CollectionAsync) -> None:
    """Have the server write out what it still holds of its vectors' index: a kill of it loses that otherwise.

    It does so after each batch, but for the last vectors of that batch itself; a batch that deletes nothing will
    do.
    """
    await _again(lambda: collection.data.delete_many(where=query.Filter.by_id().contains_any([uuid4()])))


async def _again(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask, and once more if no answer comes: in a cluster a request under way when a node dies may never be answered.

    The whole write has a deadline, so a busy server may take as long as that for one of them.
    """
    return await first_answer([ask] * REQUESTS, after=AGAIN_SECONDS, passing=_never)


def _never(_: Exception) -> bool:
    return False


async def why_not(collection: CollectionAsync) -> ReadOnly | None:
    """Return why the collection can't be written, which its shards know; None if it can."""
    shards = await collection.config.get_shards()
    ours = [shard for shard in shards if collection.tenant in {None, shard.name}]
    return read_only() if any(shard.status == "READONLY" for shard in ours) else None
