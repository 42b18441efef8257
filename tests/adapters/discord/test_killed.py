"""`docent discord` is killed while it answers, and started again: what stood in Discord becomes the answer."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_line import CommandLine, indexed, kill
from tests.support.discord_rest import TOKEN, Fault
from tests.support.discord_server import DiscordServer
from tests.support.discord_world import Message
from tests.support.waiting import until

pytestmark = pytest.mark.slow

_YAML = (
    "sources: [{name: handbook, type: folder, path: ./docs, include: ['**/*.md'], audience: [everyone]}]\n"
    "discord: {stop_within: 5s}\n"
)
_QUESTION = "How many days of annual leave do we get?"


@pytest.fixture
async def discord(
    free_port: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[DiscordServer]:
    async with DiscordServer.running(free_port()) as server:
        monkeypatch.setenv("DISCORD_API_URL", f"{server.rest.url}/api/v10")
        monkeypatch.setenv("DISCORD_GATEWAY_URL", server.rest.url.replace("http", "ws") + "/gateway")
        monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
        yield server
        assert server.rest.wrong == []


@pytest.fixture
def docent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    """A folder with an indexed handbook."""
    monkeypatch.setenv("DOCENT_DATA", str(tmp_path / "data"))
    return indexed(tmp_path, _YAML)


def running(docent: CommandLine, discord: DiscordServer) -> Any:
    before = discord.identified

    async def ready() -> bool:
        return discord.identified > before and bool(discord.rest.commands)

    return docent.running("discord", ready=ready)


@pytest.mark.parametrize("where", ["channel", "direct message"])
async def test_what_stands_becomes_the_answer(docent: CommandLine, discord: DiscordServer, where: str):
    """Killed before it hears where its message stands, it goes on in that message, in a direct message as well."""
    discord.rest.faults.append(Fault(r"POST /channels/\d+/messages", applied=True, silent=True))
    async with running(docent, discord) as process:
        place = await (discord.direct if where == "direct message" else discord.mention)(_QUESTION)

        async def shown() -> list[Message]:
            return discord.answers(place)

        (first,) = await until(shown, seconds=15)
        await kill(process)
    async with running(docent, discord):

        async def whole() -> list[Message]:
            return [one for one in discord.answers(place) if "27 days" in one.text and one.buttons]

        (answer,) = await until(whole, seconds=45)
    assert [one["id"] for one in discord.answers(place)] == [answer["id"]] == [first["id"]]
