"""Implements the gate for Discord: drops events of servers that aren't served before discord.py parses them."""

import logging
from typing import Any

import discord

from adapters.chat import messages
from adapters.chat.questions.gate import Admission
from adapters.discord.access.permissions import DiscordPermissions
from adapters.discord.connection.transport import call
from adapters.discord.reply_address import DiscordPlace
from bot.ports import Asked

log = logging.getLogger(__name__)


class DiscordGate:
    """Implements `adapters.chat.questions.gate.Gate`, and the same checks for raw events."""

    def __init__(self, people: DiscordPermissions) -> None:
        self._people = people

    def lets_in(self, data: Any) -> bool:  # noqa: ANN401 - Discord's own JSON
        """Return whether an event or interaction is from a direct message or a server that is served."""
        return self._people.serves(int(data.get("guild_id") or 0))

    def carried(self, data: Any) -> bool:  # noqa: ANN401 - Discord's own JSON
        """Return whether the person used the app, installed for themselves, in a place where it isn't installed.

        Only they see the answer there, so the interaction is then treated as a direct message: `data` is
        changed to one, and nothing about the place counts.
        """
        owners, guild = data.get("authorizing_integration_owners") or {}, str(data.get("guild_id") or "")
        if not self._people.for_users or "1" not in owners or (guild and str(owners.get("0")) == guild):
            return False
        if guild:
            data["user"] = data.pop("member")["user"]
            for name in ("guild_id", "guild"):
                data.pop(name, None)
            data["channel"] = {"id": data["channel_id"], "type": discord.ChannelType.private.value}
        return True

    async def opens(self, asked: Asked) -> bool:
        place = DiscordPlace.of(asked).address
        return await self._people.is_open(place.guild, place.channel)

    async def admit(self, asked: Asked) -> Admission:
        place = DiscordPlace.of(asked).address
        audience, said = await self._people.admitted(
            place.user, place.guild, place.channel, alone=place.private
        )
        tenant = await self._people.tenant(place.user, place.guild)
        places = await self._people.places(place.guild, place.channel)
        return Admission(tenant, audience, places, said)


async def turn_away(interaction: "discord.Interaction[Any]") -> None:
    """Tell somebody who pressed or typed something in a server that isn't served. Raises Failed."""
    log.warning("an interaction from server %s is refused: it isn't listed", interaction.guild_id)
    response = interaction.response
    if interaction.type is discord.InteractionType.autocomplete:
        await call(lambda: response.autocomplete([]))
    else:
        await call(lambda: response.send_message(messages.NOT_HERE, ephemeral=True))
