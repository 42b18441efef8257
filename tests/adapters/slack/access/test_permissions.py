"""Who asks in Slack: many new faces at once, other companies' people; on its simulator."""

import asyncio
from typing import Any

import pytest

from tests.support.chats import chatting, opening
from tests.support.slack_sim import SlackChat
from tests.support.waiting import until

_YAML = """
sources: [{name: handbook, type: folder, path: ./docs, audience: [everyone]}]
limits: {questions_per_minute: 1000}
slack: {workspace_admins: true, stop_within: 5s, channels: {C0SHARED: {audience: [everyone]}}}
"""


opened = opening("slack", yaml=_YAML, options=("--rate-limits", "enforce"))
chat = chatting(lawful=True)


async def staff(chat: SlackChat, count: int, **about: Any) -> list[str]:
    """So many people whom the bot has never seen."""
    people = [f"U0NEW{number:03}" for number in range(count)]
    for one in people:
        await chat.sim.do("users", id=one, **about)
    return people


async def channels(chat: SlackChat, count: int, members: list[str]) -> list[str]:
    made = [f"C0NEW{number:02}" for number in range(count)]
    for one in made:
        await chat.sim.do("channels", id=one, name=one.lower(), members=[*members, "U0BOT"])
    return made


async def answered(chat: SlackChat, count: int) -> bool:
    found = (await chat.sim.see("posted"))["posted"]
    return sum("four weeks' notice" in (one["rendered"] or "") for one in found) >= count


@pytest.mark.slow
async def test_hundreds_of_new_people_at_once_do_not_wait_for_a_minute(chat: SlackChat):
    """More new askers than Slack lets look up in a minute are answered at once, within Slack's limits."""
    people = await staff(chat, 180)
    places = await channels(chat, 30, people)
    said = [
        chat.sim.do("mention", channel=places[number % 30], user=one, text="How much notice?")
        for number, one in enumerate(people)
    ]
    await asyncio.gather(*said)
    await until(lambda: answered(chat, 180), seconds=40)
    assert {question.audience for question in chat.core.asked} == {frozenset({"everyone"})}


@pytest.mark.slow
async def test_a_burst_in_a_large_workspace_does_not_wait_for_a_minute(chat: SlackChat):
    """More than ten thousand people are listed as well before who asks is looked up alone."""
    everybody = [f"U0OLD{number:05}" for number in range(10_500)]
    for some in range(0, len(everybody), 500):
        made = [chat.sim.do("users", id=one) for one in everybody[some : some + 500]]
        await asyncio.gather(*made)
    people = await staff(chat, 130)
    places = await channels(chat, 30, people)
    for number, one in enumerate(people):
        await chat.sim.do("mention", channel=places[number % 30], user=one, text="How much notice?")
    await until(lambda: answered(chat, 130), seconds=40)


@pytest.mark.slow
async def test_a_guest_among_many_new_people_stays_a_guest(chat: SlackChat):
    """Whoever is known from a list of all has no more rights than one who was looked up alone."""
    people = await staff(chat, 70)
    guests = ["U0GUEST", "U0EXTERN"]
    places = await channels(chat, 20, [*people, *guests])
    for number, one in enumerate([*people, *guests]):
        text = "A guest's question?" if one in guests else "How much notice?"
        await chat.sim.do("mention", channel=places[number % 20], user=one, text=text)
    await until(lambda: answered(chat, 72), seconds=30)
    audiences = [question.audience for question in chat.core.asked if "guest" in question.text]
    assert audiences == [frozenset(), frozenset()]


async def test_another_companys_people_in_a_shared_channel_are_outsiders(chat: SlackChat):
    """Slack calls those who share a channel no strangers: their team tells that they are from elsewhere."""
    await chat.sim.do("users", id="U0PARTNER", team_id="T0OTHER", is_stranger=False)
    said = await chat.sim.do("mention", channel="C0SHARED", user="U0PARTNER", text="How much notice?")
    await chat.answers(f"C0SHARED/{said['thread_ts']}")
    assert chat.core.asked[-1].audience == frozenset()


async def test_an_admin_of_another_company_is_no_admin_here(chat: SlackChat):
    """Workspace admins are those of the bot's own workspace."""
    await chat.sim.do("users", id="U0ALICE", team_id="T0OTHER", is_admin=True, is_stranger=False)
    (told,) = await chat.whispers("alice", await chat.admin("alice", "status"))
    assert "Only admins" in told.text


@pytest.mark.slow
async def test_a_slow_slack_in_a_burst_keeps_no_answer_waiting(chat: SlackChat):
    """Where the status line comes late for many at once, there are no more placeholders than can be replaced."""
    people = await staff(chat, 20)
    places = await channels(chat, 25, people)
    await chat.sim.do("faults", method="assistant.threads.setStatus", delay=2, apply=True, times=-1)
    said = [
        chat.sim.do("mention", channel=places[number % 25], user=people[number % 20], text="How much notice?")
        for number in range(100)
    ]
    await asyncio.gather(*said)
    await until(lambda: answered(chat, 100), seconds=30)
    await until(lambda: calm(chat), seconds=10)


async def calm(chat: SlackChat) -> bool:
    return (await chat.sim.see("statuses"))["active"] == []
