"""`docent slack` is killed while it answers, and started again: what stood in Slack is found, and becomes the answer."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.chat import messages
from tests.support.command_line import CommandLine, indexed, kill
from tests.support.slack_server import Message, SlackServer
from tests.support.waiting import until

pytestmark = pytest.mark.slow

_YAML = (
    "sources: [{name: handbook, type: folder, path: ./docs, include: ['**/*.md'], audience: [everyone]}]\n"
    "slack: {stop_within: 5s}\n"
)
_QUESTION = "How many days of annual leave do we get?"


@pytest.fixture
async def slack(free_port: Callable[[], int], monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[SlackServer]:
    """Without a status line, so that a placeholder shows that it works."""
    async with SlackServer.running(free_port()) as server:
        monkeypatch.setenv("SLACK_API_URL", f"{server.url}/api/")
        monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-own")
        monkeypatch.setenv("SLACK_APP_TOKEN", "xapp-own")
        server.refused["assistant.threads.setStatus"] = "missing_scope"
        yield server
        assert server.wrong == []


@pytest.fixture
def docent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """A folder with an indexed handbook."""
    monkeypatch.setenv("DOCENT_DATA", str(tmp_path / "data"))
    return indexed(tmp_path, _YAML)


def running(docent: CommandLine, slack: SlackServer) -> Any:
    async def connected() -> bool:
        return slack.connected

    return docent.running("slack", ready=connected)


async def standing(slack: SlackServer, thread: str) -> list[Message]:
    return slack.answers(thread)


async def answered(slack: SlackServer, thread: str) -> Message:
    async def look() -> list[Message]:
        return [one for one in slack.answers(thread) if "27 days" in one.whole]

    return (await until(look, seconds=45))[-1]


@pytest.mark.parametrize("kept", ["told", "kept"])
async def test_the_placeholder_becomes_the_answer(docent: CommandLine, slack: SlackServer, kept: str):
    """Killed before it hears where its placeholder stands, it finds it again, whether Slack tells metadata or not."""
    slack.tells_metadata = kept == "told"
    slack.silent["chat.postMessage"] = 1
    async with running(docent, slack) as process:
        thread = await slack.mention(_QUESTION)
        (placeholder,) = await until(lambda: standing(slack, thread), seconds=15)
        assert messages.WORKING in placeholder.whole
        await kill(process)
    async with running(docent, slack):
        assert (await answered(slack, thread))["ts"] == placeholder["ts"]
    assert [messages.WORKING in one.whole for one in slack.answers(thread)] == [False]


async def test_each_of_two_questions_finds_its_own(docent: CommandLine, slack: SlackServer):
    """Two questions of one thread were being answered: each placeholder becomes the answer of its own question."""
    slack.tells_metadata = False
    slack.silent["chat.postMessage"] = 2
    async with running(docent, slack) as process:
        thread = await slack.mention(_QUESTION)
        await until(lambda: standing(slack, thread), seconds=15)
        await slack.mention("Who may bring dogs to the office in Bristol?", thread=thread)

        async def both() -> bool:
            return len(slack.answers(thread)) == 2

        await until(both, seconds=15)
        first, second = slack.answers(thread)
        await kill(process)
    async with running(docent, slack):
        assert (await answered(slack, thread))["ts"] == first["ts"]

        async def dogs() -> bool:
            return "Fridays" in slack.said[second["ts"]].whole

        await until(dogs, seconds=30)
    assert len(slack.answers(thread)) == 2


async def test_a_placeholder_that_comes_late_goes(docent: CommandLine, slack: SlackServer):
    """What Slack carries out only after the next process has looked doesn't stay beside the answer."""
    slack.tells_metadata = False
    slack.held["chat.postMessage"] = asyncio.Event()
    async with running(docent, slack) as process:
        thread = await slack.mention(_QUESTION)
        await until(slack.holds, seconds=15)
        await kill(process)
    late = slack.held.pop("chat.postMessage")
    slack.before["chat.update"] = late.set  # the answer is about to be shown
    async with running(docent, slack):
        await answered(slack, thread)

        async def alone() -> bool:
            return len(slack.answers(thread)) == 1

        await until(alone, seconds=15)
