"""Discord, running: a supervised start, an orderly end."""

import asyncio
import logging
import threading
from contextlib import suppress

import aiohttp
import discord
import yarl
from discord.gateway import DiscordWebSocket, KeepAliveHandler
from discord.http import Route

from adapters.discord.client import SCOPES, DocentClient, intents, permissions
from adapters.discord.stage import tell_all
from bot.bootstrap import App
from bot.config import Settings
from bot.ports import Rejected, Unauthorized, Unavailable
from bot.settings.chat import DiscordSettings

log = logging.getLogger(__name__)

_STOPPED_BY_PORTAL = 4014
_ENDS_WITHIN = 5.0  # seconds
_QUICK = 30.0  # seconds: a connection that lasted longer was a good one


def invite(application: int, settings: DiscordSettings) -> str:
    """The address that adds the bot to a server, with exactly the permissions that it needs."""
    forums = any(guild.forums for guild in settings.guilds.values())
    return discord.utils.oauth_url(application, permissions=permissions(forums=forums), scopes=SCOPES)


async def invitation(settings: Settings) -> str:
    """The invite for the application that the token belongs to. Raises BackendError."""
    prepare(settings)
    token = settings.discord.token
    async with discord.Client(intents=intents(message_content=False)) as client:
        try:
            await client.login(token.get_secret_value() if token else "")
        except discord.LoginFailure as error:
            raise Unauthorized("Discord", "it refused the token.", remedy="Check DISCORD_TOKEN.") from error
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            raise Unavailable("Discord", "it can't be reached.") from error
        return invite(client.application_id or 0, settings.discord)


def prepare(settings: Settings) -> None:
    """discord.py keeps these on its classes: there is no other way. Voice isn't used: no word that it can't be."""
    discord.VoiceClient.warn_nacl = discord.VoiceClient.warn_dave = False
    if settings.discord.api_url:
        Route.BASE = settings.discord.api_url.rstrip("/")
    if settings.discord.gateway_url:
        DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(settings.discord.gateway_url)


async def run(app: App, stop: asyncio.Event) -> None:
    """Answer in Discord until `stop`. A failing first connection would end the process: it is made again."""
    token = app.settings.discord.token
    if token is None:
        raise Unauthorized("Discord", "there is no token.", remedy="Set DISCORD_TOKEN.")
    prepare(app.settings)
    failures = 0
    while not stop.is_set():
        began = asyncio.get_running_loop().time()
        async with aiohttp.ClientSession() as session:
            await _until(DocentClient(app, session), token.get_secret_value(), stop)
        if stop.is_set():
            return
        lasted = asyncio.get_running_loop().time() - began
        failures = 0 if lasted > _QUICK else failures + 1
        with suppress(TimeoutError):
            async with asyncio.timeout(min(2.0**failures, 60.0)):
                await stop.wait()


async def _until(client: DocentClient, token: str, stop: asyncio.Event) -> None:
    """Run one client until it fails or is stopped, then finish or hand back what runs.

    Raises what no new connection would mend.
    """
    starting = asyncio.create_task(client.start(token), name="discord")
    opening = asyncio.create_task(_open(client), name="discord opening")
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait([starting, stopping], return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            _judge(starting)
    finally:
        for task in (stopping, opening):
            task.cancel()
        await client.desk.close(grace=client.app.settings.discord.stop_within)
        await client.drain()
        await _end(client, starting)


async def _end(client: DocentClient, starting: asyncio.Task[None]) -> None:
    """Close the connection. discord.py keeps waiting for a shard that can't identify: it isn't waited for."""
    closing = asyncio.create_task(client.close(), name="discord closing")
    await asyncio.wait([closing], timeout=_ENDS_WITHIN)
    starting.cancel()
    await client.http.close()  # whoever still waits for Discord hears that it is gone
    with suppress(TimeoutError):
        async with asyncio.timeout(_ENDS_WITHIN):
            await asyncio.gather(closing, starting, return_exceptions=True)
    for socket in client.sockets:
        # Not its `close`, which waits for the other side, and does nothing about one whose line broke.
        socket._response.close()  # noqa: SLF001
    await _end_heartbeats(client)


async def _end_heartbeats(client: DocentClient) -> None:
    """End the threads that keep this client's connections alive, while the loop that they call still runs.

    discord.py doesn't wait for them, and it forgets the one of a connection that was still being made or
    that broke while it was written to.
    """
    beating = [
        thread
        for thread in threading.enumerate()
        if isinstance(thread, KeepAliveHandler) and thread.ws._connection is client._connection  # noqa: SLF001 - nothing public tells whose it is
    ]
    for thread in beating:
        thread.stop()

    def join() -> None:
        for thread in beating:
            thread.join(_ENDS_WITHIN)

    await asyncio.to_thread(join)


async def _open(client: DocentClient) -> None:
    await client.ready.wait()
    await client.desk.open()
    admins = client.app.settings.discord.admins
    client.admins.watch_guides("discord", lambda text: tell_all(client, admins, text))


def _judge(starting: asyncio.Task[None]) -> None:
    try:
        starting.result()
    except discord.LoginFailure as error:
        raise Unauthorized(
            "Discord", "it refused the token.", remedy="Check DISCORD_TOKEN: docent doctor --discord."
        ) from error
    except discord.PrivilegedIntentsRequired as error:
        raise Rejected(
            "Discord",
            "the developer portal doesn't grant the Message Content intent.",
            remedy="Switch it on under Bot → Privileged Gateway Intents, or set discord.message_content: false.",
        ) from error
    except discord.ConnectionClosed as error:
        if error.code == _STOPPED_BY_PORTAL:
            raise Rejected("Discord", "an intent isn't granted in the developer portal.") from error
        log.warning("Discord closed the connection: %s", error.code)
    except (discord.HTTPException, discord.GatewayNotFound, aiohttp.ClientError, OSError) as error:
        log.warning("Discord can't be reached: %s", type(error).__name__)
    except (AttributeError, TypeError):  # discord.py's own, when the first connection fails
        log.warning("Discord's gateway can't be reached")
    except asyncio.CancelledError as error:
        raise Unavailable("Discord", "the connection was cancelled.") from error
