"""The thread that the bot is called into, on a Slack of our own and over pages of its own."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from bot.bootstrap import App
from tests.bot.answering.test_words import over
from tests.support.slack_chat import YAML, Chat, open_slack
from tests.support.waiting import until

_PAGES = (
    "Travel | The hotel limit in London is £180 a night. In Hamburg it is €150.",
    "Code review | Reviews take at most one working day. Prefix remarks with must, maybe, nice or ask.",
    "Lunch | The canteen serves pasta on Mondays.",
)


@pytest.fixture
async def docs(tmp_path: Path) -> AsyncIterator[App]:
    async with over(tmp_path / "docs", _PAGES) as opened:
        yield opened


@pytest.fixture
async def chat(
    docs: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> AsyncIterator[Chat]:
    yaml = YAML.replace("questions_per_minute: 3", "questions_per_minute: 30")
    async with open_slack(tmp_path, monkeypatch.setenv, free_port(), yaml) as chat:
        chat.core.instead = docs.answerer
        yield chat


@pytest.mark.slow
async def test_a_question_about_it_is_about_what_people_talked_of(chat: Chat) -> None:
    """Three people and an app talk, then the bot is asked: what they said is its history, whoever said it."""
    thread = await chat.slack.message("let's talk about the hotel limit in London", user="U0BOB")
    await chat.slack.message("I stayed at a nice place", user="U0CAROL", thread=thread)
    await chat.slack.workflow("Reminder: stand-up", thread=thread)
    await chat.slack.message("ask finance maybe", user="U0BOB", thread=thread)
    await chat.slack.mention("so what is it?", thread=thread)
    shown = await chat.answer(thread)
    assert "£180" in shown.whole
    assert [turn.text for turn in chat.core.asked[0].history] == [
        "let's talk about the hotel limit in London",
        "I stayed at a nice place",
        "Reminder: stand-up",
        "ask finance maybe",
    ]


@pytest.mark.slow
async def test_chatter_is_no_gap(chat: Chat) -> None:
    """What isn't a question by itself isn't listed as missing in the docs; one that is, is."""
    thread = await chat.slack.message("who wants pizza?", user="U0BOB")
    await chat.slack.message("me", user="U0CAROL", thread=thread)
    await chat.slack.mention("so what is it?", thread=thread)
    await chat.answer(thread)
    await chat.slack.mention("How do I order new business cards?", thread=thread)
    await chat.answer(thread, 2)

    async def gaps() -> Any:
        return await chat.app.records.lookback.gaps()

    assert [gap.question for gap in await until(gaps)] == ["How do I order new business cards?"]


@pytest.mark.slow
async def test_a_forwarded_question_is_answered_from_the_docs(chat: Chat) -> None:
    """With a bare mention beside it."""
    shared = {"is_share": True, "is_msg_unfurl": True, "text": "What's the hotel limit in Hamburg?", "id": 1}
    shown = await chat.answer(await chat.slack.mention("can you answer this?", attachments=[shared]))
    assert "€150" in shown.whole
