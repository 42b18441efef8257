"""Reads a Discord message's parts besides its text: forwarded messages and files."""

from collections.abc import Iterator
from typing import Any

import aiohttp
import discord

from adapters.chat.incoming.attachments import Attachment, FileHost
from adapters.discord.replies.discord_markdown import incoming

_FILES = FileHost("Discord", ("cdn.discordapp.com", "media.discordapp.net"))
_SECONDS = 20.0  # for a file

Json = dict[str, Any]  # Discord's own


def words(message: Json, me: int, roles: frozenset[int] = frozenset()) -> str:
    """Return a message's words, or those that were forwarded in it."""
    said = incoming(str(message.get("content") or ""), me, roles)
    return said or "\n\n".join(filter(None, (words(one, me) for one in _snapshots(message))))


def forwarded(message: discord.Message, me: int) -> tuple[str, ...]:
    """Return the words of the messages that were forwarded in one."""
    return tuple(filter(None, (incoming(one.content, me) for one in message.message_snapshots)))


def has_files(message: discord.Message) -> bool:
    """Return whether a message has files, or what was forwarded in it."""
    return bool(message.attachments or any(one.attachments for one in message.message_snapshots))


def files(message: Json, session: aiohttp.ClientSession) -> Iterator[Attachment]:
    """Yield the files of a message in the form of Discord's API."""
    for one in (message, *_snapshots(message)):
        for file in one.get("attachments") or ():
            yield _attachment(file, session)


def _snapshots(message: Json) -> list[Json]:
    return [one.get("message") or {} for one in message.get("message_snapshots") or ()]


def _attachment(file: Json, session: aiohttp.ClientSession) -> Attachment:
    url = str(file.get("url") or "")

    async def fetch(most: int) -> bytes:
        """Return the file's content. No token is sent: the address includes its own signature."""
        return await _FILES.download(session, url, most, home=discord.http.Route.BASE, seconds=_SECONDS)

    size = file.get("size")
    return Attachment(
        name=str(file.get("filename") or ""),
        media_type=str(file.get("content_type") or ""),
        size=size if isinstance(size, int) else 0,
        fetch=fetch,
    )
