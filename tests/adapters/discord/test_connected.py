"""Whether Discord is connected, as `/ready` tells it."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from adapters.discord.connection.timeouts import Timeouts
from tests.support.discord_chat import Chat, open_discord, running
from tests.support.waiting import until


@pytest.fixture
async def chat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> AsyncIterator[Chat]:
    """The bot isn't started."""
    async with open_discord(tmp_path, monkeypatch.setenv, free_port()) as chat:
        yield chat


async def test_it_is_connected_while_the_gateway_is(chat: Chat) -> None:
    """Not before the start, not while the gateway is silent, not after the end."""

    async def is_up() -> bool:
        return chat.app.connections.has("discord")

    async def is_down() -> bool:
        return not await is_up()

    assert await is_down()
    async with running(chat, Timeouts(silent_for=1)):
        await until(is_up)
        chat.discord.mute.add("hello")
        chat.discord.cut()
        await until(is_down)
        chat.discord.mute.clear()
        await until(is_up)
    assert await is_down()
