"""Starts the Discord client, supervises it, and stops it in order."""

import asyncio
import logging
from contextlib import suppress
from functools import partial

import aiohttp
import discord

from adapters.chat.admin.admin_news import to_all
from adapters.chat.background_tasks import logged_at_its_end
from adapters.discord.access.bot_permissions import SCOPES, intents, permissions
from adapters.discord.client import DocentClient
from adapters.discord.connection.gateway_patches import cut, end_heartbeats, set_up
from adapters.discord.connection.timeouts import PATIENCE, Timeouts
from adapters.discord.connection.transport import Failed, paced
from adapters.discord.interactions import tell
from bot.bootstrap import App
from bot.config.chat import DiscordSettings
from bot.config.loader import Settings
from bot.ports import Rejected, Unauthorized, Unavailable

log = logging.getLogger(__name__)

_STOPPED_BY_PORTAL = 4014
_ENDS_WITHIN = 5.0  # seconds
_QUICK = 30.0  # seconds: a connection that lasted longer was a good one


def invite(application: int, settings: DiscordSettings) -> str:
    """Return the address that adds the bot to a server, with exactly the permissions that it needs."""
    forums = any(guild.forums for guild in settings.guilds.values())
    return discord.utils.oauth_url(application, permissions=permissions(forums=forums), scopes=SCOPES)


async def invitation(settings: Settings) -> str:
    """Return the invite for the application that the token belongs to. Raises BackendError."""
    set_up(settings.discord)
    token = settings.discord.token
    async with discord.Client(intents=intents(message_content=False)) as client:
        try:
            await client.login(token.get_secret_value() if token else "")
        except discord.LoginFailure as error:
            raise Unauthorized("Discord", "it refused the token.", remedy="Check DISCORD_TOKEN.") from error
        except (discord.HTTPException, aiohttp.ClientError, OSError) as error:
            raise Unavailable("Discord", "it can't be reached.") from error
        return invite(client.application_id or 0, settings.discord)


async def run(app: App, stop: asyncio.Event, patience: Timeouts = PATIENCE) -> None:
    """Answer in Discord until `stop`. A connection that can't be resumed is replaced by a new one."""
    token = app.settings.discord.token
    if token is None:
        raise Unauthorized("Discord", "there is no token.", remedy="Set DISCORD_TOKEN.")
    set_up(app.settings.discord)
    failures = 0
    while not stop.is_set():
        began = asyncio.get_running_loop().time()
        async with aiohttp.ClientSession(trace_configs=[paced()], trust_env=True) as session:
            client = DocentClient(app, session, patience)
            with app.connections.open("discord", client.has_gateway):
                await _until(client, token.get_secret_value(), stop, patience.shard_within)
        if stop.is_set():
            return
        lasted = asyncio.get_running_loop().time() - began
        failures = 0 if lasted > _QUICK else failures + 1
        with suppress(TimeoutError):
            async with asyncio.timeout(min(2.0**failures, 60.0)):
                await stop.wait()


async def _until(client: DocentClient, token: str, stop: asyncio.Event, shard_within: float) -> None:
    """Run one client until it fails or is stopped, then finish or hand back what runs.

    Raises errors that a new connection can't fix.
    """
    starting = asyncio.create_task(client.start(token), name="discord")
    opening = asyncio.create_task(_open(client), name="discord opening")
    opening.add_done_callback(logged_at_its_end)
    stopping = asyncio.create_task(stop.wait())
    stuck = asyncio.create_task(_stuck(client, shard_within), name="discord connecting")
    try:
        await asyncio.wait([starting, stopping, stuck], return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            _judge(starting)
        elif stuck.done():
            log.warning("Discord's gateway can't be reached")
    finally:
        for task in (stopping, opening, stuck):
            task.cancel()
        await client.question_service.close(grace=client.app.settings.discord.stop_within)
        await client.drain()
        await _end(client, starting)


async def _stuck(client: DocentClient, shard_within: float) -> None:
    """Wait until `shard_within` seconds pass without a further shard while not all are ready.

    discord.py would retry for ever, each time inside its handling of the last failure, until it is nested too
    deeply.
    """
    while not client.ready.is_set():
        shards = len(client.shards)
        with suppress(TimeoutError):
            async with asyncio.timeout(shard_within):
                await client.ready.wait()
        if len(client.shards) == shards and not client.ready.is_set():
            return
    await asyncio.Event().wait()


async def _end(client: DocentClient, starting: asyncio.Task[None]) -> None:
    """Close the connection. discord.py would wait for a shard that can't identify: it is cancelled."""
    closing = asyncio.create_task(client.close(), name="discord closing")
    await asyncio.wait([closing], timeout=_ENDS_WITHIN)
    starting.cancel()
    await client.http.close()  # calls that still wait for Discord fail now
    with suppress(TimeoutError):
        async with asyncio.timeout(_ENDS_WITHIN):
            await asyncio.gather(closing, starting, return_exceptions=True)
    for socket in client.sockets:
        cut(socket)
    await end_heartbeats(client)


async def _open(client: DocentClient) -> None:
    await client.ready.wait()
    await client.question_service.open()
    admins = to_all(lambda: client.app.settings.discord.admins, partial(tell, client), Failed)
    client.admins.open("discord", admins)


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
    except asyncio.CancelledError as error:
        raise Unavailable("Discord", "the connection was cancelled.") from error
