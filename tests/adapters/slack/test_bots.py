"""Workflows and other apps that may ask, on a Slack of our own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from adapters.chat.incoming import bots
from tests.support.slack_chat import YAML, Chat, chatting, open_slack
from tests.support.slack_server import BOT, SHARED

_YAML = YAML.replace(
    "stop_within: 3s", "stop_within: 3s, allow_bots: [B0FLOW], channels: {C0ONE: {allow_bots: [B0ONE]}}"
)
_ASKS = f"<@{BOT}> How much notice do I give?"


chat = chatting(_YAML)


async def settled(chat: Chat, count: int) -> None:
    """After this nothing that was said before is still to be asked."""
    await chat.answer(await chat.slack.mention("And Bob?"))
    assert len(chat.core.asked) == count + 1


async def test_a_workflow_that_is_named_may_ask(chat: Chat) -> None:
    """It is answered in its thread from what everybody may see; who isn't named is left alone."""
    thread = await chat.slack.workflow(_ASKS)
    await chat.answer(thread)
    await chat.slack.workflow(_ASKS, bot="B0OTHER")
    await chat.slack.workflow(_ASKS, bot="B0ONE")
    await chat.slack.workflow("How much notice do I give?")
    await settled(chat, 1)
    assert chat.core.asked[0].audience == {"everyone"}
    assert chat.core.asked[0].not_found == ""


async def test_a_channel_may_name_its_own(chat: Chat) -> None:
    """There, and nowhere else. An app's message may have a user as well."""
    thread = await chat.slack.workflow(_ASKS, bot="B0ONE", channel="C0ONE", user="U0ONEBOT")
    await chat.answer(thread)
    await settled(chat, 1)


async def test_a_bot_sees_no_more_than_its_place(chat: Chat) -> None:
    """In a channel shared with another company, nothing."""
    await chat.answer(await chat.slack.workflow(_ASKS, channel=SHARED))
    assert chat.core.asked[0].audience == frozenset()


async def test_it_never_answers_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> None:
    """Not even where docent.yaml names it."""
    yaml = _YAML.replace("allow_bots: [B0FLOW]", f"allow_bots: [B0BOT, {BOT}]")
    async with open_slack(tmp_path, monkeypatch.setenv, free_port(), yaml) as chat:
        await chat.slack.workflow(_ASKS, bot="B0BOT")
        await chat.slack.workflow(_ASKS, bot="B0BOT", user=BOT)
        await settled(chat, 0)


async def test_a_bot_gets_one_answer_a_minute(chat: Chat) -> None:
    """However fast it asks, and by how many messages at once."""
    first = await chat.slack.workflow(_ASKS)
    for _ in range(4):
        await chat.slack.workflow(_ASKS)
    await chat.answer(first)
    await settled(chat, 1)


async def test_two_bots_do_not_talk_for_ever(chat: Chat, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a thread there are three answers to bots, however long it goes on; people are answered all the same."""
    monkeypatch.setattr(bots, "_MINUTE", 0.0)
    thread = await chat.slack.workflow(_ASKS)
    await chat.answer(thread)
    for count in (2, 3):
        await chat.slack.workflow(_ASKS, thread=thread)
        await chat.answer(thread, count)
    for _ in range(3):
        await chat.slack.workflow(_ASKS, thread=thread)
    await chat.slack.mention("How much notice?", thread=thread)
    await chat.answer(thread, 4)
    assert len(chat.core.asked) == 4


async def test_an_edit_of_a_bots_is_no_further_question(chat: Chat) -> None:
    """Other bots write by edits: each would be an answer more than they get."""
    said = await chat.slack.workflow(_ASKS, user="B0FLOW")
    await chat.answer(said)
    await chat.slack.edit(said, f"{_ASKS} And when?")
    await settled(chat, 1)
