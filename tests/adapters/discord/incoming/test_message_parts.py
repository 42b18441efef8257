"""What stands in a Discord message besides its text: forwarded messages and files, on a Discord of our own."""

from typing import Any

import pytest
from aiohttp import web

from bot.model import Answer, Outcome
from tests.support.discord_chat import Chat, chatting
from tests.support.discord_world import ALICE, BOB, GENERAL, HELP
from tests.support.pdf_files import pdf, text
from tests.support.scripted import LEAVE
from tests.support.source_server import serving
from tests.support.waiting import until

_NOT_FOUND = Answer("", Outcome.NOT_FOUND, "The docs don't say.", nearest=(LEAVE,))
_QUESTION = "How much notice do I give?"

chat = chatting()


async def test_a_message_forwarded_to_the_bot_is_the_question(chat: Chat) -> None:
    """A direct message that holds nothing but a forwarded one asks that."""
    channel = str(chat.discord.dm(ALICE)["id"])
    await chat.discord.forward(_QUESTION, channel=channel)
    assert (await chat.asked()).text == _QUESTION


async def test_a_mention_under_a_forwarded_message_asks_it(chat: Chat) -> None:
    """A reply to a forwarded message that only points at it asks that, whoever forwarded it."""
    said = await chat.discord.forward(_QUESTION, user=BOB)
    thread = await chat.discord.mention("can you answer this?", reply_to=said)
    await chat.answer(thread)
    assert [one.text for one in chat.core.asked] == [_QUESTION]
    assert chat.discord.channels[thread]["name"] == _QUESTION


async def test_a_comment_on_what_was_just_forwarded_asks_it(chat: Chat) -> None:
    """Discord makes two messages of a forward with a comment: a mention in the second asks the first."""
    await chat.discord.forward(_QUESTION)
    await chat.discord.mention("can you answer this?")
    assert (await chat.asked()).text == _QUESTION


async def test_what_somebody_else_forwarded_is_left_alone(chat: Chat) -> None:
    """The message above a mention is none of its business unless the asker forwarded it."""
    await chat.discord.forward("What's the CEO's salary?", user=BOB)
    await chat.discord.mention("can you answer this?")
    assert (await chat.asked()).text == "can you answer this?"


async def test_what_is_forwarded_pings_nobody(chat: Chat) -> None:
    """Its mentions and links aren't repeated when a human is asked."""
    chat.core.answers["shoe"] = _NOT_FOUND
    said = await chat.discord.forward(
        f"@everyone <@{BOB}> what's the CEO's shoe size? https://evil.example/x"
    )
    shown = await chat.answer(await chat.discord.mention("", reply_to=said))
    await chat.discord.press(shown, "Ask a human")

    async def helped() -> list[Any]:
        return chat.discord.answers(HELP)

    (message,) = await until(helped)
    assert "shoe size" in message.text
    assert "evil.example" not in message.text
    assert f"<@{BOB}>" not in message.text


# --- files ----------------------------------------------------------------------------------------


async def test_a_text_file_goes_with_the_question(chat: Chat) -> None:
    """A text file beside a mention is read as part of the question, also for more of its answer."""
    file = chat.discord.file("error.log", b"E1042: certificate expired")
    thread = await chat.discord.mention("What does this error mean?", attachments=[file])
    await chat.discord.press(await chat.answer(thread), "Longer answer")
    for question in (await chat.asked(), await chat.asked(2)):
        assert question.about == ("E1042: certificate expired",)


async def test_a_file_alone_may_ask(chat: Chat) -> None:
    """A direct message that holds nothing but a file asks what is in it."""
    await chat.discord.direct("", attachments=[chat.discord.file("question.txt", _QUESTION.encode())])
    assert (await chat.asked()).about == (_QUESTION,)


async def test_a_file_in_a_forwarded_message_is_read(chat: Chat) -> None:
    """Files come along with what was forwarded; a PDF is read by the converter."""
    content = pdf([text(72, 700, "Notice periods of 2026")])
    file = chat.discord.file("notice.pdf", content, media_type="application/pdf")
    await chat.discord.forward("Is this true?", files=[file], channel=str(chat.discord.dm(ALICE)["id"]))
    question = await chat.asked()
    assert question.text == "Is this true?"
    assert "Notice periods of 2026" in question.about[-1]


async def test_a_picture_is_told_of(chat: Chat) -> None:
    """A picture with words: these are answered, and one line says that it wasn't looked at. Alone, only that line."""
    file = chat.discord.file("screen.png", b"\x89PNG", media_type="image/png")
    shown = await chat.answer(await chat.discord.mention(_QUESTION, attachments=[file]))
    assert "I can't read pictures" in shown.whole
    await chat.discord.mention("", attachments=[file])

    async def told() -> bool:
        return any("Please ask me in words" in one.text for one in chat.discord.said.values())

    await until(told)
    assert len(chat.core.asked) == 1
    assert chat.discord.downloads == 0


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/x",
        "https://cdn.discordapp.com@evil.example/x",
        "http://cdn.discordapp.com/x",
        "https://cdn.discordapp.com.evil.example/x",
        "file:///etc/passwd",
        "https://[broken",
    ],
)
async def test_a_file_elsewhere_is_not_fetched(chat: Chat, url: str) -> None:
    """Only Discord's own hosts are asked for files."""
    file = chat.discord.file("a.txt", b"x", url=url)
    shown = await chat.answer(await chat.discord.mention(_QUESTION, attachments=[file]))
    assert "it doesn't lie in Discord" in shown.whole
    assert chat.core.asked[0].about == ()


async def test_no_redirect_is_followed(chat: Chat) -> None:
    """Where a file's address leads elsewhere nobody is asked there."""

    async def tell(_: web.Request) -> web.Response:
        return web.Response(text="what an intranet says")

    async with serving(tell) as elsewhere:
        chat.discord.leads_elsewhere = f"{elsewhere.url}/take"
        file = chat.discord.file("a.txt", b"harmless")
        shown = await chat.answer(await chat.discord.mention(_QUESTION, attachments=[file]))
    assert "I couldn't read `a.txt`" in shown.whole
    assert elsewhere.asked == []


async def test_a_file_that_is_too_large_is_not_read_to_its_end(chat: Chat) -> None:
    """Whatever size Discord tells, not more than the limit is read."""
    file = chat.discord.file("a.txt", b"x" * 300_000, size=5)
    shown = await chat.answer(await chat.discord.mention(_QUESTION, attachments=[file], channel=GENERAL))
    assert "it is larger than 200 kB" in shown.whole


async def test_the_menu_reads_a_messages_files_too(chat: Chat) -> None:
    """Also where the message has no words."""
    file = chat.discord.file("notice.txt", b"How much notice do I give?")
    for words in ("", "Is this right?"):
        said = await chat.discord.message(words, user=BOB, attachments=[file])
        await chat.discord.menu("Answer from the docs", said)
    await chat.asked(2)
    assert {one.about for one in chat.core.asked} == {("How much notice do I give?",)}
