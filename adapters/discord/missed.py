"""What was said while nobody listened: Discord repeats it only within a session that can be resumed."""

import logging
from collections.abc import AsyncIterator
from datetime import datetime

import discord

from adapters.discord.calls import Failed, call
from adapters.discord.reply import rights

log = logging.getLogger(__name__)

_CHANNELS = 50  # those where most was said last
_MESSAGES = 50  # of each

_Channel = discord.TextChannel | discord.Thread


async def missed(client: discord.Client, shard: int, since: datetime) -> AsyncIterator[discord.Message]:
    """A shard's messages since then, in channels and threads that the bot may read; a channel's oldest first."""
    after = discord.utils.time_snowflake(since)
    places: list[_Channel] = []
    for guild in client.guilds:
        if guild.shard_id == shard:
            places += [*guild.text_channels, *guild.threads]
    places = [place for place in places if (place.last_message_id or 0) > after and _readable(client, place)]
    places.sort(key=lambda place: place.last_message_id or 0, reverse=True)
    for place in places[:_CHANNELS]:
        for message in await _messages(place, since):
            yield message


def _readable(client: discord.Client, place: _Channel) -> bool:
    granted = rights(client, place.id)
    return granted.view_channel and granted.read_message_history


async def _messages(place: _Channel, since: datetime) -> list[discord.Message]:
    async def read() -> list[discord.Message]:
        return [message async for message in place.history(limit=_MESSAGES, after=since)]

    try:
        return await call(read)
    except Failed as error:
        log.info("what was missed in %s can't be read: %s", place.id, error)
        return []
