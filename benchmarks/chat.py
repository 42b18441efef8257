"""What Docent itself costs in Slack and Discord: an answer that takes no time, on the platforms' simulators.

    python -m benchmarks.chat [--only slack-pace slack-burst …] [--small]

The bot runs in a process of its own with a scripted core and a real journal; real clients call the
simulators of ../shared/sims. Prints a Markdown table, and the machine's load before and after.
"""

import argparse
import asyncio
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adapters.discord.run import run as discord
from adapters.slack.manifest import as_yaml
from adapters.slack.run import run as slack
from bot.config import load
from bot.heap import give_back, one_heap, settle
from bot.journal import Database
from bot.settings.chat import SlackSettings
from tests import simulators
from tests.chats import Core, Shelf, connected, environment, scripted, until
from tests.simulators import Simulator

Row = tuple[str, str, str]
_CHANNELS = [f"C0B{number:03}" for number in range(200)]
_GUILDS = ("Docs Guild", "Second Guild")  # each on a shard of its own
_YAML = """
sources: [{name: handbook, type: folder, path: ./docs, audience: [everyone]}]
limits: {questions_per_minute: 1000000}
log: {level: error}
"""
_ANSWER = "four weeks' notice"


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
async def _bot(platform: str, *options: str) -> AsyncIterator[Bot]:
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        (folder / "docent.yaml").write_text(_YAML)
        if platform == "slack":
            (folder / "manifest.yaml").write_text(as_yaml(SlackSettings()))
            options = ("--manifest", str(folder / "manifest.yaml"), *options)
        async with simulators.apart(platform, port, *options) as sim:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "benchmarks.chat", "--bot", platform),
                env={**os.environ, **environment(platform, port), "DOCENT_DATA": name},
            )
            try:
                await connected(platform, sim)
                await until(lambda: _shards(sim, options), seconds=30)
                yield Bot(process.pid, sim)
            finally:
                process.terminate()
                await process.wait()


async def _shards(sim: Simulator, options: Sequence[str]) -> bool:
    """Whether each shard is ready; Discord lets one connect every five seconds."""
    return "--shards" not in options or (await sim.see("gateway"))["ready"] >= 2  # noqa: PLR2004


