"""Discord's messages and interactions as questions: which are for the bot, where the answer goes, what came before."""

import asyncio
import json
import logging
import re
import uuid
from dataclasses import replace
from typing import Any

import aiohttp
import discord

from adapters.chat import markdown_text as texts
from adapters.chat.incoming.attachments import Attachment
from adapters.chat.incoming.revision import Edit
from adapters.chat.reply import Context, Recall, Reply
from adapters.discord import message_parts
from adapters.discord.connection.timeouts import Timeouts
from adapters.discord.connection.transport import Failed, call
from adapters.discord.history import ChannelHistory
from adapters.discord.permissions import DiscordPermissions
from adapters.discord.replies.channel_reply import ChannelReply, Typing
from adapters.discord.replies.direct_reply import DirectReply
from adapters.discord.replies.discord_markdown import incoming, thread_name
from adapters.discord.replies.interaction_reply import InteractionReply
from adapters.discord.reply_address import DiscordAddress
from bot.config.chat import PlaceSettings
from bot.config.live import LiveSettings
from bot.config.loader import Settings
from bot.model import Question
from bot.ports import Asked, Journal, Recorded
from bot.text.question_text import says_nothing

_DIRECT = '"direct": true'  # in the place of a question, as the journal has it
_LOOKED_THROUGH = 1000  # questions
_SOON = 120_000  # milliseconds
_SNOWFLAKE_BITS = 22  # of an id, below its milliseconds
_FORM_WAITS = 1.0  # seconds, of the 3 in which a form must be open
_KINDS = (discord.MessageType.default, discord.MessageType.reply, discord.MessageType.thread_starter_message)


Place = tuple[int, int]  # a message, by its channel and id

log = logging.getLogger(__name__)


