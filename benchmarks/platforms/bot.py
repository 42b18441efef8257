"""The bot that is measured: a process of its own with a scripted core, on a platform's simulator.

    python -m benchmarks.platforms.bot slack|discord

is that process.
"""

import asyncio
import os
import signal
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.discord.service import run as discord
from adapters.slack.manifest import as_yaml
from adapters.slack.service import run as slack
from bot.config.chat import SlackSettings
from bot.config.loader import load
from bot.journal.database import Database
from bot.runtime.process.memory import give_back, one_heap, settle
from tests.support import simulators
from tests.support.scripted import Core, Shelf, scripted
from tests.support.simulators import Simulator
from tests.support.waiting import until

Row = tuple[str, str, str]
_YAML = """
sources: [{name: handbook, type: folder, path: ./docs, audience: [everyone]}]
limits: {questions_per_minute: 1000000}
log: {level: error}
"""
ANSWER = "four weeks' notice"


@dataclass(frozen=True)
class Bot:
    """The process that is measured."""

    process: int
    sim: Simulator

    @property
    def megabytes(self) -> float:
        """What it holds in memory now."""
        pages = int(Path(f"/proc/{self.process}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    @property
    def cpu_seconds(self) -> float:
        fields = Path(f"/proc/{self.process}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def run(platform: str, *options: str) -> AsyncIterator[Bot]:
    """It is connected and ready, to a simulator with these options."""
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), _free_port()
        (folder / "docent.yaml").write_text(_YAML)
        if platform == "slack":
            (folder / "manifest.yaml").write_text(as_yaml(SlackSettings()))
            options = ("--manifest", str(folder / "manifest.yaml"), *options)
        async with simulators.apart(platform, port, *options) as sim:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "benchmarks.platforms.bot", platform),
                env={**os.environ, **simulators.environment(platform, port), "DOCENT_DATA": name},
            )
            try:
                await simulators.connected(platform, sim)
                await until(lambda: _shards(sim, options), seconds=30)
                yield Bot(process.pid, sim)
            finally:
                process.terminate()
                await process.wait()


async def _shards(sim: Simulator, options: Sequence[str]) -> bool:
    """Whether each shard is ready; Discord lets one connect every five seconds."""
    return "--shards" not in options or (await sim.see("gateway"))["ready"] >= 2  # noqa: PLR2004


def _free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Answers:
    """Counts the answers that are shown; each look asks only for what is new."""

    def __init__(self, sim: Simulator) -> None:
        self._sim = sim
        self._seen: set[str] = set()
        self._since = 0

    async def reach(self, least: int, *, seconds: float) -> None:
        """Wait for so many."""

        async def look() -> bool:
            found = await self._sim.see("posted", since=self._since)
            whole = [one for one in found["posted"] if ANSWER in (one["rendered"] or "")]
            unfinished = [one["seq"] - 1 for one in found["posted"] if one not in whole]
            self._since = min(unfinished, default=found["seq"])
            self._seen |= {f"{one['channel']} {one.get('ts') or one.get('id')}" for one in whole}
            await asyncio.sleep(0.1)
            return len(self._seen) >= least

        try:
            await until(look, seconds=seconds)
        except AssertionError:
            sys.stderr.write(f"only {len(self._seen)} of {least} answers came\n")


async def fill(
    bot: Bot, answers: Answers, say: Callable[[int], Any], numbers: range, *, unanswered: int
) -> float:
    """Say all of it, 40 at once, at most so many without an answer; the memory in MB that it leaves."""
    for start in range(numbers.start, numbers.stop, 40):
        chunk = range(start, min(start + 40, numbers.stop))
        await asyncio.gather(*(say(number) for number in chunk))
        if (start - numbers.start) % unanswered == 0 or chunk.stop == numbers.stop:
            await answers.reach(chunk.stop, seconds=180)
    await rest(bot)
    return bot.megabytes


async def rest(bot: Bot) -> None:
    """Wait until the bot has nothing to do: what it still writes or is about to give back is no growth."""

    async def look() -> bool:
        spent = bot.cpu_seconds
        await asyncio.sleep(3)
        return bot.cpu_seconds - spent < 0.1  # noqa: PLR2004 - a tenth of a core, for its heart

    await until(look, seconds=60)


def p95(values: Iterable[float]) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))] if ordered else float("inf")


def ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


def paces(
    platform: str, count: int, first: Sequence[float], last: Sequence[float], *, bar: str
) -> tuple[Row, Row]:
    """How long so many mentions took to a first sign and to the whole answer, in seconds each; `bar` is the latter's."""
    lost = count - len(last)
    return (
        (
            f"{platform}: mention → first sign, {count} mentions",
            f"p95 {ms(p95(first))}, {lost} lost",
            "p95 <= 300 ms",
        ),
        (f"{platform}: mention → whole answer", f"p95 {ms(p95(last))}", bar),
    )


async def _be(platform: str) -> None:
    """The bot, until it is told to stop."""
    one_heap()
    folder = Path(os.environ["DOCENT_DATA"])
    database = Database(folder=folder)
    core = Core(remember=False)
    app = scripted(load(folder / "docent.yaml"), core, Shelf(), database)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    asyncio.get_running_loop().call_soon(settle)  # as `docent slack` does, which also gives back
    giving = asyncio.create_task(give_back())
    await (slack if platform == "slack" else discord)(app, stop)
    giving.cancel()
    await database.close()


if __name__ == "__main__":
    asyncio.run(_be(sys.argv[1]))
