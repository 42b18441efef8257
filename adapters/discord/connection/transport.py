"""Discord's REST calls as this adapter makes them: what discord.py doesn't retry is retried here.

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

_ANSWERS_AFTER, _ANSWERS_WITHIN = 3.0, 10.0  # seconds that each try may take at the least, and at the most
_NOT_DONE, _TOO_MANY, _OUTAGE = 300, 429, 500  # and above
_A_SECOND = (
    40  # requests, of the 50 that Discord allows a bot: they bunch on their way; discord.py doesn't count
)


class Failed(Undeliverable):
    """Discord couldn't carry it out, now."""


class Unreachable(Failed):
    """It doesn't answer, or answers that it is broken: the same may work a while later."""


class NotAllowed(Failed, Barred):
    """A permission is missing."""


class Archived(NotAllowed):
    """The thread is archived: what stands in it can't be changed until it is open again."""


class NotThere(Failed):
    """The message, thread or channel is gone."""


class TokenGone(Failed):
    """The interaction's token has expired."""


class AlreadyAnswered(Failed):
    """Another process was first to answer the interaction."""


class Malformed(Failed):
    """Discord won't take this content."""


class _Outage(aiohttp.ClientError):
    """A try that another one may mend."""


_BY_CODE: Final[dict[int, type[Exception]]] = {
    10015: TokenGone,
    10062: TokenGone,
    50027: TokenGone,
    40060: AlreadyAnswered,
    50083: Archived,
    160005: NotAllowed,  # the thread is locked
}


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


class _Try:
    """One try of a call: its turn may come within `deadline` seconds, each of its answers within so many."""

    def __init__(self, deadline: float, answers_within: float, accepted: asyncio.Event | None) -> None:
        self._accepted = accepted
        self._clock = asyncio.get_running_loop().time
        self._answers_within = answers_within
        self._until = self._clock() + deadline
        self._limit = asyncio.timeout_at(self._until)
        self.left: float | None = None  # when its last request did

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
        """Raises _Outage here, where discord.py would try again for up to 25 seconds or not at all."""
        self._limit.reschedule(self._until)
        if status >= _OUTAGE:
            raise _Outage(f"HTTP {status}")
        if status < _NOT_DONE and self._accepted:
            self._accepted.set()


_trying: ContextVar[_Try | None] = ContextVar("trying", default=None)


def paced() -> aiohttp.TraceConfig:
    """Holds a client's requests back where they leave: after discord.py's own waits, which release many at once.

    Responses to interactions don't count for the limit, and can't wait.
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
    """Await `make()`, again until Discord has failed for `patience` seconds. Raises Failed's kinds.

    `deadline` is for one try. In a burst most of it is the wait for its turn, which is no failure.
    `accepted` is set as soon as Discord has done it.
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
    """Like `call`, but it ends as soon as Discord has said yes. Raises Failed's kinds.

    discord.py keeps the call that uses up a limit until the limit is over, up to a minute.
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
    """Await it; what Discord refuses is raised as Failed's kinds."""
    try:
        return await trying
    except discord.RateLimited as error:
        raise Failed(f"not for {error.retry_after:.0f} s") from error
    except discord.HTTPException as error:
        raise _kind(error)(f"{error.code} {error.text}"[:200]) from error


def _kind(error: discord.HTTPException) -> type[Exception]:
    """What a refusal means: by its code, or else by its status."""
    if error.code in _BY_CODE:
        return _BY_CODE[error.code]
    if isinstance(error, discord.Forbidden):
        return NotAllowed
    if isinstance(error, discord.NotFound):
        return NotThere
    return Malformed if error.status < _OUTAGE and error.status != _TOO_MANY else _Outage


async def outlast(settle: Callable[[], Awaitable[None]], patience: Timeouts) -> None:
    """Await `settle()`, again for as long as Discord is down. Raises Failed."""
    until = time.monotonic() + patience.outage
    while True:
        try:
            return await settle()
        except Unreachable as error:
            if time.monotonic() > until:
                raise
            log.warning("an answer waits for Discord: %s", error)
        await asyncio.sleep(patience.again)