class DiscordInbound:
    """Makes `Asked` and its `Reply` of what people do."""

    def __init__(
        self,
        client: discord.Client,
        session: aiohttp.ClientSession,
        people: DiscordPermissions,
        live: LiveSettings,
        patience: Timeouts,
    ) -> None:
        self._patience = patience
        self._client = client
        self._session = session
        self._people = people
        self._live = live
        self._typing = Typing(client)
        self._history = ChannelHistory(client, live.now.limits)

    @property
    def _settings(self) -> Settings:
        return self._live.now

    @property
    def _me(self) -> int:
        return self._client.user.id if self._client.user else 0

    # --- what is a question -----------------------------------------------------------------------

    def may_concern(self, data: Any) -> bool:  # noqa: ANN401 - Discord's own JSON
        """Whether a message, as it came, could be for the bot: most can't, and nothing is made of them."""
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
        """Whether another bot, or a webhook, may ask somewhere."""
        return bot in self._settings.discord.bots and bot != str(self._me)

    def _hears_all(self, guild: int, channel: int) -> bool:
        """Whether here each message may be a question, mention or not."""
        found = self._client.get_channel(channel)
        if isinstance(found, discord.Thread):
            return self._follows(found, self._people.place(guild, channel, found.parent_id))
        return self._people.place(guild, channel, 0).unasked

    def _follows(self, thread: discord.Thread, place: PlaceSettings) -> bool:
        """Whether further messages in a thread may be for the bot: in its own unless that is switched off."""
        return thread.owner_id == self._me if place.followups is None else place.followups

    def of_message(self, message: discord.Message, text: str = "") -> tuple[Asked, Reply] | None:
        """The question in a message, or `text` in its place; None if it isn't one for the bot."""
        automated = message.author.bot or message.webhook_id is not None
        if message.type not in _KINDS or (automated and not self._bot_may_ask(message)):
            return None
        if message.guild is None:
            return self._of(message, 0, "place", text)
        mentioned = self._is_addressed(message)
        if not mentioned and not (self._settings.discord.message_content and _is_open(message)):
            return None
        return self._in_guild(message, message.guild.id, text, mentioned=mentioned)

    def _bot_may_ask(self, message: discord.Message) -> bool:
        """In so many words, in its places, and where others see the answer."""
        bot, guild = str(message.author.id), message.guild
        thread = message.channel if isinstance(message.channel, discord.Thread) else None
        mentioned = re.search(rf"<@!?{self._me}>", message.content)
        if guild is None or not self._may_ask(bot) or not mentioned:
            return False
        place = self._people.place(guild.id, message.channel.id, thread.parent_id if thread else 0)
        allowed = self._settings.discord.allow_bots | place.allow_bots
        return bot in allowed and place.answers != "private"

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
        if place.answers == "private":
            return None  # nobody gets direct messages who didn't ask the bot
        if thread and self._follows(thread, place):
            return self._of(message, guild, "place", text, unprompted=True)
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

    def of_reaction(self, message: discord.Message, member: discord.Member) -> tuple[Asked, Reply] | None:
        """What a message says, asked by who reacted to it; None where the bot doesn't listen, or wrote it."""
        thread = message.channel if isinstance(message.channel, discord.Thread) else None
        guild, parent = member.guild.id, thread.parent_id if thread else 0
        if message.author.id == self._me or not self._people.listens(guild, message.channel.id, parent):
            return None
        answer_in = "place" if thread else self._people.guild(guild).answer_in
        key = f"{self.key(message.id)}:menu"  # as the menu's command has it
        return self._of(message, guild, answer_in, "", asker=member, key=key)

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
        """`asker` and `key` are the message's author and its own, where nothing else is said."""
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
            automated=asker is None and (message.author.bot or message.webhook_id is not None),
            private=bool(guild) and self._is_private(message, guild),
            unprompted=unprompted,
            reply_to=(message.reference.message_id if message.reference else None) or 0,
        )
        before = message.id if answer_in == "place" or place.reply_to else 0
        files = self._with_files(message)
        return self.asked(
            place, text, key=key or self.key(message.id), before=before, about=about, files=files
        )

    def _is_private(self, message: discord.Message, guild: int) -> bool:
        thread = message.channel if isinstance(message.channel, discord.Thread) else None
        place = self._people.place(guild, message.channel.id, thread.parent_id if thread else 0)
        return place.answers == "private"

    def key(self, message: int) -> str:
        """The same for every delivery of a message."""
        return f"discord:{message}"

    def words_of(self, message: discord.Message) -> str:
        """What a message says."""
        me = message.guild.me if message.guild else None
        own = frozenset(role.id for role in me.roles if role.is_bot_managed()) if me else frozenset()
        said = incoming(message.content, self._me, own)
        return said or "\n\n".join(message_parts.forwarded(message, self._me))

    def question_in(self, message: discord.Message) -> tuple[str, tuple[str, ...]]:
        """What a message asks, and what came with it: that is the question where its own words are none."""
        text, about = self.words_of(message), message_parts.forwarded(message, self._me)
        return ("\n\n".join(about) if about and says_nothing(text) else text), about

    def _with_files(self, message: discord.Message) -> tuple[Place, ...]:
        """Which of a message and the one that it replies to have files: their channels and ids."""
        replied = message.reference.resolved if message.reference else None
        near = (message, replied) if isinstance(replied, discord.Message) else (message,)
        return tuple((one.channel.id, one.id) for one in near if message_parts.has_files(one))

    async def question_before(self, message: discord.Message, *, said: bool = False) -> str:
        """What somebody's message answers: what a person said that it replies to, or else its thread began with.

        In a channel it may be what they forwarded just before: Discord makes a message of its own of that. `said`: it
        has words of its own, so that in a thread what was said there goes with these.
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
        elif not said:  # a forum's post lies in its thread, other starters above it
            tries += [(here.parent_id, here.id), (here.id, here.id)]
        for channel, wanted in tries:
            if channel and wanted and (found := await self._message(channel, wanted)):
                return self.words_of(found)
        return ""

    async def _just_forwarded(self, message: discord.Message) -> str:
        try:
            async with asyncio.timeout(_FORM_WAITS):
                found = await call(
                    lambda: self._client.http.logs_from(message.channel.id, 1, before=message.id)
                )
        except (Failed, TimeoutError):
            return ""
        latest: Any = found[0] if found else {}
        mine = latest and latest["author"]["id"] == str(message.author.id)
        soon = latest and message.id - int(latest["id"]) < _SOON << _SNOWFLAKE_BITS
        is_forward = bool(latest.get("message_snapshots")) if latest else False
        return message_parts.words(latest, self._me) if mine and soon and is_forward else ""

    async def _message(self, channel: int, message: int) -> discord.Message | None:
        place = self._client.get_partial_messageable(channel)
        try:
            async with asyncio.timeout(_FORM_WAITS):
                return await call(lambda: place.fetch_message(message))
        except (Failed, TimeoutError):
            return None

    def asked(
        self,
        place: DiscordAddress,
        text: str,
        *,
        key: str,
        before: int = 0,
        detailed: bool = False,
        about: tuple[str, ...] = (),
        files: tuple[Place, ...] = (),
    ) -> tuple[Asked, Reply]:
        """A question for `place`. `before`: what came before this message in its channel is history.

        `about` is what was forwarded with it, `files` are messages whose files go with it.
        """
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
            place=json.dumps(
                {"place": kept.dump(), "before": before, "direct": not place.guild, "files": files}
            ),
            person=str(place.user),
            question=Question(
                text=text,
                audience=frozenset(),
                sources=forum.sources if forum else settings.sources,
                guide=(forum.guide if forum else settings.guide) or of_guild.guide,
                language=(forum.language if forum else settings.language) or of_guild.language,
                detailed=detailed,
                platform="discord",
                about=about,
            ),
        )
        return asked, self._reply(place, before, files)

    def revive(self, recorded: Recorded) -> Reply:
        """The reply of a question whose process died."""
        saved = json.loads(recorded.asked.place)
        place, files = DiscordAddress.load(saved["place"]).at(recorded.reply), files_of(recorded.asked)
        return self._reply(place, saved["before"], files, revived=True)

    def go_on(self, earlier: Recorded, asked: Asked) -> Reply:
        """The reply that makes an earlier answer's message the answer to `asked`."""
        return self.revive(replace(earlier, asked=asked))

    def _reply(
        self, place: DiscordAddress, before: int, files: tuple[Place, ...], *, revived: bool = False
    ) -> Reply:
        recall = self._recalling(place, before, files)
        if place.token:
            return InteractionReply(self._client, self._session, place, recall, self._patience)
        kind = DirectReply if place.private else ChannelReply
        return kind(self._client, place, recall, self._typing, self._patience, revived=revived)

    async def direct(self, journal: Journal) -> list[int]:
        """Channels of direct messages, the latest first: those in which it was asked something.

        Discord tells a bot of no others.
        """
        places = await journal.places("discord", _DIRECT, limit=_LOOKED_THROUGH)
        return list(dict.fromkeys(DiscordAddress.load(json.loads(one)["place"]).channel for one in places))

    def of_edit(self, message: discord.Message) -> Edit | None:
        """The question in a message that was edited; None if it isn't one for the bot."""
        found, edited = self.of_message(message), message.edited_at
        if found is None or edited is None:
            return None
        asked, reply = found
        return Edit(asked, reply, str(edited.timestamp()), message.created_at, not reply.unprompted)

    async def untouched(self, recorded: Recorded) -> bool:
        """Whether nobody has written behind the answer: in a channel, to it; in a thread or direct message, at all."""
        place = DiscordAddress.load(json.loads(recorded.asked.place)["place"]).at(recorded.reply)
        return await self._history.ends_with(place.thread or place.channel, place.answer)

    def address_of(self, link: str) -> str:
        """The address of the answer's message behind a link to it; "" if it isn't one."""
        found = re.search(r"/channels/(?:\d+|@me)/(\d+)/(\d+)", link)
        return f"{found[1]}/{found[2]}" if found else ""

    # --- what a question needs besides its text -----------------------------------------------------

    def _recalling(self, place: DiscordAddress, before: int, files: tuple[Place, ...]) -> Recall:
        async def recall() -> Context:
            said = await self._history.before(place.channel, before, place.reply_to) if before else ()
            found = [file for one in files for file in await self._files(*one)]
            return Context(said, tuple(found))

        return recall

    async def _files(self, channel: int, message: int) -> list[Attachment]:
        """A message's files: their addresses are good for a while, so that it is looked at anew."""
        try:
            data: Any = await call(lambda: self._client.http.get_message(channel, message))
        except Failed as error:
            log.info("the files of message %s can't be had: %s", message, error)
            return []
        return list(message_parts.files(data, self._session))


def files_of(asked: Asked) -> tuple[Place, ...]:
    """The messages whose files went with a question."""
    return tuple((int(one[0]), int(one[1])) for one in json.loads(asked.place).get("files") or ())


def _is_open(message: discord.Message) -> bool:
    """Whether words that aren't addressed to the bot may be meant for it: not for somebody else, no mere thanks."""
    replied = message.reference is not None and message.type is discord.MessageType.reply
    others = message.mentions or message.role_mentions or message.mention_everyone
    said = message.content
    return bool(re.search(r"\w", said)) and not (replied or others or texts.is_small_talk(said))
