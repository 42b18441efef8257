"""Who may see what, and who is an admin, by Slack's own word. Asked afresh, remembered briefly."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from cachetools import FIFOCache

from adapters.chat import messages
from adapters.chat.background_tasks import looked_at
from adapters.slack.access.origin import SOMEONE, Home, Person, stranger
from adapters.slack.connection.timeouts import Timeouts
from adapters.slack.connection.transport import Gone, Lost, RefusedPayload, SlackError
from adapters.slack.connection.web_api import SlackWebApi
from adapters.slack.reply_address import tenant
from bot.config.live import LiveSettings
from bot.config.loader import Settings
from bot.ports import Rights, Unavailable

log = logging.getLogger(__name__)

# Seconds.
_REMEMBER = 300.0  # for reading
_REFUSED_FOR = 30.0  # what Slack refused to tell isn't asked for again
_LIST_AGAIN = 60.0
_MOST = 5000

T = TypeVar("T")


@dataclass(frozen=True)
class _Memory(Generic[T]):
    """What Slack said by id, and when. `refused` is what counts where it refuses to say anything."""

    ask: Callable[[str], Awaitable[T]]
    refused: Callable[[str], T]
    clock: Callable[[], float]
    pace: Timeouts
    _kept: FIFOCache[str, tuple[float, T]] = field(default_factory=lambda: FIFOCache(_MOST))
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
            self._asking[key].add_done_callback(looked_at)
            self._asking[key].add_done_callback(lambda _: self._asking.pop(key))
        try:
            return await asyncio.shield(self._asking[key])
        except Lost as error:
            if known and within >= _REMEMBER:
                return known[1]
            raise Unavailable("SlackWebApi", f"it says nothing about {key}.") from error

    async def _ask(self, key: str) -> T:
        learnt = self.clock()
        try:
            value = await self._persist(key)
        except (SlackError, Gone, RefusedPayload) as error:
            log.warning("%s can't be looked up: %s", key, error)
            value, learnt = self.refused(key), learnt - _REMEMBER + _REFUSED_FOR
        self._kept[key] = learnt, value
        return value

    async def _persist(self, key: str) -> T:
        """A limit that is reached is waited for as long as it takes; failures for a while."""
        until = self.clock() + self.pace.person
        while True:
            try:
                return await self.ask(key)
            except Lost:
                if self.clock() > until:
                    raise
                await asyncio.sleep(self.pace.again)


class _Channels:
    """The bot's own channels are listed in one call: looked up one by one, fifty a minute are the most."""

    def __init__(self, slack: SlackWebApi, clock: Callable[[], float]) -> None:
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


class _Persons:
    """Looked up one by one, a hundred a minute at most; when more come, the workspace is listed in a few calls."""

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
        """As Slack knows the person at this moment."""
        return self._home.person(user, await self._slack.user(user))

    async def _list(self) -> None:
        """As far as it can be had soon: who isn't in it is looked up."""
        self._listed = {}
        with suppress(SlackError, Gone, Lost, RefusedPayload, TimeoutError):
            async with asyncio.timeout(self._slack.pace.person):
                async for page in self._slack.users():
                    self._listed |= {one["id"]: self._home.person(one["id"], one) for one in page}


