"""The bot on a platform's simulator, with a scripted core and a real journal: what a test opens."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from adapters.discord.service import run as discord
from adapters.slack.connection.timeouts import Timeouts
from adapters.slack.manifest import as_yaml
from adapters.slack.service import run as slack
from bot.config.loader import load
from tests.support import simulators
from tests.support.conversation import Chat
from tests.support.discord_sim import DiscordChat
from tests.support.scripted import Core, Shelf, patient_journal, scripted
from tests.support.slack_sim import SlackChat
from tests.support.waiting import given_up, patiently

# Slack's simulator is near, and nobody reads along: what waits for either waits less.
QUICK = Timeouts(lost=0.05, again=0.2, append=0.1, thread=2.0, person=2.0, trust=1.0, link=1.0, watch=0.2)


_YAML = """
sources: [{name: handbook, type: folder, path: ./docs, audience: [everyone]}]
limits: {questions_per_minute: 5}
slack: {help_channel: C0DOCS}
discord: {guilds: {"2000000000000000000": {help_channel: "5000000000000000002"}}}
"""


@asynccontextmanager
async def open_chat(
    platform: str,
    port: int,
    folder: Path,
    setenv: Callable[[str, str], None],
    yaml: str = _YAML,
    *options: str,
) -> AsyncIterator[Chat]:
    """The bot on a platform's simulator, with a scripted core and a real journal."""
    for name, value in {**simulators.environment(platform, port), "DOCENT_DATA": str(folder)}.items():
        setenv(name, value)
    (folder / "docent.yaml").write_text(yaml)
    database = patient_journal(folder)
    core, shelf = Core(), Shelf()
    app = scripted(load(folder / "docent.yaml"), core, shelf, database)
    if platform == "slack":
        run = partial(slack, pace=patiently(QUICK))
        (folder / "manifest.yaml").write_text(as_yaml(app.settings.slack))
        needed, chat_type = ("--manifest", str(folder / "manifest.yaml")), SlackChat
    else:
        run = discord
        needed, chat_type = ("--privileged", "message_content"), DiscordChat
    async with simulators.running(platform, port, *needed, *options) as sim:
        stop = asyncio.Event()
        running = asyncio.create_task(run(app, stop))
        try:
            await simulators.connected(platform, sim)
            yield chat_type(sim, app, core, shelf)
        finally:
            stop.set()
            async with given_up():
                await running
            await database.close()


def opening(*platforms: str, yaml: str = _YAML, options: Sequence[str] = ()) -> Any:
    """A test file's `opened` fixture: opens the bot with its settings, on a simulator with these options.

    On several platforms each test is several.
    """

    @pytest.fixture(params=platforms if len(platforms) > 1 else None)
    def opened(
        request: pytest.FixtureRequest,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
        free_port: Callable[[], int],
    ) -> Callable[[], Any]:
        platform = getattr(request, "param", platforms[0])
        return lambda: open_chat(platform, free_port(), tmp_path, monkeypatch.setenv, yaml, *options)

    return opened


def chatting(*, lawful: bool = False) -> Any:
    """Its `chat` fixture. `lawful`: in the end nothing was done that the platform forbids."""

    @pytest.fixture
    async def chat(opened: Callable[[], Any]) -> AsyncIterator[Chat]:
        async with opened() as chat:
            yield chat
            if lawful:
                assert await chat.violations() == []

    return chat
