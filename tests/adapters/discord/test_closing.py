"""The end of a connection to Discord: in time, and without a thread that outlives the loop."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path

import pytest

from adapters.discord.service import run
from bot.ports import Rejected
from tests.support.discord_chat import YAML, Chat, beating, open_discord
from tests.support.waiting import given_up, until

_TWO_SHARDS = YAML.replace("discord:", "discord:\n  shards: 2", 1)


@pytest.fixture(params=["", _TWO_SHARDS], ids=["one shard", "two shards"])
async def chat(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    free_port: Callable[[], int],
) -> AsyncIterator[Chat]:
    """A gateway that wants a heartbeat every 20 ms; the bot isn't started."""
    async with open_discord(tmp_path, monkeypatch.setenv, free_port(), request.param or YAML) as chat:
        chat.discord.heartbeat = 20
        yield chat


async def connected(chat: Chat) -> bool:
    return chat.discord.connected and chat.discord.beats > 5


async def started(chat: Chat) -> tuple[asyncio.Task[None], asyncio.Event]:
    """The bot with its first shard connected: a second one has to wait five seconds for its turn."""
    stop = asyncio.Event()
    task = asyncio.create_task(run(chat.app, stop))
    await until(lambda: connected(chat), seconds=20)
    assert beating()
    return task, stop


async def ended(task: asyncio.Task[None], stop: asyncio.Event) -> None:
    stop.set()
    async with given_up():
        await task
    assert beating() == []


async def test_no_heartbeat_after_an_ordinary_end(chat: Chat) -> None:
    """Whether all shards are connected or one is still on its way: nothing beats after the end."""
    await ended(*await started(chat))


@pytest.mark.parametrize("how", ["reset", "close", "reconnect", "resume", "invalid"])
async def test_no_heartbeat_after_an_end_in_mid_reconnect(chat: Chat, how: str) -> None:
    """Also when the connection has just gone and the next one is being made."""
    task, stop = await started(chat)
    await chat.discord.drop(how)
    await ended(task, stop)


async def test_no_heartbeat_after_connections_that_never_got_ready(chat: Chat) -> None:
    """Also when each connection ends right after its hello."""
    task, stop = await started(chat)
    chat.discord.mute.add("ready")
    for _ in range(5):
        await chat.discord.drop("invalid")
        await asyncio.sleep(0.01)
    await ended(task, stop)


async def test_no_heartbeat_after_a_gateway_that_has_gone_silent(chat: Chat) -> None:
    """Also when the gateway neither acknowledges heartbeats nor answers the farewell."""
    task, stop = await started(chat)
    chat.discord.mute.update(("acks", "hello"))
    await chat.discord.drop("reconnect")
    await ended(task, stop)


async def test_no_heartbeat_after_a_cancellation(chat: Chat) -> None:
    """Also when the whole adapter is cancelled, as by a second Ctrl-C."""
    task, _ = await started(chat)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert beating() == []


@pytest.mark.parametrize("chat", [""], indirect=True, ids=["one shard"])
async def test_no_heartbeat_after_the_portal_refused_an_intent(chat: Chat) -> None:
    """Also when Discord itself ends it for good: the bot then says what to do."""
    task, _ = await started(chat)
    await chat.discord.drop("close", code=4014)
    async with given_up():
        with pytest.raises(Rejected, match="Message Content intent"):
            await task
    assert beating() == []
