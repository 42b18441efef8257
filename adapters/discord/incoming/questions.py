"""Makes Discord's questions as the journal keeps them, each with its reply and what comes with it."""

import logging
import re
import uuid
from dataclasses import replace
from typing import Any

import aiohttp
import discord

from adapters.chat.incoming.attachments import Attachment
from adapters.chat.questions.reply import Context, Recall, Reply
from adapters.discord.access.permissions import DiscordPermissions
from adapters.discord.connection.timeouts import Timeouts
from adapters.discord.connection.transport import Failed, call
from adapters.discord.incoming import message_parts
from adapters.discord.incoming.history import ChannelHistory
from adapters.discord.replies.channel_reply import ChannelReply
from adapters.discord.replies.direct_reply import DirectReply
from adapters.discord.replies.interaction_reply import InteractionReply
from adapters.discord.replies.typing_indicator import Typing
from adapters.discord.reply_address import DiscordAddress, DiscordPlace, Message
from bot.config.live import LiveSettings
from bot.config.loader import Settings
from bot.model import Question
from bot.ports import Asked, Journal, Recorded

_LOOKED_THROUGH = 1000  # questions

log = logging.getLogger(__name__)


class DiscordQuestions:
    """Makes `Asked` and its `Reply`, also from records of the journal."""

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

    def key(self, message: int) -> str:
        """Return a message's key, the same for every delivery."""
        return f"discord:{message}"

    def asked(
        self,
        address: DiscordAddress,
        text: str,
        *,
        key: str,
        before: int = 0,
        detailed: bool = False,
        about: tuple[str, ...] = (),
        files: tuple[Message, ...] = (),
    ) -> tuple[Asked, Reply]:
        """Return a question to answer at `address`, and its reply.

        `before`: what came before this message in its channel is history. `about` is what was forwarded with
        it, `files` are the messages whose files go with it.
        """
        found = self._client.get_channel(address.channel)
        parent = found.parent_id if isinstance(found, discord.Thread) else 0
        settings = self._people.place(address.guild, address.channel, parent)
        forum = self._people.forum(address.guild, parent)
        of_guild = self._people.guild(address.guild)
        address = replace(address, can_ask_human=self._people.offers_help(address.guild))
        place = DiscordPlace(address, before, files)
        # A thread's name repeats the question.
        kept = (
            place if self._settings.journal.questions else replace(place, address=replace(address, name=""))
        )
        asked = Asked(
            id=uuid.uuid4().hex[:12],
            key=key,
            platform="discord",
            place=kept.dump(),
            person=str(address.user),
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
        return asked, self._reply(place)

    def revive(self, recorded: Recorded) -> Reply:
        """Return the reply of a question whose process died."""
        return self._reply(DiscordPlace.of(recorded.asked, recorded.reply), revived=True)

    def go_on(self, earlier: Recorded, asked: Asked) -> Reply:
        """Return the reply that makes an earlier answer's message the answer to `asked`."""
        return self.revive(replace(earlier, asked=asked))

    def _reply(self, place: DiscordPlace, *, revived: bool = False) -> Reply:
        recall, address = self._recalling(place), place.address
        if address.token:
            return InteractionReply(self._client, self._session, address, recall, self._patience)
        kind = DirectReply if address.private else ChannelReply
        return kind(self._client, address, recall, self._typing, self._patience, revived=revived)

    async def direct(self, journal: Journal) -> list[int]:
        """Return the channels of direct messages in which something was asked, the latest first.

        Discord doesn't list a bot's direct messages.
        """
        places = await journal.places("discord", direct=True, limit=_LOOKED_THROUGH)
        return list(dict.fromkeys(DiscordPlace.load(one).address.channel for one in places))

    async def untouched(self, recorded: Recorded) -> bool:
        """Return whether nobody has written after the answer, or in a channel, replied to it."""
        place = DiscordPlace.of(recorded.asked, recorded.reply).address
        return await self._history.ends_with(place.thread or place.channel, place.answer)

    def address_of(self, link: str) -> str:
        """Return the address of the answer's message that a link leads to; "" if it leads to none."""
        found = re.search(r"/channels/(?:\d+|@me)/(\d+)/(\d+)", link)
        return f"{found[1]}/{found[2]}" if found else ""

    def _recalling(self, place: DiscordPlace) -> Recall:
        async def recall() -> Context:
            address, before = place.address, place.before
            said = await self._history.before(address.channel, before, address.reply_to) if before else ()
            found = [file for one in place.files for file in await self._files(*one)]
            return Context(said, tuple(found))

        return recall

    async def _files(self, channel: int, message: int) -> list[Attachment]:
        """Return a message's files. It is fetched anew, as their addresses expire."""
        try:
            data: Any = await call(lambda: self._client.http.get_message(channel, message))
        except Failed as error:
            log.info("the files of message %s can't be had: %s", message, error)
            return []
        return list(message_parts.files(data, self._session))


def files_of(asked: Asked) -> tuple[Message, ...]:
    """Return the messages whose files go with a question."""
    return DiscordPlace.of(asked).files
