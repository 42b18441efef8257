"""The bot on a Discord of our own: what the tests of test_discord.py and test_discord_closing.py say and see."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from adapters.discord.connection.timeouts import PATIENCE, Timeouts
from adapters.discord.service import run
from bot.bootstrap import App
from bot.config.loader import load
from bot.model import Question
from tests.support.discord_rest import TOKEN, Interaction
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import (
    FORUM,
    GENERAL,
    GUILD,
    HELP,
    LEADS,
    SECOND,
    Message,
)
from tests.support.scripted import Core, Shelf, patient_journal, scripted
from tests.support.waiting import given_up, patiently, until

YAML = f"""
sources: [{{name: handbook, type: folder, path: ./docs, audience: [everyone]}}]
audiences: {{everyone: {{}}, leads: {{}}, partners: {{}}}}
limits: {{questions_per_minute: 3}}
discord:
  stop_within: 3s
  guilds:
    "{GUILD}":
      help_channel: "{HELP}"
      manage_server: true
      roles: {{"{LEADS}": [leads]}}
      channels: {{"{GENERAL}": {{audience: [everyone, leads]}}}}
      forums: {{"{FORUM}": {{tag: answered by docs}}}}
    "{SECOND}": {{default_audience: [partners], answer_in: reply}}
"""


@dataclass
class Chat:
    """The bot on a Discord of our own."""

    discord: DiscordServer
    app: App
    core: Core
    shelf: Shelf

    async def answer(self, channel: str, count: int = 1) -> Message:
        """The latest of so many whole messages of the bot in a channel or thread."""

        async def look() -> list[Message]:
            found = [
                one for one in self.discord.answers(channel) if one.get("embeds") or one.get("components")
            ]
            return found if len(found) >= count else []

        found = await until(look)
        assert len(found) == count
        return found[-1]

    async def said_to(self, one: Interaction, words: str) -> Message:
        """What an interaction showed."""

        async def look() -> list[Message]:
            return [shown for shown in self.discord.responses(one) if words in shown.whole]

        return (await until(look))[-1]

    async def form(self, one: Interaction) -> dict[str, Any]:
        async def look() -> list[dict[str, Any]]:
            return one.forms

        return (await until(look))[-1]

    async def asked(self, count: int = 1) -> Question:
        """The last of so many questions that the core has heard."""

        async def look() -> bool:
            return len(self.core.asked) >= count

        await until(look)
        return self.core.asked[count - 1]


@asynccontextmanager
async def open_discord(
    folder: Path, setenv: Callable[[str, str], None], port: int, yaml: str = YAML, *, writer: Any = None
) -> AsyncIterator[Chat]:
    """The server and the bot's parts; the bot isn't started."""
    async with DiscordServer.running(port) as discord:
        for name, value in {
            "DISCORD_API_URL": f"{discord.rest.url}/api/v10",
            "DISCORD_GATEWAY_URL": discord.rest.url.replace("http", "ws") + "/gateway",
            "DISCORD_TOKEN": TOKEN,
            "DOCENT_DATA": str(folder),
        }.items():
            setenv(name, value)
        (folder / "docent.yaml").write_text(yaml)
        core, shelf = Core(), Shelf()
        database = patient_journal(folder)
        app = scripted(load(folder / "docent.yaml"), core, shelf, database, writer)
        try:
            yield Chat(discord, app, core, shelf)
        finally:
            await database.close()


@asynccontextmanager
async def running(chat: Chat, patience: Timeouts = PATIENCE) -> AsyncIterator[None]:
    """The bot, connected and with its commands; ended in order."""
    stop = asyncio.Event()
    task = asyncio.create_task(run(chat.app, stop, patience))

    async def ready() -> bool:
        return chat.discord.connected and bool(chat.discord.rest.commands)

    try:
        await until(ready, seconds=20)
        yield
    finally:
        stop.set()
        async with given_up():
            await task
        assert beating() == []


def chatting(yaml: str = YAML, patience: Timeouts = PATIENCE) -> Any:
    """A test file's `chat` fixture: the bot, connected; in the end Discord had nothing to object to."""

    @pytest.fixture
    async def chat(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
    ) -> AsyncIterator[Chat]:
        async with open_discord(tmp_path, monkeypatch.setenv, free_port(), yaml) as chat:
            async with running(chat, patiently(patience)):
                yield chat
            assert chat.discord.rest.wrong == []

    return chat


def unstarted(*, spotless: bool = False) -> Any:
    """A test file's `chat` fixture: the bot isn't started. `spotless`: in the end Discord had nothing to object to."""

    @pytest.fixture
    async def chat(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
    ) -> AsyncIterator[Chat]:
        async with open_discord(tmp_path, monkeypatch.setenv, free_port()) as chat:
            yield chat
            assert not spotless or chat.discord.rest.wrong == []

    return chat


def beating() -> list[str]:
    """discord.py's threads that send heartbeats."""
    return [one.name for one in threading.enumerate() if one.name.startswith("keep-alive-handler")]
