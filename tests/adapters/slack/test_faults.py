"""Slack at its worst: each fault that its simulator can inject, and what people are left with."""

import asyncio
from typing import Any

import pytest

from adapters.chat.answer_view import Press
from bot.model import Answer, Outcome
from tests.support.chats import chatting, opening
from tests.support.conversation import asked
from tests.support.scripted import LEAVE
from tests.support.slack_sim import SlackChat
from tests.support.waiting import until

_YAML = """
sources: [{name: handbook, type: folder, path: ./docs, audience: [everyone]}]
limits: {questions_per_minute: 1000}
slack: {help_channel: C0DOCS, stop_within: 5s, channels: {C0DOCS: {followups: true}}}
"""
_WHOLE = "You give four weeks' notice [1]."


opened = opening("slack", yaml=_YAML)
chat = chatting()


async def visible(chat: SlackChat, channel: str = "C0GENERAL", thread: str = "") -> list[Any]:
    found = (await chat.sim.see("posted", channel=channel, thread_ts=thread))["posted"]
    return [one for one in found if not one["deleted"]]


async def settled(chat: SlackChat, channel: str, thread: str = "") -> bool:
    """Whether one whole answer stands there, with its buttons, and nothing is thinking any more."""
    shown = await visible(chat, channel, thread)
    calm = (await chat.sim.see("statuses"))["active"] == [] and not any(one["streaming"] for one in shown)
    return (
        len(shown) == 1
        and _WHOLE in shown[0]["rendered"]
        and "Longer answer" in shown[0]["rendered"]
        and calm
    )


def streamed(chat: SlackChat, *, pause: float = 0.15) -> None:
    """Answer in pieces."""
    chat.core.answers["notice"] = ["You give ", "four weeks' ", "notice [1]."]
    chat.core.pause = pause


_HTML = {"status": 200, "body": "<html>Sorry, a proxy.</html>"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault",
    [
        {"method": "*", "status": 503, "times": 8},
        {"method": "chat.*", "drop": True, "times": 6},
        {"method": "chat.*", **_HTML, "times": 3},
        {"method": "chat.postMessage", **_HTML, "apply": True},
        {"method": "chat.postMessage", "error": "service_unavailable", "times": 2},
        {"method": "chat.postMessage", "error": "edit_window_closed"},
        {"method": "chat.update", "error": "cant_update_message", "times": -1},
        {"method": "chat.update", "status": 500, "apply": True},
        {"method": "chat.startStream", "status": 429, "retry_after": 60, "times": -1},
        {"method": "chat.startStream", "error": "missing_recipient_team_id"},
        {"method": "chat.appendStream", "status": 429, "retry_after": 60, "times": -1},
        {"method": "chat.appendStream", "error": "msg_too_long", "times": -1},
        {"method": "chat.appendStream", "drop": True, "apply": True, "times": -1},
        {"method": "chat.stopStream", "status": 429, "retry_after": 1, "times": 2},
        {"method": "chat.stopStream", "status": 502, "html": True, "apply": True},
        {"method": "chat.stopStream", "error": "invalid_blocks"},
        {"method": "chat.stopStream", "error": "streaming_mode_mismatch", "times": -1},
        {"method": "assistant.threads.setStatus", "status": 429, "retry_after": 60, "times": -1},
        {"method": "assistant.threads.setStatus", "delay": 2, "apply": True, "times": 1},
        {"method": "assistant.threads.setStatus", "drop": True, "apply": True},
        {"method": "assistant.threads.setStatus", "error": "not_agent_app", "times": -1},
        {"method": "conversations.*", "status": 429, "retry_after": 1, "times": 2},
        {"method": "users.info", "status": 429, "retry_after": 1, "times": 2},
        {"method": "users.info", "drop": True},
    ],
    ids=lambda fault: "-".join(str(value) for value in fault.values())[:60],
)
@pytest.mark.parametrize("streams", [True, False], ids=["stream", "message"])
async def test_a_fault_still_ends_in_one_whole_answer(chat: SlackChat, fault: dict, streams: object):
    """Whatever one call meets, the thread ends with one whole answer, and nothing is left thinking."""
    if streams:
        streamed(chat)
    await chat.sim.do("faults", **fault)
    said = await chat.sim.do("mention", channel="C0GENERAL", user="U0ALICE", text="How much notice?")
    await until(lambda: settled(chat, "C0GENERAL", said["thread_ts"]), seconds=25)


