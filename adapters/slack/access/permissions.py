"""Decides by Slack's data who may see what and who is an admin.

Slack is asked again after a short time.
"""

import logging
import time
from collections.abc import Callable, Sequence
from typing import Any

from adapters.chat import messages
from adapters.slack.access.lookups import REMEMBER, UNKNOWN, Channels, Memory, Persons
from adapters.slack.access.origin import SOMEONE, Home, stranger
from adapters.slack.connection.web_api import SlackWebApi
from adapters.slack.reply_address import tenant
from bot.config.live import LiveSettings
from bot.config.loader import Settings
from bot.ports import Rights, Unavailable

log = logging.getLogger(__name__)


class SlackPermissions:
    """Derives audiences and rights from the settings and Slack's users, groups and channels.

    Raises Unavailable where they depend on data that Slack doesn't return now.
    """

    def __init__(
        self, slack: SlackWebApi, live: LiveSettings, home: Home, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._live = live
        self._home = home
        self._trust = slack.pace.trust
        persons = Persons(slack, home, clock)
        self._persons = Memory(persons.find, stranger, clock, slack.pace)
        self._admins = Memory(persons.ask, stranger, clock, slack.pace)
        self._groups = Memory(slack.group_members, lambda _: frozenset(), clock, slack.pace)
        self._members = Memory(slack.members, lambda _: frozenset(), clock, slack.pace)
        self._me = slack.me
        self._channels = Memory(Channels(slack, clock).find, lambda _: UNKNOWN, clock, slack.pace)

    @property
    def _settings(self) -> Settings:
        return self._live.now

    async def name(self, user: str) -> str:
        """Return the person's display name."""
        try:
            return (await self._persons.get(user)).name
        except Unavailable:
            return SOMEONE

    async def is_bot(self, user: str) -> bool:
        """Return whether the user is a bot, as far as Slack tells."""
        try:
            return (await self._persons.get(user)).bot
        except Unavailable:
            return False

    def serves(self, workspace: str) -> bool:
        """Return whether a workspace is served: those that docent.yaml lists, or all if it lists none."""
        listed = self._settings.slack.workspaces
        return not listed or workspace in listed

    def listens(self, channel: str) -> bool:
        """Return whether the bot answers there: in channels that docent.yaml opens, and in direct messages."""
        place = self._settings.slack.channels.get(channel)
        if place is not None:
            return place.enabled
        return channel.startswith("D") or not self._settings.slack.listed_only

    async def audience(self, user: str, channel: str, *, direct: bool) -> frozenset[str]:
        """Return what both the asker and the place may see. `direct`: only the asker sees it there."""
        if not self.listens(channel):
            return frozenset()
        of_person = await self._of_person(user)
        return of_person if direct else of_person & await self.of_channel(channel)

    async def not_found(self, user: str, channel: str, *, direct: bool) -> str:
        """Return what to say where nothing is found because less may be used here; else "".

        That is so for guests, and in places that see less than everybody.
        """
        if user not in self._settings.slack.bots and not (await self._persons.get(user)).insider:
            return messages.ONLY_FOR_GUESTS
        everybodys = self._settings.default_audience
        narrow = not direct and not everybodys <= await self.of_channel(channel)
        return messages.ONLY_THIS_PLACE if narrow else ""

    async def of_channel(self, channel: str) -> frozenset[str]:
        """Return the channel's configured audience; the default one only where no other company can read.

        In a group of direct messages it is what all its people may see, in a channel of several workspaces what
        all of these have.
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
        """Return the workspaces that a channel is in; the bot's own if Slack names none."""
        shared = channel.get("shared_team_ids") or channel.get("internal_team_ids") or ()
        named = [str(one) for one in (*shared, channel.get("context_team_id") or "") if one]
        return [one for one in dict.fromkeys(named) if one.startswith("T")] or [self._home.team]

    def _default(self, workspace: str) -> frozenset[str]:
        """Return the audience that everybody of a workspace has.

        It is empty where docent.yaml lists workspaces and this isn't one of them.
        """
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
            if user in audience.slack_users or await self._in_any(user, audience.slack_groups, REMEMBER):
                words.add(word)
        return frozenset(words)

    async def rights(self, user: str, workspace: str) -> Rights | None:
        """Return an admin's current rights; None for anybody else.

        They cover the admin's workspace, or everything for those whom docent.yaml names in person.
        """
        if not await self._is_admin(user, workspace):
            return None
        named = user in self._settings.slack.admins
        return Rights(None if named else frozenset({tenant(workspace)}), await self._of_person(user))

    async def _is_admin(self, user: str, workspace: str) -> bool:
        """Return whether the user is an admin: by id, user group, workspace settings or as Slack's own admin."""
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
        """Return the channel's id and, if it has one that can be read, its name."""
        if channel.startswith("D"):
            return frozenset({channel})
        try:
            name = (await self._channels.get(channel)).get("name")
        except Unavailable:
            name = None
        return frozenset({channel, str(name)} if name else {channel})


def _common(each: Sequence[frozenset[str]]) -> frozenset[str]:
    """Return what all of them have in common; nothing if there are none."""
    return frozenset.intersection(*each) if each else frozenset()
