"""What Slack costs: mentions one by one, in a burst, among other events, and by the thousand."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

from benchmarks.platforms.bot import ANSWER, Answers, Row, fill, ms, p95, paces, run
from tests.support.simulators import Simulator

_CHANNELS = [f"C0B{number:03}" for number in range(200)]


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


async def slack_pace(small: bool) -> AsyncIterator[Row]:  # noqa: FBT001 - each figure's one switch
    """Two mentions a second, one after the other."""
    count = 40 if small else 200
    async with run("slack", "--rate-limits", "enforce") as bot:
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
    for row in paces("Slack", count, first, last, bar="p95 <= 1 s"):
        yield row


async def slack_burst(small: bool) -> AsyncIterator[Row]:  # noqa: FBT001
    """Two hundred mentions in one moment."""
    count = 60 if small else 200
    async with run("slack", "--rate-limits", "enforce") as bot:
        answers = Answers(bot.sim)
        channels = await _slack_channels(bot.sim, 20)
        began = time.time()
        await asyncio.gather(*(_slack_mention(bot.sim, channels[n % 20], n) for n in range(count)))
        await answers.reach(count, seconds=90)
        took = time.time() - began
        posted = (await bot.sim.see("posted"))["posted"]
        broken = (await bot.sim.see("violations"))["violations"]
    threads = {one["thread_ts"] for one in posted if ANSWER in (one["rendered"] or "")}
    value = f"{len(threads)} answered in {took:.1f} s, {len(posted) - len(threads)} twice, {len(broken)} limits broken"
    yield f"Slack: {count} mentions at once, 20 channels", value, "all, once, none"


async def slack_acks(small: bool) -> AsyncIterator[Row]:  # noqa: FBT001
    """A hundred events a second, a tenth of them for the bot."""
    seconds = 5 if small else 15
    async with run("slack") as bot:
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
    value = f"p95 {ms(p95(came))}, longest {ms(max(came))}, {len(acks) - len(came)} missed, at {rate:.0f}/s"
    yield f"Slack: acknowledgement, {len(acks)} events", value, "<= 500 ms"


async def slack_memory(small: bool) -> AsyncIterator[Row]:  # noqa: FBT001
    """Many mentions, as fast as they are answered: some at a time, and a crowd at a time."""
    count, first = (2_000, 400) if small else (10_000, 1_000)
    marks = (first, count // 2, count)
    for unanswered in (40, 400):
        async with run("slack") as bot:
            answers = Answers(bot.sim)
            channels = await _slack_channels(bot.sim, 200)
            say = partial(_say, bot.sim, channels)
            held = [
                await fill(bot, answers, say, range(*part), unanswered=unanswered)
                for part in pairwise((0, *marks))
            ]
        value = ", ".join(f"{mb:.1f} MB after {mark:,}" for mark, mb in zip(marks, held, strict=True))
        yield (
            f"Slack: memory over {count:,} mentions, up to {unanswered} unanswered",
            value,
            "<= 250 MB, no growth",
        )


async def _say(sim: Simulator, channels: Sequence[str], number: int) -> None:
    await _slack_mention(sim, channels[number % len(channels)], number)


FIGURES = {
    "slack-pace": slack_pace,
    "slack-burst": slack_burst,
    "slack-acks": slack_acks,
    "slack-memory": slack_memory,
}