@pytest.mark.slow
@pytest.mark.parametrize(
    "fault",
    [
        {"method": "chat.*", "status": 503},
        {"method": "*", "drop": True},
        {"method": "chat.*", "status": 429, "retry_after": 1},
        {"method": "*", "status": 502, "html": True},
    ],
    ids=["503", "dropped", "429", "html"],
)
async def test_an_answer_waits_until_slack_is_back(chat: SlackChat, fault: dict):
    """An outage that lasts doesn't cost an answer: it comes when Slack is back."""
    streamed(chat, pause=0.15)
    await chat.sim.do("mention", channel="C0GENERAL", user="U0ALICE", text="Warm up?")
    await until(lambda: asked(chat, 1))
    await chat.sim.do("faults", **fault, times=-1)
    said = await chat.sim.do("mention", channel="C0GENERAL", user="U0ALICE", text="How much notice?")
    await until(lambda: asked(chat, 2), seconds=30)
    await asyncio.sleep(1.5)  # the outage
    await chat.sim.clear_faults()
    await until(lambda: settled(chat, "C0GENERAL", said["thread_ts"]), seconds=30)


async def test_a_person_who_cannot_be_looked_up_gets_an_error(chat: SlackChat):
    """While Slack doesn't say who asks, nothing is answered as if the docs had nothing: a reference is given."""
    await chat.sim.do("faults", method="users.info", status=500, times=-1)
    place = await chat.mention("alice", "How much notice?")
    (shown,) = await until(lambda: thread(chat, place), seconds=25)
    assert "Something went wrong on my side" in shown["rendered"]
    assert chat.core.asked == []


async def thread(chat: SlackChat, place: str) -> list[Any]:
    channel, _, ts = place.partition("/")
    shown = await visible(chat, channel, ts)
    return [one for one in shown if "Looking it up" not in one["rendered"]]


async def test_a_follow_up_does_not_wait_for_ever_for_the_thread(chat: SlackChat):
    """Where the thread can't be read for a minute, the follow-up is answered without it."""
    (first,) = await chat.answers(await chat.mention("alice", "How much notice?"))
    await chat.sim.do("faults", method="conversations.replies", status=429, retry_after=60, times=-1)
    place = await chat.mention("bob", "And how much notice for contractors?", after=first)
    await until(lambda: two(chat, place), seconds=20)


async def two(chat: SlackChat, place: str) -> bool:
    return len(await thread(chat, place)) == 2


# --- the place is gone ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change", [{"is_archived": True}, {"members": ["U0ALICE", "U0BOB"]}], ids=["archived", "removed"]
)
@pytest.mark.parametrize("when", ["before", "streaming", "end"])
async def test_a_place_that_goes_ends_in_a_dm(chat: SlackChat, change: dict, when: str):
    """Archived, or the bot removed, before it writes, while it does or at the end: the asker gets a DM."""
    streamed(chat, pause=0.4)
    chat.core.hold = asyncio.Event() if when != "streaming" else None
    if when == "before":
        chat.core.answers["notice"] = Answer("", Outcome.ANSWERED, _WHOLE, (LEAVE,))
        chat.core.answers["notice"] = ["You give four weeks' notice [1]."]
        await chat.sim.do("faults", method="assistant.threads.setStatus", delay=0.5, apply=True)
    said = await chat.sim.do("mention", channel="C0GENERAL", user="U0ALICE", text="How much notice?")
    if when == "before":
        await until(lambda: called(chat, "assistant.threads.setStatus"))
    else:
        await until(lambda: shown_in(chat, said["thread_ts"]))
    await chat.sim.do("channels", id="C0GENERAL", **change)
    if chat.core.hold:
        chat.core.hold.set()
    await until(lambda: in_dm(chat), seconds=15)


async def called(chat: SlackChat, method: str) -> bool:
    return bool((await chat.sim.see("calls", method=method))["calls"])


async def shown_in(chat: SlackChat, thread_ts: str) -> bool:
    return any("You give" in (one["rendered"] or "") for one in await visible(chat, "C0GENERAL", thread_ts))


