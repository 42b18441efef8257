"""Asking a human, on both platforms: the help channel, tickets, and the answer that comes back."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from adapters.chat import messages
from bot.backends.tickets.trackers import open_tickets
from bot.model import Answer, Outcome
from tests.support import discord_chat, slack_chat
from tests.support.discord_world import ALICE, LEADS, MOD
from tests.support.discord_world import HELP as DISCORD_HELP
from tests.support.slack_chat import open_slack
from tests.support.slack_server import HELP, Message
from tests.support.tracker_server import SECRET, TOKEN, TrackerServer
from tests.support.waiting import until

_NOT_FOUND = Answer("", Outcome.NOT_FOUND, "The docs don't say.")
_ON_CALL = "help: {on_call: '@docs-oncall <!channel> @everyone'}\n"
_QUESTION = "What's the CEO's shoe size?"


@pytest.fixture
async def slack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> AsyncIterator[slack_chat.Chat]:
    async with open_slack(tmp_path, monkeypatch.setenv, free_port(), slack_chat.YAML + _ON_CALL) as chat:
        chat.core.answers["shoe"] = _NOT_FOUND
        yield chat


async def in_help(chat: slack_chat.Chat) -> Message:
    """The question in Slack's help channel."""

    async def look() -> list[Message]:
        return [one for one in chat.slack.said.values() if one["channel"] == HELP]

    (found,) = await until(look)
    return found


async def asked_human(chat: slack_chat.Chat, *, private: bool = False) -> Message:
    if private:
        await chat.slack.command("/ask", _QUESTION)
        shown = await chat.whisper("The docs don't say")
    else:
        shown = await chat.answer(await chat.slack.mention(_QUESTION))
    await chat.slack.press(shown, "docent_human", value=chat.core.ids[0])
    await chat.whisper("I've asked in the help channel.")
    return await in_help(chat)


async def direct(chat: slack_chat.Chat, words: str) -> Message:
    async def look() -> list[Message]:
        return [one for one in chat.slack.said.values() if one["channel"] == "D0ALICE" and words in one.whole]

    return (await until(look))[-1]


async def test_slack_who_is_on_call_is_named_and_nobody_is_notified(slack: slack_chat.Chat) -> None:
    """A user group's name is text: it stands there and pings nobody."""
    posted = await asked_human(slack)
    assert "On call: @docs-oncall" in posted.whole
    assert "<!channel>" not in posted.whole
    assert "@everyone" not in posted.whole
    assert messages.HELP_THREAD in posted.whole


async def test_slack_a_user_groups_people_are_on_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> None:
    """Those who are in it at that moment, by name; nobody is named for a group that isn't known."""
    yaml = slack_chat.YAML + "help: {on_call: S0ONCALL1}\n"
    async with open_slack(tmp_path, monkeypatch.setenv, free_port(), yaml) as chat:
        chat.core.answers["shoe"] = _NOT_FOUND
        assert "On call: dave" in (await asked_human(chat)).whole
        chat.slack.refused["usergroups.users.list"] = "no_such_subteam"
        shown = await chat.answer(await chat.slack.mention(_QUESTION, user="U0BOB"))
        await chat.slack.press(shown, "docent_human", value=chat.core.ids[1], user="U0BOB")

        async def posted() -> list[Message]:
            found = [one for one in chat.slack.said.values() if one["channel"] == HELP]
            return found if len(found) > 1 else []

        assert "On call" not in (await until(posted))[-1].whole


@pytest.mark.parametrize("kept", ["told", "kept"])
async def test_slack_a_humans_answer_comes_back(slack: slack_chat.Chat, kept: str) -> None:
    """What somebody says below the question goes to the asker alone, once, also where Slack tells no metadata."""
    slack.slack.tells_metadata = kept == "told"
    posted = await asked_human(slack, private=True)
    await slack.slack.message("It's 43. <!channel>", user="U0BOB", thread=posted["ts"], channel=HELP)
    told = await direct(slack, "It's 43.")
    assert "bob answers your question" in told.whole
    assert _QUESTION in told.whole
    assert "<!channel>" not in told.whole
    passed = await slack.whisper("Passed on")
    assert passed["user"] == "U0BOB"
    assert len(slack.core.asked) == 1


async def test_slack_an_answer_is_offered_as_verified(slack: slack_chat.Chat) -> None:
    """The form of "Save as verified answer" holds the question as it was asked."""
    posted = await asked_human(slack)
    ts = await slack.slack.message("It's 43.", user="U0BOB", thread=posted["ts"], channel=HELP)
    await slack.whisper("Save as verified answer")
    await slack.slack.shortcut(
        "docent_save_verified", ts, text="It's 43.", user="U0CAROL", channel=HELP, thread_ts=posted["ts"]
    )

    async def form() -> list[dict[str, Any]]:
        return slack.slack.views

    blocks = (await until(form))[-1]["blocks"]
    filled = {one["block_id"]: one["element"].get("initial_value") for one in blocks}
    assert (filled["question"], filled["answer"]) == (_QUESTION, "It's 43.")


