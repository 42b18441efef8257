"""Reads what was said before a question: its thread and what began it, a chain of replies, or a direct message."""

from collections.abc import Sequence
from typing import Any

import discord

from adapters.chat.incoming import history
from adapters.discord.connection.transport import Failed, call
from adapters.discord.incoming import message_parts
from bot.config.chat import LimitSettings
from bot.model import Turn

_LOOKED_THROUGH = 50  # messages of a channel, for the replies among them


class ChannelHistory:
    """Reads people's and the bot's own messages, the latest within the limits."""

    def __init__(self, client: discord.Client, limits: LimitSettings) -> None:
        self._client = client
        self._limits = limits

    async def before(self, channel: int, message: int, reply_to: int) -> tuple[Turn, ...]:
        """Return what came before a message. In a channel that is only its chain of replies."""
        turns = self._limits.history_turns
        if not turns:
            return ()
        place = self._client.get_channel(channel)
        in_channel = isinstance(place, discord.abc.GuildChannel)
        count = _LOOKED_THROUGH if in_channel else turns
        try:
            found: Any = await call(lambda: self._client.http.logs_from(channel, count, before=message))
            if in_channel:
                found = _chain(found, str(reply_to))
            elif isinstance(place, discord.Thread) and len(found) < count:
                found = [*found, *await self._beginning(place, found)]
        except Failed:
            return ()
        return self._turns(found[:turns])

    async def ends_with(self, channel: int, message: int) -> bool:
        """Return whether only the bot has written after a message; in a channel, whether nobody has replied to it."""
        me = self._client.user.id if self._client.user else 0
        in_channel = isinstance(self._client.get_channel(channel), discord.abc.GuildChannel)
        try:
            found: Any = await call(
                lambda: self._client.http.logs_from(channel, _LOOKED_THROUGH, after=message)
            )
        except Failed:
            return False
        others = [one for one in found if int(one["author"]["id"]) != me]
        return not any(not in_channel or _replies_to(one) == str(message) for one in others)

    async def _beginning(self, thread: discord.Thread, found: Sequence[Any]) -> list[Any]:
        """Return the message that a thread was opened from: it is above the thread, with the same id."""
        if thread.is_private() or any(int(message["id"]) == thread.id for message in found):
            return []
        try:
            return [await call(lambda: self._client.http.get_message(thread.parent_id, thread.id))]
        except Failed:
            return []

    def _turns(self, found: Sequence[Any]) -> tuple[Turn, ...]:
        """Return messages, which come newest first, as turns."""
        me = self._client.user.id if self._client.user else 0
        said = [
            history.turn(message_parts.words(message, me), own=int(message["author"]["id"]) == me)
            for message in reversed(found)
        ]
        return history.kept(said, self._limits)


def _chain(found: Sequence[Any], last: str) -> list[Any]:
    """Return the message `last` and those that it goes back to, reply by reply."""
    by_id = {message["id"]: message for message in found}
    chain = []
    while message := by_id.pop(last, None):
        chain.append(message)
        last = _replies_to(message)
    return chain


def _replies_to(message: Any) -> str:  # noqa: ANN401 - Discord's own JSON
    return str((message.get("message_reference") or {}).get("message_id"))