class SlackPermissions:
    """Audiences and rights from the settings and Slack's users, groups and channels.

    Raises Unavailable where they depend on what Slack doesn't say now.
    """

    def __init__(
        self, slack: SlackWebApi, live: LiveSettings, home: Home, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._live = live
        self._home = home
        self._trust = slack.pace.trust
        persons = _Persons(slack, home, clock)
        self._persons = _Memory(persons.find, stranger, clock, slack.pace)
        self._admins = _Memory(persons.ask, stranger, clock, slack.pace)
        self._groups = _Memory(slack.group_members, lambda _: frozenset(), clock, slack.pace)
        self._members = _Memory(slack.members, lambda _: frozenset(), clock, slack.pace)
        self._me = slack.me
        self._channels = _Memory(_Channels(slack, clock).find, lambda _: _UNKNOWN, clock, slack.pace)

    @property
    def _settings(self) -> Settings:
        return self._live.now

    async def name(self, user: str) -> str:
        """The person's name, for others to read."""
        try:
            return (await self._persons.get(user)).name
        except Unavailable:
            return SOMEONE

    async def is_bot(self, user: str) -> bool:
        """Whether no person is behind it, as far as Slack tells."""
        try:
            return (await self._persons.get(user)).bot
        except Unavailable:
            return False

    def serves(self, workspace: str) -> bool:
        """Whether a workspace is one of ours: of an organization those that docent.yaml lists, or all."""
        listed = self._settings.slack.workspaces
        return not listed or workspace in listed

    def listens(self, channel: str) -> bool:
        """Whether the bot answers there: in the channels that docent.yaml opens, and in direct messages."""
        place = self._settings.slack.channels.get(channel)
        if place is not None:
            return place.enabled
        return channel.startswith("D") or not self._settings.slack.listed_only

    async def audience(self, user: str, channel: str, *, direct: bool) -> frozenset[str]:
        """What the asker *and* the place may see; `direct`: nobody but the asker sees it there."""
        if not self.listens(channel):
            return frozenset()
        of_person = await self._of_person(user)
        return of_person if direct else of_person & await self.of_channel(channel)

    async def not_found(self, user: str, channel: str, *, direct: bool) -> str:
        """What to say where nothing is found because a guest asks, or in a place that sees less than everybody; else ""."""
        if user not in self._settings.slack.bots and not (await self._persons.get(user)).insider:
            return messages.ONLY_FOR_GUESTS
        everybodys = self._settings.default_audience
        narrow = not direct and not everybodys <= await self.of_channel(channel)
        return messages.ONLY_THIS_PLACE if narrow else ""

    async def of_channel(self, channel: str) -> frozenset[str]:
        """The configured audience; the default one only where no other company reads along.

        In a group of direct messages what all of its people may see, in a channel of several workspaces what all of
        these have.
        """
        place = self._settings.slack.channels.get(channel)
        if place is not None and place.audience is not None:
            return place.audience
        data = await self._channels.get(channel)
        if data.get("is_ext_shared") or data.get("is_pending_ext_shared"):
            return frozenset()
        if data.get("is_mpim"):
            people = sorted(await self._members.get(channel) - {self._me})
            return _common([await self._of_person(user) for user in people])
        return _common([self._default(one) for one in self._workspaces_of(data)])

    def _workspaces_of(self, channel: dict[str, Any]) -> list[str]:
        """Those that a channel is in; the bot's own where Slack doesn't say and there is but one."""
        shared = channel.get("shared_team_ids") or channel.get("internal_team_ids") or ()
        named = [str(one) for one in (*shared, channel.get("context_team_id") or "") if one]
        return [one for one in dict.fromkeys(named) if one.startswith("T")] or [self._home.team]

    def _default(self, workspace: str) -> frozenset[str]:
        """What everybody of a workspace has: nothing where others are listed and it isn't."""
        listed = self._settings.slack.workspaces
        if listed and self._home.enterprise and workspace not in listed:
            return frozenset()
        said = self._settings.slack.workspace(workspace).default_audience
        return self._settings.default_audience if said is None else said

    async def _of_person(self, user: str) -> frozenset[str]:
        if user in self._settings.slack.bots:  # docent.yaml vouches for it; Slack knows no such user
            words = set(self._default(self._home.team))
        else:
            person = await self._persons.get(user)
            words = {word for one in person.workspaces for word in self._default(one)}
        for word, audience in self._settings.audiences.items():
            if user in audience.slack_users or await self._in_any(user, audience.slack_groups, _REMEMBER):
                words.add(word)
        return frozenset(words)

    async def rights(self, user: str, workspace: str) -> Rights | None:
        """What an admin may read, as it is now: of their workspace, or of all whom docent.yaml names in person."""
        if not await self._is_admin(user, workspace):
            return None
        named = user in self._settings.slack.admins
        return Rights(None if named else frozenset({tenant(workspace)}), await self._of_person(user))

    async def _is_admin(self, user: str, workspace: str) -> bool:
        """By user id, user group, what their workspace says or Slack's own admins."""
        slack = self._settings.slack
        here = slack.workspace(workspace)
        groups = slack.admin_groups | here.admin_groups
        if user in slack.admins | here.admins or await self._in_any(user, groups, self._trust):
            return True
        let_in = not self._home.org_wide if slack.workspace_admins is None else slack.workspace_admins
        return let_in and (await self._admins.get(user, within=self._trust)).workspace_admin

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


def _common(each: Sequence[frozenset[str]]) -> frozenset[str]:
    """What all of them have; nothing where there is none."""
    return frozenset.intersection(*each) if each else frozenset()


_UNKNOWN: dict[str, Any] = {"is_ext_shared": True}  # who reads there isn't known
