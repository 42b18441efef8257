"""Writes that end only when every object is stored, or gone."""

import asyncio
from collections.abc import Sequence
from typing import Final

from bot.backends.weaviate.errors import PART, VENDOR, Gone, from_message, read_only, translate
from bot.backends.weaviate.rows import Row
from bot.backends.weaviate.vendor import CollectionAsync, Condition, exceptions
from bot.ports import BackendError, ReadOnly, Rejected, Unauthorized, Unavailable

# Objects of one call: some hundred kB of text, or a few MB of vectors.
BATCH: Final = 200
# Values in one filter.
VALUES: Final = 200
TRIES: Final = 4
PAUSE: Final = 0.2
# Of one call. In a cluster, a request that is under way when a node dies may never be answered; writing the
# same again does no harm.
ATTEMPT_SECONDS: Final = 8.0
_ROUNDS: Final = 1000

_FINAL = (ReadOnly, Rejected, Unauthorized, Gone)


async def insert(collection: CollectionAsync, objects: Sequence[Row]) -> None:
    """Insert or overwrite all; those that fail are tried again. Raises BackendError if some still do."""
    left = list(objects)
    for attempt in range(TRIES):
        if attempt:
            await asyncio.sleep(PAUSE * 2**attempt)
        left, error = await _once(collection, left)
        if not left:
            return
        if isinstance(error, _FINAL):
            break
    raise error or Unavailable(PART, f"Weaviate did not store {len(left)} of {len(objects)} objects.")


async def _once(collection: CollectionAsync, objects: Sequence[Row]) -> tuple[list[Row], BackendError | None]:
    failed: list[Row] = []
    error: BackendError | None = None
    for start in range(0, len(objects), BATCH):
        batch = objects[start : start + BATCH]
        try:
            async with asyncio.timeout(ATTEMPT_SECONDS):
                result = await collection.data.insert_many(batch)
        except exceptions.WeaviateInsertManyAllFailedError as all_failed:
            failed += batch
            error = from_message(str(all_failed))
            continue
        except VENDOR as failure:
            failed += batch
            error = translate(failure)
            continue
        failed += [batch[index] for index in result.errors]
        for each in result.errors.values():
            error = from_message(each.message)
    return failed, error


async def delete(collection: CollectionAsync, where: Condition) -> None:
    """Delete until nothing matches: one call is bounded by the server's limit."""
    tries = TRIES
    for _ in range(_ROUNDS):
        try:
            async with asyncio.timeout(ATTEMPT_SECONDS):
                result = await collection.data.delete_many(where=where)
        except TimeoutError:
            tries -= 1
            if not tries:
                raise
            continue
        if result.failed:
            raise await why_not(collection) or Unavailable(PART, "Weaviate did not delete what it should.")
        if result.matches == 0:
            return
    raise Unavailable(PART, "Weaviate keeps finding what was deleted.")


async def why_not(collection: CollectionAsync) -> ReadOnly | None:
    """The shards know whether writes are off."""
    shards = await collection.config.get_shards()
    return read_only() if any(shard.status == "READONLY" for shard in shards) else None
