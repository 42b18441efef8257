"""The bot on a Slack of our own: what tests that need nothing but this repository say and see."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from adapters.slack.service import run
from bot.bootstrap import App
from bot.config.help import HelpSettings
from bot.config.loader import load
from bot.model import Question
from bot.ports import Tickets
from tests.support.scripted import Core, Shelf, patient_journal, scripted
from tests.support.slack_server import HELP, Message, SlackServer
from tests.support.waiting import until

YAML = f"""
sources: [{{name: handbook, type: folder, path: ./docs, audience: [everyone]}}]
limits: {{questions_per_minute: 3}}
slack: {{help_channel: {HELP}, stop_within: 3s}}
"""


@dataclass
class Chat:
    """The bot on a Slack of our own."""

    slack: SlackServer
    app: App
    core: Core
    shelf: Shelf

    async def answer(self, thread: str, count: int = 1) -> Message:
        """The latest of so many whole messages of the bot in a thread."""

        async def look() -> list[Message]:
            found = self.slack.answers(thread)
            return found if len(found) >= count else []

        found = await until(look)
        assert len(found) == count
        return found[-1]

    async def whisper(self, words: str) -> Message:
        """What somebody was told alone."""

        async def look() -> list[Message]:
            return [one for one in self.slack.whispered if words in one.whole]

        return (await until(look))[-1]

    async def asked(self, count: int = 1) -> Question:
        """The last of so many questions that the core has heard."""

        async def look() -> bool:
            return len(self.core.asked) >= count

        await until(look)
        return self.core.asked[count - 1]


@asynccontextmanager
async def connected(slack: SlackServer, app: App) -> AsyncIterator[None]:
    """The bot, connected; ended in order."""
    stop = asyncio.Event()
    running = asyncio.create_task(run(app, stop))

    async def is_connected() -> bool:
        return slack.connected

    try:
        await until(is_connected, seconds=20)
        yield
    finally:
        stop.set()
        await running


@asynccontextmanager
async def open_slack(
    folder: Path,
    setenv: Callable[[str, str], None],
    port: int,
    yaml: str = YAML,
    prepare: Callable[[SlackServer], None] = lambda _: None,
    *,
    writer: Any = None,
    tickets: Callable[[HelpSettings], tuple[Tickets, ...]] = lambda _: (),
) -> AsyncIterator[Chat]:
    """The bot, connected to a Slack that `prepare` has changed; in the end Slack had nothing to object to."""
    async with SlackServer.running(port) as slack:
        prepare(slack)
        for name, value in {
            "SLACK_API_URL": f"{slack.url}/api/",
            "SLACK_BOT_TOKEN": "xoxb-own",
            "SLACK_APP_TOKEN": "xapp-own",
            "DOCENT_DATA": str(folder),
        }.items():
            setenv(name, value)
        (folder / "docent.yaml").write_text(yaml)
        core, shelf = Core(), Shelf()
        database = patient_journal(folder)
        settings = load(folder / "docent.yaml")
        app = replace(scripted(settings, core, shelf, database, writer), tickets=tickets(settings.help))
        try:
            async with connected(slack, app):
                yield Chat(slack, app, core, shelf)
        finally:
            await database.close()
            for one in app.tickets:
                await one.close()
        assert slack.wrong == [], slack.wrong
        assert {thread for thread, status in slack.statuses.items() if status} == set()


def chatting(yaml: str = YAML) -> Any:
    """A test file's `chat` fixture: the bot, connected to a Slack that had nothing to object to in the end."""

    @pytest.fixture
    async def chat(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
    ) -> AsyncIterator[Chat]:
        async with open_slack(tmp_path, monkeypatch.setenv, free_port(), yaml) as chat:
            yield chat

    return chat
