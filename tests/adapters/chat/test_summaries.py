"""Summaries of what was said, on both platforms, with a model that is a script."""

import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support import discord_chat, slack_chat
from tests.support.discord_chat import open_discord, running
from tests.support.discord_world import ALICE, BOB, GENERAL, GUILD
from tests.support.fakes import FakeWriter, Hangs, Says
from tests.support.slack_chat import open_slack
from tests.support.slack_server import CHANNEL, HELP
from tests.support.waiting import until

_MODEL = "writer: {openai: {model: gpt-test, api_key: '${KEY}'}}\n"
_POINTS = (
    Says("Bob says that the hotel in London costs 180 pounds. ", (1,)),
    Says("The moon is made of cheese. "),
)
Opened = Callable[..., Any]


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY", "of-the-test")


# --- Slack ----------------------------------------------------------------------------------------


@pytest.fixture
def in_slack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]) -> Opened:
    return lambda writer, yaml=slack_chat.YAML + _MODEL: open_slack(
        tmp_path, monkeypatch.setenv, free_port(), yaml, writer=writer
    )


async def talk(chat: slack_chat.Chat) -> str:
    """A thread of two people; the ts of its first message."""
    first = await chat.slack.message("What may the hotel in London cost?")
    await chat.slack.message("The hotel in London costs 180 pounds.", user="U0BOB", thread=first)
    return first


async def test_slack_a_channels_last_day(in_slack: Opened) -> None:
    """`/docent summarize`, anybody's: for them alone, each point with a link to its message, what isn't in one left out."""
    writer = FakeWriter(_POINTS)
    async with in_slack(writer) as chat:
        await talk(chat)
        await chat.slack.command("/docent", "summarize")
        shown = await chat.whisper("180 pounds")
        assert shown["user"] == "U0ALICE"
        assert "cheese" not in shown.whole
        assert f"/archives/{CHANNEL}/p" in shown.whole
        assert "bob, " in shown.whole
        assert "Of 2 messages." in shown.whole
        (spent,) = await chat.app.journal.spent()
        assert (spent.model, spent.calls, spent.output_tokens > 0) == ("fake", 1, True)
        assert "Share in channel" in shown.whole
        assert [one.text for one in writer.briefs[0].passages] == [
            "alice: What may the hotel in London cost?",
            "bob: The hotel in London costs 180 pounds.",
        ]
        assert chat.core.asked == []


async def test_slack_whoever_got_a_summary_shares_it(in_slack: Opened) -> None:
    """Once, in the channel that it sums up; nobody else does, and it isn't shown elsewhere."""
    async with in_slack(FakeWriter(_POINTS)) as chat:
        await talk(chat)
        await chat.slack.command("/docent", "summarize")
        shown = await chat.whisper("180 pounds")
        (value,) = set(re.findall(r'"docent_share".*?"value": "(\w+)"', shown.whole))
        await chat.slack.press(shown, "docent_share", value=value, user="U0BOB")
        await chat.whisper("Only whoever asked can share")
        await chat.slack.press(shown, "docent_share", value=value, channel=HELP)
        await chat.slack.press(shown, "docent_share", value=value)

        async def shared() -> list[Any]:
            return [one for one in chat.slack.said.values() if "shared this summary" in one.whole]

        (one,) = await until(shared)
        assert one["channel"] == CHANNEL
        assert "180 pounds" in one.whole
        await chat.slack.press(shown, "docent_share", value=value)
        await chat.whisper("You've shared this answer here already")
        assert len(await shared()) == 1


async def test_slack_a_thread_from_its_message(in_slack: Opened) -> None:
    """The shortcut sums up the thread that a message is in, and nothing beside it."""
    writer = FakeWriter(_POINTS)
    async with in_slack(writer) as chat:
        await chat.slack.message("Lunch at noon?", user="U0CAROL")
        first = await talk(chat)
        await chat.slack.shortcut("docent_summarize", first, text="What may it cost?", reply_count=1)
        await chat.whisper("180 pounds")
        assert not any("Lunch" in one.text for one in writer.briefs[0].passages)


async def test_slack_without_a_model(in_slack: Opened) -> None:
    """Where answers are quotes there are no summaries, and it says why."""
    async with in_slack(FakeWriter(_POINTS), slack_chat.YAML) as chat:
        await talk(chat)
        await chat.slack.command("/docent", "summarize")
        await chat.whisper("Summaries need a model")


