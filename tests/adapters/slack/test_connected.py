"""Whether Slack is connected, as `/ready` tells it, and a start without Slack."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.slack.service import run
from bot.config.loader import load
from bot.journal.database import Database
from tests.support.scripted import Core, Shelf, scripted
from tests.support.slack_chat import YAML, Chat, chatting
from tests.support.waiting import given_up, until

chat = chatting()


async def test_it_is_connected_while_a_connection_stands(chat: Chat) -> None:
    """Where Slack closes all and gives no new one it isn't; then again, when it does."""

    async def is_up() -> bool:
        return chat.app.connections.has("slack")

    async def is_down() -> bool:
        for link in list(chat.slack._links):  # one that was being made meanwhile stands a moment later
            await link.close()
        return not await is_up()

    await until(is_up)
    chat.slack.refused["apps.connections.open"] = "internal_error"
    await until(is_down)
    chat.slack.refused.clear()
    await until(is_up)


@pytest.mark.parametrize("mode", ["socket", "http"])
async def test_it_ends_while_slack_has_never_answered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int], mode: str
) -> None:
    """Whoever stops it meanwhile needn't kill it."""
    for name, value in {
        "SLACK_API_URL": f"http://127.0.0.1:{free_port()}/api/",
        "SLACK_BOT_TOKEN": "xoxb-own",
        "SLACK_APP_TOKEN": "xapp-own",
        "SLACK_SIGNING_SECRET": "s" * 32,
        "DOCENT_DATA": str(tmp_path),
    }.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "docent.yaml").write_text(
        YAML.replace("slack: {", f"slack: {{mode: {mode}, port: {free_port()}, ")
    )
    database, stop = Database(folder=tmp_path), asyncio.Event()
    app = scripted(load(tmp_path / "docent.yaml"), Core(), Shelf(), database)
    running = asyncio.create_task(run(app, stop))

    async def begun() -> bool:
        return bool(asyncio.all_tasks() - {asyncio.current_task(), running})

    await until(begun)
    stop.set()
    async with given_up():
        await running
    await database.close()
