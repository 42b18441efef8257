"""The simulators of Slack and Discord (tests/simulators), started here or as processes, driven by their control API."""

import asyncio
import json
import sys
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web

from tests.simulators import discord, slack
from tests.support.waiting import patience, until

_ROOT = Path(__file__).resolve().parents[2]


class Simulator:
    """One running simulator. `await sim.do("mention", channel=…)`, `await sim.see("posted", channel=…)`."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url
        self._session = session

    async def do(self, name: str, /, **body: Any) -> Any:
        async with self._session.post(f"{self.url}/_control/{name}", json=body) as response:
            return await response.json()

    async def see(self, query: str, **params: Any) -> Any:
        wanted = {key: str(value) for key, value in params.items()}
        async with self._session.get(f"{self.url}/_control/{query}", params=wanted) as response:
            return await response.json()

    async def listens(self) -> bool:
        try:
            await self.see("state")
        except aiohttp.ClientConnectionError:
            return False
        return True

    async def clear_faults(self) -> None:
        async with self._session.delete(f"{self.url}/_control/faults") as response:
            await response.read()


@asynccontextmanager
async def running(name: str, port: int, *options: str) -> AsyncIterator[Simulator]:
    """The simulator `slack` or `discord` on this port, in this process: it is there at once."""
    module = {"slack": slack, "discord": discord}[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # how it is written is not what is tested
        app = module.make_app(module.options(["--port", str(port), *options]))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    try:
        async with aiohttp.ClientSession() as session:
            yield Simulator(f"http://127.0.0.1:{port}", session)
    finally:
        await runner.cleanup()


@asynccontextmanager
async def apart(name: str, port: int, *options: str) -> AsyncIterator[Simulator]:
    """The same as a process of its own: what it costs isn't the bot's."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"tests.simulators.{name}", "--port", str(port), *options,
        cwd=_ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        async with aiohttp.ClientSession() as session:
            sim = Simulator(f"http://127.0.0.1:{port}", session)
            async with asyncio.timeout(20 * patience()):
                json.loads(await process.stdout.readline())
                while not await sim.listens():  # noqa: ASYNC110 - it says its addresses before it listens
                    await asyncio.sleep(0.02)
            yield sim
    finally:
        process.terminate()
        await process.wait()


def environment(platform: str, port: int) -> dict[str, str]:
    """The variables that lead Docent to a simulator on this port."""
    return {
        "slack": {
            "SLACK_API_URL": f"http://127.0.0.1:{port}/api/",
            "SLACK_BOT_TOKEN": "xoxb-sim-token",
            "SLACK_APP_TOKEN": "xapp-sim-token",
            "SLACK_SIGNING_SECRET": "sim-signing-secret",
        },
        "discord": {
            "DISCORD_API_URL": f"http://127.0.0.1:{port}/api/v10",
            "DISCORD_GATEWAY_URL": f"ws://127.0.0.1:{port}/gateway",
            "DISCORD_TOKEN": "sim.discord.token",
        },
    }[platform]


async def connected(platform: str, sim: Simulator) -> None:
    """Wait until the bot is on the simulator."""

    async def look() -> bool:
        if platform == "slack":
            return len((await sim.see("connections"))["connections"]) > 1
        seen = await sim.see("gateway")
        return seen["ready"] > 0 and bool((await sim.see("commands"))["commands"].get("global"))

    await until(look, seconds=20)
