"""Indexers as processes: who leads when one is killed, and that what was asked for is done all the same."""

import asyncio
import os
import signal
import subprocess
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from bot.bootstrap import App, open_app
from bot.config.loader import load
from bot.ports import SyncRequest, SyncRun
from tests.indexer.test_service import ended
from tests.support.command_line import HANDBOOK, CommandLine
from tests.support.waiting import patience, until

pytestmark = pytest.mark.slow

# The lease and how long a silent worker's run is left to it are shorter than by default (20 s both).
LEASE = 3.0
CONFIG = f"""
sources: [{{name: handbook, type: folder, path: ./docs, audience: [everyone], every: 1h}}]
indexer: {{lease: {LEASE:.0f}s}}
"""

Start = Callable[[], "subprocess.Popen[str]"]


@pytest.fixture
def docent(tmp_path: Path) -> CommandLine:
    made = CommandLine(tmp_path, CONFIG)
    made.write(HANDBOOK)
    return made


@pytest.fixture
async def app(docent: CommandLine) -> AsyncIterator[App]:
    """Looks into the same journal and index."""
    async with open_app(load(docent.config)) as app:
        yield app


@pytest.fixture
def start(docent: CommandLine) -> Iterator[Start]:
    """Starts an indexer, which doesn't outlive the test."""
    started: list[subprocess.Popen[str]] = []

    def begin() -> "subprocess.Popen[str]":
        started.append(docent.start("indexer"))
        return started[-1]

    yield begin
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def kill(process: "subprocess.Popen[str]") -> None:
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


async def first_synced(app: App) -> None:
    await until(app.runs.last_good, 60)


def waited(run: SyncRun) -> float:
    assert run.started_at
    return (run.started_at - run.requested_at).total_seconds()


async def test_takeover(app: App, start: Start) -> None:
    """A second indexer leads soon after the first is killed, and does what is asked for then."""
    first = start()
    await first_synced(app)
    start()
    run = await ended(app, (await app.runs.request(SyncRequest("handbook")))[0])
    assert waited(run) < LEASE * patience()
    kill(first)
    killed = time.monotonic()
    run, _ = await app.runs.request(SyncRequest("handbook", full=True))

    async def done() -> bool:
        now = await app.runs.run(run.id)
        return now is not None and now.state == "done"

    await until(done, 30)
    assert time.monotonic() - killed < 30 * patience()


async def test_start_after_a_kill(app: App, start: Start, docent: CommandLine) -> None:
    """An indexer that is started after one was killed goes on with what was asked for meanwhile."""
    first = start()
    await first_synced(app)
    kill(first)
    docent.write({"new.md": "# New\n\nA quokka lives in the Bristol office.\n"})
    asked = await asyncio.to_thread(docent.process, "reindex", "handbook", "--no-wait")
    assert asked.returncode == 0
    start()

    async def found() -> bool:
        return (await app.store.stats()).documents == len(HANDBOOK) + 1

    await until(found, 30)
    assert (await app.store.stats()).documents == len(HANDBOOK) + 1


async def test_confirmed_deletes(app: App, start: Start, docent: CommandLine) -> None:
    """Too many deletions at once wait until `docent reindex SOURCE --confirm-deletes`, which does them."""
    start()
    await first_synced(app)
    for name in list(HANDBOOK)[:2]:
        (docent.folder / "docs" / name).unlink()
    asked = await asyncio.to_thread(docent.process, "reindex", "handbook")
    assert "--confirm-deletes" in asked.stdout
    assert (await app.store.stats()).documents == len(HANDBOOK)
    asked = await asyncio.to_thread(docent.process, "reindex", "handbook", "--confirm-deletes")
    assert asked.returncode == 0
    assert (await app.store.stats()).documents == len(HANDBOOK) - 2


async def test_cancelled_meanwhile(app: App, docent: CommandLine) -> None:
    """`docent reindex` says when what it waits for was cancelled by somebody else."""
    asking = asyncio.create_task(asyncio.to_thread(docent.process, "reindex", "handbook"))
    (run, *_) = await until(app.runs.latest, 60)  # type: ignore[misc]
    await app.runs.cancel(run.id)
    asked = await asking
    assert asked.stdout.splitlines()[-1] == "It was cancelled. What was done so far is kept."
    assert asked.returncode == 1
