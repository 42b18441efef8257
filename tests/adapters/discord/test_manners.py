"""What people expect of somebody polite: conversations in Discord that need nothing but this repository."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from adapters.chat.messages import ONLY_THIS_PLACE
from bot.model import Answer, Outcome
from tests.support.discord_chat import YAML, Chat, chatting, open_discord, running
from tests.support.discord_world import (
    ALICE,
    BOB,
    BOTS_ROLE,
    GENERAL,
    GUILD,
    HELP,
    MOD,
    Message,
)
from tests.support.scripted import LEAVE
from tests.support.waiting import until

_ANSWER = "You give four weeks' notice [1]."
_HEARING = YAML.replace("discord:", "discord:\n  message_content: true", 1)

chat = chatting(_HEARING)  # the bot reads every message in its threads


async def said_in(chat: Chat, channel: str) -> Message:
    async def look() -> list[Message]:
        return chat.discord.answers(channel)

    return (await until(look))[-1]


async def test_a_greeting_is_answered_with_how_to_ask(chat: Chat) -> None:
    """A mention that only says hello isn't looked up: it is told how to ask, with the bot's name."""
    await chat.discord.mention("Good morning!")
    shown = await said_in(chat, GENERAL)
    assert shown.text == (
        "Ask me a question about our docs, for example: @docsbot how many days of annual leave do I get?"
    )
    assert chat.core.asked == []


async def test_thanks_are_answered_as_thanks(chat: Chat) -> None:
    """A mention that only says thanks is no question."""
    thread = await chat.discord.mention("How much notice do I give?")
    await chat.answer(thread)
    await chat.discord.mention("thank you so much", channel=thread)

    async def welcomed() -> bool:
        return chat.discord.answers(thread)[-1].text == "You're welcome."

    await until(welcomed)
    assert len(chat.core.asked) == 1


async def test_in_its_thread_people_may_talk_to_one_another(chat: Chat) -> None:
    """Thanks, a picture without words, and what names or answers somebody else are left alone there."""
    thread = await chat.discord.mention("How much notice do I give?")
    await chat.answer(thread)
    for text in ("Thanks!", "", "👍", f"<@{BOB}> did you know that?"):
        last = await chat.discord.message(text, channel=thread)
    await chat.discord.message("No, I didn't", user=BOB, channel=thread, reply_to=last)
    await chat.discord.message("And for contractors", channel=thread)
    await chat.answer(thread, 2)
    assert [one.text for one in chat.core.asked] == ["How much notice do I give?", "And for contractors"]


async def test_a_mention_under_a_question_answers_that(chat: Chat) -> None:
    """A reply that holds nothing but the mention asks what it replies to."""
    said = await chat.discord.message("How much notice do I give?", user=BOB)
    shown = await chat.answer(await chat.discord.mention("", reply_to=said))
    assert shown.text == _ANSWER
    assert chat.core.asked[0].text == "How much notice do I give?"
    assert chat.discord.channels[shown["channel_id"]]["name"] == "How much notice do I give?"


async def test_a_mention_under_the_bots_own_words_is_no_question(chat: Chat) -> None:
    """The bot doesn't look up what it said itself."""
    thread = await chat.discord.mention("How much notice do I give?")
    shown = await chat.answer(thread)
    await chat.discord.mention("", channel=thread, reply_to=shown["id"])

    async def told() -> bool:
        return "Ask me a question" in chat.discord.answers(thread)[-1].text

    await until(told)
    assert len(chat.core.asked) == 1


async def test_what_a_command_answers_for_all_repeats_the_question(chat: Chat) -> None:
    """Others see what was asked, without its links."""
    asked = {"question": "How much notice, says https://evil.example/?", "private": False}
    shown = await chat.said_to(await chat.discord.command("ask", asked), _ANSWER)
    assert shown.text == f"> How much notice, says\n\n{_ANSWER}"
    said = await chat.discord.message("How much notice do I give?", user=BOB)
    shown = await chat.said_to(await chat.discord.menu("Answer from the docs", said), _ANSWER)
    assert shown.text == f"> How much notice do I give?\n\n{_ANSWER}"