def free_port() -> int:
    """A port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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


def _p95(values: Iterable[float]) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))] if ordered else float("inf")


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


# --- Slack ----------------------------------------------------------------------------------------


async def _slack_channels(sim: Simulator, count: int) -> Sequence[str]:
    members = ["U0ALICE", "U0BOB", "U0BOT"]
    for channel in _CHANNELS[:count]:
        await sim.do("channels", id=channel, name=channel.lower(), members=members)
    return _CHANNELS[:count]


async def _slack_mention(sim: Simulator, channel: str, number: int) -> tuple[str, float]:
    """The thread, and when the mention was sent."""
    began = time.time()
    user = "U0BOB" if number % 2 else "U0ALICE"
    said = await sim.do("mention", channel=channel, user=user, text=f"How much notice, {number}?")
    return said["thread_ts"], began


def _times(calls: Sequence[Any], asked: dict[str, float]) -> tuple[list[float], list[float]]:
    """Seconds from each mention to its first visible sign and to its whole answer."""
    first: dict[str, float] = {}
    last: dict[str, float] = {}
    streams: dict[str, str] = {}
    for call in calls:
        args = call["args"]
        if call["method"] == "chat.startStream":
            streams[call["response"].get("ts", "")] = args["thread_ts"]
        thread = args.get("thread_ts") or streams.get(args.get("ts", ""), "")
        if thread not in asked:
            continue
        first.setdefault(thread, call["t"] - asked[thread])
        if call["method"] in ("chat.stopStream", "chat.postMessage", "chat.update"):
            last[thread] = call["t"] - asked[thread]
    return list(first.values()), list(last.values())


_VISIBLE = (
    "assistant.threads.setStatus",
    "chat.startStream",
    "chat.stopStream",
    "chat.postMessage",
    "chat.update",
)


async def _visible_calls(sim: Simulator) -> list[Any]:
    calls = (await sim.see("calls"))["calls"]
    return [call for call in calls if call["method"] in _VISIBLE]


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
            whole = [one for one in found["posted"] if _ANSWER in (one["rendered"] or "")]
            unfinished = [one["seq"] - 1 for one in found["posted"] if one not in whole]
            self._since = min(unfinished, default=found["seq"])
            self._seen |= {f"{one['channel']} {one.get('ts') or one.get('id')}" for one in whole}
            await asyncio.sleep(0.1)
            return len(self._seen) >= least

        try:
            await until(look, seconds=seconds)
        except AssertionError:
            sys.stderr.write(f"only {len(self._seen)} of {least} answers came\n")


async def slack_pace(small: bool) -> AsyncIterator[Row]:  # noqa: FBT001 - each figure's one switch
    """Two mentions a second, one after the other."""
    count = 40 if small else 200
    async with _bot("slack", "--rate-limits", "enforce") as bot:
        answers = Answers(bot.sim)
        channels = await _slack_channels(bot.sim, 20)
        await _slack_mention(bot.sim, channels[0], 0)
        await answers.reach(1, seconds=20)
        asked = {}
        for number in range(count):
            thread, began = await _slack_mention(bot.sim, channels[number % 20], number)
            asked[thread] = began
            await asyncio.sleep(max(0.0, 0.5 - (time.time() - began)))
        await answers.reach(count + 1, seconds=60)
        first, last = _times(await _visible_calls(bot.sim), asked)
    lost = count - len(last)
    yield (
        f"Slack: mention → first sign, {count} mentions",
        f"p95 {_ms(_p95(first))}, {lost} lost",
        "p95 <= 300 ms",
    )
    yield "Slack: mention → whole answer", f"p95 {_ms(_p95(last))}", "p95 <= 1 s"


async def slack_burst(small: bool) -> AsyncIterator[Row]:  # noqa: FBT001
    """Two hundred mentions in one moment."""
    count = 60 if small else 200
    async with _bot("slack", "--rate-limits", "enforce") as bot:
        answers = Answers(bot.sim)
        channels = await _slack_channels(bot.sim, 20)
        began = time.time()
        await asyncio.gather(*(_slack_mention(bot.sim, channels[n % 20], n) for n in range(count)))
        await answers.reach(count, seconds=90)
        took = time.time() - began
        posted = (await bot.sim.see("posted"))["posted"]
        broken = (await bot.sim.see("violations"))["violations"]
    threads = {one["thread_ts"] for one in posted if _ANSWER in (one["rendered"] or "")}
    value = f"{len(threads)} answered in {took:.1f} s, {len(posted) - len(threads)} twice, {len(broken)} limits broken"
    yield f"Slack: {count} mentions at once, 20 channels", value, "all, once, none"


async def slack_acks(small: bool) -> AsyncIterator[Row]:  # noqa: FBT001
    """A hundred events a second, a tenth of them for the bot."""
    seconds = 5 if small else 15
    async with _bot("slack") as bot:
        channels = await _slack_channels(bot.sim, 20)

        async def event(number: int) -> None:
            channel = channels[number % 20]
            if number % 10:
                await bot.sim.do("message", channel=channel, user="U0ALICE", text=f"Not for you {number}.")
            else:
                await _slack_mention(bot.sim, channel, number)

        began, sent = time.monotonic(), []
        for number in range(seconds * 100):
            await asyncio.sleep(max(0.0, began + number / 100 - time.monotonic()))
            sent.append(asyncio.create_task(event(number)))
        await asyncio.gather(*sent)
        rate = len(sent) / (time.monotonic() - began)
        await asyncio.sleep(2)
        deliveries = (await bot.sim.see("deliveries"))["deliveries"]
    acks = [a["ack_after"] for one in deliveries for a in one["attempts"]]
    came = [ack for ack in acks if ack is not None]
    value = (
        f"p95 {_ms(_p95(came))}, longest {_ms(max(came))}, {len(acks) - len(came)} missed, at {rate:.0f}/s"
    )
    yield f"Slack: acknowledgement, {len(acks)} events", value, "<= 500 ms"


async def slack_memory(small: bool) -> AsyncIterator[Row]:  # noqa: FBT001
    """Many mentions, as fast as they are answered."""
    count, first = (2_000, 500) if small else (10_000, 1_000)
    async with _bot("slack") as bot:
        answers = Answers(bot.sim)
        channels = await _slack_channels(bot.sim, 200)
        early = await _fill(
            bot, answers, lambda n: _slack_mention(bot.sim, channels[n % 200], n), range(first)
        )
        late = await _fill(
            bot, answers, lambda n: _slack_mention(bot.sim, channels[n % 200], n), range(first, count)
        )
    value = f"{early:.0f} MB after {first:,}, {late:.0f} MB at the end: {late - early:+.0f} MB"
    yield f"Slack: memory over {count:,} mentions", value, "<= 250 MB, no growth"


async def _fill(bot: Bot, answers: Answers, say: Callable[[int], Any], numbers: range) -> float:
    """Say all of it, 40 at once and at most 400 without an answer; the memory that it leaves."""
    for start in range(numbers.start, numbers.stop, 40):
        chunk = range(start, min(start + 40, numbers.stop))
        await asyncio.gather(*(say(number) for number in chunk))
        if start % 400 == 0 or chunk.stop == numbers.stop:
            await answers.reach(chunk.stop, seconds=180)
    await _rest(bot)
    return bot.megabytes


async def _rest(bot: Bot) -> None:
    """Wait until the bot has nothing to do: what it still writes or is about to give back is no growth."""

    async def look() -> bool:
        spent = bot.cpu_seconds
        await asyncio.sleep(3)
        return bot.cpu_seconds - spent < 0.1  # noqa: PLR2004 - a tenth of a core, for its heart

    await until(look, seconds=60)


# --- Discord --------------------------------------------------------------------------------------


async def _discord_mention(sim: Simulator, channel: str, guild: int, number: int) -> tuple[str, float]:
    began = time.time()
    user = "bob" if number % 2 else "alice"
    text = f"How much notice, {number}?"
    said = await sim.do("mention", channel=channel, guild=_GUILDS[guild], user=user, text=text)
    return said["id"], began


async def discord_pace(small: bool) -> AsyncIterator[Row]:  # noqa: FBT001
    """A mention a second, in turn in the channels of two servers on two shards."""
    count = 20 if small else 60
    async with _bot("discord", "--guilds", "2", "--shards", "2") as bot:
        answers, asked = Answers(bot.sim), {}
        for number in range(count):
            place = ("general", "docs")[number // 2 % 2]
            message, began = await _discord_mention(bot.sim, place, number % 2, number)
            asked[message] = began
            await asyncio.sleep(max(0.0, 1.0 - (time.time() - began)))
        await answers.reach(count, seconds=60)
        calls = (await bot.sim.see("calls"))["calls"]
    first, last = _discord_times(calls, asked)
    lost = count - len(last)
    yield (
        f"Discord: mention → first sign, {count} mentions",
        f"p95 {_ms(_p95(first))}, {lost} lost",
        "p95 <= 300 ms",
    )
    yield "Discord: mention → whole answer", f"p95 {_ms(_p95(last))}", ""


def _discord_times(calls: Sequence[Any], asked: dict[str, float]) -> tuple[list[float], list[float]]:
    """The first sign is typing in the channel, at the latest the thread; the answer is the message in it."""
    first: list[float] = []
    last: list[float] = []
    for message, began in asked.items():
        thread = next((c["t"] for c in calls if c["route"].endswith(f"/messages/{message}/threads")), None)
        answer = next((c["t"] for c in calls if c["route"].endswith(f"/channels/{message}/messages")), None)
        typing = next((c["t"] for c in calls if c["route"].endswith("/typing") and c["t"] >= began), None)
        signs = [at - began for at in (thread, answer, typing) if at is not None]
        if signs:
            first.append(min(signs))
        if answer is not None:
            last.append(answer - began)
    return first, last


async def discord_burst(small: bool) -> AsyncIterator[Row]:  # noqa: FBT001
    """A hundred mentions in one moment: two channels of each server and threads of people's."""
    count = 40 if small else 100
    async with _bot("discord", "--guilds", "2", "--shards", "2") as bot:
        answers = Answers(bot.sim)
        places = [(place, guild) for guild in (0, 1) for place in ("general", "docs")]
        for number in range(6):
            made = await bot.sim.do("thread", channel="general", name=f"t{number}", user="alice")
            places.append((made["id"], 0))
        began = time.time()
        await asyncio.gather(*(_discord_mention(bot.sim, *places[n % 10], n) for n in range(count)))
        await answers.reach(count, seconds=120)
        took = time.time() - began
        posted = (await bot.sim.see("posted"))["posted"]
        broken = (await bot.sim.see("violations"))["violations"]
        shards = (await bot.sim.see("gateway"))["ready"]
    answered = sum(_ANSWER in (one["rendered"] or "") for one in posted)
    value = f"{answered} answered in {took:.1f} s, {len(broken)} limits broken, {shards} shards"
    yield f"Discord: {count} mentions at once, 10 channels", value, "all, none"


