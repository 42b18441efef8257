"""`docent health`: whether a process lives, for whoever would start it again."""

import asyncio
from pathlib import Path

import pytest

from tests.support.command_line import CommandLine, kill
from tests.support.waiting import until

pytestmark = pytest.mark.slow


async def test_it_follows_the_process(tmp_path: Path) -> None:
    """Before the start and after a kill nothing runs; in between it is named, with exit code 0."""
    docent = CommandLine(tmp_path)
    docent.write({"dogs.md": "# Office dogs\n\nDogs may come to the office on Fridays.\n"})

    async def told() -> tuple[int, str]:
        done = await asyncio.to_thread(docent, "health")
        return done.returncode, done.stdout

    async def lives() -> bool:
        return (await told())[0] == 0

    async def gone() -> bool:
        return not await lives()

    assert await gone()
    async with docent.running("indexer", ready=lives) as process:
        assert (await told())[1] == f"Running: the indexer (process {process.pid})\n"
        await kill(process)
        await until(gone)
    assert "Running: nothing" in (await told())[1]
