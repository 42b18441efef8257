"""Slack when things go wrong: one whole answer, and never a second one; on its simulator."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from adapters.chat import messages
from adapters.slack.reply_address import SlackAddress, SlackPlace
from adapters.slack.service import run as slack
from bot.model import Answer, Outcome, Question
from bot.ports import Asked
from tests.support.chats import chatting, opening
from tests.support.conversation import asked, left_answers, unfinished
from tests.support.scripted import LEAVE
from tests.support.slack_sim import SlackChat
from tests.support.waiting import patience, until

_YAML = """
sources: [{name: handbook, type: folder, path: ./docs, audience: [everyone]}]
limits: {questions_per_minute: 1000}
slack: {stop_within: 3s}
"""

opened = opening("slack", yaml=_YAML)
chat = chatting()


async def statuses(chat: SlackChat) -> list[Any]:
    return (await chat.sim.see("statuses"))["active"]


async def visible(chat: SlackChat, place: str) -> list[str]:
    channel, _, thread = place.partition("/")
    found = (await chat.sim.see("posted", channel=channel, thread_ts=thread))["posted"]
    return [one["rendered"] for one in found if not one["deleted"]]


# --- failures -------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault",
    [
        {"method": "chat.postMessage", "status": 429, "retry_after": 1},
        {"method": "chat.*", "status": 429, "retry_after": 1, "times": 2},
        {"method": "chat.postMessage", "status": 503},
        {"method": "chat.postMessage", "status": 502, "html": True},
        {"method": "chat.postMessage", "status": 500, "apply": True},
        {"method": "chat.postMessage", "drop": True, "apply": True},
        {"method": "chat.startStream", "status": 500, "apply": True},
        {"method": "chat.startStream", "drop": True, "apply": True},
        {"method": "chat.startStream", "error": "method_not_supported_for_channel_type"},
        {"method": "chat.appendStream", "status": 500, "times": 3},
        {"method": "chat.stopStream", "drop": True, "apply": True},
        {"method": "chat.stopStream", "status": 500},
        {"method": "chat.stopStream", "error": "message_not_in_streaming_state"},
        {"method": "assistant.threads.setStatus", "status": 500, "times": 2},
        {"method": "assistant.threads.setStatus", "error": "missing_scope"},
        {"method": "users.info", "status": 500, "times": 1},
    ],
    ids=lambda fault: "-".join(str(value) for value in fault.values()),
)
@pytest.mark.parametrize("streams", [True, False], ids=["stream", "message"])
async def test_a_failing_call_still_ends_in_one_whole_answer(chat: SlackChat, fault: dict, streams: object):
    """Whatever call fails, and also if only its answer is lost: one whole answer, nothing left thinking."""
    chat.core.answers["notice"] = (
        ["You give ", "four weeks' ", "notice [1]."]
        if streams
        else Answer("", Outcome.ANSWERED, "You give four weeks' notice [1].", (LEAVE,))
    )
    chat.core.pause = 0.15 if streams else 0
    await chat.sim.do("faults", **fault)
    place = await chat.mention("alice", "How much notice?")

    async def settled() -> bool:
        found = await visible(chat, place)
        return (
            len(found) == 1 and "You give four weeks' notice [1]." in found[0] and messages.MORE in found[0]
        )

    await until(settled, seconds=15)
    assert await statuses(chat) == []


async def test_refused_blocks_become_text(chat: SlackChat):
    """An answer whose blocks Slack refuses is sent as text, with its sources."""
    await chat.sim.do("faults", method="chat.*", error="invalid_blocks", times=2)
    place = await chat.mention("alice", "How much notice?")
    await until(lambda: says(chat, place, "four weeks' notice"), seconds=15)
    assert len(await visible(chat, place)) == 1


async def says(chat: SlackChat, place: str, words: str) -> bool:
    return any(words in one for one in await visible(chat, place))


async def test_a_long_answer_rolls_over_at_a_paragraph(chat: SlackChat):
    """Past Slack's limits an answer goes on in the next message, code fences whole."""
    code = "```sh\n" + "\n".join(f"echo line {i}" for i in range(900)) + "\n```"
    answer = "Intro.\n\n" + code + "\n\n" + "\n\n".join(f"Paragraph {i} of words." * 20 for i in range(20))
    chat.core.answers["long"] = [answer[i : i + 900] for i in range(0, len(answer), 900)]
    chat.core.pause = 0.1
    place = await chat.mention("alice", "A long one?")
    await until(lambda: says(chat, place, "Paragraph 19"), seconds=20)
    shown = await chat.answers(place)
    assert len(shown) > 1
    assert all(one.text.count("```") % 2 == 0 for one in shown)
    lines = "\n".join(one.text for one in shown)
    assert all(f"echo line {i}\n" in lines + "\n" for i in (0, 450, 899))


@pytest.mark.parametrize("state", ["expired", "stopped_by_user"])
async def test_a_stream_that_ends_early_is_settled(chat: SlackChat, state: str):
    """A stream that Slack or the reader ended still becomes the whole answer."""
    chat.core.answers["slow"] = ["One. ", "Two. ", "Three. ", "Four."]
    chat.core.pause = 0.4
    place = await chat.mention("alice", "A slow one?")
    await until(lambda: says(chat, place, "One."))
    await chat.sim.do("expire_streams", state=state)
    await until(lambda: says(chat, place, "One. Two. Three. Four."), seconds=12)
    assert len(await visible(chat, place)) == 1