async def test_what_was_asked_is_not_kept_where_that_is_not_wanted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_port: Callable[[], int]
) -> None:
    """With `journal.questions: false` no place in the journal repeats the question as its thread's name."""
    yaml = f"journal: {{questions: false}}\n{YAML}"
    async with open_discord(tmp_path, monkeypatch.setenv, free_port(), yaml) as chat, running(chat):
        thread = await chat.discord.mention("How much notice do I give?")
        await chat.answer(thread)
        assert chat.discord.channels[thread]["name"] == "How much notice do I give?"
        recorded = await chat.app.journal.recorded(chat.core.ids[0])
        assert recorded is not None
        assert "notice" not in str(recorded.asked.place)


async def test_sharing_twice_is_told(chat: Chat) -> None:
    """Who presses Share again hears that it is there."""
    shown = await chat.said_to(await chat.discord.command("ask", {"question": "How much notice?"}), _ANSWER)
    await chat.discord.press(shown, "Share in channel")
    await said_in(chat, GENERAL)
    await chat.said_to(await chat.discord.press(shown, "Share in channel"), "shared this answer here already")
    assert len(chat.discord.answers(GENERAL)) == 1


async def test_a_direct_message_has_nowhere_to_share(chat: Chat) -> None:
    """In a direct message there is no Share, but a human can be asked where one server has a help channel."""
    chat.core.answers["shoe"] = Answer("", Outcome.NOT_FOUND, "The docs don't say.", nearest=(LEAVE,))
    channel = await chat.discord.direct("How much notice?")
    await chat.answer(channel)
    one = await chat.discord.command("ask", {"question": "How much notice?"}, channel=channel)
    shown = await chat.said_to(one, _ANSWER)
    assert list(shown.buttons) == ["👍", "👎", "Longer answer", "Show sources"]
    await chat.discord.direct("What's the CEO's shoe size?")
    missed = await chat.answer(channel, 2)
    await chat.said_to(await chat.discord.press(missed, "Ask a human"), "asked in the help channel")
    assert (await said_in(chat, HELP)).text.splitlines()[2:-1] == ["> What's the CEO's shoe size?"]


async def test_who_helps_finds_the_way_to_the_question(chat: Chat) -> None:
    """What is passed on to the help channel links to where it was asked, if others may go there."""
    chat.core.answers["shoe"] = Answer("", Outcome.NOT_FOUND, "The docs don't say.", nearest=(LEAVE,))
    thread = await chat.discord.mention("What's the CEO's shoe size?")
    shown = await chat.answer(thread)
    await chat.said_to(await chat.discord.press(shown, "Ask a human"), "asked in the help channel")
    link = f"https://discord.com/channels/{GUILD}/{thread}/{shown['id']}"
    posted = (await said_in(chat, HELP)).text.splitlines()
    assert posted[2:-1] == ["> What's the CEO's shoe size?", link]
    assert posted[-1].startswith("-# Replies to this message go to whoever asked.")


async def test_a_mention_of_the_bots_role_is_one_of_the_bot(chat: Chat) -> None:
    """Discord offers both by the same name: either is answered."""
    thread = await chat.discord.message(f"<@&{BOTS_ROLE}> How much notice do I give?")
    assert (await chat.answer(thread)).text == _ANSWER
    assert chat.core.asked[0].text == "How much notice do I give?"


async def test_an_admin_confirms_deletions_by_the_command(chat: Chat) -> None:
    """What `status` says to do about pages that are gone can be done in Discord."""
    await chat.discord.command("docent reindex", {"source": "handbook", "confirm_deletes": True}, user=MOD)

    async def asked_for() -> list[bool]:
        return [run.request.confirm_deletes for run in await chat.app.runs.latest()]

    assert await until(asked_for) == [True]


