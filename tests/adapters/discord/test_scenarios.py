"""Discord when things go wrong, and what only Discord has: on its simulator."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from adapters.chat.answer_view import Press
from adapters.discord.service import run as discord_service
from bot.model import Answer, Outcome
from tests.support.chats import chatting, opening
from tests.support.conversation import asked, left_answers, private_answer
from tests.support.discord_sim import DiscordChat
from tests.support.scripted import LEAVE
from tests.support.waiting import until

_YAML = """
sources: [{name: handbook, type: folder, path: ./docs, audience: [everyone]}]
audiences: {everyone: {}, leads: {}, second: {}}
limits: {questions_per_minute: 1000}
discord:
  message_content: true
  guilds:
    "2000000000000000000":
      help_channel: "5000000000000000002"
      roles: {"4100000000000000004": [leads]}
      channels:
        "5000000000000000002": {unasked: true, audience: [everyone, leads]}
  stop_within: 3s
"""

opened = opening("discord", yaml=_YAML)
chat = chatting()


async def visible(chat: DiscordChat, **where: str) -> list[dict]:
    found = (await chat.sim.see("posted", **where))["posted"]
    return [one for one in found if not one["deleted"] and one["kind"] != "thread"]


async def says(chat: DiscordChat, words: str, **where: str) -> bool:
    return any(words in (one["rendered"] or "") for one in await visible(chat, **where))


async def whole(chat: DiscordChat, place: str, words: str) -> bool:
    found = await visible(chat, channel=place)
    return len(found) == 1 and words in found[0]["rendered"] and bool(found[0]["buttons"])


# --- failures -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "fault",
    [
        {"route": r"POST /channels/\d+/messages", "status": 429, "retry_after": 0.5},
        {"route": ".*", "status": 429, "retry_after": 0.5, "global": True},
        {"route": r"POST /channels/\d+/messages", "status": 503},
        {"route": r"POST /channels/\d+/messages", "status": 503, "apply": True},
        {"route": r"POST /channels/\d+/messages", "status": 500, "apply": True},
        {"route": r"POST /channels/\d+/messages", "drop": True, "apply": True},
        {"route": r"POST /channels/\d+/messages/\d+/threads", "status": 503},
        {"route": r"POST /channels/\d+/messages/\d+/threads", "status": 500, "apply": True},
        {"route": r"PATCH /channels/\d+/messages/\d+", "status": 503, "times": 2},
        {"route": r"POST /channels/\d+/typing", "status": 500, "times": 1},
    ],
    ids=lambda fault: "-".join(str(value) for value in fault.values()),
)
async def test_a_failing_call_still_ends_in_one_whole_answer(chat: DiscordChat, fault: dict):
    """Whatever call fails, and also if only its answer is lost: one whole answer."""
    chat.core.answers["notice"] = ["You give ", "four weeks' ", "notice [1]."]
    chat.core.pause = 0.7
    await chat.sim.do("faults", **fault)
    place = await chat.mention("alice", "How much notice?")
    await until(lambda: whole(chat, place, "You give four weeks' notice [1]."), seconds=20)


@pytest.mark.parametrize(
    "event",
    [
        {"action": "abort"},
        {"action": "reconnect"},
        {"action": "invalid_session", "resumable": True},
        {"action": "invalid_session", "resumable": False},
        {"action": "close", "code": 4000},
    ],
    ids=lambda event: "-".join(str(value) for value in event.values()),
)
async def test_a_lost_gateway_does_not_lose_the_answer(chat: DiscordChat, event: dict):
    """The gateway may go away in mid-answer: the answer ends whole, and the next mention is heard."""
    chat.core.answers["slow"] = ["One. ", "Two. ", "Three."]
    chat.core.pause = 0.6
    place = await chat.mention("alice", "A slow one?")
    await until(lambda: asked(chat))
    await chat.sim.do("gateway", **event)
    await until(lambda: whole(chat, place, "One. Two. Three."), seconds=20)

    async def ready() -> bool:
        return (await chat.sim.see("gateway"))["ready"] > 0

    await until(ready, seconds=30)

    async def heard() -> bool:
        place = await chat.mention("bob", "Heard?")
        await asyncio.sleep(0.8)
        return await says(chat, "four weeks' notice", channel=place)

    await until(heard, seconds=30)


@pytest.mark.slow
async def test_without_threads_it_replies(chat: DiscordChat):
    """Where the bot may not open threads it replies to the message."""
    await chat.sim.do("permissions", deny=["PUB_THREADS"])
    said = await chat.sim.do("mention", channel="general", user="alice", text="How much notice?")

    async def replied() -> bool:
        found = await visible(chat, channel="general")
        return [one["reply_to"] for one in found if "four weeks'" in one["rendered"]] == [said["id"]]

    await until(replied, seconds=12)


async def test_where_it_may_not_write_it_answers_in_a_dm(chat: DiscordChat):
    """Where the bot may not write at all, the asker gets a direct message."""
    await chat.sim.do("permissions", deny=["PUB_THREADS", "SEND", "SEND_THREADS"])
    await chat.sim.do("mention", channel="general", user="alice", text="How much notice?")

    async def told() -> bool:
        return any(one["dm"] and "four weeks'" in one["rendered"] for one in await visible(chat))

    await until(told, seconds=20)


async def test_a_deleted_question_is_left_alone(chat: DiscordChat):
    """When the asker deletes the question, the answer stops."""
    chat.core.hold = asyncio.Event()
    place = await chat.mention("alice", "How much notice?")
    await until(lambda: asked(chat))
    await chat.sim.do("delete_message", channel="general", message_id=place)

    async def gone() -> bool:
        return await visible(chat, channel=place) == []

    await until(gone)


async def test_an_expired_token_has_a_way_out(chat: DiscordChat):
    """A private answer whose interaction has expired comes as a direct message."""
    chat.core.hold = asyncio.Event()
    await chat.ask("alice", "How much notice?")
    await until(lambda: asked(chat))
    await chat.sim.do("age_interactions", seconds=1000)
    chat.core.hold.set()

    async def told() -> bool:
        return any(one["dm"] and "four weeks'" in one["rendered"] for one in await visible(chat))

    await until(told, seconds=15)


async def test_buttons_work_after_a_restart(opened: Callable[[], Any]):
    """A button of an answer that another process gave works."""
    async with opened() as chat:
        (shown,) = await chat.answers(await chat.mention("alice", "How much notice?"))
        stop = asyncio.Event()
        await chat.sim.do("gateway", action="close", code=4000)
        running = asyncio.create_task(discord_service(chat.app, stop))
        await asyncio.sleep(2)
        told = await chat.whispers("bob", await chat.press(shown, Press.GOOD, "bob"))
        assert "Thanks" in told[0].text
        stop.set()
        await running


async def test_stopping_finishes_what_runs(opened: Callable[[], Any]):
    """SIGTERM's path: a question that is being answered is finished before the process ends."""
    async with opened() as chat:
        chat.core.answers["slow"] = ["One. ", "Two. ", "Three."]
        chat.core.pause = 0.5
        await chat.mention("alice", "A slow one?")
        await until(lambda: asked(chat))
    assert await left_answers(chat) == [("ANSWERED", "One. Two. Three.")]


