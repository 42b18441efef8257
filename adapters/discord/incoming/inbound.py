"""Turns Discord's messages and interactions into questions: which are for the bot, and where the answer goes."""

import asyncio
import re
from dataclasses import replace
from typing import Any

import discord

from adapters.chat import markdown_text
from adapters.chat.incoming.revision import Edit
from adapters.chat.questions.reply import Reply
from adapters.discord.connection.transport import Failed, call
from adapters.discord.incoming import message_parts
from adapters.discord.incoming.questions import DiscordQuestions
from adapters.discord.replies.discord_markdown import incoming, thread_name
from adapters.discord.reply_address import DiscordAddress, Message
from bot.config.chat import PlaceSettings
from bot.ports import Asked
from bot.text.questions.question_text import asked_with

_SOON = 120_000  # milliseconds
_SNOWFLAKE_BITS = 22  # of an id, below its milliseconds
_FORM_WAITS = 1.0  # seconds, of the 3 in which a form must be open
_KINDS = (discord.MessageType.default, discord.MessageType.reply, discord.MessageType.thread_starter_message)


class DiscordInbound(DiscordQuestions):
    """Turns what people do into `Asked` and its `Reply`."""

    # --- what is a question -----------------------------------------------------------------------

    def may_concern(self, data: Any) -> bool:  # noqa: ANN401 - Discord's own JSON
        """Return whether a raw message could be for the bot. Most can't, and aren't parsed."""
        if (data["author"].get("bot") or data.get("webhook_id")) and not self._may_ask(data["author"]["id"]):
            return False
        me, replied = str(self._me), data.get("referenced_message")
        return bool(
            "guild_id" not in data
            or data["mention_roles"]
            or any(user["id"] == me for user in data["mentions"])
            or (replied and replied["author"]["id"] == me)
            or (
                self._settings.discord.message_content
                and self._hears_all(int(data["guild_id"]), int(data["channel_id"]))
            )
        )

    def _may_ask(self, bot: str) -> bool:
        """Return whether another bot or a webhook may ask anywhere."""
        return bot in self._settings.discord.bots and bot != str(self._me)

    def _hears_all(self, guild: int, channel: int) -> bool:
        """Return whether any message here may be a question, mention or not."""
        found = self._client.get_channel(channel)
        if isinstance(found, discord.Thread):
            helping = str(found.parent_id) == self._people.help_channel(guild)
            return helping or self._follows(found, self._people.place(guild, channel, found.parent_id))
        return self._people.place(guild, channel, 0).unasked

    def _follows(self, thread: discord.Thread, place: PlaceSettings) -> bool:
        """Return whether further messages in a thread may be for the bot.

        In its own threads they are unless that is switched off.
        """
        return thread.owner_id == self._me if place.followups is None else place.followups

    def of_message(self, message: discord.Message, text: str = "") -> tuple[Asked, Reply] | None:
        """Return the question in a message, or `text` in its place; None if it isn't one for the bot."""
        if message.type not in _KINDS or (_is_bots(message) and not self._bot_may_ask(message)):
            return None
        if message.guild is None:
            return self._of(message, 0, "place", text)
        mentioned = self._is_addressed(message)
        if not mentioned and not (self._settings.discord.message_content and _is_open(message)):
            return None
        return self._in_guild(message, message.guild.id, text, mentioned=mentioned)

    def _bot_may_ask(self, message: discord.Message) -> bool:
        """Return whether a bot's message is a question: it mentions the bot in a place where it may ask.

        Not where answers are private.
        """
        bot, guild = str(message.author.id), message.guild
        mentioned = re.search(rf"<@!?{self._me}>", message.content)
        if guild is None or not self._may_ask(bot) or not mentioned:
            return False
        place = self._place_of(message, guild.id)
        allowed = self._settings.discord.allow_bots | place.allow_bots
        return bot in allowed and place.answers != "private"

    def _in_guild(
        self, message: discord.Message, guild: int, text: str, *, mentioned: bool
    ) -> tuple[Asked, Reply] | None:
        thread = _thread(message)
        if not self._people.listens(guild, message.channel.id, thread.parent_id if thread else 0):
            return None
        place = self._place_of(message, guild)
        answer_in = "place" if thread else self._people.guild(guild).answer_in
        if mentioned:
            return self._of(message, guild, answer_in, text)
        if place.answers == "private":
            return None  # direct messages are only for people who asked the bot
        if thread and self._follows(thread, place):
            return self._of(message, guild, "place", text, unprompted=True)
        if not thread and place.unasked and markdown_text.is_question(message.content):
            return self._of(message, guild, answer_in, text, unprompted=True)
        return None

    def of_post(self, thread: discord.Thread, message: discord.Message) -> tuple[Asked, Reply] | None:
        """Return the question in a new forum post, if the forum is configured.

        Unless the post mentions the bot, it is answered only if the evidence is strong.
        """
        forum = self._people.forum(thread.guild.id, thread.parent_id)
        if forum is None or _is_bots(message):
            return None
        unprompted = not self._is_addressed(message)
        asked, reply = self._of(message, thread.guild.id, "place", "", unprompted=unprompted)
        text = f"{thread.name}\n{asked.question.text}".strip()
        return replace(asked, question=replace(asked.question, text=text)), reply

    def of_reaction(self, message: discord.Message, member: discord.Member) -> tuple[Asked, Reply] | None:
        """Return a message as a question of the person who reacted to it.

        None where the bot doesn't listen, or for its own message.
        """
        thread = _thread(message)
        guild, parent = member.guild.id, thread.parent_id if thread else 0
        if message.author.id == self._me or not self._people.listens(guild, message.channel.id, parent):
            return None
        answer_in = "place" if thread else self._people.guild(guild).answer_in
        key = f"{self.key(message.id)}:menu"  # the same key as the menu command's
        return self._of(message, guild, answer_in, "", asker=member, key=key)

    def _is_addressed(self, message: discord.Message) -> bool:
        """Return whether a message mentions the bot or its own role, or replies to one of its messages."""
        if any(user.id == self._me for user in message.mentions):
            return True
        me = message.guild.me if message.guild else None
        own = {role.id for role in me.roles if role.is_bot_managed()} if me else set()
        if own and any(role.id in own for role in message.role_mentions):
            return True
        replied = message.reference.resolved if message.reference else None
        return (
            isinstance(replied, discord.Message) and replied.author.id == self._me and bool(message.content)
        )

    def _of(
        self,
        message: discord.Message,
        guild: int,
        answer_in: str,
        text: str,
        *,
        unprompted: bool = False,
        asker: discord.Member | None = None,
        key: str = "",
    ) -> tuple[Asked, Reply]:
        """Return a message as a question. `asker` and `key` default to its author and its own key."""
        author = asker or message.author
        words, about = self.question_in(message)
        text = text or words
        if guild and isinstance(author, discord.Member):
            self._people.learn(guild, author.id, [role.id for role in author.roles])
        place = DiscordAddress(
            channel=message.channel.id,
            user=author.id,
            guild=guild,
            message=message.id,
            answer_in=answer_in,
            name=thread_name(text),
            automated=asker is None and _is_bots(message),
            private=bool(guild) and self._place_of(message, guild).answers == "private",
            unprompted=unprompted,
            reply_to=(message.reference.message_id if message.reference else None) or 0,
        )
        before = message.id if answer_in == "place" or place.reply_to else 0
        files = self.with_files(message)
        return self.asked(
            place, text, key=key or self.key(message.id), before=before, about=about, files=files
        )

    def _place_of(self, message: discord.Message, guild: int) -> PlaceSettings:
        """Return the settings of the place where a message was written."""
        thread = _thread(message)
        return self._people.place(guild, message.channel.id, thread.parent_id if thread else 0)

    def words_of(self, message: discord.Message) -> str:
        """Return a message's words."""
        me = message.guild.me if message.guild else None
        own = frozenset(role.id for role in me.roles if role.is_bot_managed()) if me else frozenset()
        said = incoming(message.content, self._me, own)
        return said or "\n\n".join(message_parts.forwarded(message, self._me))

    def question_in(self, message: discord.Message) -> tuple[str, tuple[str, ...]]:
        """Return what a message asks, and what was forwarded with it.

        Without words of its own, what was forwarded is the question.
        """
        text, about = self.words_of(message), message_parts.forwarded(message, self._me)
        return asked_with(text, about), about

    def with_files(self, message: discord.Message) -> tuple[Message, ...]:
        """Return the channels and ids of those messages that have files: this one, and the one it replies to."""
        replied = message.reference.resolved if message.reference else None
        near = (message, replied) if isinstance(replied, discord.Message) else (message,)
        return tuple((one.channel.id, one.id) for one in near if message_parts.has_files(one))

    async def question_before(self, message: discord.Message, *, said: bool = False) -> str:
        """Return what a message refers to: the person's message it replies to, or else the first one of its thread.

        In a channel it may be what the same person forwarded just before, which Discord makes a message of its
        own. `said`: the message has words of its own; the thread then comes with it as history and isn't looked
        at.
        """
        reference, here = message.reference, message.channel
        if reference and isinstance(reference.resolved, discord.Message):
            own = reference.resolved.author.id == self._me
            return "" if own else self.words_of(reference.resolved)
        tries: list[tuple[int | None, int | None]] = []
        if reference:
            tries.append((reference.channel_id, reference.message_id))
        elif not isinstance(here, discord.Thread):
            return await self._just_forwarded(message)
        elif not said:  # a forum post's first message is in its thread, others' is above it
            tries += [(here.parent_id, here.id), (here.id, here.id)]
        for channel, wanted in tries:
            if channel and wanted and (found := await self._message(channel, wanted)):
                return self.words_of(found)
        return ""

    async def _just_forwarded(self, message: discord.Message) -> str:
        try:
            async with asyncio.timeout(_FORM_WAITS):
                found: Any = await call(
                    lambda: self._client.http.logs_from(message.channel.id, 1, before=message.id)
                )
        except (Failed, TimeoutError):
            return ""
        if not found:
            return ""
        latest = found[0]
        mine = latest["author"]["id"] == str(message.author.id)
        soon = message.id - int(latest["id"]) < _SOON << _SNOWFLAKE_BITS
        forwards = bool(latest.get("message_snapshots"))
        return message_parts.words(latest, self._me) if mine and soon and forwards else ""

    async def _message(self, channel: int, message: int) -> discord.Message | None:
        place = self._client.get_partial_messageable(channel)
        try:
            async with asyncio.timeout(_FORM_WAITS):
                return await call(lambda: place.fetch_message(message))
        except (Failed, TimeoutError):
            return None

    def of_edit(self, message: discord.Message) -> Edit | None:
        """Return the question in an edited message; None if it isn't one for the bot."""
        found, edited = self.of_message(message), message.edited_at
        if found is None or edited is None:
            return None
        return Edit(*found, str(edited.timestamp()), message.created_at)


def _thread(message: discord.Message) -> discord.Thread | None:
    """Return the thread that a message is in; None if it is in none."""
    return message.channel if isinstance(message.channel, discord.Thread) else None


def _is_bots(message: discord.Message) -> bool:
    """Return whether a bot or a webhook wrote the message."""
    return message.author.bot or message.webhook_id is not None


def _is_open(message: discord.Message) -> bool:
    """Return whether a message that doesn't address the bot may be for it.

    It isn't if it addresses somebody else or only says thanks.
    """
    replied = message.reference is not None and message.type is discord.MessageType.reply
    others = message.mentions or message.role_mentions or message.mention_everyone
    said = message.content
    return bool(re.search(r"\w", said)) and not (replied or others or markdown_text.is_small_talk(said))
