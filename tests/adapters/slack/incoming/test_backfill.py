"""What was said in Slack while no process listened."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot.ports import Unavailable
from tests.support.slack_chat import Chat, chatting, connected
from tests.support.slack_server import BOT
from tests.support.waiting import until

DIRECT = "D0ALICE"


chat = chatting()


@asynccontextmanager
async def started_anew(chat: Chat) -> AsyncIterator[None]:
    """Another process on the same journal, beside the first: what that one had counts as said."""
    async with connected(chat.slack, chat.app):
        yield


def questions(chat: Chat) -> list[str]:
    return [question.text for question in chat.core.asked]


async def test_what_nobody_heard_is_answered_at_the_next_start(chat: Chat) -> None:
    """A mention in a channel, one in a thread and a direct message, where something had been asked before."""
    thread = await chat.slack.mention("How much notice?")
    await chat.answer(thread)
    direct = await chat.slack.direct("How much notice, in private?")
    await chat.answer(direct)
    fresh = chat.slack.unheard(f"<@{BOT}> And how much leave?", user="U0BOB")
    chat.slack.unheard(f"<@{BOT}> And how much in summer?", thread=thread, user="U0BOB")
    chat.slack.unheard("How about sick days?", channel=DIRECT)
    async with started_anew(chat):
        await chat.answer(fresh)
        await chat.answer(thread, 2)
        await until_asked(chat, "How about sick days?")
    assert len(questions(chat)) == 5


async def test_what_is_no_late_question_stays_unanswered(chat: Chat) -> None:
    """Messages to others, thanks, what is older than an answer may be, and what the bot answered already."""
    thread = await chat.slack.mention("How much notice?")
    await chat.answer(thread)
    chat.slack.unheard("Does anybody know how much leave we get?")
    chat.slack.unheard(f"<@{BOT}> thanks!")
    chat.slack.unheard(f"<@{BOT}> What was asked long ago?", ago=3600)
    chat.slack.unheard(f"<@{BOT}>")
    elsewhere = chat.slack.unheard(f"<@{BOT}> In a channel that it was never asked in?", channel="C0NEVER")
    last = chat.slack.unheard(f"<@{BOT}> And this one?")
    async with started_anew(chat):
        await chat.answer(last)
    assert questions(chat) == ["How much notice?", "And this one?"]
    assert chat.slack.answers(elsewhere) == []


@pytest.mark.slow
async def test_nothing_is_answered_twice(chat: Chat) -> None:
    """What was missed and comes once more by itself, or was looked for by two processes, has one answer."""
    thread = await chat.slack.mention("How much notice?")
    await chat.answer(thread)
    missed = chat.slack.unheard(f"<@{BOT}> And how much leave?", user="U0BOB")
    async with started_anew(chat), started_anew(chat):
        await chat.answer(missed)
    async with started_anew(chat):
        again = chat.slack.unheard(f"<@{BOT}> The last one?")
        async with started_anew(chat):
            await chat.answer(again)
    assert len(chat.slack.answers(missed)) == 1


async def test_a_journal_that_is_down_answers_nothing_late(chat: Chat, monkeypatch: Any) -> None:
    """Without it nobody knows what was answered."""
    thread = await chat.slack.mention("How much notice?")
    await chat.answer(thread)
    chat.slack.unheard(f"<@{BOT}> And how much leave?", user="U0BOB")

    async def down(*_: object, **__: object) -> list[str]:
        raise Unavailable("the journal", "it is locked.")

    monkeypatch.setattr(type(chat.app.journal), "places", down)
    async with started_anew(chat):
        later = await chat.slack.mention("Is somebody there?")
        await chat.answer(later)
    assert questions(chat) == ["How much notice?", "Is somebody there?"]


async def until_asked(chat: Chat, text: str) -> None:
    async def asked() -> bool:
        return text in questions(chat)

    await until(asked)
