"""Patches discord.py's connections to notice a dead peer soon, to reconnect soon, and to end their threads.

discord.py takes a minute to notice a gateway that has gone silent, and half a minute more to close it.
"""

import asyncio
import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, Final, Literal

import aiohttp
import discord
import yarl
from discord import client, gateway, shard
from discord.backoff import ExponentialBackoff
from discord.gateway import DiscordWebSocket, KeepAliveHandler
from discord.http import Route

from bot.config.chat import DiscordSettings

log = logging.getLogger(__name__)

Json = dict[str, Any]  # Discord's own
# The fields that discord.py expects in a message, with their values where Discord leaves them out.
_IN_A_MESSAGE: Final[Json] = {
    "type": 0, "content": "", "flags": 0, "edited_timestamp": None, "tts": False, "pinned": False, "mention_everyone": False,
}  # fmt: skip
_LISTS: Final = ("mentions", "mention_roles", "attachments", "embeds", "components")
_MAY_BE_NULL: Final = ("referenced_message", "edited_timestamp")  # null has a meaning there
_FAREWELL: Final = 2.0  # seconds for the other side to confirm the close
_TRIES_WITHIN: Final = 30.0  # seconds
_ENDS_WITHIN: Final = 5.0  # seconds for a thread that is told to end


class Heartbeat(KeepAliveHandler):
    """Sends two heartbeats within `heartbeat_timeout`, so that a silence of that length means a dead peer.

    Discord wants a heartbeat every 41 seconds; discord.py checks no more often than that whether it hears
    anything.
    """

    def __init__(self, *args: Any, interval: float | None = None, **options: Any) -> None:  # noqa: ANN401 - discord.py's own
        super().__init__(*args, interval=interval, **options)
        self.interval = min(interval or self.heartbeat_timeout, self.heartbeat_timeout / 2)


def brief(socket: aiohttp.ClientWebSocketResponse) -> aiohttp.ClientWebSocketResponse:
    """Return the same socket, whose `close` waits only briefly for the other side."""
    ending = socket.close

    async def close(*, code: int = 4000, message: bytes = b"") -> bool:
        with suppress(TimeoutError):
            async with asyncio.timeout(_FAREWELL):
                return await ending(code=code, message=message)
        return True

    socket.close = close  # type: ignore[method-assign] # its class is discord.py's to choose
    return socket


class BriefBackoff(ExponentialBackoff[Literal[False]]):
    """Retries within half a minute, however long an outage was: discord.py's own pauses grow to 17 minutes."""

    def delay(self) -> float:
        return min(super().delay(), _TRIES_WITHIN)


class _Brief(logging.Filter):
    """Replaces a traceback by the exception's name: discord.py logs each attempt's within that of the one before."""

    def filter(self, record: logging.LogRecord) -> bool:
        broken = record.exc_info[1] if record.exc_info else None
        if broken is not None:
            record.msg = f"{record.getMessage()} ({type(broken).__name__})"
            record.args = record.exc_info = None
        return True


_BRIEF = _Brief()


def set_up(settings: DiscordSettings) -> None:
    """Apply the patches and settings that discord.py keeps on its classes and in its modules.

    Of its heartbeats only the module's name can be changed: DiscordWebSocket makes one when Discord says hello,
    Shard and AutoShardedClient name DiscordWebSocket itself, and no hook runs between the hello and the first
    beat of a connection that is resumed (`before_identify_hook` is for new sessions only). A watch of our own
    couldn't resume: ShardInfo.reconnect begins a new session. Its maintainer declined to make the sockets
    public (Rapptz/discord.py#1117).

    discord.py's warnings about missing voice libraries are switched off: voice isn't used.
    """
    gateway.KeepAliveHandler = Heartbeat  # type: ignore[misc]
    for module in (client, shard):
        module.ExponentialBackoff = BriefBackoff  # type: ignore[attr-defined]
    logging.getLogger("discord.shard").addFilter(_BRIEF)
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
    if settings.api_url:
        Route.BASE = settings.api_url.rstrip("/")
    if settings.gateway_url:
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(settings.gateway_url)


def completed(data: Json, *, message: bool) -> Json:
    """Return the event without nulls, except where null has a meaning: discord.py takes them for values.

    A message also gets the fields that it lacks.
    """
    there = {key: value for key, value in data.items() if value is not None or key in _MAY_BE_NULL}
    return {**_IN_A_MESSAGE, **{key: [] for key in _LISTS}, **there} if message else there


def survive(parsers: dict[str, Callable[[Any], Any]]) -> None:
    """Make events that can't be parsed get lost: discord.py would end the whole connection, for good.

    READY is excepted: without it, which says who the bot is, there is no connection.
    """
    for event in parsers.keys() - {"READY"}:
        parsers[event] = partial(_survived, event, parsers[event])


def _survived(event: str, parse: Callable[[Any], Any], data: Any) -> None:  # noqa: ANN401 - Discord's own JSON
    try:
        parse(data)
    except Exception as error:  # noqa: BLE001 - whatever it is, the next event may be another's question
        log.warning("an event %s isn't understood: %s", event, type(error).__name__)


def cut(socket: aiohttp.ClientWebSocketResponse) -> None:
    """Drop the socket's connection. Its `close` waits for the other side, and does nothing on a broken line."""
    socket._response.close()  # noqa: SLF001 - nothing public does it


async def end_heartbeats(of: discord.Client) -> None:
    """End the threads that keep this client's connections alive, while their event loop still runs.

    discord.py doesn't wait for them, and it loses track of the thread of a connection that was still being made
    or that broke during a write.
    """
    beating = [
        thread
        for thread in threading.enumerate()
        if isinstance(thread, Heartbeat) and thread.ws._connection is of._connection  # noqa: SLF001 - nothing public tells whose it is
    ]
    for thread in beating:
        thread.stop()

    def join() -> None:
        for thread in beating:
            thread.join(_ENDS_WITHIN)

    await asyncio.to_thread(join)
