"""Requests a summary in Discord: of a thread, or of the channel's last day."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

import discord

from adapters.chat import messages
from adapters.chat.answer_view import AnswerView
from adapters.chat.summaries.summaries import DAY, MESSAGES, CannotRead, Said
from adapters.discord.access.permissions import DiscordPermissions
from adapters.discord.connection.transport import Failed, call
from adapters.discord.replies import rendering
from adapters.discord.replies.discord_markdown import escape, incoming

Interaction = discord.Interaction[Any]

_KINDS: Final = (
    discord.MessageType.default,
    discord.MessageType.reply,
    discord.MessageType.chat_input_command,
)


class DiscordSummaryRequest:
    """A request by an interaction that is deferred and ephemeral: only the asker sees the summary."""

    platform = "discord"

    def __init__(self, interaction: Interaction, people: DiscordPermissions) -> None:
        self._interaction = interaction
        self._people = people
        self.person = str(interaction.user.id)
        self.place = str(interaction.channel_id or 0)

    async def messages(self) -> Sequence[Said]:
        interaction, place = self._interaction, self._interaction.channel
        if not self._people.reads_messages:
            raise CannotRead(messages.NO_CONTENT)
        granted = interaction.permissions
        if interaction.guild_id and not (granted.view_channel and granted.read_message_history):
            raise CannotRead(messages.NOT_SEEN)
        if not isinstance(place, discord.abc.Messageable):
            raise CannotRead(messages.CANNOT_READ)
        # A thread is summed up whole, as far as the limit goes; of a channel the last day.
        since = None if isinstance(place, discord.Thread) else datetime.now(UTC) - DAY

        async def read() -> list[discord.Message]:
            found = [one async for one in place.history(limit=MESSAGES, after=since, oldest_first=False)]
            return found[::-1]

        try:
            found = await call(read)
        except Failed as error:
            raise CannotRead(messages.CANNOT_READ) from error
        return [_said(one) for one in found if one.type in _KINDS and one.content]

    async def show(self, summary: AnswerView) -> None:
        for page, embed, view in rendering.drawn(summary, summary.buttons).parts():
            extra = rendering.extras(embed, view)
            await call(
                lambda page=page, extra=extra: self._interaction.followup.send(page, ephemeral=True, **extra)  # type: ignore[misc] # bound early
            )

    async def tell(self, text: str) -> None:
        await call(lambda: self._interaction.followup.send(escape(text), ephemeral=True))


def _said(message: discord.Message) -> Said:
    text = incoming(message.content, 0)
    name = message.author.display_name
    return Said(f"{message.channel.id}/{message.id}", name, text, message.jump_url, message.created_at)
