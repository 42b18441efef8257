"""Who may see what, and who is an admin, by Slack's own word. Asked afresh, remembered briefly."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from adapters.slack.api import Gone, Lost, RefusedPayload, Slack, SlackError
from bot.config import Settings
from bot.ports import Unavailable

log = logging.getLogger(__name__)

# Seconds.
_REMEMBER = 300.0  # for reading
_TRUST = 5.0  # for admin rights: they are checked at the moment somebody acts
_REFUSED_FOR = 30.0  # what Slack refused to tell isn't asked for again
_PATIENCE = 12.0  # with a Slack that fails
_MOST = 5000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Person:
    """`insider` is False for guests and people of other workspaces: they see only what names them."""

    id: str
    name: str
    insider: bool
    workspace_admin: bool


@dataclass(frozen=True)
class _Memory(Generic[T]):
    """What Slack said by id, and when. `refused` is what counts where it refuses to say anything."""

    ask: Callable[[str], Awaitable[T]]
    refused: Callable[[str], T]
    clock: Callable[[], float]
    _kept: dict[str, tuple[float, T]] = field(default_factory=dict)
    _asking: dict[str, "asyncio.Task[T]"] = field(default_factory=dict)

    async def get(self, key: str, *, within: float = _REMEMBER) -> T:
        """What it said within so many seconds. Raises Unavailable if it says nothing now.

        For reading, what it said longer ago will do then.
        """
        known = self._kept.get(key)
        if known and self.clock() - known[0] <= within:
            return known[1]
        if key not in self._asking:  # many ask at once in a burst: Slack is asked once
            self._asking[key] = asyncio.create_task(self._ask(key))
            self._asking[key].add_done_callback(lambda _: self._asking.pop(key))
        try:
            return await asyncio.shield(self._asking[key])
        except Lost as error:
            if known and within >= _REMEMBER:
                return known[1]
            raise Unavailable("Slack", f"it says nothing about {key}.") from error

    async def _ask(self, key: str) -> T:
        learnt = self.clock()
        try:
            value = await self._persist(key)
        except (SlackError, Gone, RefusedPayload) as error:
            log.warning("%s can't be looked up: %s", key, error)
            value, learnt = self.refused(key), learnt - _REMEMBER + _REFUSED_FOR
        self._kept.pop(key, None)
        self._kept[key] = learnt, value
        if len(self._kept) > _MOST:
            self._kept.pop(next(iter(self._kept)))
        return value

    async def _persist(self, key: str) -> T:
        """A limit that is reached is waited for as long as it takes; failures for a while."""
        until = self.clock() + _PATIENCE
        while True:
            try:
                return await self.ask(key)
            except Lost:
                if self.clock() > until:
                    raise
                await asyncio.sleep(1)


class _Channels:
    """The bot's own channels are listed in one call: looked up one by one, fifty a minute are the most."""

    def __init__(self, slack: Slack, clock: Callable[[], float]) -> None:
        self._slack = slack
        self._clock = clock
        self._listing = asyncio.Lock()
        self._listed: dict[str, dict[str, Any]] = {}
        self._until = 0.0

    async def find(self, channel: str) -> dict[str, Any]:
        async with self._listing:
            if self._clock() > self._until:
                self._until = self._clock() + _REMEMBER
                with suppress(SlackError, Gone, RefusedPayload):
                    self._listed = {one["id"]: one for one in await self._slack.own_channels()}
        return self._listed.pop(channel, None) or await self._slack.channel(channel)


class People:
    """Audiences and rights from the settings and Slack's users, groups and channels.

    Raises Unavailable where they depend on what Slack doesn't say now.
    """

    def __init__(self, slack: Slack, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings

        async def person(user: str) -> Person:
            return _person(user, await slack.user(user))

        self._persons = _Memory(person, lambda user: _person(user, {"is_stranger": True}), clock)
        self._groups = _Memory(slack.group_members, lambda _: frozenset(), clock)
        self._channels = _Memory(_Channels(slack, clock).find, lambda _: _UNKNOWN, clock)

    async def name(self, user: str) -> str:
        """The person's name, for others to read."""
        try:
            return (await self._persons.get(user)).name
        except Unavailable:
            return _SOMEONE

    async def audience(self, user: str, channel: str, *, direct: bool) -> frozenset[str]:
        """What the asker *and* the place may see; `direct`: nobody but the asker sees it there."""
        of_person = await self._of_person(user)
        return of_person if direct else of_person & await self.of_channel(channel)

    async def of_channel(self, channel: str) -> frozenset[str]:
        """The configured audience; the default one only where no other company reads along."""
        place = self._settings.slack.channels.get(channel)
        if place is not None and place.audience is not None:
            return place.audience
        return frozenset() if await self._is_shared(channel) else self._settings.default_audience

    async def _of_person(self, user: str) -> frozenset[str]:
        person = await self._persons.get(user)
        words = set(self._settings.default_audience) if person.insider else set()
        for word, audience in self._settings.audiences.items():
            if user in audience.slack_users or await self._in_any(user, audience.slack_groups, _REMEMBER):
                words.add(word)
        return frozenset(words)

    async def is_admin(self, user: str) -> bool:
        """By user id, user group or Slack's own admins, as it is now."""
        slack = self._settings.slack
        if user in slack.admins or await self._in_any(user, slack.admin_groups, _TRUST):
            return True
        return slack.workspace_admins and (await self._persons.get(user, within=_TRUST)).workspace_admin

    async def _in_any(self, user: str, groups: frozenset[str], within: float) -> bool:
        for group in sorted(groups):
            try:
                if user in await self._groups.get(group, within=within):
                    return True
            except Unavailable as error:
                log.warning("user group %s counts as empty: %s", group, error)
        return False

    async def places(self, channel: str) -> frozenset[str]:
        """The channel's id and, if it has one and it can be told, its name."""
        if channel.startswith("D"):
            return frozenset({channel})
        try:
            name = (await self._channels.get(channel)).get("name")
        except Unavailable:
            name = None
        return frozenset({channel, str(name)} if name else {channel})

    async def _is_shared(self, channel: str) -> bool:
        data = await self._channels.get(channel)
        return bool(data.get("is_ext_shared") or data.get("is_pending_ext_shared"))


_SOMEONE = "someone"
_UNKNOWN: dict[str, Any] = {"is_ext_shared": True}  # who reads there isn't known


def _person(user: str, data: dict[str, Any]) -> Person:
    outsider = any(
        data.get(flag)
        for flag in ("is_restricted", "is_ultra_restricted", "is_stranger", "is_bot", "deleted")
    )
    name = (data.get("profile") or {}).get("real_name") or data.get("real_name") or data.get("name")
    admin = bool(data.get("is_admin") or data.get("is_owner")) and not data.get("deleted")
    return Person(user, str(name or _SOMEONE), insider=not outsider, workspace_admin=admin)
