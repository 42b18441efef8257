"""Shows the results of buttons and admin commands in the place in Discord where they were used."""

import logging
import re
from collections.abc import Sequence
from copy import copy
from dataclasses import replace
from typing import Any

import discord

from adapters.chat.answer_view import DECISIONS, AnswerView, Press
from adapters.chat.questions.reply import Reply
from adapters.discord.access.bot_permissions import rights
from adapters.discord.access.permissions import DiscordPermissions
from adapters.discord.connection.transport import (
    NotAllowed,
    TokenGone,
    call,
)
from adapters.discord.helping.help_thread import help_mark
from adapters.discord.incoming.inbound import DiscordInbound
from adapters.discord.replies import rendering
from adapters.discord.replies.discord_markdown import as_messages, escape, thread_name
from adapters.discord.reply_address import DiscordAddress, DiscordPlace
from adapters.discord.run_message import DiscordProgressMessage
from bot.ports import Asked, Recorded, Rights, SyncRun

log = logging.getLogger(__name__)

_ROLE = re.compile(r"\d{15,21}")


def says(text: str) -> str:
    """Return our words, cut to the length of one message."""
    return as_messages(text)[0]


def is_private(interaction: "discord.Interaction[Any]") -> bool:
    """Return whether only the person who pressed sees the message with the button."""
    return bool(interaction.message and interaction.message.flags.ephemeral)


class DiscordPressContext:
    """A press under an answer. The interaction is already deferred as ephemeral."""

    def __init__(
        self,
        *,
        interaction: "discord.Interaction[Any]",
        inbound: DiscordInbound,
        people: DiscordPermissions,
        help_channel: str | None,
    ) -> None:
        self._interaction = interaction
        self._inbound = inbound
        self._people = people
        self._help_channel = help_channel
        self.person = str(interaction.user.id)
        self.place = str(interaction.channel_id or 0)
        self.guild = interaction.guild_id or 0
        self.tenant = f"discord:{interaction.guild_id or '@me'}"

    @property
    def _channel(self) -> discord.PartialMessageable:
        client: discord.Client = self._interaction.client
        return client.get_partial_messageable(int(self.place), guild_id=self.guild or None)

    async def name(self) -> str:
        return escape(self._interaction.user.display_name)

    async def audience(self, *, alone: bool) -> frozenset[str]:
        user = self._interaction.user.id
        return await self._people.audience(user, self.guild, int(self.place), alone=alone)

    def where_asked(self, recorded: Recorded) -> "DiscordPressContext":
        """Return the same press in the channel where a question answered by direct message was asked."""
        asked = DiscordPlace.of(recorded.asked).address
        if self.guild or not asked.guild or str(asked.user) != self.person:
            return self
        there = copy(self)
        there.place, there.guild = str(asked.channel), asked.guild
        return there

    async def tell(self, text: str) -> None:
        await self._whisper(says(text), None)

    async def show_sources(self, answer: AnswerView) -> None:
        await self._whisper("", rendering.sources_embed(answer))

    async def _whisper(self, text: str, embed: discord.Embed | None) -> None:
        followup, extra = self._interaction.followup, rendering.extras(embed)
        try:
            await call(lambda: followup.send(text, ephemeral=True, **extra))
        except TokenGone:
            await call(lambda: self._interaction.user.send(text, **extra))

    async def share(self, answer: AnswerView) -> None:
        elsewhere = self.guild != (self._interaction.guild_id or 0)
        user = self._interaction.user.id
        if elsewhere and not await self._people.may_write(user, self.guild, int(self.place)):
            raise NotAllowed("the presser may not write there")
        presses = tuple(press for press in answer.buttons if press is not Press.SHARE)
        embeds = rights(self._interaction.client, int(self.place)).embed_links
        for page, embed, view in rendering.drawn(answer, presses, embeds=embeds).parts():
            extra = rendering.extras(embed, view)
            await call(lambda page=page, extra=extra: self._channel.send(page, **extra))  # type: ignore[misc] # bound early

    def more(self, recorded: Recorded) -> tuple[Asked, Reply]:
        interaction = self._interaction
        private, earlier = is_private(interaction), DiscordPlace.of(recorded.asked)
        place = DiscordAddress(
            channel=int(self.place),
            user=interaction.user.id,
            guild=interaction.guild_id or 0,
            name=thread_name(recorded.asked.question.text),
            private=private,
        )
        if private:
            place = replace(place, application=interaction.application_id, token=interaction.token)
        who = self.person if private else "all"
        return self._inbound.asked(
            place,
            recorded.asked.question.text,
            key=f"discord:more:{recorded.asked.id}:{who}",
            before=earlier.before,
            detailed=True,
            about=recorded.asked.question.about,
            files=earlier.files,
        )

    async def help(self, text: str, question_id: str) -> bool:
        if not self._help_channel:
            return False
        channel = self._interaction.client.get_partial_messageable(int(self._help_channel))
        where = await self.where()
        shown = "\n".join(filter(None, (says(text), where, help_mark(question_id))))
        await call(lambda: channel.send(shown, suppress_embeds=True))
        return True

    async def rotation(self, on_call: str) -> str:
        if not _ROLE.fullmatch(on_call):
            return on_call
        guild = self._interaction.guild
        role = guild.get_role(int(on_call)) if guild else None
        return role.name if role else ""

    async def where(self) -> str:
        under = self._interaction.message
        seen_by_others = under and self._interaction.guild_id and not under.flags.ephemeral
        return under.jump_url if under and seen_by_others else ""


async def tell(client: discord.Client, user: str, text: str, presses: Sequence[tuple[Press, str]]) -> None:
    """Send a direct message; `presses` are its buttons, each with its value. Raises Failed."""
    extra = rendering.extras(view=rendering.row(presses))
    found = await call(lambda: client.fetch_user(int(user)))
    await call(lambda: found.send(says(text), **extra))


class DiscordAdminConsole:
    """An admin's command or button. The first message responds to the interaction, unless that was done."""

    def __init__(self, interaction: "discord.Interaction[Any]", people: DiscordPermissions) -> None:
        self._interaction = interaction
        self._people = people
        self.person = f"discord:{interaction.user.id}"
        self.tenant = f"discord:{interaction.guild_id or '@me'}"

    async def rights(self) -> Rights | None:
        return await self._people.rights(self._interaction)

    async def audience(self) -> frozenset[str]:
        interaction = self._interaction
        return await self._people.of_place(interaction.guild_id or 0, interaction.channel_id or 0)

    async def answer(self, text: str) -> None:
        response = self._interaction.response
        if not response.is_done():
            await call(lambda: response.defer(ephemeral=True, thinking=True))
        for part in as_messages(text)[:4]:
            await call(lambda part=part: self._interaction.followup.send(part, ephemeral=True))  # type: ignore[misc] # bound early

    async def name(self) -> str:
        return self._interaction.user.display_name

    async def offer(self, text: str, lesson_id: str, presses: tuple[Press, ...] = DECISIONS) -> None:
        view = rendering.buttons(presses, lesson_id) or discord.ui.View()
        shown = says(text)
        await call(lambda: self._interaction.followup.send(shown, ephemeral=True, view=view))

    async def show(self, run: SyncRun) -> DiscordProgressMessage:
        """Show the run by the interaction, as long as its token is valid, then as a message in the channel."""
        text, view = rendering.run_message(run)
        extra = rendering.extras(view=view)
        message = await call(
            lambda: self._interaction.followup.send(text, wait=True, ephemeral=False, **extra)
        )
        return DiscordProgressMessage.by_token(self._interaction, message)
