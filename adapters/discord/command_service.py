"""Runs Discord's commands: ask, admin commands, summarize."""

import logging
from typing import Any

import discord

from adapters.chat import messages
from adapters.chat.questions.question_service import NOT_TAKEN
from adapters.chat.wiring import ChatServices
from adapters.discord.access.permissions import DiscordPermissions
from adapters.discord.connection.transport import TokenGone, call
from adapters.discord.helping.summary_request import DiscordSummaryRequest
from adapters.discord.incoming.inbound import DiscordInbound
from adapters.discord.interactions import DiscordAdminConsole
from adapters.discord.replies.discord_markdown import thread_name
from adapters.discord.reply_address import DiscordAddress, Message
from bot.bootstrap import App

log = logging.getLogger(__name__)

Interaction = discord.Interaction[Any]


class CommandService:
    """Runs commands. Each call responds to one interaction, which Discord wants deferred within three seconds."""

    def __init__(
        self, app: App, parts: ChatServices, inbound: DiscordInbound, people: DiscordPermissions
    ) -> None:
        self.app = app
        self.inbound = inbound
        self.people = people
        self._parts = parts

    async def ask(
        self,
        interaction: Interaction,
        question: str,
        *,
        private: bool,
        key: str = "",
        about: tuple[str, ...] = (),
        files: tuple[Message, ...] = (),
    ) -> None:
        """Answer an interaction. It is deferred at once, before the journal is asked.

        If even that is too late, the answer goes elsewhere, as when the token has expired.
        """
        private = private or not (interaction.guild_id or interaction.context.dm_channel)
        try:
            await call(
                lambda: interaction.response.defer(ephemeral=private, thinking=True),
                patience=2.0,
                deadline=2.5,
            )
        except TokenGone as error:
            log.warning("interaction %s is answered elsewhere: %s", interaction.id, error)
        if interaction.guild_id and isinstance(interaction.user, discord.Member):
            self.people.learn(
                interaction.guild_id, interaction.user.id, [r.id for r in interaction.user.roles]
            )
        place = DiscordAddress(
            channel=interaction.channel_id or 0,
            user=interaction.user.id,
            guild=interaction.guild_id or 0,
            name=thread_name(question),
            private=private,
            application=interaction.application_id,
            token=interaction.token,
        )
        key = key or f"discord:i:{interaction.id}"
        asked, reply = self.inbound.asked(place, question, key=key, about=about, files=files)
        if refused := NOT_TAKEN.get(await self._parts.question_service.take(asked, reply)):
            await call(lambda: interaction.edit_original_response(content=refused))

    async def admin(self, interaction: Interaction, text: str, *, public: bool = False) -> None:
        """Run an admin command; `text` is in the syntax that all platforms share."""
        await call(
            lambda: interaction.response.defer(ephemeral=not public, thinking=True),
            patience=2.0,
            deadline=2.5,
        )
        await self._parts.admins.command(text, DiscordAdminConsole(interaction, self.people))

    async def summarize(self, interaction: Interaction) -> None:
        """Sum up the thread or channel of the interaction, for whoever asks."""
        await call(
            lambda: interaction.response.defer(ephemeral=True, thinking=True), patience=2.0, deadline=2.5
        )
        guild, channel = interaction.guild_id or 0, interaction.channel_id or 0
        request = DiscordSummaryRequest(interaction, self.people)
        if await self.people.is_open(guild, channel):
            await self._parts.summaries.summarize(request)
        else:
            await request.tell(messages.NOT_HERE)