async def test_an_archived_channel_ends_in_a_dm(chat: SlackChat):
    """When the channel is archived meanwhile, the asker gets the answer as a direct message."""
    chat.core.hold = asyncio.Event()
    await chat.mention("alice", "How much notice?")
    await until(lambda: asked(chat))
    await chat.sim.do("channels", id="C0GENERAL", is_archived=True)
    chat.core.hold.set()
    await until(lambda: says(chat, "D0ALICE/", "four weeks' notice"), seconds=12)
    assert await says(chat, "D0ALICE/", "You asked: How much notice?")


async def test_a_deleted_question_is_left_alone(chat: SlackChat):
    """When the asker deletes the question, the answer stops and nothing stays."""
    chat.core.hold = asyncio.Event()
    place = await chat.mention("alice", "How much notice?")
    await until(lambda: asked(chat))
    channel, _, ts = place.partition("/")
    await chat.sim.do("delete_message", channel=channel, ts=ts)

    async def gone() -> bool:
        return await visible(chat, place) == [] and await unfinished(chat) == 0

    await until(gone)


async def test_a_dead_connection_is_replaced(chat: SlackChat):
    """After both connections are lost and refused for a while, mentions are answered again."""
    await chat.sim.do("drop", connection="all", refuse=1)
    await until(lambda: connections(chat, 0))
    await until(lambda: connections(chat, 2), seconds=30)
    place = await chat.mention("alice", "How much notice?")
    await until(lambda: says(chat, place, "four weeks' notice"), seconds=12)


async def connections(chat: SlackChat, count: int) -> bool:
    alive = [one for one in (await chat.sim.see("connections"))["connections"] if one["alive"]]
    return len(alive) >= count if count else len(alive) == 0


# --- once, and always -----------------------------------------------------------------------------


async def test_a_replay_after_a_restart_is_not_answered_again(chat: SlackChat):
    """The journal remembers a mention across processes."""
    place = await chat.mention("alice", "How much notice?")
    (shown,) = await chat.answers(place)
    async with second_process(chat):
        said = shown.raw["thread_ts"]
        event = {
            "type": "app_mention",
            "user": "U0ALICE",
            "channel": "C0GENERAL",
            "ts": said,
            "text": "<@U0BOT> How?",
        }
        for _ in range(3):
            await chat.sim.do("event", event=event, channel="C0GENERAL")
        await chat.answers(await chat.mention("bob", "Another?"))
    assert len(await visible(chat, place)) == 1


@asynccontextmanager
async def second_process(chat: SlackChat) -> AsyncIterator[None]:
    """Another bot on the same journal."""
    stop = asyncio.Event()
    running = asyncio.create_task(slack(chat.app, stop))
    await until(lambda: connections(chat, 4))
    try:
        yield
    finally:
        stop.set()
        await running


async def test_what_a_killed_process_left_is_answered_by_the_next(chat: SlackChat):
    """A question without an answer in the journal of a dead process is finished once."""
    posted = await chat.sim.do("message", channel="C0GENERAL", user="U0ALICE", text="How much notice?")
    place = f"C0GENERAL/{posted['ts']}"
    address = SlackAddress("C0GENERAL", "U0ALICE", "T0SIM", posted["ts"])
    lost = Asked(
        "lost1",
        f"slack:T0SIM:C0GENERAL:{posted['ts']}",
        "slack",
        SlackPlace(address).dump(),
        "U0ALICE",
        Question("How much notice?", frozenset()),
    )
    assert await chat.app.journal.accept(lost, worker="a dead process")
    await until(lambda: says(chat, place, "four weeks' notice"), seconds=40)
    assert len(await visible(chat, place)) == 1


async def test_stopping_finishes_what_runs(opened: Callable[[], Any]):
    """SIGTERM's path: a question that is being answered is finished before the process ends."""
    async with opened() as chat:
        chat.core.answers["slow"] = ["One. ", "Two. ", "Three."]
        chat.core.pause = 0.3
        await chat.mention("alice", "A slow one?")
        await until(lambda: asked(chat))
    assert await left_answers(chat) == [("ANSWERED", "One. Two. Three.")]


@pytest.mark.slow
async def test_a_burst_is_acknowledged_at_once(chat: SlackChat):
    """100 mentions at once are each acknowledged within half a second, and all answered."""
    channels = ["C0GENERAL", "C0DOCS"]
    for number in range(4):
        await chat.sim.do(
            "channels", id=f"C0X{number}", name=f"x{number}", members=["U0ALICE", "U0BOB", "U0BOT"]
        )
        channels.append(f"C0X{number}")
    await asyncio.gather(
        *(
            chat.sim.do("mention", channel=channels[i % 6], user="U0ALICE", text=f"Question {i}?")
            for i in range(60)
        )
    )

    async def answered() -> bool:
        found = (await chat.sim.see("posted"))["posted"]
        return sum("four weeks' notice" in (one["rendered"] or "") for one in found) >= 60

    await until(answered, seconds=60)
    deliveries = (await chat.sim.see("deliveries"))["deliveries"]
    acks = [a["ack_after"] for d in deliveries for a in d["attempts"] if a.get("ack_after") is not None]
    assert max(acks) < 2.5 * patience()
    assert [v for v in await chat.violations() if v.get("kind") == "rate"] == []
