"""Other bots and webhooks that may ask, on a Discord of our own."""

from typing import Any

import pytest

from adapters.chat.incoming import bots
from tests.support.discord_chat import YAML, Chat, chatting
from tests.support.discord_world import BOT, GENERAL

_HOOK, _OTHER = "8000000000000000001", "8000000000000000002"
_ASKS = f"<@{BOT}> How much notice do I give?"

chat = chatting(YAML.replace("discord:", f'discord:\n  allow_bots: ["{_HOOK}", "{BOT}"]', 1))


async def says(chat: Chat, text: str, *, hook: str = _HOOK, channel: str = GENERAL) -> str:
    """What a webhook says: its author is the webhook, which is no member."""
    author = {"id": hook, "username": "alerts", "discriminator": "0000", "avatar": None, "bot": True}
    made = chat.discord.write(channel, hook, {"content": text}, author=author, webhook_id=hook)
    chat.discord.messages[made["id"]] = made
    chat.discord._tell("MESSAGE_CREATE", made, chat.discord.channels[channel].get("guild_id"))
    await chat.discord.flush()
    return str(made["id"])


async def settled(chat: Chat, count: int) -> Any:
    await chat.answer(await chat.discord.mention("And Bob?"))
    assert len(chat.core.asked) == count + 1


async def test_a_webhook_that_is_named_may_ask(chat: Chat) -> None:
    """From what everybody there may see; who isn't named, and who doesn't mention the bot, is left alone."""
    thread = await says(chat, _ASKS)
    await chat.answer(thread)
    await says(chat, _ASKS, hook=_OTHER)
    await says(chat, "How much notice?")
    await settled(chat, 1)
    assert chat.core.asked[0].audience == {"everyone"}


async def test_a_bot_gets_one_answer_a_minute_and_three_in_a_thread(
    chat: Chat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However it asks."""
    thread = await says(chat, _ASKS)
    await chat.answer(thread)
    await says(chat, _ASKS)
    await settled(chat, 1)
    monkeypatch.setattr(bots, "_MINUTE", 0.0)
    for count in (2, 3):
        await says(chat, _ASKS, channel=thread)
        await chat.answer(thread, count)
    for _ in range(3):
        await says(chat, _ASKS, channel=thread)
    await settled(chat, 4)


async def test_it_never_answers_itself(chat: Chat) -> None:
    """Not even where docent.yaml names it."""
    await chat.discord.message(_ASKS, user=BOT)
    await settled(chat, 0)
