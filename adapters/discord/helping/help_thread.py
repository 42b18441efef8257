"""Handles what people say in the help channel about a question: as a reply to it, or in its thread."""

import re
from typing import Any, Final

import discord

from adapters.chat import messages
from adapters.chat.helping.human_help import HumanHelp
from adapters.discord.access.permissions import DiscordPermissions
from adapters.discord.connection.transport import Failed, call
from adapters.discord.replies.discord_markdown import as_messages, incoming

_MARKED: Final = re.compile(r"\n-# [^\n]* `([0-9a-f]{6,40})`$")


def help_mark(question_id: str) -> str:
    """Return the last line of the help channel's message about a question, by which it is recognized."""
    return f"-# {messages.HELP_THREAD} `{question_id}`"


class DiscordHelpThreads:
    """Handles replies to the bot's posts in the help channel.

    Without the Message Content intent a reply has to ping the bot, which replies do unless that is switched
    off.
    """

    def __init__(self, client: discord.Client, people: DiscordPermissions, helping: HumanHelp) -> None:
        self._client = client
        self._people = people
        self._helping = helping

    async def take(self, message: discord.Message) -> bool:
        """Bring the reply to the asker; False if the message is no reply to a question."""
        question = "" if message.author.bot else await self.question_id(message)
        return bool(question) and await self._helping.answered(_Helper(self._client, message), question)

    async def question_id(self, message: discord.Message) -> str:
        """Return the id of the question that a message answers; "" if it answers none."""
        guild = message.guild.id if message.guild else 0
        wanted = self._people.help_channel(guild) if guild else None
        here = message.channel
        if wanted is None or self._is_question(message):
            return ""
        if isinstance(here, discord.Thread) and str(here.parent_id) == wanted:
            return await self._of(here.parent_id, here.id)
        if str(here.id) == wanted and message.reference:
            known = message.reference.resolved
            if isinstance(known, discord.Message):
                return self._marked(known.author.id, known.content)
            return await self._of(here.id, message.reference.message_id or 0)
        return ""

    async def question(self, message: discord.Message) -> str:
        """Return the question that a message in the help channel answers; "" elsewhere. Raises BackendError."""
        found = await self.question_id(message)
        return await self._helping.question_of(found) if found else ""

    def _is_question(self, message: discord.Message) -> bool:
        """Return whether a message mentions the bot to ask it something; a reply's own ping doesn't count."""
        me = self._client.user
        return bool(me and re.search(rf"<@!?{me.id}>", message.content))

    async def _of(self, channel: int, number: int) -> str:
        place = self._client.get_partial_messageable(channel)
        try:
            found = await call(lambda: place.fetch_message(number))
        except Failed:
            return ""
        return self._marked(found.author.id, found.content)

    def _marked(self, author: int, content: str) -> str:
        """Return the question's id in a help mark; "" if there is none, or the bot didn't write it."""
        found = _MARKED.search(content) if self._client.user and author == self._client.user.id else None
        return found[1] if found else ""


class _Helper:
    """Implements `adapters.chat.helping.human_help.HelperContext`."""

    platform = "discord"

    def __init__(self, client: discord.Client, message: discord.Message) -> None:
        self._client = client
        self._message = message
        self.key = f"discord {message.id}"
        self.person = str(message.author.id)
        self.text = incoming(message.content, 0)

    async def name(self) -> str:
        return self._message.author.display_name

    async def deliver(self, person: str, text: str) -> None:
        data: Any = await call(lambda: self._client.http.start_private_message(int(person)))
        alone = self._client.get_partial_messageable(int(data["id"]))
        for part in as_messages(text)[:3]:
            await call(lambda part=part: alone.send(part))  # type: ignore[misc] # bound early

    async def tell(self, text: str) -> None:
        """Reply in the channel, without a ping: Discord has ephemeral messages only for interactions."""
        await call(lambda: self._message.reply(text, mention_author=False))
