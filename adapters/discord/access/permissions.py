"""Decides by Discord's data who may see what, who is an admin, and what the bot may do."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

import discord
from cachetools import FIFOCache

from adapters.chat import messages
from adapters.discord.connection.transport import Failed, call
from bot.config.chat import ForumSettings, GuildSettings, PlaceSettings
from bot.config.live import LiveSettings
from bot.config.loader import Settings
from bot.ports import Rights

log = logging.getLogger(__name__)

_REMEMBER = 300.0  # seconds
_MOST = 5000
_NO_GUILD = GuildSettings()
_QUIET = PlaceSettings()

Member = discord.Member | discord.User


class DiscordPermissions:
    """Derives audiences and rights from the settings, roles and threads."""

    def __init__(
        self, client: discord.Client, live: LiveSettings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._client = client
        self._live = live
        self._clock = clock
        self._roles: FIFOCache[tuple[int, int], tuple[float, frozenset[str]]] = FIFOCache(_MOST)

    @property
    def _settings(self) -> Settings:
        return self._live.now

    # --- settings of a place ----------------------------------------------------------------------

    def guild(self, guild: int) -> GuildSettings:
        return self._settings.discord.guilds.get(str(guild), _NO_GUILD)

    def help_channel(self, guild: int) -> str | None:
        """Return the server's help channel; for a direct message the only one configured, if there is just one."""
        if guild:
            return self.guild(guild).help_channel
        every = {one.help_channel for one in self._settings.discord.guilds.values() if one.help_channel}
        return every.pop() if len(every) == 1 else None

    def offers_help(self, guild: int) -> bool:
        """Return whether a human can be asked from there."""
        return self._settings.help.has_tickets or self.help_channel(guild) is not None

    def place(self, guild: int, channel: int, parent: int) -> PlaceSettings:
        """Return a channel's settings; a thread has its channel's unless it has its own."""
        channels = self.guild(guild).channels
        return channels.get(str(channel)) or channels.get(str(parent)) or _QUIET

    def forum(self, guild: int, channel: int) -> ForumSettings | None:
        return self.guild(guild).forums.get(str(channel))

    @property
    def reads_messages(self) -> bool:
        """Whether Discord sends the content of messages that don't mention the bot."""
        return self._settings.discord.message_content

    @property
    def for_users(self) -> bool:
        """Whether people may install the app for themselves."""
        return self._settings.discord.user_install

    def serves(self, guild: int) -> bool:
        """Return whether a server is served: those that docent.yaml lists, or all if it lists none.

        A `guild` of 0 is a direct message.
        """
        return not guild or self._settings.discord.serves(str(guild))

    async def is_open(self, guild: int, channel: int) -> bool:
        """Return whether the bot answers there."""
        if not guild or not self.serves(guild):
            return not guild
        found = await self._channel(channel)
        return self.listens(guild, channel, found.parent_id if isinstance(found, discord.Thread) else 0)

    def listens(self, guild: int, channel: int, parent: int) -> bool:
        settings = self.guild(guild)
        if not self.serves(guild):
            return False
        known = {str(channel), str(parent)} & (settings.channels.keys() | settings.forums.keys())
        return self.place(guild, channel, parent).enabled and (bool(known) or not settings.listed_only)

    async def places(self, guild: int, channel: int) -> frozenset[str]:
        """Return the ids and names of the channel, and of its parent if it is a thread.

        A direct message has its id only.
        """
        found = await self._channel(channel) if guild else None
        ids = {channel, found.parent_id} if isinstance(found, discord.Thread) else {channel}
        known = [found, *(self._client.get_channel(one) for one in ids)]
        names = {str(one.name) for one in known if isinstance(one, discord.Thread | discord.abc.GuildChannel)}
        return frozenset(map(str, ids)) | names

    # --- audiences --------------------------------------------------------------------------------

    async def audience(self, user: int, guild: int, channel: int, *, alone: bool = False) -> frozenset[str]:
        """Return what both the asker and the place may see.

        In a direct message, or if `alone`, only the asker sees the answer, and the place doesn't count.
        """
        return (await self.admitted(user, guild, channel, alone=alone))[0]

    async def admitted(
        self, user: int, guild: int, channel: int, *, alone: bool
    ) -> tuple[frozenset[str], str]:
        """Return the audience, and what to say where nothing is found because the place sees less than its server.

        Both come from one call, as Discord has to be asked who is in a private thread.
        """
        if not guild:
            return await self._anywhere(user), ""
        if not await self.is_open(guild, channel):
            return frozenset(), ""
        of_person = await self._in_server(user, guild)
        if alone:
            return of_person, ""
        of_place = await self.of_place(guild, channel)
        return of_person & of_place, "" if self._default(guild) <= of_place else messages.ONLY_THIS_PLACE

    async def _in_server(self, user: int, guild: int) -> frozenset[str]:
        if str(user) in self._settings.discord.bots:  # docent.yaml vouches for it; a webhook is no member
            return self._of_roles(guild, user, frozenset({str(guild)}))
        return self._of_roles(guild, user, await self.roles(guild, user))

    async def _anywhere(self, user: int) -> frozenset[str]:
        """Return what the asker may see in any of the served servers that they are in, for a direct message."""
        words: frozenset[str] = frozenset()
        for guild in self._client.guilds:
            if not self.serves(guild.id):
                continue
            roles = await self.roles(guild.id, user)
            if roles:
                words |= self._of_roles(guild.id, user, roles)
        return words

    def _of_roles(self, guild: int, user: int, roles: frozenset[str]) -> frozenset[str]:
        """Return what a member with these roles may see.

        Without any role (not even @everyone's) they aren't a member and may see nothing.
        """
        if not roles:
            return frozenset()
        settings = self.guild(guild)
        words = set(self._default(guild))
        for role in roles & settings.roles.keys():
            words |= settings.roles[role]
        for word, audience in self._settings.audiences.items():
            if str(user) in audience.discord_users or roles & audience.discord_roles:
                words.add(word)
        return frozenset(words)

    def _default(self, guild: int) -> frozenset[str]:
        of_guild = self.guild(guild).default_audience
        return self._settings.default_audience if of_guild is None else of_guild

    async def of_place(self, guild: int, channel: int) -> frozenset[str]:
        """Return what everybody who can read there may see; in a direct message the default audience."""
        if not guild:
            return self._settings.default_audience
        found = await self._channel(channel)
        if found is None:
            return frozenset()
        parent = found.parent_id if isinstance(found, discord.Thread) else 0
        forum = self.forum(guild, parent)
        place = self.place(guild, channel, parent)
        words = (forum.audience if forum else None) or place.audience
        words = self._default(guild) if words is None else words
        if isinstance(found, discord.Thread) and found.is_private():
            words &= await self._common(guild, found)
        return words

    async def _common(self, guild: int, thread: discord.Thread) -> frozenset[str]:
        """Return what all members of a private thread may see."""
        try:
            members: list[Any] = list(await call(lambda: self._client.http.get_thread_members(thread.id)))
        except Failed as error:
            log.warning("the members of thread %s can't be read: %s", thread.id, error)
            return frozenset()
        me = self._client.user
        people = [int(one["user_id"]) for one in members if me is None or int(one["user_id"]) != me.id]
        each = await asyncio.gather(*(self.roles(guild, user) for user in people))
        common: frozenset[str] | None = None
        for user, roles in zip(people, each, strict=True):
            words = self._of_roles(guild, user, roles)
            common = words if common is None else common & words
        return common if common is not None else frozenset()

    async def roles(self, guild: int, user: int, *, within: float = _REMEMBER) -> frozenset[str]:
        """Return the ids of a member's roles, @everyone's among them; nothing for somebody who isn't a member.

        `within` is how many seconds old cached roles may be.
        """
        known = self._roles.get((guild, user))
        if known and self._clock() - known[0] <= within:
            return known[1]
        try:
            data: Any = await call(lambda: self._client.http.get_member(guild, user))
        except Failed as error:
            log.info("user %s isn't a member of server %s as far as can be told: %s", user, guild, error)
            return frozenset()
        return self.learn(guild, user, data.get("roles") or ())

    def learn(self, guild: int, user: int, roles: Any) -> frozenset[str]:  # noqa: ANN401 - ids of any form
        """Cache the roles that came with an event, and return them."""
        ids = frozenset(str(role) for role in roles) | {str(guild)}
        self._roles[guild, user] = (self._clock(), ids)
        return ids

    async def may_write(self, user: int, guild: int, channel: int) -> bool:
        """Return whether a member may write there now; False if it can't be told."""
        place, of_guild = await self._channel(channel), self._client.get_guild(guild)
        if of_guild is None or not isinstance(place, discord.Thread | discord.abc.GuildChannel):
            return False
        try:
            member = await call(lambda: of_guild.fetch_member(user))
        except Failed:
            return False
        granted = place.permissions_for(member)
        in_thread = isinstance(place, discord.Thread)
        return granted.view_channel and (
            granted.send_messages_in_threads if in_thread else granted.send_messages
        )

    async def _channel(self, channel: int) -> object:
        known = self._client.get_channel(channel)
        if known is not None:
            return known
        try:
            return await call(lambda: self._client.fetch_channel(channel))
        except Failed as error:
            log.warning("channel %s can't be looked up: %s", channel, error)
            return None

    # --- admins -----------------------------------------------------------------------------------

    async def tenant(self, user: int, guild: int) -> str:
        """Return the server's name in the journal.

        For a direct message it is the only served server that the person is in, if there is just one.
        """
        if guild:
            return f"discord:{guild}"
        mine = [one.id for one in self._client.guilds if self.serves(one.id)]
        mine = [one for one in mine if await self.roles(one, user)]
        return f"discord:{mine[0]}" if len(mine) == 1 else "discord:@me"

    async def rights(self, interaction: "discord.Interaction[Any]") -> Rights | None:
        """Return an admin's rights; None for anybody else.

        They cover the server where they ask, or everything for those whom docent.yaml names in person.
        """
        if not self.is_admin(interaction):
            return None
        user, guild = interaction.user.id, interaction.guild_id or 0
        audience = await (self._in_server(user, guild) if guild else self._anywhere(user))
        named = str(user) in self._settings.discord.admins
        return Rights(None if named else frozenset({await self.tenant(user, guild)}), audience)

    def is_admin(self, interaction: "discord.Interaction[Any]") -> bool:
        """Return whether docent.yaml makes the person an admin, by id or role, or by Manage Server.

        Roles and permissions are those that Discord sent with the interaction.
        """
        guild, member = interaction.guild_id or 0, interaction.user
        if not self.serves(guild):
            return False
        if str(member.id) in self._settings.discord.admins:
            return True
        if not guild or not isinstance(member, discord.Member):
            return False
        roles = {str(role.id) for role in member.roles}
        manages = interaction.permissions.manage_guild and self._is_for_managers(guild)
        return manages or bool(roles & self.guild(guild).admin_roles)

    def _is_for_managers(self, guild: int) -> bool:
        """Return whether Manage Server makes an admin: if docent.yaml says so, or if there is only one server."""
        said = self.guild(guild).manage_server
        return len(self._client.guilds) == 1 if said is None else said
