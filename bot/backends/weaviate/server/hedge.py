"""Makes the same request twice when the first one takes long: the first answer counts, nothing is started over."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")


async def first_answer(
    attempts: Iterable[Callable[[], Awaitable[T]]],
    *,
    after: float,
    passing: Callable[[Exception], bool],
) -> T:
    """Begin the second attempt `after` seconds after the first, each further one after twice as long.

    The next begins at once when one has failed with a `passing` error. Raises the last attempt's error, or at once
    one that isn't `passing`. Attempts that are still under way at the end are cancelled.
    """
    waiting = iter(attempts)
    running: set[asyncio.Future[T]] = set()
    following = next(waiting, None)
    failure: Exception = RuntimeError("no attempt")
    try:
        while running or following is not None:
            if following is not None:
                running.add(asyncio.ensure_future(following()))
                following = next(waiting, None)
            timeout = after if following is not None else None
            done, running = await asyncio.wait(running, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            after *= 2
            for each in done:
                error = each.exception()
                if error is None:
                    return each.result()
                if not isinstance(error, Exception) or not passing(error):
                    raise error
                failure = error
        raise failure
    finally:
        for each in running:
            each.cancel()
        await asyncio.gather(*running, return_exceptions=True)
