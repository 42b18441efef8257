"""A sync that is killed while it calls Cohere pays again for the calls that were under way, and for nothing else."""

import asyncio
import random
import sys
from pathlib import Path

import pytest

from tests.support.cohere_docent import write_handbook
from tests.support.cohere_server import KEY, CohereServer

pytestmark = pytest.mark.slow

KILLS = 6
UNDER_WAY = 4 + 2  # with those whose answers are being read
CALL = 96


def page(number: int) -> str:
    return f"# Page {number}\n\n" + "\n\n".join(f"## Part {m}\n\nIt says {number} {m}." for m in range(8))


async def begun(server: CohereServer, process: asyncio.subprocess.Process) -> None:
    """Returns when it has sent something, or ended."""
    sent = len(server.texts)
    while len(server.texts) == sent and process.returncode is None:  # noqa: ASYNC110 - another process is waited for
        await asyncio.sleep(0.01)


async def test_killed_at_random_moments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What Cohere had answered before a kill is not sent again."""
    rng = random.Random(8)  # noqa: S311 - a repeatable run
    config = write_handbook(tmp_path, pages={f"{n}.md": page(n) for n in range(600)})
    command = (sys.executable, "-m", "tests.support.cohere_docent", str(config))
    monkeypatch.setenv("COHERE_API_KEY", KEY)
    monkeypatch.setenv("DOCENT_DATA", str(tmp_path / "data"))
    killed = 0
    async with CohereServer(latency=0.1) as server:
        monkeypatch.setenv("COHERE_BASE_URL", server.url)
        for _ in range(KILLS):
            process = await asyncio.create_subprocess_exec(*command)
            await begun(server, process)
            await asyncio.sleep(rng.uniform(0.0, 0.4))
            if process.returncode is None:
                process.kill()
                killed += 1
            await process.wait()
        process = await asyncio.create_subprocess_exec(*command)
        assert await process.wait() == 0
        texts = list(server.texts)

    assert killed >= 3
    assert len(set(texts)) == 4800
    assert len(texts) - 4800 <= killed * UNDER_WAY * CALL
