"""Shows a reindex in a message in Discord."""

import time
from contextlib import suppress
from typing import Any

import discord

from adapters.chat.admin.sync_progress import ended
from adapters.discord.connection.timeouts import PATIENCE
from adapters.discord.connection.transport import (
    Failed,
    NotAllowed,
    NotThere,
    TokenGone,
    Unreachable,
    call,
    outlast,
)
from adapters.discord.replies import rendering
from bot.ports import SyncRun

_TOKEN_LIFE = 14 * 60.0  # seconds, of 15 minutes

_Message = discord.WebhookMessage | discord.Message | discord.PartialMessage


class DiscordProgressMessage:
    """The message that shows a run: edited by the interaction's token while that is valid, then as the bot's own.

    `user` gets it by direct message if it can't be posted in the channel.
    """

    def __init__(
        self,
        channel: discord.PartialMessageable,
        message: _Message,
        user: discord.User | discord.Member | None = None,
        *,
        by_token: bool = False,
    ) -> None:
        self._channel = channel
        self._message = message
        self._user = user
        self._until = time.monotonic() + _TOKEN_LIFE
        self._by_token = by_token

    @classmethod
    def by_token(
        cls, interaction: "discord.Interaction[Any]", message: discord.WebhookMessage
    ) -> "DiscordProgressMessage":
        """Return the message that responded to an interaction."""
        client: discord.Client = interaction.client
        channel = client.get_partial_messageable(interaction.channel_id or 0, guild_id=interaction.guild_id)
        return cls(channel, message, interaction.user, by_token=True)

    @classmethod
    def at(cls, client: discord.Client, address: str) -> "DiscordProgressMessage":
        """Return the message with this address."""
        channel, _, message = address.partition("/")
        place = client.get_partial_messageable(int(channel))
        return cls(place, place.get_partial_message(int(message)))

    @property
    def address(self) -> str:
        return f"{self._message.channel.id}/{self._message.id}"

    async def update(self, run: SyncRun) -> None:
        """Update the message. While Discord is down only the final report is waited for.

        The report is posted as a new message if it has to be.
        """
        if not ended(run):
            with suppress(Unreachable):
                await self._update(run, patience=0)
        else:
            await outlast(lambda: self._report(run), PATIENCE)

    async def _report(self, run: SyncRun) -> None:
        try:
            await self._update(run, patience=PATIENCE.here)
        except Unreachable:
            await self._anew(*rendering.run_message(run))

    async def _update(self, run: SyncRun, *, patience: float) -> None:
        text, view = rendering.run_message(run)

        async def edit() -> None:
            await call(lambda: self._message.edit(content=text, view=view), patience=patience)

        if self._by_token and time.monotonic() < self._until:
            with suppress(TokenGone):
                return await edit()
        if self._by_token:
            self._by_token = False
            self._message = self._channel.get_partial_message(self._message.id)
        try:
            await edit()
        except (NotThere, NotAllowed):
            await self._anew(text, view)

    async def _anew(self, text: str, view: discord.ui.View | None) -> None:
        """Post a new message or a direct message: the old one was deleted, or the bot can't see the channel."""
        extra = rendering.extras(view=view)
        try:
            self._message = await call(lambda: self._channel.send(text, **extra))
        except Failed:
            if self._user is None:
                raise
            user = self._user
            self._message = await call(lambda: user.send(text, **extra))
