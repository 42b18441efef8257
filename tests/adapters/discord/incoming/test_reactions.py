"""An emoji that asks, on a Discord of our own."""

import pytest

from adapters.discord.incoming.reactions import asks
from tests.support.discord_chat import YAML, Chat, chatting
from tests.support.discord_world import ALICE, BOB, ELSEWHERE

chat = chatting(YAML.replace("discord:", "discord:\n  message_content: true\n  ask_with: question", 1))


async def test_a_reaction_asks_what_the_message_says_once(chat: Chat) -> None:
    """Its answer comes where a mention's would, however often and by whomever it is pressed."""
    said = await chat.discord.message("How much notice do I give?", user=BOB)
    for emoji, user in (("❓", ALICE), ("❓", BOB), ("❔", ALICE)):
        await chat.discord.react(emoji, said, user=user)
    await chat.answer(said)
    await chat.discord.menu("Answer from the docs", said)
    await chat.answer(await chat.discord.mention("And Bob?"))
    assert [one.text for one in chat.core.asked] == ["How much notice do I give?", "And Bob?"]


async def test_other_reactions_ask_nothing(chat: Chat) -> None:
    """Another emoji, the bot's own answers, and a mention that was answered."""
    said = await chat.discord.message("How much notice do I give?", user=BOB)
    await chat.discord.react("👀", said)
    mention = await chat.discord.mention("How much notice?")
    answer = await chat.answer(mention)
    await chat.discord.react("❓", mention)
    await chat.discord.react("❓", answer["id"])
    await chat.answer(await chat.discord.mention("And Bob?"))
    assert [one.text for one in chat.core.asked] == ["How much notice?", "And Bob?"]


async def test_it_is_asked_as_who_reacted(chat: Chat) -> None:
    """With what the place may see there."""
    said = await chat.discord.message("How much notice do I give?", channel=ELSEWHERE)
    await chat.discord.react("❓", said)
    await chat.answer(ELSEWHERE)
    assert chat.core.asked[0].audience == {"partners"}


@pytest.mark.parametrize(
    ("emoji", "wanted", "is_it"),
    [
        ({"id": None, "name": "❓"}, "question", True),
        ({"id": None, "name": "❓\ufe0f"}, "❓", True),
        ({"id": "5", "name": "docs"}, "docs", True),
        ({"id": None, "name": "❓"}, None, False),
        ({"id": "5", "name": None}, "question", False),
        (None, "question", False),
    ],
)
def test_an_emoji_is_known_by_its_name_or_itself(
    emoji: dict[str, str] | None, wanted: str | None, *, is_it: bool
) -> None:
    """Discord tells the character, a custom one by its name; of a deleted one nothing."""
    assert asks(emoji, wanted) is is_it
