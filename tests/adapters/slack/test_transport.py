"""Calls to Slack in a burst."""

import asyncio
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest
from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient

from adapters.slack.connection.rate_limits import RateLimits
from adapters.slack.connection.timeouts import Timeouts
from adapters.slack.connection.transport import AT_ONCE, SlackTransport
from tests.support.waiting import patience

# Seconds on a quiet machine. A burst takes longer than a call may, ten times a call's answer.
_ANSWERS_AFTER = 0.2
_DEADLINE = 1.5
_ROUNDS = 10


@pytest.fixture
async def address(free_port: Callable[[], int]) -> AsyncIterator[str]:
    """A Slack that takes its time."""

    async def answer(_: web.Request) -> web.Response:
        await asyncio.sleep(_ANSWERS_AFTER * patience())
        return web.json_response({"ok": True})

    app = web.Application()
    app.router.add_post("/api/{method}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    yield f"http://127.0.0.1:{port}/api/"
    await runner.cleanup()


async def test_a_call_is_not_lost_by_waiting_for_others(address: str):
    """A call has all of its time for itself, however many are before it: none that wasn't sent counts as lost."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=AT_ONCE)) as session:
        client = AsyncWebClient("xoxb-1", base_url=address, session=session, retry_handlers=[])
        calls = SlackTransport(client, RateLimits(), Timeouts(call=_DEADLINE * patience()))
        count = AT_ONCE * _ROUNDS
        done = await asyncio.gather(*(calls.once("auth.test", {}) for _ in range(count)))
    assert [one["ok"] for one in done] == [True] * count
