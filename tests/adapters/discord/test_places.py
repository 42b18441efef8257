"""Discord's places beyond a plain text channel: people's own app, voice and stage, threads that are closed, big servers."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.discord.doctor import checks
from bot.model import Answer, Outcome
from tests.support.discord_chat import YAML, Chat, chatting, open_discord, running
from tests.support.discord_rest import Fault
from tests.support.discord_world import (
    ALICE,
    BOT,
    FORUM,
    GUILD,
    LEADS,
    LOUNGE,
    MALLORY,
    MOD,
    PODIUM,
    TEXT,
)
from tests.support.waiting import until

chat = chatting()


@pytest.fixture
async def own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> AsyncIterator[Chat]:
    """People may have the app for themselves."""
    yaml = YAML.replace("discord:\n", "discord:\n  user_install: true\n")
    async with open_discord(tmp_path, monkeypatch.setenv, free_port(), yaml) as chat:
        async with running(chat):
            yield chat
        assert chat.discord.rest.wrong == []


# --- people's own app -----------------------------------------------------------------------------


@pytest.mark.parametrize("group", [False, True], ids=["a strange server", "a group of direct messages"])
async def test_ones_own_app_answers_anywhere_and_only_oneself(own: Chat, group: bool) -> None:  # noqa: FBT001
    """What the asker may see in our servers, shown to nobody else, also where they want it shown to all."""
    one = await own.discord.carry("How much notice?", group=group, user=MOD, private=False)
    shown = await own.said_to(one, "four weeks' notice")
    assert one.ephemeral
    assert shown["user"] == MOD
    assert own.core.asked[0].audience == {"everyone", "leads"}
    assert "Share in channel" not in shown.buttons
    pressed = await own.discord.press(shown, "Show sources", user=MOD)
    assert "Give four weeks' notice." in (await own.said_to(pressed, "notice")).whole


@pytest.mark.slow
async def test_a_stranger_brings_nothing(own: Chat) -> None:
    """Who is in none of our servers may have the app, and sees nothing by it."""
    await own.discord.carry("How much notice?", user=MALLORY)
    await own.asked()
    assert own.core.asked[0].audience == set()


async def test_only_asking_is_for_people_themselves(own: Chat) -> None:
    """`/ask` and the menu's answer; an admin's commands stay in servers."""
    registered = {one["name"]: 1 in (one.get("integration_types") or ()) for one in own.discord.rest.commands}
    assert {name for name, users in registered.items() if users} == {"ask", "Answer from the docs"}


async def test_without_the_setting_nobody_has_it(chat: Chat) -> None:
    """Commands are registered for servers and direct messages alone, and elsewhere nothing is answered."""
    assert not any(1 in (one.get("integration_types") or ()) for one in chat.discord.rest.commands)
    one = await chat.discord.carry("How much notice?")
    await chat.said_to(one, "I'm not set up to answer here")
    assert chat.core.asked == []


# --- voice, stage, threads ------------------------------------------------------------------------


@pytest.mark.parametrize("place", [LOUNGE, PODIUM], ids=["voice", "stage"])
async def test_beside_voice_the_answer_is_a_reply(chat: Chat, place: str) -> None:
    """A text chat of a voice or stage channel has no threads, and none is tried."""
    asked = await chat.discord.mention("How much notice?", channel=place)
    answer = await chat.answer(place)
    assert answer["message_reference"]["message_id"] == asked


async def test_an_answer_in_a_thread_that_was_archived_meanwhile(chat: Chat) -> None:
    """The thread is opened again, and the message that was begun becomes the answer."""
    chat.core.answers["notice"] = ["You give ", "four weeks' ", "notice [1]."]
    chat.core.pause = 0.6
    thread = await chat.discord.mention("How much notice?")

    async def begun() -> bool:
        return bool(chat.discord.answers(thread))

    await until(begun)
    chat.discord.channels[thread]["thread_metadata"]["archived"] = True
    answer = await chat.answer(thread)
    assert len(chat.discord.answers(thread)) == 1
    assert answer.text == "You give four weeks' notice [1]."
    assert not chat.discord.channels[thread]["thread_metadata"]["archived"]


async def _begun(chat: Chat) -> str:
    """The thread of a question that is answered."""
    thread = await chat.discord.mention("How much notice?")
    await chat.answer(thread)
    return thread


async def _told_alone(chat: Chat) -> Any:
    """The answer in a direct message, with its question."""
    direct = str(chat.discord.dm(MOD)["id"])
    return await chat.answer(direct)


async def test_in_a_locked_thread_the_asker_is_answered_alone(chat: Chat) -> None:
    """Moderators may write in a locked thread where the bot may not: the answer comes by direct message."""
    thread = await _begun(chat)
    chat.discord.channels[thread]["thread_metadata"] |= {"locked": True, "archived": True}
    await chat.discord.mention("And for leads?", channel=thread, user=MOD)
    told = await _told_alone(chat)
    assert "And for leads?" in told.text


async def test_slow_mode_and_a_timeout_lead_to_the_asker(chat: Chat) -> None:
    """Where the bot may not write for long, the asker is told alone, soon."""
    slow = {
        "code": 20016,
        "message": "This action cannot be performed due to slowmode rate limit",
        "retry_after": 21600.0,
    }
    thread = await _begun(chat)
    chat.discord.rest.faults.append(Fault(rf"POST /channels/{thread}/messages", 429, times=9, body=slow))
    await chat.discord.mention("And for leads?", channel=thread, user=MOD)
    assert "And for leads?" in (await _told_alone(chat)).text


async def test_while_the_bot_is_timed_out_the_asker_is_told_alone(chat: Chat) -> None:
    """A moderator's timeout of the bot takes its right to write in the server."""
    chat.discord.rest.deny |= {"send", "threads"}
    await chat.discord.mention("How much notice?", user=MOD)
    assert "How much notice?" in (await _told_alone(chat)).text


