"""Discord's messages and interactions as questions: which are for the bot, where the answer goes, what came before."""

import asyncio
import json
import re
import uuid
from dataclasses import replace
from typing import Any

import aiohttp
import discord

from adapters.chat import markdown_text as texts
from adapters.chat.reply import Recall, Reply
from adapters.discord.connection.timeouts import Timeouts
from adapters.discord.connection.transport import Failed, call
from adapters.discord.history import ChannelHistory
from adapters.discord.permissions import DiscordPermissions
from adapters.discord.replies.channel_reply import ChannelReply, Typing
from adapters.discord.replies.discord_markdown import incoming, thread_name
from adapters.discord.replies.interaction_reply import InteractionReply
from adapters.discord.reply_address import DiscordAddress
from bot.config.loader import Settings
from bot.model import Question, Turn
from bot.ports import Asked, Journal, Recorded

_DIRECT = '"direct": true'  # in the place of a question, as the journal has it
_LOOKED_THROUGH = 1000  # questions
_FORM_WAITS = 1.0  # seconds, of the 3 in which a form must be open
_KINDS = (discord.MessageType.default, discord.MessageType.reply, discord.MessageType.thread_starter_message)


class DiscordInbound:
    """Makes `Asked` and its `Reply` of what people do."""

    def __init__(
        self,
        client: discord.Client,
        session: aiohttp.ClientSession,
        people: DiscordPermissions,
        settings: Settings,
        patience: Timeouts,
    ) -> None:
        self._patience = patience
        self._client = client
        self._session = session
        self._people = people
        self._settings = settings
        self._typing = Typing(client)
        self._history = ChannelHistory(client, settings.limits)

    @property
    def _me(self) -> int:
        return self._client.user.id if self._client.user else 0

    # --- what is a question -----------------------------------------------------------------------

    def may_concern(self, data: Any) -> bool:  # noqa: ANN401 - Discord's own JSON
        """Whether a message, as it came, could be for the bot: most can't, and nothing is made of them."""
        if data["author"].get("bot") or data.get("webhook_id"):
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

    def _hears_all(self, guild: int, channel: int) -> bool:
        """Whether here each message may be a question, mention or not."""
        found = self._client.get_channel(channel)
        if isinstance(found, discord.Thread):
            return found.owner_id == self._me or self._people.place(guild, channel, found.parent_id).followups
        return self._people.place(guild, channel, 0).unasked

    def of_message(self, message: discord.Message, text: str = "") -> tuple[Asked, Reply] | None:
        """The question in a message, or `text` in its place; None if it isn't one for the bot."""
        if message.author.bot or message.webhook_id or message.type not in _KINDS:
            return None
        if message.guild is None:
            return self._of(message, 0, "place", text)
        mentioned = self._is_addressed(message)
        if not mentioned and not (self._settings.discord.message_content and _is_open(message)):
            return None
        return self._in_guild(message, message.guild.id, text, mentioned=mentioned)

    def _in_guild(
        self, message: discord.Message, guild: int, text: str, *, mentioned: bool
    ) -> tuple[Asked, Reply] | None:
        thread = message.channel if isinstance(message.channel, discord.Thread) else None
        parent = thread.parent_id if thread else 0
        if not self._people.listens(guild, message.channel.id, parent):
            return None
        place = self._people.place(guild, message.channel.id, parent)
        answer_in = "place" if thread else self._people.guild(guild).answer_in
        if mentioned:
            return self._of(message, guild, answer_in, text)
        if thread and (thread.owner_id == self._me or place.followups):
            return self._of(message, guild, "place", text)
        if not thread and place.unasked and texts.is_question(message.content):
            return self._of(message, guild, answer_in, text, unprompted=True)
        return None

    def of_post(self, thread: discord.Thread, message: discord.Message) -> tuple[Asked, Reply] | None:
        """A new forum post, where the forum is configured: answered only if the evidence is strong."""
        forum = self._people.forum(thread.guild.id, thread.parent_id)
        if forum is None or message.author.bot:
            return None
        asked, reply = self._of(message, thread.guild.id, "place", "", unprompted=True)
        text = f"{thread.name}\n{asked.question.text}".strip()
        return replace(asked, question=replace(asked.question, text=text)), reply

    def _is_addressed(self, message: discord.Message) -> bool:
        """By a mention, by the bot's own role, or by a reply to one of its messages."""
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
        self, message: discord.Message, guild: int, answer_in: str, text: str, *, unprompted: bool = False
    ) -> tuple[Asked, Reply]:
        text = text or self.words_of(message)
        if guild and isinstance(message.author, discord.Member):
            self._people.learn(guild, message.author.id, [role.id for role in message.author.roles])
        place = DiscordAddress(
            channel=message.channel.id,
            user=message.author.id,
            guild=guild,
            message=message.id,
            answer_in=answer_in,
            name=thread_name(text),
            unprompted=unprompted,
            reply_to=(message.reference.message_id if message.reference else None) or 0,
        )
        before = message.id if answer_in == "place" or place.reply_to else 0
        return self.asked(place, text, key=self.key(message.id), before=before)

    def key(self, message: int) -> str:
        """The same for every delivery of a message."""
        return f"discord:{message}"

    def words_of(self, message: discord.Message) -> str:
        """What a message says."""
        me = message.guild.me if message.guild else None
        own = frozenset(role.id for role in me.roles if role.is_bot_managed()) if me else frozenset()
        return incoming(message.content, self._me, own)

    async def question_before(self, message: discord.Message) -> str:
        """What somebody's message answers: what a person said that it replies to, or else its thread began with."""
        reference, here = message.reference, message.channel
        if reference and isinstance(reference.resolved, discord.Message):
            own = reference.resolved.author.id == self._me
            return "" if own else self.words_of(reference.resolved)
        tries: list[tuple[int | None, int | None]] = []
        if reference:
            tries.append((reference.channel_id, reference.message_id))
        elif isinstance(here, discord.Thread):  # a forum's post lies in its thread, other starters above it
            tries += [(here.parent_id, here.id), (here.id, here.id)]
        for channel, wanted in tries:
            if channel and wanted and (found := await self._message(channel, wanted)):
                return self.words_of(found)
        return ""

    async def _message(self, channel: int, message: int) -> discord.Message | None:
        place = self._client.get_partial_messageable(channel)
        try:
            async with asyncio.timeout(_FORM_WAITS):
                return await call(lambda: place.fetch_message(message))
        except (Failed, TimeoutError):
            return None

    def asked(
        self, place: DiscordAddress, text: str, *, key: str, before: int = 0, detailed: bool = False
    ) -> tuple[Asked, Reply]:
        """A question for `place`. `before`: what came before this message in its channel is history."""
        found = self._client.get_channel(place.channel)
        parent = found.parent_id if isinstance(found, discord.Thread) else 0
        settings = self._people.place(place.guild, place.channel, parent)
        forum = self._people.forum(place.guild, parent)
        of_guild = self._people.guild(place.guild)
        place = replace(place, can_ask_human=self._people.help_channel(place.guild) is not None)
        # What a thread is called repeats what was asked.
        kept = place if self._settings.journal.questions else replace(place, name="")
        asked = Asked(
            id=uuid.uuid4().hex[:12],
            key=key,
            platform="discord",
            place=json.dumps({"place": kept.dump(), "before": before, "direct": not place.guild}),
            person=str(place.user),
            question=Question(
                text=text,
                audience=frozenset(),
                sources=forum.sources if forum else settings.sources,
                guide=(forum.guide if forum else settings.guide) or of_guild.guide,
                language=(forum.language if forum else settings.language) or of_guild.language,
                detailed=detailed,
                platform="discord",
            ),
        )
        return asked, self._reply(place, before)

    def revive(self, recorded: Recorded) -> Reply:
        """The reply of a question whose process died."""
        saved = json.loads(recorded.asked.place)
        return self._reply(
            DiscordAddress.load(saved["place"]).at(recorded.reply), saved["before"], revived=True
        )

    def _reply(self, place: DiscordAddress, before: int, *, revived: bool = False) -> Reply:
        recall = self._recalling(place, before)
        if place.token:
            return InteractionReply(self._client, self._session, place, recall, self._patience)
        return ChannelReply(self._client, place, recall, self._typing, self._patience, revived=revived)

    async def direct(self, journal: Journal) -> list[int]:
        """Channels of direct messages, the latest first: those in which it was asked something.

        Discord tells a bot of no others.
        """
        places = await journal.places("discord", _DIRECT, limit=_LOOKED_THROUGH)
        return list(dict.fromkeys(DiscordAddress.load(json.loads(one)["place"]).channel for one in places))

    def address_of(self, link: str) -> str:
        """The address of the answer's message behind a link to it; "" if it isn't one."""
        found = re.search(r"/channels/(?:\d+|@me)/(\d+)/(\d+)", link)
        return f"{found[1]}/{found[2]}" if found else ""

    # --- what a question needs besides its text -----------------------------------------------------

    def _recalling(self, place: DiscordAddress, before: int) -> Recall:
        async def recall() -> tuple[Turn, ...]:
            return await self._history.before(place.channel, before, place.reply_to) if before else ()

        return recall


def _is_open(message: discord.Message) -> bool:
    """Whether words that aren't addressed to the bot may be meant for it: not for somebody else, no mere thanks."""
    replied = message.reference is not None and message.type is discord.MessageType.reply
    others = message.mentions or message.role_mentions or message.mention_everyone
    said = message.content
    return bool(re.search(r"\w", said)) and not (replied or others or texts.is_small_talk(said))
