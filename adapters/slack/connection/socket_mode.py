"""Runs Socket Mode over several watched connections, each working on a limited number of events at once."""

import asyncio
import json
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext, suppress
from time import time
from typing import Any, Final

import aiohttp
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app, send_async_response
from slack_bolt.async_app import AsyncApp
from slack_sdk.errors import SlackApiError
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from adapters.chat.background_tasks import logged_at_its_end
from adapters.slack.connection.timeouts import Timeouts
from bot.ports import Unauthorized

log = logging.getLogger(__name__)

AT_ONCE: Final = 32  # events of a connection; each takes milliseconds, at most some 300
_PING_EVERY: Final = 10.0  # seconds, as Bolt's own handler has it
_CHECK_WITHIN: Final = 6.0  # seconds
_REFUSED: Final = {
    "account_inactive",
    "invalid_auth",
    "missing_scope",
    "not_allowed_token_type",
    "token_revoked",
}


class SocketModeConnection(SocketModeClient):
    """Slack's client, which decodes an event only once there is room to work on it.

    The SDK's own client starts all events at once, so that a burst stands decoded in memory; and it keeps no
    reference to its tasks, which asyncio holds only weakly.
    """

    def __init__(self, token: str, bolt: AsyncApp) -> None:
        super().__init__(
            token, logger=_without_addresses(), web_client=bolt.client, ping_interval=_PING_EVERY
        )
        self._bolt = bolt
        self._room = asyncio.Semaphore(AT_ONCE)
        self._working: set[asyncio.Task[None]] = set()
        self.socket_mode_request_listeners.append(self._handle)

    async def process_message(self) -> None:
        """Start on the next queued message once there is room. The SDK calls this in a loop."""
        await self._room.acquire()
        try:
            raw = await self.message_queue.get()
            message: dict[str, Any] = json.loads(raw) if raw.startswith("{") else {}
            task = asyncio.create_task(self.run_message_listeners(message, raw))
        except BaseException:
            self._room.release()
            raise
        self._working.add(task)
        task.add_done_callback(logged_at_its_end)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._working.discard(task)
        self._room.release()

    async def _handle(self, _: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        began = time()
        response = await run_async_bolt_app(self._bolt, request)
        try:
            await send_async_response(self, request, response, began)
        except (aiohttp.ClientError, ConnectionError, TimeoutError) as error:
            log.info("an acknowledgement was lost with its connection (%s): Slack sends that again", error)


async def check_token(client: AsyncWebClient, token: str) -> None:
    """Raise Unauthorized if Slack refuses the app token: reconnecting doesn't help. Other errors are ignored."""
    try:
        async with asyncio.timeout(_CHECK_WITHIN):
            await client.apps_connections_open(app_token=token)
    except SlackApiError as error:
        data = getattr(error.response, "data", None)
        if isinstance(data, dict) and data.get("error") in _REFUSED:
            remedy = "Check SLACK_APP_TOKEN (xapp-…, scope connections:write): docent doctor --slack."
            raise Unauthorized("Slack", "it refused the app token.", remedy=remedy) from error
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        log.info("the app token isn't checked: %s", type(error).__name__)


async def listen(
    bolt: AsyncApp,
    token: str,
    stop: asyncio.Event,
    pace: Timeouts,
    up: Callable[[], AbstractContextManager[None]] = nullcontext,
) -> None:
    """Keep a connection open until `stop`; `up` is entered while it stands.

    The client retries a dead address for ever, so a watchdog replaces the connection.
    """
    failures = 0
    while not stop.is_set():
        client = SocketModeConnection(token, bolt)
        try:
            async with asyncio.timeout(pace.link):
                await client.connect()  # type: ignore[no-untyped-call] # Slack's
            failures = 0
            with up():
                await _watch(client, stop, pace.watch)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            failures += 1
            log.warning("Slack's Socket Mode can't be reached: %s", type(error).__name__)
        except Exception:  # the outermost loop: after any failure it connects again
            failures += 1
            log.exception("a Socket Mode connection failed")
        finally:
            try:
                with suppress(Exception):
                    async with asyncio.timeout(3):
                        await client.close()  # type: ignore[no-untyped-call] # Slack's
            finally:  # `close` may not get to this on a dead connection
                await client.aiohttp_client_session.close()
            if client.current_session is not None:
                # aiohttp leaves a socket whose line broke to the garbage collector.
                client.current_session._response.close()  # noqa: SLF001
        if not stop.is_set():
            await asyncio.sleep(min(pace.again / 2 * 2**failures, 15.0))


async def _watch(client: SocketModeConnection, stop: asyncio.Event, every: float) -> None:
    """Wait until the connection is down and the client hasn't reconnected it within two checks."""
    down = 0
    while not stop.is_set():
        with suppress(TimeoutError):
            async with asyncio.timeout(every):
                await stop.wait()
        down = 0 if await client.is_connected() else down + 1
        if down > 1:
            log.warning("a Socket Mode connection is down: making a new one")
            return


def _without_addresses() -> logging.Logger:
    """Return the client's logger without failed connection attempts.

    They hold the address with its ticket, and `listen` logs each failure itself.
    """
    logger = logging.getLogger("slack_bolt.socket_mode")
    logger.addFilter(_no_ticket)
    return logger


def _no_ticket(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith("Failed to connect")
