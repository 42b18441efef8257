"""Makes Discord's REST calls, and retries what discord.py doesn't.

Sending is safe to repeat: discord.py sends each message with a nonce that Discord enforces.
"""

import asyncio
import itertools
import logging
import re
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import ContextVar
from typing import Any, Final, TypeVar

import aiohttp
import discord

from adapters.chat.background_tasks import looked_at
from adapters.chat.questions.reply import Barred, Undeliverable
from adapters.discord.connection.timeouts import Timeouts

log = logging.getLogger(__name__)

T = TypeVar("T")

_ANSWERS_AFTER, _ANSWERS_WITHIN = 3.0, 10.0  # the least and most seconds for one answer
_NOT_DONE, _TOO_MANY, _OUTAGE = 300, 429, 500  # and above
_A_SECOND = (
    40  # requests, of the 50 that Discord allows: they bunch up on the network, and discord.py doesn't count
)


class Failed(Undeliverable):
    """Raised when Discord couldn't carry out a call."""


class Unreachable(Failed):
    """Raised when Discord doesn't answer, or fails itself: the same call may work later."""


class NotAllowed(Failed, Barred):
    """Raised when the bot lacks a permission."""


class Archived(NotAllowed):
    """Raised when the thread is archived: its messages can't be edited until it is opened again."""


class NotThere(Failed):
    """Raised when the message, thread or channel is gone."""


class TokenGone(Failed):
    """Raised when the interaction's token has expired."""


class AlreadyAnswered(Failed):
    """Raised when another process has already responded to the interaction."""


class Malformed(Failed):
    """Raised when Discord doesn't accept this content."""


class _Outage(aiohttp.ClientError):
    """Raised when an attempt failed that may work if repeated."""


_BY_CODE: Final[dict[int, type[Exception]]] = {
    10015: TokenGone,
    10062: TokenGone,
    50027: TokenGone,
    40060: AlreadyAnswered,
    50083: Archived,
    160005: NotAllowed,  # the thread is locked
}


class _Pace:
    """Spaces out requests. Discord's limit is the bot's, so all clients and adapters of this process share it."""

    def __init__(self) -> None:
        self._made: deque[float] = deque(maxlen=_A_SECOND)

    async def wait(self) -> None:
        while len(self._made) == _A_SECOND and (left := self._left()) > 0:  # noqa: ASYNC110 - time is what it waits for
            await asyncio.sleep(left)
        self._made.append(time.monotonic())

    def _left(self) -> float:
        return self._made[0] + 1.0 - time.monotonic()


_pace = _Pace()


class _Try:
    """One attempt at a call.

    It may wait `deadline` seconds for its turn, and `answers_within` seconds for each answer.
    """

    def __init__(self, deadline: float, answers_within: float, accepted: asyncio.Event | None) -> None:
        self._accepted = accepted
        self._clock = asyncio.get_running_loop().time
        self._answers_within = answers_within
        self._until = self._clock() + deadline
        self._limit = asyncio.timeout_at(self._until)
        self.left: float | None = None  # when its last request was sent

    async def make(self, make: Callable[[], Awaitable[T]]) -> T:
        token = _trying.set(self)
        try:
            async with self._limit:
                return await make()
        finally:
            _trying.reset(token)

    def leaves(self) -> None:
        self.left = self._clock()
        self._limit.reschedule(min(self._until, self.left + self._answers_within))

    def arrived(self, status: int) -> None:
        """Note an answer. Raises _Outage for a server error, for which discord.py would retry up to 25 seconds."""
        self._limit.reschedule(self._until)
        if status >= _OUTAGE:
            raise _Outage(f"HTTP {status}")
        if status < _NOT_DONE and self._accepted:
            self._accepted.set()


_trying: ContextVar[_Try | None] = ContextVar("trying", default=None)


def paced() -> aiohttp.TraceConfig:
    """Return a trace that delays a client's requests as they are sent.

    That is after discord.py's own waits, which release many requests at once. Responses to interactions don't
    count towards the limit, and aren't delayed.
    """

    async def start(_session: object, _context: object, leaving: aiohttp.TraceRequestStartParams) -> None:
        if not re.search(r"/(interactions|webhooks)/", leaving.url.path):
            await _pace.wait()
        if trying := _trying.get():
            trying.leaves()

    async def end(_session: object, _context: object, arriving: aiohttp.TraceRequestEndParams) -> None:
        if trying := _trying.get():
            trying.arrived(arriving.response.status)

    trace = aiohttp.TraceConfig()
    trace.on_request_start.append(start)
    trace.on_request_end.append(end)
    return trace


async def call(
    make: Callable[[], Awaitable[T]],
    *,
    patience: float = 25.0,
    deadline: float = 240.0,
    accepted: asyncio.Event | None = None,
) -> T:
    """Await `make()`, and repeat it until Discord has failed for `patience` seconds. Raises subclasses of Failed.

    `deadline` is for one attempt. In a burst most of it is the wait for its turn, which is no failure.
    `accepted` is set as soon as Discord has carried out the call.
    """
    clock = asyncio.get_running_loop().time
    give_up: float | None = None
    for attempt in itertools.count():
        left = patience if give_up is None else give_up - clock()
        trying = _Try(deadline, min(max(left, _ANSWERS_AFTER), _ANSWERS_WITHIN), accepted)
        try:
            return await _refused(trying.make(make))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            problem = str(error) if isinstance(error, _Outage) else type(error).__name__
        if give_up is None:
            give_up = (trying.left or clock()) + patience
        pause = min(0.4 * 2**attempt, 5.0)
        if clock() + pause > give_up:
            break
        await asyncio.sleep(pause)
    raise Unreachable(problem)


async def accepted(make: Callable[[], Awaitable[object]], *, patience: float) -> None:
    """Make a call as `call` does, but return as soon as Discord has carried it out. Raises subclasses of Failed.

    discord.py holds the call that uses up a rate limit until the limit is reset, up to a minute.
    """
    yes = asyncio.Event()
    calling = asyncio.create_task(call(make, patience=patience, accepted=yes))
    calling.add_done_callback(looked_at)
    saying = asyncio.create_task(yes.wait())
    try:
        await asyncio.wait((calling, saying), return_when=asyncio.FIRST_COMPLETED)
    except asyncio.CancelledError:
        calling.cancel()
        raise
    finally:
        saying.cancel()
    if calling.done():
        calling.result()


async def _refused(trying: Coroutine[Any, Any, T]) -> T:
    """Await the attempt; Discord's refusals are raised as subclasses of Failed."""
    try:
        return await trying
    except discord.RateLimited as error:
        raise Failed(f"not for {error.retry_after:.0f} s") from error
    except discord.HTTPException as error:
        raise _kind(error)(f"{error.code} {error.text}"[:200]) from error


def _kind(error: discord.HTTPException) -> type[Exception]:
    """Return the exception for a refusal, by its code or else by its status."""
    if error.code in _BY_CODE:
        return _BY_CODE[error.code]
    if isinstance(error, discord.Forbidden):
        return NotAllowed
    if isinstance(error, discord.NotFound):
        return NotThere
    return Malformed if error.status < _OUTAGE and error.status != _TOO_MANY else _Outage


async def outlast(settle: Callable[[], Awaitable[None]], patience: Timeouts) -> None:
    """Await `settle()`, and repeat it for as long as Discord is down. Raises Failed."""
    until = time.monotonic() + patience.outage
    while True:
        try:
            return await settle()
        except Unreachable as error:
            if time.monotonic() > until:
                raise
            log.warning("an answer waits for Discord: %s", error)
        await asyncio.sleep(patience.again)