async def test_nobody_is_told_of_an_answer_that_never_was(chat: Chat) -> None:
    """`why` with something else than an answer's id or link says what it takes."""
    one = await chat.discord.command("docent why", {"answer": "nonsense"}, user=MOD)
    await chat.said_to(one, "no answer by that id or link")


@pytest.mark.parametrize(("user", "choices"), [(MOD, ["handbook"]), (ALICE, [])], ids=["admin", "anybody"])
async def test_a_source_is_completed_for_admins(chat: Chat, user: str, choices: list[str]) -> None:
    """While an admin types a source's name it is completed; nobody else learns the names."""
    one = await chat.discord.typing("docent reindex", "source", "HAND", user=user)

    async def suggested() -> bool:
        return one.choices is not None

    await until(suggested)
    assert one.choices == choices


async def test_what_is_typed_into_a_command_of_old_is_not_answered_with_words(chat: Chat) -> None:
    """Where somebody's Discord still shows a command as it was, typing into it gets no message."""
    await chat.discord.typing("docent", "source", "HAND", user=MOD)
    one = await chat.discord.typing("docent reindex", "source", "HAND", user=MOD)

    async def suggested() -> bool:
        return one.choices is not None

    await until(suggested)


async def test_a_command_of_old_is_told_to_be_one(chat: Chat) -> None:
    """Where somebody's Discord still shows a command as it was, they hear what to do."""
    await chat.said_to(await chat.discord.command("docent"), "This command has changed")


async def test_a_replayed_interaction_is_answered_once(chat: Chat) -> None:
    """However often Discord delivers a command, a press or a form, it gets one response."""
    chat.discord.deliveries = 3
    shown = await chat.said_to(await chat.discord.command("ask", {"question": "How much notice?"}), _ANSWER)
    await chat.said_to(await chat.discord.press(shown, "👍"), "Thanks")
    form = await chat.form(await chat.discord.press(shown, "👎"))
    values = {"complaint": ["outdated"], "comment": ""}
    await chat.said_to(await chat.discord.submit(form, values), "Thanks")
    assert len(chat.core.asked) == 1


@pytest.mark.slow
async def test_an_answer_is_edited_at_most_once_a_second(chat: Chat) -> None:
    """However fast an answer is written and wherever it ends, a second lies between two edits."""
    chat.core.answers["slow"] = [f"Sentence number {i}. " for i in range(12)]
    chat.core.pause = 0.25
    await chat.answer(await chat.discord.mention("A slow one?"))
    asked = await chat.discord.command("ask", {"question": "Another slow one?"})
    await chat.said_to(asked, "Sentence number 11.")
    for of in ("PATCH /channels/", "PATCH /webhooks/"):
        edits = [at for at, route in chat.discord.rest.calls if route.startswith(of)]
        assert len(edits) >= 2
        assert all(later - earlier >= 1 for earlier, later in pairwise(edits))


async def test_a_place_that_sees_less_is_told_so(chat: Chat) -> None:
    """Where not even everybody's pages may be used, that is what is said instead of that the docs don't say."""
    thread = await chat.discord.private_thread(ALICE, "9999")
    await chat.discord.mention("How much notice do I give?", channel=thread)
    await chat.answer(thread)
    looked = [route for _, route in chat.discord.rest.calls if "thread-members" in route]
    assert len(looked) == 1, "who is in it is asked for once"
    await chat.answer(await chat.discord.mention("How much notice do I give?"))
    assert [one.not_found for one in chat.core.asked] == [ONLY_THIS_PLACE, ""]


async def test_what_is_not_sure_gets_no_word_unless_it_is_addressed(chat: Chat) -> None:
    """A further message in its thread is answered where the evidence is strong; a mention always."""
    chat.core.answers["weak"] = Answer("", Outcome.ANSWERED, "Perhaps [1].", (LEAVE,))
    thread = await chat.discord.mention("How much notice do I give?")
    await chat.answer(thread)
    await chat.discord.message("a weak one?", channel=thread)
    await chat.asked(2)
    await chat.discord.mention("a weak one, please?", channel=thread)
    assert (await chat.answer(thread, 2)).text == "Perhaps [1]."
