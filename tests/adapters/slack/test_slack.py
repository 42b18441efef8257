"""Conversations in Slack that need nothing but this repository; test_conversations.py has all of them."""

import asyncio

import pytest

from bot.model import Answer, Outcome
from tests.support.scripted import LEAVE
from tests.support.slack_chat import Chat, chatting
from tests.support.slack_server import HELP
from tests.support.waiting import until

chat = chatting()


async def test_a_mention_is_answered_once_with_its_sources(chat: Chat) -> None:
    """However often Slack delivers a mention, its thread gets one answer with linked, dated sources and buttons."""
    thread = await chat.slack.mention("How much notice do I give?", times=3)
    shown = await chat.answer(thread)
    assert "You give four weeks' notice [1]." in shown.whole
    assert "<https://docs.example/leave#notice|Annual leave › Notice>" in shown.whole
    assert all(word in shown.whole for word in ("updated", "👍", "Longer answer", "Show sources"))
    assert len(chat.core.asked) == 1


@pytest.mark.slow
async def test_a_follow_up_knows_what_was_said(chat: Chat) -> None:
    """A mention in the thread of an answer has question and answer as history."""
    thread = await chat.slack.mention("How much notice do I give?")
    await chat.answer(thread)
    await chat.slack.mention("And for contractors?", user="U0BOB", thread=thread)
    await chat.answer(thread, 2)
    assert [(turn.role, turn.text) for turn in chat.core.asked[-1].history] == [
        ("user", "How much notice do I give?"),
        ("assistant", "You give four weeks' notice."),
    ]


async def test_ask_answers_the_asker_alone(chat: Chat) -> None:
    """/ask repeats the question and answers it privately, with a button to share."""
    told = await chat.slack.command("/ask", "How much notice do I give?")
    assert told["text"] == "You asked: How much notice do I give?"
    shown = await chat.whisper("four weeks' notice")
    assert "Share in channel" in shown.whole
    assert chat.slack.said == {}


async def test_what_the_docs_do_not_say_goes_to_a_human(chat: Chat) -> None:
    """NOT_FOUND names the nearest page and offers one step: Ask a human posts into the help channel."""
    chat.core.answers["shoe"] = Answer("", Outcome.NOT_FOUND, "The docs don't say.", nearest=(LEAVE,))
    shown = await chat.answer(await chat.slack.mention("What's the CEO's shoe size?"))
    assert "You could ask" not in shown.whole
    await chat.slack.press(shown, "docent_human", value=await only_answer(chat))
    await chat.whisper("asked in the help channel")
    (posted,) = [one for one in chat.slack.said.values() if one["channel"] == HELP]
    assert "shoe size" in posted.whole


async def test_bad_feedback_asks_why(chat: Chat) -> None:
    """👎 counts, opens a form, and the form's reason is kept."""
    shown = await chat.answer(await chat.slack.mention("How much notice?"))
    answer = await only_answer(chat)
    await chat.slack.press(shown, "docent_feedback", value=f"bad:{answer}", user="U0BOB")

    async def opened() -> list[dict]:
        return chat.slack.views

    (form,) = await until(opened)
    values = {
        "complaint": {"complaint": {"selected_option": {"value": "outdated"}}},
        "comment": {"comment": {"value": "Six weeks now."}},
    }
    await chat.slack.submit(form, values, user="U0BOB")
    await chat.whisper("goes to the people who keep the docs")
    (given,) = await chat.app.journal.feedback(answer)
    assert (given.verdict, given.complaint, given.comment) == ("down", "outdated", "Six weeks now.")


async def test_five_at_once_are_three_answers_and_one_word(chat: Chat) -> None:
    """Of five questions in one moment with a limit of three, three are answered and the asker is told once."""
    threads = await asyncio.gather(*(chat.slack.mention(f"Question {number}?") for number in range(5)))
    await chat.whisper("3 questions within a minute")

    async def three() -> bool:
        return sum(len(chat.slack.answers(thread)) for thread in threads) == 3

    await until(three)
    assert len([one for one in chat.slack.whispered if "within a minute" in one.whole]) == 1


async def test_an_empty_mention_is_told_how_once(chat: Chat) -> None:
    """A mention without a question gets one word on how to ask."""
    await chat.slack.mention("", times=2)
    await chat.whisper("Ask me a question")
    await chat.answer(await chat.slack.mention("How much notice?"))
    assert len([one for one in chat.slack.whispered if "Ask me a question" in one.whole]) == 1


@pytest.mark.slow
async def test_admin_commands_are_for_admins(chat: Chat) -> None:
    """Slack's own admins may; others get a friendly refusal."""
    await chat.slack.command("/docent", "sources")
    await chat.whisper("Only admins may do this")
    await chat.slack.command("/docent", "sources", user="U0CAROL")
    await chat.whisper("handbook")


async def only_answer(chat: Chat) -> str:
    """The id of the answer that was given, once it is in the journal."""

    async def look() -> str:
        recorded = next(iter(chat.core.ids), "")
        found = await chat.app.journal.recorded(recorded) if recorded else None
        return recorded if found and found.answer else ""

    return str(await until(look))
