"""The platform simulators of ../shared, where they are: started as processes, driven by their control API."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

SHARED = Path(__file__).resolve().parent.parent.parent / "shared"
WHERE = "needs ../shared/sims, the platform simulators"


def there() -> bool:
    return (SHARED / "sims" / "slack.py").exists()


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
    """The simulator `slack` or `discord` on this port."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", f"sims.{name}", "--port", str(port), *options,
        cwd=SHARED, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        async with aiohttp.ClientSession() as session:
            sim = Simulator(f"http://127.0.0.1:{port}", session)
            async with asyncio.timeout(20):
                json.loads(await process.stdout.readline())
                while not await sim.listens():  # noqa: ASYNC110 - it says its addresses before it listens
                    await asyncio.sleep(0.02)
            yield sim
    finally:
        process.terminate()
        await process.wait()