async def discord_idle(small: bool) -> AsyncIterator[Row]:  # noqa: FBT001
    """Messages of people among themselves."""
    count = 2_000 if small else 10_000
    async with _bot("discord", "--guilds", "2", "--shards", "2") as bot:

        async def talk(numbers: range) -> None:
            for start in range(numbers.start, numbers.stop, 20):
                await asyncio.gather(
                    *(
                        bot.sim.do(
                            "message", channel="general", guild=_GUILDS[n % 2], user="alice", text=f"Hi {n}."
                        )
                        for n in range(start, min(start + 20, numbers.stop))
                    )
                )
            await _rest(bot)

        await _rest(bot)  # its start-up, which still takes memory when the last shard is ready
        await talk(range(1_000))
        early, spent = bot.megabytes, bot.cpu_seconds
        await talk(range(1_000, 1_000 + count))
        late, each = bot.megabytes, (bot.cpu_seconds - spent) / count
    value = f"{each * 1000:.2f} ms of CPU each, {late - early:+.1f} MB ({late:.0f} MB)"
    yield f"Discord: {count:,} messages not for the bot", value, "<= 0.2 ms, no growth"


FIGURES = {
    "slack-pace": slack_pace,
    "slack-burst": slack_burst,
    "slack-acks": slack_acks,
    "slack-memory": slack_memory,
    "discord-pace": discord_pace,
    "discord-burst": discord_burst,
    "discord-idle": discord_idle,
}


def _load() -> str:
    return " ".join(f"{load:.1f}" for load in os.getloadavg()) + f" on {os.cpu_count()} cores"


async def _main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", choices=FIGURES, default=list(FIGURES))
    parser.add_argument("--small", action="store_true", help="a minute instead of ten")
    parser.add_argument("--bot", choices=("slack", "discord"), help=argparse.SUPPRESS)
    wanted = parser.parse_args()
    if wanted.bot:
        await _be(wanted.bot)
        return
    if not simulators.there():
        sys.stdout.write(f"skipped: {simulators.WHERE}\n")
        return
    sys.stdout.write(f"load {_load()}\n\n| figure | measured | bar |\n|---|---|---|\n")
    for name in wanted.only:
        async for row in FIGURES[name](wanted.small):
            sys.stdout.write("| " + " | ".join(row) + " |\n")
            sys.stdout.flush()
    sys.stdout.write(f"\nload {_load()}\n")


if __name__ == "__main__":
    asyncio.run(_main())
