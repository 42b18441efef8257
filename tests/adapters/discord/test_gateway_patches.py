"""Discord's gateway when it misbehaves: silent, or broken from the first moment."""

import asyncio

import pytest
from discord import client, shard

from adapters.discord.connection.gateway_patches import set_up
from adapters.discord.connection.timeouts import Timeouts
from adapters.discord.service import run
from tests.support.discord_chat import Chat, beating, running, unstarted
from tests.support.discord_world import ALICE, BOT, GENERAL, GUILD
from tests.support.waiting import given_up, patiently, until

chat = unstarted()


async def test_a_connection_that_has_gone_silent_is_resumed(chat: Chat) -> None:
    """What was said while nobody was at the other end is answered once the silence is noticed."""

    async def resumed() -> bool:
        return chat.discord.resumed == 1

    async with running(chat, patiently(Timeouts(silent_for=1.0))):
        chat.discord.cut()
        said = await chat.discord.mention("How much notice do I give?")
        await until(resumed, seconds=6)
        await chat.answer(said)
        assert chat.discord.identified == 1


async def test_a_farewell_that_nobody_answers_is_not_waited_for(chat: Chat) -> None:
    """Discord asks for a new connection and hears nothing more of the old one: the session goes on in seconds."""
    chat.discord.heartbeat = 20

    async def deaf() -> bool:
        return chat.discord.deaf == 1

    async def resumed() -> bool:
        return chat.discord.resumed == 1

    async with running(chat):
        chat.discord.cut()
        await until(deaf)
        await chat.discord.drop("reconnect")
        await until(resumed, seconds=10)


async def test_a_quiet_connection_is_kept(chat: Chat) -> None:
    """Where nobody says anything, heartbeats are enough."""

    async def beaten() -> bool:
        return chat.discord.beats >= 5

    async with running(chat, patiently(Timeouts(silent_for=1.0))):
        await until(beaten)
        assert (chat.discord.identified, chat.discord.resumed) == (1, 0)


@pytest.mark.parametrize("first", ["refuse", "close", "garbage", "nothing"])
async def test_a_first_connection_that_fails_is_made_again(chat: Chat, first: str) -> None:
    """However the gateway breaks at the start: the bot goes on trying, and is there when it is."""
    chat.discord.first = first
    stop = asyncio.Event()
    task = asyncio.create_task(run(chat.app, stop, Timeouts(shard_within=0.5)))

    async def tried() -> bool:
        return chat.discord.tried >= 1

    async def connected() -> bool:
        return chat.discord.connected

    await until(tried, seconds=15)
    chat.discord.first = None
    await until(connected, seconds=20)
    said = await chat.discord.mention("How much notice do I give?")
    await chat.answer(said)
    stop.set()
    async with given_up():
        await task
    assert beating() == []


@pytest.mark.parametrize("module", [client, shard])
def test_after_a_long_outage_it_comes_back_within_half_a_minute(chat: Chat, module) -> None:
    """discord.py's own pauses grow to seventeen minutes."""
    set_up(chat.app.settings.discord)
    backoff = module.ExponentialBackoff()
    assert max(backoff.delay() for _ in range(200)) == 30


@pytest.mark.parametrize("event", ["MESSAGE_CREATE", "MESSAGE_DELETE", "THREAD_CREATE", "GUILD_ROLE_UPDATE"])
async def test_an_event_that_is_not_as_documented_is_lost_alone(chat: Chat, event: str) -> None:
    """discord.py would end the whole connection for good."""
    async with running(chat):
        chat.discord._tell(event, {"id": None, "role": None, "author": {"id": "1"}, "mentions": []}, GUILD)
        await chat.discord.flush()
        await chat.answer(await chat.discord.mention("How much notice do I give?"))
        assert chat.discord.identified == 1


async def test_a_message_may_have_nulls_or_lack_lists(chat: Chat) -> None:
    """Where nothing stands in it, it is answered as one that says so at length."""
    async with running(chat):
        full = chat.discord.write(GENERAL, ALICE, {"content": f"<@{BOT}> How much notice?"})
        chat.discord.messages[full["id"]] = full
        nulls = dict.fromkeys(("message_reference", "referenced_message", "poll", "webhook_id", "flags"))
        lacking = ("mention_roles", "attachments", "embeds", "components", "edited_timestamp", "tts")
        said = {key: value for key, value in {**full, **nulls}.items() if key not in lacking}
        chat.discord._tell("MESSAGE_CREATE", {**said, "member": chat.discord.member(GUILD, ALICE)}, GUILD)
        await chat.discord.flush()
        await chat.answer(full["id"])
