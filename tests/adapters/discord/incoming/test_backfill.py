"""What is said in Discord while the bot hears nothing: it is answered afterwards, once, and nothing older."""

from tests.support.discord_chat import Chat, running, unstarted
from tests.support.discord_world import ALICE, BOB, FORUM, GENERAL, TAG
from tests.support.waiting import until

_LONG_AGO = "1000000000000000005"


chat = unstarted(spotless=True)


def heard(chat: Chat) -> list[str]:
    return [one.text for one in chat.core.asked]


async def test_what_was_missed_is_answered_after_a_lost_session(chat: Chat) -> None:
    """Discord doesn't repeat what was said before a new session: the bot looks, and answers each once."""
    async with running(chat):
        await chat.answer(await chat.discord.mention("Before?"))
        chat.discord.forget()
        said = await chat.discord.mention("While nobody listened?")
        await chat.discord.message("Not for the bot.")
        await chat.discord.drop("invalid")
        await chat.answer(said)
        assert heard(chat) == ["Before?", "While nobody listened?"]


async def test_what_was_missed_while_the_bot_was_restarted_is_answered(chat: Chat) -> None:
    """A mention of the moments without a process is answered by the next one, and nothing else."""

    async def welcomed() -> int:
        return sum(one.text == "You're welcome." for one in chat.discord.answers(GENERAL))

    async with running(chat):
        await chat.answer(await chat.discord.mention("Before?"))
        await chat.discord.mention("Thanks!")
        await until(welcomed)
    said = await chat.discord.mention("While nobody was there?")
    async with running(chat):
        await chat.answer(said)
    assert heard(chat) == ["Before?", "While nobody was there?"]
    assert await welcomed() == 1


async def test_a_missed_direct_message_is_answered_after_a_lost_session(chat: Chat) -> None:
    """What somebody who has asked before wrote into a direct message is answered, and mere thanks aren't."""
    async with running(chat):
        channel = await chat.discord.direct("Before?")
        await chat.answer(channel)
        chat.discord.forget()
        await chat.discord.direct("While nobody listened?")
        await chat.discord.direct("Thanks!")
        await chat.discord.drop("invalid")
        await chat.answer(channel, 2)
        await chat.answer(await chat.discord.mention("Afterwards?", user=BOB))
        assert heard(chat) == ["Before?", "While nobody listened?", "Afterwards?"]
        assert [turn.text for turn in chat.core.asked[1].history] == [
            "Before?",
            "You give four weeks' notice.",
        ]


async def test_a_direct_message_during_a_restart_is_answered(chat: Chat) -> None:
    """The next process knows whom the last one talked with, and what of it was answered."""
    async with running(chat):
        channel = await chat.discord.direct("Before?")
        await chat.answer(channel)
    await chat.discord.direct("While nobody was there?")
    async with running(chat):
        await chat.answer(channel, 2)
    async with running(chat):
        await chat.answer(await chat.discord.mention("Afterwards?", user=BOB))
    assert heard(chat) == ["Before?", "While nobody was there?", "Afterwards?"]


async def test_a_direct_message_of_long_ago_is_left_alone(chat: Chat) -> None:
    """What is older than the outage isn't answered, even if it never was."""
    async with running(chat):
        channel = await chat.discord.direct("Before?")
        await chat.answer(channel)
        old = chat.discord.write(channel, ALICE, {"content": "Years ago?"}, id=_LONG_AGO)
        chat.discord.messages[_LONG_AGO] = old
        await chat.discord.drop("invalid")
        await chat.discord.direct("While nobody listened?")
        await chat.answer(channel, 2)
        await chat.answer(await chat.discord.mention("Afterwards?", user=BOB))
        assert "Years ago?" not in heard(chat)


async def test_a_missed_post_gets_its_first_answer(chat: Chat) -> None:
    """A forum's post of the time without a session is answered and tagged; those of before aren't asked again."""
    async with running(chat):
        await chat.answer(await chat.discord.post("Before", "How much notice?"))
        chat.discord.forget()
        thread = await chat.discord.post("Notice", "How much do I have to give?")
        await chat.discord.drop("invalid")
        await chat.answer(thread)

        async def tagged() -> bool:
            return chat.discord.channels[thread]["applied_tags"] == [TAG]

        await until(tagged)
        assert heard(chat) == ["Before\nHow much notice?", "Notice\nHow much do I have to give?"]


async def test_a_missed_post_that_is_settled_is_left_to_people(chat: Chat) -> None:
    """A post that was closed meanwhile, one of long ago, and threads that aren't posts get no first answer."""
    async with running(chat):
        chat.discord.forget()
        closed = await chat.discord.post("Closed", "Was it answered?")
        chat.discord.channels[closed]["thread_metadata"]["locked"] = True
        for place, number in ((FORUM, _LONG_AGO), (GENERAL, chat.discord.snowflake())):
            thread = chat.discord.thread(place, ALICE, "Not to be answered?", number=number)
            first = chat.discord.write(thread["id"], ALICE, {"content": "Or is it?"}, id=thread["id"])
            chat.discord.messages[first["id"]] = first
        last = await chat.discord.post("Notice", "How much do I have to give?")
        await chat.discord.drop("invalid")
        await chat.answer(last)
        assert heard(chat) == ["Notice\nHow much do I have to give?"]
