"""What goes wrong behind an answer leaves nothing that asyncio complains of, on a Slack of our own."""

import asyncio
import gc
from typing import Any

import pytest

from tests.support.slack_chat import Chat, chatting
from tests.support.slack_server import BOT, CHANNEL
from tests.support.waiting import until

_STATUS = "assistant.threads.setStatus"


chat = chatting()


@pytest.mark.slow
async def test_a_status_that_fails_after_its_question_is_gone(
    chat: Chat, caplog: pytest.LogCaptureFixture
) -> None:
    """The question is deleted while Slack still thinks about its status line, which then fails."""
    chat.core.hold = asyncio.Event()
    chat.slack.held[_STATUS] = asyncio.Event()
    thread = await chat.slack.mention("How much notice do I give?")

    async def held() -> bool:
        return chat.slack.holding > 0 and len(chat.core.asked) > 0

    await until(held)
    gone = {"type": "message", "subtype": "message_deleted", "deleted_ts": thread, "channel": CHANNEL}
    await chat.slack._event({**gone, "ts": "9.9", "channel_type": "channel"})
    failed: list[bool] = []

    def fail() -> None:
        failed.append(True)
        raise RuntimeError("Slack broke")

    chat.slack.before[_STATUS] = fail
    chat.slack.held.pop(_STATUS).set()

    async def is_over() -> bool:
        return bool(failed)

    await until(is_over)
    chat.core.hold.set()
    await chat.answer(await chat.slack.mention("And Bob?"))
    gc.collect()
    assert "never retrieved" not in caplog.text


async def test_a_mention_without_words_asks_all_that_its_thread_began_with(chat: Chat) -> None:
    """A file alone, or what an app shows in blocks and attachments where it has no text."""
    file = chat.slack.file("notice.txt", b"How much notice do I give?")
    alone = await chat.slack.message("", user="U0BOB", subtype="file_share", files=[file])
    await chat.answer(await chat.slack.mention("", thread=alone))
    assert chat.core.asked[0].about == ("How much notice do I give?",)
    section = {"type": "section", "text": {"type": "mrkdwn", "text": "Disk full on *db1*"}}
    alert = {"title": "Runbook?", "text": "", "fallback": "Disk full"}
    app = await chat.slack.workflow("", bot="B0ALERT", blocks=[section], attachments=[alert])
    await chat.answer(await chat.slack.mention("", thread=app, user="U0BOB"))
    assert chat.core.asked[1].text == "Disk full on *db1*\nRunbook?"


async def test_a_mention_without_words_below_nothing_is_told_how_to_ask(chat: Chat) -> None:
    """Where the thread began with the bot's own words, with a message that is gone, or can't be read."""
    gone = await chat.slack.message("How much notice?", user="U0BOB")
    await chat.slack.message("Good question.", thread=gone)
    await chat.slack.delete(gone)
    unread = await chat.slack.message("How much notice?", user="U0BOB")
    own = "5.000001"
    chat.slack._threads[own] = [{"user": BOT, "ts": own, "text": "Four weeks.", "channel": CHANNEL}]
    for thread in (gone, own):
        await chat.slack.mention("", thread=thread)
    await chat.answer(await chat.slack.mention("And Bob?", user="U0BOB"))
    chat.slack.refused["conversations.replies"] = "missing_scope"
    await chat.slack.mention("", thread=unread)

    async def told() -> bool:
        return len([one for one in chat.slack.whispered if "Ask me" in one["text"]]) == 3

    await until(told)
    assert len(chat.core.asked) == 1


async def test_somebody_whose_id_begins_like_the_bots_is_somebody_else(chat: Chat) -> None:
    """Ids have no fixed length."""
    await chat.slack.message(f"<@{BOT}2> how much notice do I give?")
    await chat.answer(await chat.slack.mention("And Bob?"))
    assert [one.text for one in chat.core.asked] == ["And Bob?"]


async def test_a_press_in_a_thread_is_answered_there(chat: Chat) -> None:
    """Where the container doesn't say in which thread its message stands, the message does."""
    thread = await chat.slack.mention("How much notice do I give?")
    shown = await chat.answer(thread)
    for word in ("good", "sources"):
        await chat.slack.press(
            shown, f"docent_{word}", value=chat.core.ids[0], user="U0BOB", names_thread=False
        )

    async def told() -> list[Any]:
        return chat.slack.whispered if len(chat.slack.whispered) > 1 else []

    assert {one["thread_ts"] for one in await until(told)} == {thread}
