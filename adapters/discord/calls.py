"""Discord's REST calls as this adapter makes them: what discord.py doesn't retry is retried here.

Sending is safe to repeat: discord.py sends each message with a nonce that Discord enforces.
"""

import asyncio
import logging
import re
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import TypeVar

import aiohttp
import discord

from adapters.reply import Undeliverable

log = logging.getLogger(__name__)

T = TypeVar("T")

_ATTEMPTS = 4
_A_SECOND = (
    40  # requests, of the 50 that Discord allows a bot: they bunch on their way; discord.py doesn't count
)
_TOKEN_GONE = {10015, 50027, 10062}
_ANSWERED = 40060


class Failed(Undeliverable):
    """Discord couldn't carry it out, now."""


class NotAllowed(Failed):
    """A permission is missing."""


class NotThere(Failed):
    """The message, thread or channel is gone."""


class TokenGone(Failed):
    """The interaction's token has expired."""


class Answered(Failed):
    """Another process was first to answer the interaction."""


class Malformed(Failed):
    """Discord won't take this content."""


class _Pace:
    """Discord's limit is a bot's, whichever client or adapter of this process makes the request."""

    def __init__(self) -> None:
        self._made: deque[float] = deque(maxlen=_A_SECOND)

    async def wait(self) -> None:
        while len(self._made) == _A_SECOND and (left := self._left()) > 0:  # noqa: ASYNC110 - time is what it waits for
            await asyncio.sleep(left)
        self._made.append(time.monotonic())

    def _left(self) -> float:
        return self._made[0] + 1.0 - time.monotonic()


_pace = _Pace()


def paced() -> aiohttp.TraceConfig:
    """Holds a client's requests back where they leave: after discord.py's own waits, which release many at once.

    Responses to interactions don't count for the limit, and can't wait.
    """

    async def start(_session: object, _context: object, leaving: aiohttp.TraceRequestStartParams) -> None:
        if not re.search(r"/(interactions|webhooks)/", leaving.url.path):
            await _pace.wait()

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(start)
    return trace


async def call(make: Callable[[], Awaitable[T]], *, deadline: float = 60.0, attempts: int = _ATTEMPTS) -> T:
    """Await `make()`, again where that may help. Raises Failed's kinds."""
    problem = "no answer"
    for attempt in range(attempts):
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
            if error.code == _ANSWERED:
                raise Answered(f"{error.code} {error.text}") from error
            if error.status < 500 and error.status != 429:  # noqa: PLR2004 - its own fault, not Discord's
                raise Malformed(f"{error.code} {error.text}"[:200]) from error
            problem = f"HTTP {error.status}"
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            problem = type(error).__name__
        await asyncio.sleep(0.4 * 2**attempt)
    raise Failed(problem)