async def in_dm(chat: SlackChat) -> bool:
    return any(_WHOLE in (one["rendered"] or "") for one in await visible(chat, "D0ALICE"))


async def test_the_bots_own_message_deleted_meanwhile(chat: SlackChat):
    """When somebody deletes the half-written answer, the whole one comes as a new message."""
    streamed(chat, pause=0.4)
    said = await chat.sim.do("mention", channel="C0GENERAL", user="U0ALICE", text="How much notice?")
    await until(lambda: shown_in(chat, said["thread_ts"]))
    (shown,) = await visible(chat, "C0GENERAL", said["thread_ts"])
    await chat.sim.do("delete_message", channel="C0GENERAL", ts=shown["ts"])

    async def anew() -> bool:
        found = await visible(chat, "C0GENERAL", said["thread_ts"])
        return any(one["ts"] != shown["ts"] and _WHOLE in one["rendered"] for one in found)

    await until(anew, seconds=15)


# --- forms and presses ----------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 429, "retry_after": 1}, {"drop": True}])
async def test_the_form_opens_at_the_second_try(chat: SlackChat, fault: dict):
    """👎's form opens although Slack failed once."""
    (shown,) = await chat.answers(await chat.mention("alice", "How much notice?"))
    await chat.sim.do("faults", method="views.open", **fault)
    await chat.complain(shown, "bob", "outdated", "Six weeks.")


async def test_feedback_counts_without_its_form(chat: SlackChat):
    """When the form can't be opened at all, 👎 still counts, and the presser hears so."""
    (shown,) = await chat.answers(await chat.mention("alice", "How much notice?"))
    await chat.sim.do("faults", method="views.open", error="view_too_large")
    (told,) = await chat.whispers("bob", await chat.press(shown, Press.BAD, "bob"))
    assert "Thanks" in told.text


@pytest.mark.parametrize(
    "fault",
    [{"status": 500}, {"status": 429}, {"status": 404}, {"error": "expired_url"}, {"drop": True}],
    ids=["500", "429", "404", "expired", "dropped"],
)
async def test_a_private_answer_comes_another_way(chat: SlackChat, fault: dict):
    """A response_url that fails is replaced by an ephemeral message, once."""
    await chat.sim.do("faults", method="response_url", **fault, times=-1)
    since = await chat.ask("alice", "How much notice?")
    (shown,) = await chat.whispers("alice", since)
    assert "Share in channel" in shown.buttons


async def test_a_private_answer_with_no_way_left_is_a_dm(chat: SlackChat):
    """Where neither the response_url nor the channel takes it, the private answer is a DM."""
    await chat.sim.do("faults", method="response_url", status=404, times=-1)
    await chat.sim.do("faults", method="chat.postEphemeral", error="user_not_in_channel", times=-1)
    await chat.ask("alice", "How much notice?")
    await until(lambda: in_dm(chat), seconds=12)


# --- connections ----------------------------------------------------------------------------------


@pytest.mark.parametrize("reason", ["refresh_requested", "warning", "link_disabled", "too_many_websockets"])
async def test_a_disconnect_loses_no_question(chat: SlackChat, reason: str):
    """Whatever reason Slack gives for closing the connections, a mention after it is answered."""
    await chat.sim.do("disconnect", connection="all", reason=reason, grace=0.2)
    said = await chat.sim.do("mention", channel="C0GENERAL", user="U0ALICE", text="How much notice?")
    await until(lambda: settled(chat, "C0GENERAL", said["thread_ts"]), seconds=25)
    await until(lambda: live(chat, 2), seconds=25)


@pytest.mark.parametrize("what", ["link", "open", "all"])
async def test_connections_come_back(chat: SlackChat, what: str):
    """After a loss with new connections refused for a while, both are there again."""
    await chat.sim.do("drop", connection="all", refuse=2, what=what)
    await until(lambda: live(chat, 2), seconds=40)
    said = await chat.sim.do("mention", channel="C0GENERAL", user="U0ALICE", text="How much notice?")
    await until(lambda: settled(chat, "C0GENERAL", said["thread_ts"]), seconds=15)


async def live(chat: SlackChat, count: int) -> bool:
    return (await chat.sim.see("connections"))["live"] >= count
