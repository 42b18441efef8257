"""Tags the forum posts that were answered from the docs."""

import asyncio
import time

import discord

from adapters.discord.access.permissions import DiscordPermissions
from adapters.discord.connection.transport import call
from bot.ports import Journal

_WAITS = 90.0  # seconds, for the answer


async def tag(thread: discord.Thread, people: DiscordPermissions, journal: Journal, question: str) -> None:
    """Put the forum's tag on a post once it has an answer. Raises Failed."""
    forum = people.forum(thread.guild.id, thread.parent_id)
    parent = thread.parent
    if forum is None or not isinstance(parent, discord.ForumChannel):
        return
    named = (one for one in parent.available_tags if one.name.casefold() == forum.tag.casefold())
    wanted = next(named, None)
    until = time.monotonic() + _WAITS
    while wanted is not None and time.monotonic() < until:
        recorded = await journal.recorded(question)
        if recorded and recorded.answer:
            if recorded.reply:
                await call(lambda: thread.add_tags(wanted))
            return
        await asyncio.sleep(1)
