"""What only one person sees in Discord: nothing takes an earlier answer away."""

import asyncio

from bot.model import Answer, Outcome
from tests.support.discord_chat import Chat, chatting
from tests.support.discord_rest import Interaction
from tests.support.discord_world import ALICE, Message
from tests.support.scripted import LEAVE
from tests.support.waiting import until

_ANSWER = "You give four weeks' notice [1]."
_IN_DETAIL = "You give four weeks' notice, in writing, to whom you report to [1]."

chat = chatting()


async def asked_privately(chat: Chat) -> Message:
    shown = await chat.said_to(await chat.discord.command("ask", {"question": "How much notice?"}), _ANSWER)

    async def whole() -> bool:
        return bool(chat.discord.whispered[shown["id"]].buttons)

    await until(whole)  # its buttons come with its last edit
    chat.core.answers["notice"] = [_IN_DETAIL]
    return shown


def as_shown(chat: Chat, one: Message) -> tuple[str, str, list[str]]:
    now = chat.discord.whispered[one["id"]]
    return now.text, now.sources, list(now.buttons)


async def test_more_of_a_private_answer_comes_under_it(chat: Chat) -> None:
    """The longer answer is a private message of its own; the first one stays as it was."""
    shown = await asked_privately(chat)
    before = as_shown(chat, shown)
    more = await chat.said_to(await chat.discord.press(shown, "Longer answer"), _IN_DETAIL)
    assert more["user"] == ALICE
    assert more["id"] != shown["id"]
    assert "Share in channel" in more.buttons
    assert as_shown(chat, shown) == before
    assert chat.discord.said == {}


async def test_more_of_a_private_answer_shows_at_once_that_it_comes(chat: Chat) -> None:
    """The press is answered with Discord's own sign of work, before the answer is there."""
    shown = await asked_privately(chat)
    chat.core.hold = asyncio.Event()
    one = await chat.discord.press(shown, "Longer answer")

    async def works() -> bool:
        return any(each.get("of") == one.id and each["loading"] for each in chat.discord.whispered.values())

    await until(works)
    chat.core.hold.set()
    await chat.said_to(one, _IN_DETAIL)


async def test_more_twice_is_told_without_taking_an_answer_away(chat: Chat) -> None:
    """Who presses More again hears that the answer is there, and both answers are."""
    shown = await asked_privately(chat)
    more = await chat.said_to(await chat.discord.press(shown, "Longer answer"), _IN_DETAIL)
    await chat.said_to(await chat.discord.press(shown, "Longer answer"), "I'm on it already")
    assert chat.discord.whispered[shown["id"]].text == _ANSWER
    assert chat.discord.whispered[more["id"]].text == _IN_DETAIL
    assert waiting(chat) == []


async def test_more_over_the_limit_leaves_the_answer(chat: Chat) -> None:
    """Who has asked too much within a minute is told so beside the answer, not in its place."""
    shown = await asked_privately(chat)
    for number in (2, 3):
        await chat.said_to(await chat.discord.command("ask", {"question": f"Question {number}?"}), _ANSWER)
    one: Interaction = await chat.discord.press(shown, "Longer answer")
    await chat.said_to(one, "3 questions within a minute")
    assert chat.discord.whispered[shown["id"]].text == _ANSWER


def waiting(chat: Chat) -> list[Message]:
    """Messages that say that work goes on."""
    return [one for one in chat.discord.whispered.values() if one["loading"]]


async def test_a_long_private_answer_comes_whole(chat: Chat) -> None:
    """Past one message it goes on in further private ones, with its sources and buttons under the last."""
    pages = "\n\n".join(f"Paragraph {number}. " + "Words and words. " * 60 for number in range(3))
    chat.core.answers["long"] = Answer("", Outcome.ANSWERED, pages, (LEAVE,))
    one = await chat.discord.command("ask", {"question": "A long one?"})
    last = await chat.said_to(one, "Paragraph 2.")
    shown = chat.discord.responses(one)
    assert [each.text[:12] for each in shown] == ["Paragraph 0.", "Paragraph 1.", "Paragraph 2."]
    assert all(each["user"] == ALICE for each in shown)
    assert [list(each.buttons)[:2] for each in shown] == [[], [], ["👍", "👎"]]
    assert "Annual leave" in last.sources
    await chat.said_to(await chat.discord.press(last, "👍"), "Thanks")
