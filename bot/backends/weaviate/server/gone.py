"""Recognises a server that isn't there: its machine refuses connections, and goes on refusing them.

The vendor's client tries again for as long as it may. A server that is started anew takes some seconds; one that is
gone for longer has to be started by somebody, who is told soon.
"""

import asyncio
import time
from collections.abc import Coroutine, Sequence
from typing import Any, Final, TypeVar

from bot.backends.weaviate.server.address import Address, Endpoint
from bot.backends.weaviate.server.errors import PART
from bot.ports import Unavailable

GONE_SECONDS: Final = 12.0
LOOK_EVERY: Final = 1.0
_LOOK_SECONDS: Final = 2.0

T = TypeVar("T")


async def unless_gone(
    work: Coroutine[Any, Any, T],
    addresses: Sequence[Address],
    seconds: float = GONE_SECONDS,
    *,
    every: float = LOOK_EVERY,
) -> T:
    """Return what the work returns. Raises Unavailable once all addresses have refused connections for `seconds`."""
    task = asyncio.ensure_future(work)
    since: float | None = None
    try:
        while not (await asyncio.wait([task], timeout=every))[0]:
            refused = await asyncio.gather(*(_refuses(each.rest) for each in addresses))
            if not all(refused):
                since = None
                continue
            since = since or time.monotonic()
            if time.monotonic() - since >= seconds:
                raise _gone(addresses, seconds)
        return await task
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _refuses(where: Endpoint) -> bool:
    """Tell whether nobody listens there; one that doesn't answer at all may be busy, or far."""
    try:
        async with asyncio.timeout(_LOOK_SECONDS):
            _, writer = await asyncio.open_connection(where.host, where.port)
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    writer.close()
    return False


def _gone(addresses: Sequence[Address], seconds: float) -> Unavailable:
    where = ", ".join(each.url for each in addresses)
    return Unavailable(
        PART,
        f"Weaviate is gone: connections to {where} have been refused for {seconds:.0f} seconds.",
        remedy="Start it. What was stored is kept; an index or a sync that was under way goes on from there"
        " with the next `docent index`.",
    )