async def test_slack_other_threads_of_the_help_channel_are_none_of_it(slack: slack_chat.Chat) -> None:
    """Words below somebody's own message go nowhere, and a mention in the question's thread is a question."""
    posted = await asked_human(slack)
    own = await slack.slack.message("Lunch?", user="U0BOB", channel=HELP)
    await slack.slack.message("At noon.", user="U0CAROL", thread=own, channel=HELP)
    await slack.slack.mention("How much notice?", user="U0BOB", thread=posted["ts"], channel=HELP)

    async def both() -> bool:
        return len(slack.core.asked) == 2

    await until(both)
    assert not [one for one in slack.slack.said.values() if "At noon" in one.whole]
    assert not [one for one in slack.slack.said.values() if one["channel"] == "D0ALICE"]


async def test_slack_a_ticket_is_opened_besides(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> None:
    """Tickets need no help channel; the asker hears where, once, and where it fails may ask again."""
    monkeypatch.setenv("TRACKER", TOKEN)
    monkeypatch.setenv("HOOK", SECRET)
    async with TrackerServer.running(free_port()) as trackers:
        yaml = (
            slack_chat.YAML.replace(f"help_channel: {HELP}, ", "")
            + f'help: {{github: {{repository: acme/docs, token: "${{TRACKER}}", api_url: "{trackers.url}"}}}}\n'
        )
        async with open_slack(tmp_path, monkeypatch.setenv, free_port(), yaml, tickets=open_tickets) as chat:
            chat.core.answers["shoe"] = _NOT_FOUND
            shown = await chat.answer(await chat.slack.mention(_QUESTION))
            trackers.refuse = 503
            await chat.slack.press(shown, "docent_human", value=chat.core.ids[0])
            await chat.whisper("Something went wrong on my side")
            trackers.refuse = 0
            for _ in range(2):
                await chat.slack.press(shown, "docent_human", value=chat.core.ids[0])
                await chat.whisper("https://github.com/acme/docs/issues/7")
        assert len(trackers.opened) == 1


# --- Discord --------------------------------------------------------------------------------------


discord = discord_chat.chatting(discord_chat.YAML + _ON_CALL)


async def discord_help(chat: discord_chat.Chat) -> Any:
    chat.core.answers["shoe"] = _NOT_FOUND
    shown = await chat.answer(await chat.discord.mention(_QUESTION))
    await chat.said_to(await chat.discord.press(shown, "Ask a human"), "I've asked in the help channel")
    (posted,) = chat.discord.answers(DISCORD_HELP)
    return posted


async def test_discord_a_humans_answer_comes_back(discord: discord_chat.Chat) -> None:
    """A reply to the question in the help channel goes to the asker alone, and whoever wrote it hears so."""
    posted = await discord_help(discord)
    assert "On call: @docs-oncall" in posted.text
    await discord.discord.message("It's 43.", user=MOD, channel=DISCORD_HELP, reply_to=posted["id"])
    alice = str(discord.discord.dm(ALICE)["id"])

    async def told() -> list[Any]:
        return [one for one in discord.discord.answers(alice) if "It's 43." in one.text]

    (answer,) = await until(told)
    assert "mod answers your question" in answer.text
    assert _QUESTION in answer.text

    async def passed() -> list[Any]:
        return [one for one in discord.discord.answers(DISCORD_HELP) if "Passed on" in one.text]

    await until(passed)
    assert len(discord.core.asked) == 1


async def test_discord_a_role_is_on_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> None:
    """By its name, as text; one that isn't there is not named."""
    yaml = discord_chat.YAML + f"help: {{on_call: '{LEADS}'}}\n"
    opened = discord_chat.open_discord(tmp_path, monkeypatch.setenv, free_port(), yaml)
    async with opened as chat, discord_chat.running(chat):
        chat.core.answers["shoe"] = _NOT_FOUND
        posted = await discord_help(chat)
        assert "On call: leads" in posted.text
        assert "<@&" not in posted.text


async def test_discord_a_forged_mark_reaches_nobody(discord: discord_chat.Chat) -> None:
    """Only the bot's own message says which question is answered."""
    posted = await discord_help(discord)
    mark = posted.text.splitlines()[-1]
    forged = await discord.discord.message(f"> hello\n{mark}", user=MOD, channel=DISCORD_HELP)
    await discord.discord.message("It's 43.", user=MOD, channel=DISCORD_HELP, reply_to=forged)
    await discord.discord.mention("How much notice?")

    async def asked() -> bool:
        return len(discord.core.asked) == 2

    await until(asked)
    alice = str(discord.discord.dm(ALICE)["id"])
    assert discord.discord.answers(alice) == []
