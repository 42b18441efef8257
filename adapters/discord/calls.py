"""Discord's REST calls as this adapter makes them: what discord.py doesn't retry is retried here.

Sending is safe to repeat: discord.py sends each message with a nonce that Discord enforces.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp
import discord

from adapters.desk import Undeliverable

log = logging.getLogger(__name__)

T = TypeVar("T")

_ATTEMPTS = 4
_TOKEN_GONE = {10015, 50027, 10062}


class Failed(Exception):
    """Discord couldn't carry it out, now."""


class NotAllowed(Failed):
    """A permission is missing."""


class NotThere(Failed):
    """The message, thread or channel is gone."""


class TokenGone(Failed):
    """The interaction's token has expired."""


class Malformed(Failed):
    """Discord won't take this content."""


async def call(make: Callable[[], Awaitable[T]], *, deadline: float = 30.0) -> T:
    """Await `make()`, again where that may help. Raises Failed's kinds."""
    problem = "no answer"
    for attempt in range(_ATTEMPTS):
        try:
            async with asyncio.timeout(deadline):
                return await make()
        except discord.Forbidden as error:
            raise NotAllowed(f"{error.code} {error.text}") from error
        except discord.NotFound as error:
            kind = TokenGone if error.code in _TOKEN_GONE else NotThere
            raise kind(f"{error.code} {error.text}") from error
        except discord.HTTPException as error:
            if error.code in _TOKEN_GONE:
                raise TokenGone(f"{error.code} {error.text}") from error
            if error.status < 500 and error.status != 429:  # noqa: PLR2004 - its own fault, not Discord's
                raise Malformed(f"{error.code} {error.text}"[:200]) from error
            problem = f"HTTP {error.status}"
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            problem = type(error).__name__
        await asyncio.sleep(0.4 * 2**attempt)
    raise Failed(problem)


def undeliverable(error: Failed) -> Undeliverable:
    return Undeliverable(str(error))
