"""Looks for an answer that stands in Discord, but whose address nobody got."""

from collections.abc import Awaitable, Callable
from typing import Any

import discord

from adapters.discord.reply_address import DiscordAddress

_LOOKED_AT = 50  # messages behind the question


async def lost_answer(
    client: discord.Client,
    place: DiscordAddress,
    call: Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]],
) -> int:
    """Return the message of the bot's that answers the question of `place`, the newest first; 0 if there is none.

    `call` repeats a failing call. Raises Failed.
    """
    after, me = place.message, client.user
    if not after or me is None:
        return 0
    target = place.thread or place.channel
    found = await call(lambda: client.http.logs_from(target, _LOOKED_AT, after=after))
    for message in reversed(found):  # newest first
        about = (message.get("message_reference") or {}).get("message_id")
        if int(message["author"]["id"]) == me.id and (place.thread == after or str(about) == str(after)):
            return int(message["id"])
    return 0