async def test_slack_one_a_minute(in_slack: Opened) -> None:
    """A second one within the minute is put off, whoever else may have theirs."""
    async with in_slack(FakeWriter(_POINTS)) as chat:
        await talk(chat)
        for _ in range(2):
            await chat.slack.command("/docent", "summarize")
        await chat.whisper("One summary a minute")
        await chat.slack.command("/docent", "summarize", user="U0BOB")

        async def bobs() -> bool:
            return any(one["user"] == "U0BOB" and "180" in one.whole for one in chat.slack.whispered)

        await until(bobs)


async def test_slack_nothing_was_said(in_slack: Opened) -> None:
    """One message needs no summary."""
    async with in_slack(FakeWriter(_POINTS)) as chat:
        await chat.slack.message("Lunch?")
        await chat.slack.command("/docent", "summarize")
        await chat.whisper("There is nothing to sum up")


async def test_slack_where_the_bot_is_not(in_slack: Opened) -> None:
    """What it can't read it doesn't sum up, and says what to do."""
    async with in_slack(FakeWriter(_POINTS)) as chat:
        chat.slack.refused["conversations.history"] = "not_in_channel"
        await chat.slack.command("/docent", "summarize")
        await chat.whisper("I have to be in the channel")


@pytest.mark.parametrize("script", [(Says("Nothing here is in a message: 999 euros."),), ()])
async def test_slack_what_rests_on_nothing(in_slack: Opened, script: Any) -> None:
    """A model that says what no message says, or nothing at all, ends in a word."""
    async with in_slack(FakeWriter(script)) as chat:
        await talk(chat)
        await chat.slack.command("/docent", "summarize")
        await chat.whisper("nothing in it that I could sum up")


async def test_slack_a_model_that_hangs(in_slack: Opened) -> None:
    """It has its time, and then whoever waits is told."""
    yaml = slack_chat.YAML.replace("limits: {", "limits: {answer_deadline: 1s, ") + _MODEL
    async with in_slack(FakeWriter((Hangs(),)), yaml) as chat:
        await talk(chat)
        await chat.slack.command("/docent", "summarize")
        await chat.whisper("took too long")


# --- Discord --------------------------------------------------------------------------------------


@pytest.fixture
async def discord(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> AsyncIterator[discord_chat.Chat]:
    yaml = discord_chat.YAML.replace("discord:\n", "discord:\n  message_content: true\n") + _MODEL
    writer = FakeWriter(_POINTS)
    async with open_discord(tmp_path, monkeypatch.setenv, free_port(), yaml, writer=writer) as chat:
        async with running(chat):
            yield chat
        assert chat.discord.rest.wrong == []


async def said(chat: discord_chat.Chat) -> str:
    await chat.discord.message("What may the hotel in London cost?")
    return await chat.discord.message("The hotel in London costs 180 pounds.", user=BOB)


async def test_discord_a_channels_last_day(discord: discord_chat.Chat) -> None:
    """`/summarize`, and the menu of a message: for whoever wants it alone, with links to the messages."""
    number = await said(discord)
    one = await discord.discord.command("summarize")
    shown = await discord.said_to(one, "180 pounds")
    assert shown["user"] == ALICE
    assert "cheese" not in shown.whole
    assert f"https://discord.com/channels/{GUILD}/{GENERAL}/{number}" in shown.whole
    await discord.discord.press(shown, "Share in channel")

    async def shared() -> list[Any]:
        return [one for one in discord.discord.said.values() if "shared this summary" in one.text]

    assert "180 pounds" in (await until(shared))[0].whole
    menu = await discord.discord.menu("Summarize", number, user=BOB)
    await discord.said_to(menu, "180 pounds")


async def test_discord_who_may_not_read_gets_nothing(discord: discord_chat.Chat) -> None:
    """Somebody without the right to read a channel's history has no summary of it."""
    await said(discord)
    discord.discord.unread.add(BOB)
    one = await discord.discord.command("summarize", user=BOB)
    await discord.said_to(one, "You may not read what was said here")


chat = discord_chat.chatting()


async def test_discord_without_a_model_or_the_intent(chat: discord_chat.Chat) -> None:
    """It says what is missing."""
    one = await chat.discord.command("summarize")
    await chat.said_to(one, "Summaries need a model")
