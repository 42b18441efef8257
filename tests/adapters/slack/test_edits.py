"""Questions that are edited, on a Slack of our own."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from adapters.chat.incoming import revision
from bot.model import Answer, Outcome
from tests.support.scripted import LEAVE
from tests.support.slack_chat import YAML, Chat, open_slack
from tests.support.slack_server import BOT, CHANNEL
from tests.support.waiting import until

_RENT = Answer("", Outcome.ANSWERED, "The rent is due on Friday [1].", (LEAVE,))


@pytest.fixture
async def chat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> AsyncIterator[Chat]:
    yaml = YAML.replace("questions_per_minute: 3", "questions_per_minute: 30")
    async with open_slack(tmp_path, monkeypatch.setenv, free_port(), yaml) as chat:
        chat.core.answers["rent"] = _RENT
        yield chat


async def shows(chat: Chat, thread: str, words: str) -> Any:
    """The only answer in a thread, once it says so."""

    async def look() -> list[Any]:
        return [one for one in chat.slack.answers(thread) if words in one.whole]

    (found,) = await until(look)
    assert chat.slack.answers(thread) == [found]
    return found


async def test_an_edited_question_is_answered_anew_in_its_place(chat: Chat) -> None:
    """The answer's own message says the new one, with a word that it did; its buttons are about the new question."""
    thread = await chat.slack.mention("How much notcie?")
    before = await chat.answer(thread)
    await chat.slack.edit(thread, f"<@{BOT}> When is the rent due?", times=3)
    after = await shows(chat, thread, "on Friday")
    assert after["ts"] == before["ts"]
    assert "_edited_" in after.whole
    assert [one.text for one in chat.core.asked] == ["How much notcie?", "When is the rent due?"]
    assert f'"value": "{chat.core.ids[1]}"' in after.whole
    assert f'"value": "{chat.core.ids[0]}"' not in after.whole


async def test_it_may_be_edited_again_and_while_it_is_answered(chat: Chat) -> None:
    """Edits in quick succession, the first still being answered: one answer stands, to the last words."""
    chat.core.hold = asyncio.Event()
    thread = await chat.slack.mention("How much notcie?")
    await chat.slack.edit(thread, f"<@{BOT}> How much notice?")
    await chat.slack.edit(thread, f"<@{BOT}> When is the rent due?")
    chat.core.hold.set()
    await shows(chat, thread, "on Friday")
    await chat.slack.edit(thread, f"<@{BOT}> How much notice, then?")
    await shows(chat, thread, "four weeks' notice")


async def test_what_somebody_answered_after_stays(chat: Chat) -> None:
    """Once somebody has written behind the answer, it stays as they read it."""
    thread = await chat.slack.mention("How much notice?")
    await chat.answer(thread)
    await chat.slack.message("Four weeks isn't much.", user="U0BOB", thread=thread)
    await chat.slack.edit(thread, f"<@{BOT}> When is the rent due?")
    await chat.answer(await chat.slack.mention("How much notice?"))
    assert "four weeks" in (await shows(chat, thread, "notice")).whole
    assert len(chat.core.asked) == 2


async def test_a_preview_or_somebody_elses_edit_changes_nothing(chat: Chat) -> None:
    """Slack tells of a preview like of an edit; nobody else's words replace the asker's."""
    thread = await chat.slack.mention("How much notice?")
    await chat.answer(thread)
    await chat.slack.edit(thread, "", preview=True)
    await chat.slack.edit(thread, f"<@{BOT}> When is the rent due?", user="U0BOB")
    await chat.answer(await chat.slack.mention("How much notice, Bob?"))
    assert "four weeks" in (await shows(chat, thread, "notice")).whole
    assert len(chat.core.asked) == 2


async def test_an_old_question_is_left_as_it_was_answered(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After ten minutes an edit changes nothing."""
    monkeypatch.setattr(revision, "_WITHIN", timedelta(0))
    thread = await chat.slack.mention("How much notice?")
    await chat.answer(thread)
    await chat.slack.edit(thread, f"<@{BOT}> When is the rent due?")
    await chat.answer(await chat.slack.mention("And for Bob?"))
    assert [one.text for one in chat.core.asked] == ["How much notice?", "And for Bob?"]


async def test_a_mention_that_is_added_is_answered_once(chat: Chat) -> None:
    """Slack tells of it as an edit and as a mention: there is one answer."""
    said = await chat.slack.message("How much notice?")
    await chat.slack.edit(said, f"<@{BOT}> How much notice?", times=2)
    await chat.answer(said)
    assert len(chat.core.asked) == 1


@pytest.mark.parametrize("edited", [True, False])
async def test_a_question_that_is_deleted_meanwhile_is_left(chat: Chat, *, edited: bool) -> None:
    """Also where Slack keeps a tombstone above the answer that was begun, and in whichever words it stands."""
    chat.core.hold = asyncio.Event()
    thread = await chat.slack.mention("How much notice?")
    await chat.asked()

    async def begun() -> bool:
        return any(one.get("thread_ts") == thread for one in chat.slack.said.values())

    await until(begun)
    if edited:
        await chat.slack.edit(thread, f"<@{BOT}> How much notcie?")
        await chat.asked(2)
    await chat.slack.delete(thread)

    async def gone() -> bool:
        return not await begun()

    await until(gone)
    chat.core.hold.set()
    await chat.answer(await chat.slack.mention("How much notice, Bob?"))
    assert not await begun()


async def test_a_question_may_be_gone_before_it_is_told(chat: Chat) -> None:
    """Slack promises no order."""
    said = await chat.slack.message("How much notice?")
    await chat.slack.delete(said)
    late = {"type": "app_mention", "channel": CHANNEL, "user": "U0ALICE", "ts": said}
    await chat.slack._event({**late, "text": f"<@{BOT}> How much notice?"})
    await chat.answer(await chat.slack.mention("How much notice, Bob?"))
    assert [one.text for one in chat.core.asked] == ["How much notice, Bob?"]


async def test_what_was_not_found_before_the_edit_is_no_gap(chat: Chat) -> None:
    """A slip that was mended isn't listed as missing in the docs."""
    chat.core.answers["notcie"] = Answer("", Outcome.NOT_FOUND, "The docs don't say.")
    thread = await chat.slack.mention("How much notcie?")

    async def kept() -> Any:
        return await chat.app.records.lookback.gaps()

    await until(kept)
    await chat.slack.edit(thread, f"<@{BOT}> How much notice?")
    await shows(chat, thread, "four weeks' notice")
    assert await chat.app.records.lookback.gaps() == []


async def test_a_direct_message_may_be_edited(chat: Chat) -> None:
    """In a direct message as well, and where it was a greeting before."""
    said = await chat.slack.direct("Hello!")
    await chat.slack.edit(said, "When is the rent due?", channel="D0ALICE")

    async def answered() -> bool:
        return "on Friday" in chat.slack.answers(said)[-1].whole

    await until(answered)
