"""Who may see what, and who is an admin, by Slack's own word. Asked afresh, remembered briefly."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from adapters.slack.api import Gone, Lost, RefusedPayload, Slack, SlackError
from bot.config import Settings

log = logging.getLogger(__name__)

_REMEMBER = 300.0  # seconds, for reading
_TRUST = 5.0  # seconds, for admin rights: they are checked at the moment somebody acts
_MOST = 5000


@dataclass(frozen=True, slots=True)
class Person:
    """`insider` is False for guests and people of other workspaces: they see only what names them."""

    id: str
    name: str
    insider: bool
    workspace_admin: bool


class People:
    """Audiences and rights from the settings and Slack's users, groups and channels."""

    def __init__(self, slack: Slack, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._slack = slack
        self._settings = settings
        self._clock = clock
        self._persons: dict[str, tuple[float, Person]] = {}
        self._groups: dict[str, tuple[float, frozenset[str]]] = {}
        self._channels: dict[str, tuple[float, dict[str, Any]]] = {}

    async def person(self, user: str, *, within: float = _REMEMBER) -> Person:
        known = self._persons.get(user)
        if known and self._clock() - known[0] <= within:
            return known[1]
        try:
            data = await self._slack.user(user)
        except (SlackError, Gone, Lost, RefusedPayload) as error:
            log.warning("user %s can't be looked up: %s", user, error)
            return Person(user, "someone", insider=False, workspace_admin=False)
        outsider = any(
            data.get(flag) for flag in ("is_restricted", "is_ultra_restricted", "is_stranger", "is_bot")
        )
        person = Person(
            user,
            str(
                (data.get("profile") or {}).get("real_name")
                or data.get("real_name")
                or data.get("name")
                or "someone"
            ),
            insider=not outsider and not data.get("deleted"),
            workspace_admin=bool(data.get("is_admin") or data.get("is_owner")) and not data.get("deleted"),
        )
        self._persons[user] = (self._clock(), person)
        if len(self._persons) > _MOST:
            self._persons.pop(next(iter(self._persons)))
        return person

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
        person = await self.person(user)
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
        return slack.workspace_admins and (await self.person(user, within=_TRUST)).workspace_admin

    async def _in_any(self, user: str, groups: frozenset[str], within: float) -> bool:
        for group in sorted(groups):
            if user in await self._members(group, within):
                return True
        return False

    async def _members(self, group: str, within: float) -> frozenset[str]:
        known = self._groups.get(group)
        if known and self._clock() - known[0] <= within:
            return known[1]
        try:
            members = await self._slack.group_members(group)
        except (SlackError, Gone, Lost, RefusedPayload) as error:
            log.warning("user group %s can't be read: %s", group, error)
            return frozenset()
        self._groups[group] = (self._clock(), members)
        return members

    async def places(self, channel: str) -> frozenset[str]:
        """The channel's id and, if it has one and it can be told, its name."""
        data = await self._channel(channel) if not channel.startswith("D") else None
        return frozenset(filter(None, (channel, str((data or {}).get("name") or ""))))

    async def _is_shared(self, channel: str) -> bool:
        """Also one that can't be looked up."""
        data = await self._channel(channel)
        return data is None or bool(data.get("is_ext_shared") or data.get("is_pending_ext_shared"))

    async def _channel(self, channel: str) -> dict[str, Any] | None:
        known = self._channels.get(channel)
        if known and self._clock() - known[0] <= _REMEMBER:
            return known[1]
        try:
            data = await self._slack.channel(channel)
        except (SlackError, Gone, Lost, RefusedPayload) as error:
            log.warning("channel %s can't be looked up: %s", channel, error)
            return None
        self._channels[channel] = (self._clock(), data)
        return data
