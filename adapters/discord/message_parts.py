"""What stands in a Discord message besides its text: what was forwarded with it, and its files."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import aiohttp
import discord

from adapters.chat.incoming.attachments import Attachment, Unfetched, whole
from adapters.discord.replies.discord_markdown import incoming
from bot.config.proxies import proxy_for

_HOSTS = ("cdn.discordapp.com", "media.discordapp.net")
_SECONDS = 20.0  # for a file

Json = dict[str, Any]  # Discord's own


def words(message: Json, me: int, roles: frozenset[int] = frozenset()) -> str:
    """What a message says, or what was forwarded in it."""
    said = incoming(str(message.get("content") or ""), me, roles)
    return said or "\n\n".join(filter(None, (words(one, me) for one in _snapshots(message))))


def forwarded(message: discord.Message, me: int) -> tuple[str, ...]:
    """The words of the messages that were forwarded in one."""
    return tuple(filter(None, (incoming(one.content, me) for one in message.message_snapshots)))


def has_files(message: discord.Message) -> bool:
    """Beside its words, or beside those that were forwarded in it."""
    return bool(message.attachments or any(one.attachments for one in message.message_snapshots))


def files(message: Json, session: aiohttp.ClientSession) -> Iterator[Attachment]:
    """The files of a message as Discord's API tells it."""
    for one in (message, *_snapshots(message)):
        for file in one.get("attachments") or ():
            yield _attachment(file, session)


def _snapshots(message: Json) -> list[Json]:
    return [one.get("message") or {} for one in message.get("message_snapshots") or ()]


def _attachment(file: Json, session: aiohttp.ClientSession) -> Attachment:
    url = str(file.get("url") or "")

    async def fetch(most: int) -> bytes:
        """Without any token: the address holds what it takes."""
        if not _is_discords(url):
            raise Unfetched("it doesn't lie in Discord")
        try:
            timeout = aiohttp.ClientTimeout(total=_SECONDS)
            async with session.get(
                url, allow_redirects=False, timeout=timeout, proxy=proxy_for(url)
            ) as response:
                return await whole(response, most)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unfetched("Discord doesn't give it to me now") from error

    size = file.get("size")
    return Attachment(
        name=str(file.get("filename") or ""),
        media_type=str(file.get("content_type") or ""),
        size=size if isinstance(size, int) else 0,
        fetch=fetch,
    )


def _is_discords(url: str) -> bool:
    """Whether an address is one that Discord's files have, or of the server that stands for Discord."""
    try:
        parts, home = urlsplit(url), urlsplit(discord.http.Route.BASE)
        known = parts.scheme == "https" and parts.port in (None, 443) and parts.hostname in _HOSTS
        same = (parts.scheme, parts.hostname, parts.port) == (home.scheme, home.hostname, home.port)
    except ValueError:
        return False
    return (known and "@" not in parts.netloc) or same
