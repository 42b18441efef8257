"""Channels whose answers are private, on a Discord of our own: a mention is answered by a direct message."""

from typing import Any

from tests.support.discord_chat import YAML, Chat, chatting
from tests.support.discord_world import ALICE, BOB, GENERAL
from tests.support.waiting import until

_QUESTION = "How much notice do I give?"

chat = chatting(
    YAML.replace("{audience: [everyone, leads]}", "{audience: [everyone, leads], answers: private}").replace(
        "discord:", "discord:\n  message_content: true", 1
    )
)


async def test_a_mention_is_answered_alone_and_shared_where_it_was_asked(chat: Chat) -> None:
    """The channel sees nothing of it until its asker shares it."""
    await chat.discord.mention(_QUESTION)
    direct = str(chat.discord.dm(ALICE)["id"])
    shown = await chat.answer(direct)
    assert shown.text == f"> {_QUESTION}\n\nYou give four weeks' notice [1]."
    assert chat.discord.answers(GENERAL) == []
    await chat.discord.press(shown, "Share in channel")

    async def shared() -> list[Any]:
        return chat.discord.answers(GENERAL)

    (message,) = await until(shared)
    assert "alice shared this answer" in message.text
    assert "four weeks' notice" in message.text
    assert "Share in channel" not in message.buttons


async def test_what_the_channel_may_not_see_stays_private(chat: Chat) -> None:
    """Share is for what everybody there may see."""
    await chat.discord.mention(_QUESTION)
    shown = await chat.answer(str(chat.discord.dm(ALICE)["id"]))
    chat.shelf.visible["handbook:leave.md"] = frozenset({"partners"})
    one = await chat.discord.press(shown, "Share in channel")
    await chat.said_to(one, "not everybody here may see")
    assert chat.discord.answers(GENERAL) == []


async def test_who_left_the_server_shares_nothing_there(chat: Chat) -> None:
    """What is pressed later is judged by what holds then."""
    await chat.discord.mention(_QUESTION)
    shown = await chat.answer(str(chat.discord.dm(ALICE)["id"]))
    for members in chat.discord.members.values():
        members.pop(ALICE, None)
    one = await chat.discord.press(shown, "Share in channel")

    async def told() -> list[Any]:
        return chat.discord.responses(one)

    assert (await until(told))[-1].text
    assert chat.discord.answers(GENERAL) == []


async def test_who_takes_no_direct_messages_is_told_how(chat: Chat) -> None:
    """Nothing of the answer is said in the channel."""
    chat.discord.closed.add(BOB)
    await chat.discord.mention(_QUESTION, user=BOB)

    async def told() -> list[Any]:
        return chat.discord.answers(GENERAL)

    (message,) = await until(told)
    assert "allow direct messages" in message.text


async def test_nobody_gets_a_direct_message_unasked(chat: Chat) -> None:
    """What isn't addressed to the bot isn't answered there at all."""
    await chat.discord.message(_QUESTION, user=BOB)
    await chat.discord.mention(_QUESTION)
    await chat.answer(str(chat.discord.dm(ALICE)["id"]))
    assert len(chat.core.asked) == 1
