"""The thread that the bot is called into, on a Discord of our own and over pages of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.bootstrap import App
from tests.bot.answering.test_words import over
from tests.support.discord_chat import Chat, chatting
from tests.support.discord_world import ALICE, BOB, GENERAL, MOD

_PAGES = (
    "Travel | The hotel limit in London is £180 a night. In Hamburg it is €150.",
    "Code review | Reviews take at most one working day. Prefix remarks with must, maybe, nice or ask.",
    "Lunch | The canteen serves pasta on Mondays.",
)

chat = chatting()


@pytest.fixture
async def docs(tmp_path: Path, chat: Chat) -> AsyncIterator[App]:
    async with over(tmp_path / "docs", _PAGES) as opened:
        chat.core.instead = opened.answerer
        yield opened


@pytest.mark.usefixtures("docs")
async def test_a_question_about_it_is_about_what_people_talked_of(chat: Chat) -> None:
    """Three people talk in a thread, then the bot is asked: what they said is its history, whoever said it."""
    thread = await chat.discord.private_thread(ALICE, BOB, MOD)
    for user, words in (
        (BOB, "let's talk about the hotel limit in London"),
        (MOD, "I stayed at a nice place"),
        (BOB, "ask finance maybe"),
    ):
        await chat.discord.message(words, user=user, channel=thread)
    await chat.discord.mention("so what is it?", channel=thread)
    assert "£180" in (await chat.answer(thread)).text
    assert [turn.text for turn in chat.core.asked[0].history] == [
        "let's talk about the hotel limit in London",
        "I stayed at a nice place",
        "ask finance maybe",
    ]


@pytest.mark.usefixtures("docs")
async def test_a_forwarded_question_is_answered_from_the_docs(chat: Chat) -> None:
    """With a bare mention as a reply to it."""
    said = await chat.discord.forward("What's the hotel limit in Hamburg?", user=BOB, channel=GENERAL)
    thread = await chat.discord.mention("can you answer this?", reply_to=said)
    assert "€150" in (await chat.answer(thread)).text
