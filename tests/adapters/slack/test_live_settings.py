"""docent.yaml changes under a running `docent run`: what it closes is closed, what is broken is told."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine
from tests.support.slack_server import SlackServer
from tests.support.waiting import until

pytestmark = pytest.mark.slow

_ROOT = Path(__file__).resolve().parents[3]
_YAML = (
    "sources: [{name: docs, type: folder, path: ./docs, audience: [everyone]}]\n"
    "slack: {admins: [U0ALICE], stop_within: 3s}\nlimits: {questions_per_minute: 10000}\n"
)
_CLOSED = _YAML.replace("[everyone]}", "[everyone], audience_of: {'pay/**': [managers]}}")
_PAY = "What is the pay of the keeper?"


@asynccontextmanager
async def running(docent: CommandLine, slack: SlackServer) -> AsyncIterator[None]:
    environ = {
        **os.environ,
        "PYTHONPATH": str(_ROOT),
        "SLACK_API_URL": f"{slack.url}/api/",
        "SLACK_APP_TOKEN": "xapp-own",
    }
    (docent.folder / ".env").write_text("SLACK_BOT_TOKEN=xoxb-own\n")
    with (docent.folder / "run.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "adapters.cli", "run"),
            cwd=docent.folder,
            env=environ,
            stdout=log,
            stderr=log,
        )
        try:

            async def is_connected() -> bool:
                return slack.connected

            await until(is_connected)
            yield
        finally:
            process.terminate()
            assert await process.wait() == 0


async def test_what_is_closed_is_closed_for_who_runs_already(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    docent = CommandLine(tmp_path, _YAML)
    docent.write(
        {"pay/keeper.md": "# Pay\n\nThe pay of the keeper is 4711 crowns.\n", "owl.md": "# Owl\n\nTamsin.\n"}
    )
    assert (await asyncio.to_thread(docent.process, "index")).returncode == 0

    async with SlackServer.running(free_port()) as slack, running(docent, slack):

        async def answer() -> str:
            thread = await slack.mention(_PAY)

            async def there() -> str:
                return "".join(message.whole for message in slack.answers(thread))

            return str(await until(there))

        async def is_closed() -> bool:
            return "I couldn't find an answer" in await answer()

        async def told() -> bool:
            said = (message.whole for message in slack.said.values())
            return any("docent.yaml was changed and can't be taken over" in each for each in said)

        assert "4711" in await answer()
        docent.config.write_text(_CLOSED)
        await until(is_closed)
        docent.config.write_text(_YAML + "slak: {}\n")  # open again, were it not broken
        await until(told)
        assert await is_closed()
        status = (await asyncio.to_thread(docent.process, "status")).stderr
        assert "did you mean slack?" in status
        assert "goes on by the settings of before" in status
        docent.config.write_text(_CLOSED)
        (docent.folder / ".env").write_text("SLACK_BOT_TOKEN=xoxb-other\n")

        async def restart() -> bool:
            return "for SLACK_BOT_TOKEN" in (await asyncio.to_thread(docent.process, "status")).stdout

        await until(restart)
    assert "xoxb-other" not in (docent.folder / "run.log").read_text()
