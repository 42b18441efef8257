"""Answers messages that get a certain emoji as reaction, like the command "Answer from the docs"."""

import logging
from typing import Any

import discord

from adapters.chat.questions.question_service import QuestionService
from adapters.discord.connection.transport import Failed, call
from adapters.discord.incoming.inbound import DiscordInbound
from adapters.discord.incoming.questions import files_of
from bot.config.live import LiveSettings

log = logging.getLogger(__name__)

# Discord tells an emoji as the character itself; these have the names that people type.
_NAMED = {
    "question": "❓❔",
    "grey_question": "❔",
    "books": "📚",
    "book": "📖",
    "robot": "🤖",
    "robot_face": "🤖",
    "mag": "🔍🔎",
    "bulb": "💡",
    "eyes": "👀",
    "information_source": "ℹ",
    "thinking": "🤔",
    "raised_hand": "✋",
}
_VARIANT = "\N{VARIATION SELECTOR-16}"


def asks(emoji: Any, wanted: str | None) -> bool:  # noqa: ANN401 - Discord's own JSON
    """Return whether an emoji, as Discord sends it, is the one that asks."""
    name = str((emoji or {}).get("name") or "").replace(_VARIANT, "")
    return bool(name and wanted) and (name == wanted or name in _NAMED.get(wanted or "", ""))


class DiscordReactions:
    """Asks each message once, whoever reacts, and not if it was asked by a mention already."""

    def __init__(
        self,
        *,
        client: discord.Client,
        inbound: DiscordInbound,
        question_service: QuestionService,
        live: LiveSettings,
    ) -> None:
        self._client = client
        self._inbound = inbound
        self._question_service = question_service
        self._live = live

    def may_concern(self, data: Any) -> bool:  # noqa: ANN401 - Discord's own JSON
        """Return whether a raw reaction asks something."""
        return bool(data.get("guild_id")) and asks(data.get("emoji"), self._live.now.discord.ask_with)

    async def take(self, payload: discord.RawReactionActionEvent) -> None:
        """Answer the message with the reaction, for the person who reacted."""
        member = payload.member
        if (
            member is None
            or member.bot
            or await self._question_service.knows(self._inbound.key(payload.message_id))
        ):
            return
        place = self._client.get_channel(payload.channel_id)
        if not isinstance(place, discord.abc.Messageable):
            return
        try:
            message = await call(lambda: place.fetch_message(payload.message_id))
        except Failed as error:
            log.info("message %s, which a reaction asks about, can't be read: %s", payload.message_id, error)
            return
        found = self._inbound.of_reaction(message, member)
        if found and (found[0].question.text or files_of(found[0])):
            await self._question_service.take(*found)
