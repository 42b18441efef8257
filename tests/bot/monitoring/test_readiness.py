"""Whether a process says that it can do its work, over a real socket."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.bootstrap import App, open_app
from bot.config.loader import load
from bot.monitoring.readiness import Readiness
from bot.monitoring.service import monitored
from tests.support.command_line import CONFIG, CommandLine, indexed
from tests.support.waiting import until


@asynccontextmanager
async def _served(app: App, services: list[str], port: int) -> AsyncIterator[Callable[..., Any]]:
    async with monitored(app, services, alone=False), httpx.AsyncClient() as client:

        async def get(path: str, method: str = "GET") -> httpx.Response:
            return await client.request(method, f"http://127.0.0.1:{port}{path}")

        async def listens() -> bool:
            try:
                return (await get("/health")).status_code == 200
            except httpx.ConnectError:
                return False

        await until(listens)
        yield get


@pytest.fixture
def docent(tmp_path: Path) -> CommandLine:
    return indexed(tmp_path, CONFIG)


@pytest.fixture
def port(free_port: Callable[[], int]) -> int:
    return free_port()


@pytest.fixture
async def app(docent: CommandLine, port: int) -> AsyncIterator[App]:
    docent.config.write_text(f"{CONFIG}monitoring: {{port: {port}}}\n")
    async with open_app(load(docent.config)) as app:
        yield app


@pytest.mark.slow
async def test_a_platform_that_is_not_connected(app: App, port: int) -> None:
    """503 with what isn't ready; 200 from when it is connected, while `/health` is 200 all the time."""
    async with _served(app, ["Slack"], port) as get:
        answer = await get("/ready")
        assert answer.status_code == 503
        assert answer.json() == {
            "ready": False,
            "parts": {"store": "ready", "journal": "ready", "slack": "isn't connected"},
        }

        async def is_ready() -> bool:
            return (await get("/ready")).status_code == 200

        with app.connections.open("slack"):
            await until(is_ready)


async def test_a_journal_that_is_down(tmp_path: Path, port: int, free_port: Callable[[], int]) -> None:
    """What can't be reached is named, without its address or password."""
    (tmp_path / "docent.yaml").write_text(f"{CONFIG}monitoring: {{port: {port}}}\n")
    environ = {"DATABASE_URL": f"postgresql://docent:s3cret@127.0.0.1:{free_port()}/docent"}
    async with (
        open_app(load(tmp_path / "docent.yaml", environ)) as app,
        _served(app, ["the indexer"], port) as get,
    ):
        with app.connections.open("indexer"):
            answer = await get("/ready")
        assert answer.status_code == 503
        assert answer.json()["parts"]["journal"] == "can't be reached"
        assert "127.0.0.1" not in answer.text
        assert "s3cret" not in answer.text
        assert 'docent_ready{part="journal"} 0.0' in (await get("/metrics")).text


@pytest.mark.slow
async def test_a_damaged_index(app: App, port: int) -> None:
    """It isn't ready to be searched."""
    (app.settings.data / "index.db").write_bytes(b"no database" * 1000)
    async with _served(app, ["Slack"], port) as get:
        answer = await get("/ready")
    assert answer.status_code == 503
    assert answer.json()["parts"]["store"] == "is damaged"


class _Counting:
    """A store that is asked whether it can be used."""

    def __init__(self) -> None:
        self.asked = 0

    async def format(self) -> None:
        self.asked += 1
        await asyncio.sleep(0)


@pytest.mark.slow
async def test_a_storm_of_probes_costs_one_look(app: App) -> None:
    """Many who ask at once get the same answer."""
    store: Any = _Counting()
    readiness = Readiness(replace(app, store=store), ["slack"])
    assert len({str(each) for each in await asyncio.gather(*(readiness.look() for _ in range(50)))}) == 1
    assert store.asked == 1


class _Hanging:
    """A store that never answers."""

    async def format(self) -> None:
        await asyncio.Event().wait()


@pytest.mark.slow
async def test_a_part_that_hangs(app: App) -> None:
    """Whoever asks isn't kept waiting with it."""
    store: Any = _Hanging()
    told = await Readiness(replace(app, store=store), []).look()
    assert told["store"] == "no answer within 2 seconds"


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/health", "/ready", "/metrics"])
async def test_nobody_may_do_anything(app: App, port: int, path: str) -> None:
    """There is nothing to be changed."""
    async with _served(app, ["Slack"], port) as get:
        assert (await get(path, method="POST")).status_code == 405


@pytest.mark.slow
async def test_a_platform_counts_while_any_of_its_connections_stands(app: App) -> None:
    """Slack replaces its connections one by one."""
    with app.connections.open("slack", lambda: False):
        assert not app.connections.has("slack")
        with app.connections.open("slack"):
            assert app.connections.has("slack")
    assert not app.connections.has("slack")