# --- how it looks ---------------------------------------------------------------------------------


async def test_a_long_answer_is_split_and_its_code_stays_whole(chat: DiscordChat):
    """Answers past 2,000 characters go on in further messages, fences closed and reopened."""
    code = "```py\n" + "\n".join(f"print({i})" for i in range(300)) + "\n```"
    table = "| Day | Hours |\n|---|---|\n| Monday | 8 |"
    chat.core.answers["long"] = Answer("", Outcome.ANSWERED, f"Intro [1].\n\n{code}\n\n{table}", (LEAVE,))
    place = await chat.mention("alice", "A long one?")
    await until(lambda: says(chat, "Monday  8", channel=place))
    shown = await chat.answers(place)
    assert len(shown) > 1
    assert all(one.text.count("```") % 2 == 0 for one in shown)
    assert all(len(one.text) <= 2000 for one in shown)
    assert "Show sources" in shown[-1].buttons
    assert shown[0].buttons == ()


async def test_the_thread_is_named_after_the_question(chat: DiscordChat):
    """The thread's name is the question, cut to Discord's limit."""
    await chat.mention("alice", "How much notice " + "really " * 30 + "?")
    await until(lambda: asked(chat))
    (thread,) = [one for one in (await chat.sim.see("posted"))["posted"] if one["kind"] == "thread"]
    assert thread["rendered"].startswith("How much notice really")
    assert len(thread["rendered"]) <= 100


async def test_work_shows_at_once(chat: DiscordChat):
    """Typing shows before there is an answer."""
    chat.core.hold = asyncio.Event()
    await chat.mention("alice", "How much notice?")

    async def typing() -> list:
        return (await chat.sim.see("typing"))["typing"]

    await until(typing)
    chat.core.hold.set()


# --- who may see what, and where it listens -------------------------------------------------------


async def test_roles_and_channels_give_audiences(chat: DiscordChat):
    """A question carries what its asker's roles and the channel may both see."""
    await chat.sim.do("mention", channel="docs", user="mod", text="One?")
    await until(lambda: asked(chat, 1))
    assert chat.core.asked[-1].audience == {"everyone", "leads"}
    await chat.sim.do("mention", channel="docs", user="alice", text="Two?")
    await until(lambda: asked(chat, 2))
    assert chat.core.asked[-1].audience == {"everyone"}
    await chat.sim.do("mention", channel="general", user="mod", text="Three?")
    await until(lambda: asked(chat, 3))
    assert chat.core.asked[-1].audience == {"everyone"}
    await chat.sim.do("dm", user="mod", text="Four?")
    await until(lambda: asked(chat, 4))
    assert chat.core.asked[-1].audience == {"everyone", "leads"}


