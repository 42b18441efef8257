"""What goes wrong behind an answer leaves nothing that asyncio complains of, on a Slack of our own."""

import asyncio
import gc
from typing import Any

import pytest

from tests.support.slack_chat import Chat, chatting
from tests.support.slack_server import CHANNEL
from tests.support.waiting import until

_STATUS = "assistant.threads.setStatus"


chat = chatting()


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
