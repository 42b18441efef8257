"""Catches up on what was said while no process listened: Discord repeats it only if the session resumes."""

import logging
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import datetime

import discord

from adapters.discord.access.bot_permissions import rights
from adapters.discord.connection.transport import Failed, call

log = logging.getLogger(__name__)

_CHANNELS = 50  # those where most was said last, and as many of direct messages
_MESSAGES = 50  # of each
_POSTS = 50  # the latest

_Channel = discord.TextChannel | discord.VoiceChannel | discord.StageChannel | discord.Thread
_Readable = _Channel | discord.PartialMessageable


async def missed(
    client: discord.Client, shard: int, since: datetime, direct: Sequence[int]
) -> AsyncIterator[discord.Message]:
    """Yield a shard's messages since then, a channel's oldest first.

    They come from channels and threads that the bot may read, and from the direct messages `direct`.
    """
    after = discord.utils.time_snowflake(since)
    found: list[_Channel] = []
    for guild in _guilds(client, shard):
        found += [*guild.text_channels, *guild.voice_channels, *guild.stage_channels, *guild.threads]
    heard = [one for one in found if (one.last_message_id or 0) > after and _readable(client, one)]
    heard.sort(key=lambda one: one.last_message_id or 0, reverse=True)
    private = [client.get_partial_messageable(one) for one in direct[:_CHANNELS]]
    for place in (*heard[:_CHANNELS], *private):
        for message in await _messages(place, since):
            yield message


def posts(client: discord.Client, shard: int, since: datetime) -> Iterator[discord.Thread]:
    """Yield a shard's forum posts since then that are still open, oldest first."""
    after = discord.utils.time_snowflake(since)
    found = [
        thread
        for guild in _guilds(client, shard)
        for thread in guild.threads
        if thread.id > after and not thread.locked and isinstance(thread.parent, discord.ForumChannel)
    ]
    yield from sorted(found, key=lambda thread: thread.id)[-_POSTS:]


def _guilds(client: discord.Client, shard: int) -> Iterable[discord.Guild]:
    return (guild for guild in client.guilds if guild.shard_id == shard)


def _readable(client: discord.Client, place: _Channel) -> bool:
    granted = rights(client, place.id)
    return granted.view_channel and granted.read_message_history


async def _messages(place: _Readable, since: datetime) -> list[discord.Message]:
    async def read() -> list[discord.Message]:
        return [message async for message in place.history(limit=_MESSAGES, after=since)]

    try:
        return await call(read)
    except Failed as error:
        log.info("what was missed in %s can't be read: %s", place.id, error)
        return []