async def test_its_own_thread_needs_no_mention(chat: DiscordChat):
    """With the message-content intent, any message in a thread of the bot's is a follow-up."""
    place = await chat.mention("alice", "How much notice?")
    await chat.answers(place)
    await chat.sim.do("message", channel=place, user="bob", text="And for contractors?")
    await until(lambda: asked(chat, 2))
    assert chat.core.asked[-1].history[-1].role == "assistant"


async def test_it_answers_unasked_only_questions_and_only_when_sure(chat: DiscordChat):
    """Where the channel allows it, a question without a mention is answered if the evidence is strong."""
    chat.core.answers["weak"] = Answer("", Outcome.ANSWERED, "Maybe [1].", (LEAVE,), strong=False)
    for said in ("Thanks all.", "A weak question?", "How much notice do I give?"):
        await chat.sim.do("message", channel="docs", user="alice", text=said)
    await until(lambda: says(chat, "four weeks' notice"))
    await chat.sim.do("message", channel="general", user="alice", text="How much notice do I give?")
    await asyncio.sleep(0.5)
    assert len(chat.core.asked) == 2
    assert not await says(chat, "Maybe")


async def test_bots_and_webhooks_are_not_answered(chat: DiscordChat):
    """Another bot's or a webhook's mention gets no answer."""
    await chat.sim.do("mention", channel="general", user="alice", text="Loop?", bot=True)
    await chat.sim.do("mention", channel="general", user="alice", text="Hook?", webhook=True)
    await chat.answers(await chat.mention("bob", "Person?"))
    assert len(chat.core.asked) == 1


async def test_a_reply_to_the_bot_is_a_follow_up(chat: DiscordChat):
    """A reply to the bot's message needs no mention."""
    said = await chat.sim.do("dm", user="alice", text="How much notice?")
    (shown,) = await chat.answers(said["channel"])
    await chat.sim.do("message", channel=said["channel"], user="alice", text="And?", reply_to=shown.raw["id"])
    await until(lambda: asked(chat, 2))


async def test_the_context_menu_answers_a_message(chat: DiscordChat):
    """Answer from the docs answers somebody's message."""
    said = await chat.sim.do("message", channel="general", user="bob", text="How much notice?")
    done = await chat.sim.do(
        "message_command",
        command="Answer from the docs",
        channel="general",
        user="alice",
        message_id=said["id"],
    )
    await until(lambda: says(chat, "four weeks' notice", interaction_id=done["interaction_id"]))


async def test_admin_rights_are_checked_in_the_handler(chat: DiscordChat):
    """A server that opens the command to everybody doesn't make everybody an admin."""
    (told,) = await chat.whispers("bob", await chat.admin("bob", "status"))
    assert "Only admins" in told.text


async def test_commands_are_registered_only_when_they_changed(chat: DiscordChat):
    """A second process finds the commands as they are and registers nothing."""
    before = len((await chat.sim.see("calls", route="PUT /applications"))["calls"])
    stop = asyncio.Event()
    running = asyncio.create_task(discord_service(chat.app, stop))
    await asyncio.sleep(2)
    assert len((await chat.sim.see("calls", route="PUT /applications"))["calls"]) == before == 1
    stop.set()
    await running


async def test_without_the_right_to_embed_the_sources_are_text(chat: DiscordChat):
    """Where the bot's embeds would be dropped, its sources stand in the message, without previews."""
    await chat.sim.do("permissions", deny=["EMBED"])
    (shown,) = await chat.answers(await chat.mention("alice", "How much notice?"))
    assert "[Annual leave › Notice](<https://docs.example/leave#notice>)" in shown.text
    assert "Show sources" in shown.buttons
    private = await private_answer(chat, "alice", "How much notice?")
    shared = (await chat.channel(await chat.press(private, Press.SHARE, "alice")))[-1]
    assert "(<https://docs.example/leave#notice>)" in shared.text
    assert await chat.violations() == []


async def test_no_empty_thread_is_left_where_it_may_not_write(chat: DiscordChat):
    """Where the bot may open a thread but not write in it, none is opened; the DM says what was asked."""
    await chat.sim.do("mention", channel="readonly", user="alice", text="How much notice?")

    async def told() -> bool:
        return await says(chat, "> How much notice?\n\nYou give four weeks' notice")

    await until(told, seconds=20)
    assert [one for one in (await chat.sim.see("posted"))["posted"] if one["kind"] == "thread"] == []
