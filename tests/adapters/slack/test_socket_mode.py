"""A Socket Mode connection under a burst of events."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from slack_bolt.async_app import AsyncApp

from adapters.slack.connection.socket_mode import AT_ONCE, SocketModeConnection
from tests.support.waiting import until


@asynccontextmanager
async def connection() -> AsyncIterator[SocketModeConnection]:
    """A client whose queue is filled by the test instead of by Slack."""
    client = SocketModeConnection("xapp-1", AsyncApp(token="xoxb-1", signing_secret="s"))  # noqa: S106 - nobody's
    try:
        yield client
    finally:
        await client.close()
        await client.aiohttp_client_session.close()


async def deliver(client: SocketModeConnection, count: int) -> None:
    for number in range(count):
        await client.enqueue_message(json.dumps({"type": "test", "number": number}))


class Listener:
    """Works on each message until it may end, and fails on those it is told to."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.may_end = asyncio.Event()
        self.fails: set[int] = set()

    async def has_begun(self, count: int) -> bool:
        return len(self.begun) >= count

    async def __call__(self, _client: SocketModeConnection, message: dict[str, Any], _raw: str) -> None:
        self.begun.append(message["number"])
        await self.may_end.wait()
        if message["number"] in self.fails:
            raise RuntimeError("this one fails")


async def test_a_burst_waits_as_it_came() -> None:
    """Only so many events are worked on at once; the others wait in Slack's own words, in their order."""
    async with connection() as client:
        listener = Listener()
        client.message_listeners.append(listener)
        await deliver(client, 3 * AT_ONCE)
        await until(lambda: listener.has_begun(AT_ONCE))
        assert client.message_queue.qsize() == 2 * AT_ONCE
        listener.may_end.set()
        await until(lambda: listener.has_begun(3 * AT_ONCE))
        assert listener.begun == list(range(3 * AT_ONCE))


async def test_events_that_fail_leave_their_room_to_others() -> None:
    """However many events fail or can't be read, those after them are worked on."""
    async with connection() as client:
        listener = Listener()
        listener.fails = set(range(2 * AT_ONCE))
        listener.may_end.set()
        client.message_listeners.append(listener)
        for _ in range(2 * AT_ONCE):
            await client.enqueue_message("{not JSON")
        await deliver(client, 2 * AT_ONCE + 1)
        await until(lambda: listener.has_begun(2 * AT_ONCE + 1))