# --- big servers, and what changes in them --------------------------------------------------------


async def test_a_server_of_five_hundred_channels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> None:
    """Questions are answered there, and `docent doctor` names a few of the channels and counts the rest."""
    async with open_discord(tmp_path, monkeypatch.setenv, free_port()) as chat:
        closed = [{"id": GUILD, "type": 0, "allow": "0", "deny": str(1 << 11)}]  # nobody may write
        for number in range(500):
            channel = f"70000000000000{number:05}"
            chat.discord._of_server(channel, TEXT, GUILD)
            chat.discord.channels[channel] |= {"name": f"room{number}", "permission_overwrites": closed}
        async with running(chat):
            await chat.answer(await chat.discord.mention("How much notice?"))
        found = [one.finding async for one in checks(chat.app.settings)]
    assert len([one for one in found if "#room" in one]) == 10
    assert any("so in 490 more channels" in one for one in found)
    assert len(found) < 40


async def test_a_renamed_role_means_the_same(chat: Chat) -> None:
    """Roles are known by their ids: a new name changes nothing of who sees what."""
    await chat.discord.rename_role(LEADS, "captains")
    await chat.discord.mention("How much notice?", user=MOD)
    await chat.asked()
    assert chat.core.asked[0].audience == {"everyone", "leads"}


async def test_a_post_that_names_the_bot_is_answered_whatever_the_docs_hold(chat: Chat) -> None:
    """A post that a webhook makes is another bot's, and left alone."""
    chat.core.answers["parking"] = Answer("", Outcome.NOT_FOUND, "The docs don't say.")
    thread = chat.discord.thread(FORUM, ALICE, "About parking")
    text = {"content": f"<@{BOT}> Where is the parking?"}
    first = chat.discord.write(thread["id"], ALICE, text, id=thread["id"])
    fed = chat.discord.thread(FORUM, ALICE, "Release 5")
    hook = "8000000000000000009"
    feed = chat.discord.write(fed["id"], hook, {"content": "How much?"}, id=fed["id"], webhook_id=hook)
    for post, said in ((fed, feed), (thread, first)):
        chat.discord.messages[said["id"]] = said
        chat.discord._tell("THREAD_CREATE", {**post, "newly_created": True}, GUILD)
        await chat.discord.flush()
    shown = await chat.answer(thread["id"])
    assert "The docs don't say." in shown.whole
    assert len(chat.core.asked) == 1


async def test_a_command_that_is_taken_up_too_late_is_answered_alone(chat: Chat) -> None:
    """Discord has forgotten it, and told its asker that nothing came: the answer is a direct message."""
    unknown = {"code": 10062, "message": "Unknown interaction"}
    chat.discord.rest.faults.append(Fault(r"POST /interactions/.*", status=404, body=unknown))
    await chat.discord.command("ask", {"question": "How much notice do I give?"})
    shown = await chat.answer(str(chat.discord.dm(ALICE)["id"]))
    assert "four weeks' notice" in shown.text
