"""Questions that are edited, on a Discord of our own."""

import asyncio
from typing import Any

import pytest

from adapters.chat.questions.answer_run import EDITED
from bot.model import Answer, Outcome
from tests.support.discord_chat import Chat, chatting
from tests.support.discord_world import ALICE, BOB, BOT, GENERAL
from tests.support.scripted import LEAVE
from tests.support.waiting import until

_RENT = Answer("", Outcome.ANSWERED, "The rent is due on Friday [1].", (LEAVE,))

chat = chatting()


async def shows(chat: Chat, channel: str, words: str) -> Any:
    """The only answer in a channel, once it says so."""

    async def look() -> list[Any]:
        return [one for one in chat.discord.answers(channel) if words in one.whole and one.sources]

    (found,) = await until(look)
    assert chat.discord.answers(channel) == [found]
    return found


async def test_an_edited_question_is_answered_anew_in_its_place(chat: Chat) -> None:
    """The answer's own message says the new one, with a word that it did."""
    chat.core.answers["rent"] = _RENT
    thread = await chat.discord.mention("How much notcie?")
    before = await chat.answer(thread)
    await chat.discord.edit(thread, f"<@{BOT}> When is the rent due?")
    after = await shows(chat, thread, "on Friday")
    assert after["id"] == before["id"]
    assert "-# edited" in after.sources
    assert [one.text for one in chat.core.asked] == ["How much notcie?", "When is the rent due?"]


async def test_it_may_be_edited_while_it_is_answered(chat: Chat) -> None:
    """Edits in quick succession: one answer stands, to the last words."""
    chat.core.answers["rent"] = _RENT
    chat.core.hold = asyncio.Event()
    thread = await chat.discord.mention("How much notcie?")
    await chat.asked()
    await chat.discord.edit(thread, f"<@{BOT}> How much notice?")
    await chat.asked(2)
    await chat.discord.edit(thread, f"<@{BOT}> When is the rent due?")
    chat.core.hold.set()
    await shows(chat, thread, "on Friday")


@pytest.mark.parametrize("swept", [True, False])
async def test_a_question_that_is_deleted_after_an_edit_is_left(chat: Chat, *, swept: bool) -> None:
    """Whether its asker deletes it, or a moderator sweeps the channel."""
    chat.core.hold = asyncio.Event()
    thread = await chat.discord.mention("How much notcie?")
    await chat.asked()
    await chat.discord.edit(thread, f"<@{BOT}> How much notice?")
    await chat.asked(2)
    await chat.discord.delete(thread, swept=swept)

    async def is_left() -> bool:
        found = await chat.app.journal.recorded_by_key(f"discord:{thread}", further=EDITED)
        return found is not None and found.answer is not None

    await until(is_left)
    chat.core.hold.set()
    await chat.answer(await chat.discord.mention("How much notice, Bob?"))
    assert chat.discord.answers(thread) == []


async def test_what_somebody_answered_after_stays(chat: Chat) -> None:
    """Once somebody has written in the thread it stays as they read it."""
    chat.core.answers["rent"] = _RENT
    thread = await chat.discord.mention("How much notice?")
    await chat.answer(thread)
    await chat.discord.message("That isn't much.", user=BOB, channel=thread)
    await chat.discord.edit(thread, f"<@{BOT}> When is the rent due?")
    await chat.answer(await chat.discord.mention("How much notice, Bob?"))
    assert len(chat.core.asked) == 2
    await shows(chat, thread, "four weeks' notice")


async def test_a_mention_that_is_added_is_answered(chat: Chat) -> None:
    """As in Slack; a preview under a message is no edit."""
    said = await chat.discord.message("How much notice?")
    await chat.discord.edit(said, "", preview=True)
    await chat.discord.edit(said, f"<@{BOT}> How much notice?")
    await chat.answer(said)
    await chat.discord.edit(said, "", preview=True)
    await chat.answer(await chat.discord.mention("How much notice, Bob?"))
    assert len(chat.core.asked) == 2


async def test_a_direct_message_may_be_edited(chat: Chat) -> None:
    """In a direct message as well."""
    chat.core.answers["rent"] = _RENT
    channel = str(chat.discord.dm(ALICE)["id"])
    said = await chat.discord.message("How much notcie?", channel=channel)
    await chat.answer(channel)
    await chat.discord.edit(said, "When is the rent due?")
    await shows(chat, channel, "on Friday")


async def test_an_edit_without_a_mention_is_nobodys_question(chat: Chat) -> None:
    """What people edit among themselves isn't looked at."""
    said = await chat.discord.message("How much notcie?")
    await chat.discord.edit(said, "How much notice?")
    await chat.answer(await chat.discord.mention("How much notice, Bob?", channel=GENERAL))
    assert len(chat.core.asked) == 1
