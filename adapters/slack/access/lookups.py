"""Asks Slack about people, groups and channels, and keeps its answers for a short time."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from cachetools import FIFOCache

from adapters.chat.background_tasks import looked_at
from adapters.slack.access.origin import Home, Person
from adapters.slack.connection.timeouts import Timeouts
from adapters.slack.connection.transport import Failed, Gone, Lost, RefusedPayload, SlackError
from adapters.slack.connection.web_api import SlackWebApi
from bot.ports import Unavailable

log = logging.getLogger(__name__)

# Seconds.
REMEMBER = 300.0  # for reading
_REFUSED_FOR = 30.0  # what Slack refused to tell isn't asked for again
_LIST_AGAIN = 60.0
_MOST = 5000

T = TypeVar("T")


@dataclass(frozen=True)
class Memory(Generic[T]):
    """Caches Slack's answers by id, with their time.

    `refused` returns the value to use where Slack refuses to answer.
    """

    ask: Callable[[str], Awaitable[T]]
    refused: Callable[[str], T]
    clock: Callable[[], float]
    pace: Timeouts
    _kept: FIFOCache[str, tuple[float, T]] = field(default_factory=lambda: FIFOCache(_MOST))
    _asking: dict[str, "asyncio.Task[T]"] = field(default_factory=dict)

    async def get(self, key: str, *, within: float = REMEMBER) -> T:
        """Return the answer if it is at most `within` seconds old, else ask again.

        Raises Unavailable if Slack can't be asked now. What is only for reading (`within` at its default or
        above) then falls back on the older answer.
        """
        known = self._kept.get(key)
        if known and self.clock() - known[0] <= within:
            return known[1]
        if key not in self._asking:  # many ask at once in a burst: Slack is asked once
            self._asking[key] = asyncio.create_task(self._ask(key))
            self._asking[key].add_done_callback(looked_at)
            self._asking[key].add_done_callback(lambda _: self._asking.pop(key))
        try:
            return await asyncio.shield(self._asking[key])
        except Lost as error:
            if known and within >= REMEMBER:
                return known[1]
            raise Unavailable("SlackWebApi", f"it says nothing about {key}.") from error

    async def _ask(self, key: str) -> T:
        learnt = self.clock()
        try:
            value = await self._persist(key)
        except (SlackError, Gone, RefusedPayload) as error:
            log.warning("%s can't be looked up: %s", key, error)
            value, learnt = self.refused(key), learnt - REMEMBER + _REFUSED_FOR
        self._kept[key] = learnt, value
        return value

    async def _persist(self, key: str) -> T:
        """Ask until Slack answers: rate limits are waited out, failures retried for a limited time."""
        until = self.clock() + self.pace.person
        while True:
            try:
                return await self.ask(key)
            except Lost:
                if self.clock() > until:
                    raise
                await asyncio.sleep(self.pace.again)


class Channels:
    """Finds channels. The bot's own are listed in one call: one by one, Slack allows only 50 a minute."""

    def __init__(self, slack: SlackWebApi, clock: Callable[[], float]) -> None:
        self._slack = slack
        self._clock = clock
        self._listing = asyncio.Lock()
        self._listed: dict[str, dict[str, Any]] = {}
        self._until = 0.0

    async def find(self, channel: str) -> dict[str, Any]:
        async with self._listing:
            if self._clock() > self._until:
                self._until = self._clock() + REMEMBER
                with suppress(SlackError, Gone, RefusedPayload):
                    self._listed = {one["id"]: one for one in await self._slack.own_channels()}
        return self._listed.pop(channel, None) or await self._slack.channel(channel)


class Persons:
    """Finds users one by one, at most 100 a minute; beyond that it lists the whole workspace in a few calls."""

    def __init__(self, slack: SlackWebApi, home: Home, clock: Callable[[], float]) -> None:
        self._slack = slack
        self._home = home
        self._clock = clock
        self._listing = asyncio.Lock()
        self._listed: dict[str, Person] = {}
        self._until = 0.0

    async def find(self, user: str) -> Person:
        if not self._slack.may_look_up():
            async with self._listing:
                if self._clock() > self._until:
                    await self._list()
                    self._until = self._clock() + _LIST_AGAIN
            if user in self._listed:
                return self._listed.pop(user)
        return await self.ask(user)

    async def ask(self, user: str) -> Person:
        """Return the person as Slack knows them at this moment."""
        return self._home.person(user, await self._slack.user(user))

    async def _list(self) -> None:
        """List the workspace's people, as far as time allows; those who are missing are looked up one by one."""
        self._listed = {}
        with suppress(Failed, TimeoutError):
            async with asyncio.timeout(self._slack.pace.person):
                async for page in self._slack.users():
                    self._listed |= {one["id"]: self._home.person(one["id"], one) for one in page}


UNKNOWN: dict[str, Any] = {"is_ext_shared": True}  # who reads there isn't known
