"""What Discord costs: mentions one by one and in a burst, and what people say among themselves."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

from benchmarks.platforms.bot import ANSWER, Answers, Row, paces, rest, run
from tests.support.simulators import Simulator

_GUILDS = ("Docs Guild", "Second Guild")  # each on a shard of its own


async def _discord_mention(sim: Simulator, channel: str, guild: int, number: int) -> tuple[str, float]:
    began = time.time()
    user = "bob" if number % 2 else "alice"
    text = f"How much notice, {number}?"
    said = await sim.do("mention", channel=channel, guild=_GUILDS[guild], user=user, text=text)
    return said["id"], began


async def discord_pace(small: bool) -> AsyncIterator[Row]:  # noqa: FBT001
    """A mention a second, in turn in the channels of two servers on two shards."""
    count = 20 if small else 60
    async with run("discord", "--guilds", "2", "--shards", "2") as bot:
        answers, asked = Answers(bot.sim), {}
        for number in range(count):
            place = ("general", "docs")[number // 2 % 2]
            message, began = await _discord_mention(bot.sim, place, number % 2, number)
            asked[message] = began
            await asyncio.sleep(max(0.0, 1.0 - (time.time() - began)))
        await answers.reach(count, seconds=60)
        calls = (await bot.sim.see("calls"))["calls"]
    first, last = _discord_times(calls, asked)
    for row in paces("Discord", count, first, last, bar=""):
        yield row


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
    async with run("discord", "--guilds", "2", "--shards", "2") as bot:
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
    answered = sum(ANSWER in (one["rendered"] or "") for one in posted)
    value = f"{answered} answered in {took:.1f} s, {len(broken)} limits broken, {shards} shards"
    yield f"Discord: {count} mentions at once, 10 channels", value, "all, none"


async def discord_idle(small: bool) -> AsyncIterator[Row]:  # noqa: FBT001
    """Messages of people among themselves."""
    count = 2_000 if small else 10_000
    async with run("discord", "--guilds", "2", "--shards", "2") as bot:

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
            await rest(bot)

        await rest(bot)  # its start-up, which still takes memory when the last shard is ready
        await talk(range(1_000))
        early, spent = bot.megabytes, bot.cpu_seconds
        await talk(range(1_000, 1_000 + count))
        late, each = bot.megabytes, (bot.cpu_seconds - spent) / count
    value = f"{each * 1000:.2f} ms of CPU each, {late - early:+.1f} MB ({late:.0f} MB)"
    yield f"Discord: {count:,} messages not for the bot", value, "<= 0.2 ms, no growth"


FIGURES = {
    "discord-pace": discord_pace,
    "discord-burst": discord_burst,
    "discord-idle": discord_idle,
}
