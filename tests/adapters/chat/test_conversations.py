"""Conversations that go the same on every platform, on the platforms' simulators."""

import pytest

from adapters.chat.answer_view import Press
from bot.model import Answer, Outcome
from tests.support.chats import chatting, opening
from tests.support.conversation import Chat, asked, only_answer, private_answer, says
from tests.support.scripted import LEAVE
from tests.support.waiting import until

NOT_FOUND = Answer("", Outcome.NOT_FOUND, "The docs don't say.", nearest=(LEAVE,))


opened = opening("slack", "discord")
chat = chatting(lawful=True)


async def test_a_mention_is_answered_with_its_sources(chat: Chat):
    """A mention gets one answer with linked, dated sources and buttons."""
    place = await chat.mention("alice", "How much notice do I give?")
    (shown,) = await chat.answers(place)
    assert shown.text == "You give four weeks' notice [1]."
    assert "https://docs.example/leave#notice" in shown.sources
    assert "updated" in shown.sources
    assert shown.buttons == ("👍", "👎", "Longer answer", "Show sources")


async def test_every_delivery_of_one_mention_gives_one_answer(chat: Chat):
    """A mention that is delivered three times is answered once."""
    place = await chat.mention("alice", "How much notice do I give?", duplicate=2)
    assert len(await chat.answers(place)) == 1
    assert len(chat.core.asked) == 1


async def test_a_long_answer_is_streamed_and_ends_whole(chat: Chat):
    """An answer that takes its time is shown as it is written and ends as the core said it."""
    chat.core.answers["slow"] = [f"Sentence number {i}. " for i in range(8)]
    chat.core.pause = 0.3
    place = await chat.mention("alice", "A slow one?")
    whole = "".join(chat.core.answers["slow"]).split()

    async def ends() -> bool:
        (shown,) = await chat.answers(place)
        return shown.text.split() == whole

    await until(ends)


async def test_a_follow_up_sees_the_thread(chat: Chat):
    """A mention in the thread of an answer has the question and the answer as history."""
    place = await chat.mention("alice", "How much notice do I give?")
    (first,) = await chat.answers(place)
    place = await chat.mention("bob", "And for contractors?", after=first)
    await chat.answers(place, least=2)
    history = [(turn.role, turn.text) for turn in chat.core.asked[-1].history]
    assert ("assistant", "You give four weeks' notice.") in history


async def test_what_the_docs_do_not_say(chat: Chat):
    """NOT_FOUND is said plainly, with the nearest page and one next step: a human can be asked."""
    chat.core.answers["shoe"] = NOT_FOUND
    (shown,) = await chat.answers(await chat.mention("alice", "What's the CEO's shoe size?"))
    assert shown.text.startswith("The docs don't say.")
    assert "You could ask" not in shown.text
    assert "Annual leave" in shown.sources
    assert shown.buttons == ("Ask a human",)
    pressed = await chat.press(shown, Press.HUMAN, "alice")
    assert "asked in the help channel" in (await chat.whispers("alice", pressed))[0].text
    (asked,) = await chat.help_channel()
    assert "What's the CEO's shoe size?" in asked.text
    assert asked.pings == ()


async def test_a_question_is_repeated_without_its_links(chat: Chat):
    """Sharing an answer, or asking a human, doesn't make the bot post somebody's link."""
    chat.core.answers["shoe"] = NOT_FOUND
    asked = "What's the CEO's shoe size, see https://evil.example/win and [this](https://evil.example/too)?"
    (shown,) = await chat.answers(await chat.mention("alice", asked))
    await chat.press(shown, Press.HUMAN, "alice")
    (helped,) = await chat.help_channel()
    assert "shoe size" in helped.text
    private = await private_answer(chat, "alice", "How much notice, says https://evil.example/win?")
    shared = (await chat.channel(await chat.press(private, Press.SHARE, "alice")))[-1]
    assert "How much notice" in shared.text
    assert "evil.example" not in helped.text + shared.text


async def test_a_bug_ends_in_a_word_with_a_reference(chat: Chat):
    """A question that the core breaks on ends with a sorry and a reference."""
    chat.core.answers["break"] = RuntimeError("a bug")
    (shown,) = await chat.answers(await chat.mention("alice", "break?"))
    assert "Something went wrong on my side" in shown.text


async def test_nothing_that_comes_out_pings(chat: Chat):
    """Whatever an answer holds, nobody is notified."""
    chat.core.answers["ping"] = [
        "Ask <!channel>, <!here>, <@U0BOB>, <@3000000000000000002>, <@&4100000000000000003> or @everyone [1]."
    ]
    (shown,) = await chat.answers(await chat.mention("alice", "Whom do I ping?"))
    assert shown.pings == ()


async def test_good_feedback_is_kept(chat: Chat):
    """👍 is thanked for and stands in the journal."""
    (shown,) = await chat.answers(await chat.mention("alice", "How much notice?"))
    pressed = await chat.press(shown, Press.GOOD, "bob")
    assert "Thanks" in (await chat.whispers("bob", pressed))[0].text
    (given,) = await chat.app.journal.feedback(await only_answer(chat))
    assert given.verdict == "up"


async def test_bad_feedback_asks_why_and_replaces_the_good(chat: Chat):
    """👎 opens a form; one voice for each person and answer, changeable."""
    (shown,) = await chat.answers(await chat.mention("alice", "How much notice?"))
    await chat.whispers("bob", await chat.press(shown, Press.GOOD, "bob"))
    done = await chat.complain(shown, "bob", "outdated", "It's six weeks now.")
    assert "Thanks" in (await chat.whispers("bob", done))[0].text
    (given,) = await chat.app.journal.feedback(await only_answer(chat))
    assert (given.verdict, given.complaint, given.comment) == ("down", "outdated", "It's six weeks now.")


async def test_sources_are_shown_with_their_words(chat: Chat):
    """Show sources gives the presser alone the words that the answer rests on."""
    (shown,) = await chat.answers(await chat.mention("alice", "How much notice?"))
    (told,) = await chat.whispers("bob", await chat.press(shown, Press.SOURCES, "bob"))
    assert "Give four weeks' notice." in told.whole


async def test_sources_that_are_gone_are_not_shown(chat: Chat):
    """Show sources shows no page that the presser may no longer see."""
    (shown,) = await chat.answers(await chat.mention("alice", "How much notice?"))
    chat.shelf.visible["handbook:leave.md"] = frozenset({"managers"})
    (told,) = await chat.whispers("bob", await chat.press(shown, Press.SOURCES, "bob"))
    assert "Give four weeks' notice." not in told.whole


async def test_more_asks_for_a_longer_answer(chat: Chat):
    """More answers the same question again, in detail, once."""
    (shown,) = await chat.answers(await chat.mention("alice", "How much notice?"))
    await chat.press(shown, Press.MORE, "bob")
    await until(lambda: asked(chat, 2))
    assert chat.core.asked[-1].detailed
    assert chat.core.asked[-1].text == chat.core.asked[0].text


async def test_more_is_offered_where_there_is_more(chat: Chat):
    """An answer that says all there is has no button for more."""
    whole = Answer("x", Outcome.ANSWERED, "All of it [1].", (LEAVE,), more=False)
    chat.core.answers["notice"] = whole
    (shown,) = await chat.answers(await chat.mention("alice", "How much notice?"))
    assert "Show sources" in shown.buttons
    assert "Longer answer" not in shown.buttons


async def test_more_of_a_follow_up_knows_what_it_followed(chat: Chat):
    """More of an answer in a thread is asked with what had been said before that answer."""
    place = await chat.mention("alice", "How much notice?")
    (first,) = await chat.answers(place)
    place = await chat.mention("alice", "And in Hamburg?", after=first)
    answer = (await chat.answers(place, least=2))[-1]
    await chat.press(answer, Press.MORE, "bob")
    await until(lambda: asked(chat, 3))
    assert chat.core.asked[2].text == "And in Hamburg?"
    assert chat.core.asked[1].history
    assert chat.core.asked[2].history == chat.core.asked[1].history


@pytest.mark.slow
async def test_a_private_answer_is_private_until_it_is_shared(chat: Chat):
    """/ask answers the asker alone; Share in channel shows it to everybody."""
    shown = await private_answer(chat, "alice", "How much notice?")
    assert shown.text == "You give four weeks' notice [1]."
    assert "Share in channel" in shown.buttons
    pressed = await chat.press(shown, Press.SHARE, "alice")
    shared = (await chat.channel(pressed))[-1]
    assert "You give four weeks' notice [1]." in shared.text
    assert shared.pings == ()


async def test_more_is_answered_once(chat: Chat):
    """Who asks for more of an answer again is told that it is there."""
    (shown,) = await chat.answers(await chat.mention("alice", "How much notice?"))
    await chat.press(shown, Press.MORE, "bob")
    await until(lambda: asked(chat, 2))
    since = await chat.press(shown, Press.MORE, "bob")

    async def told() -> bool:
        return any("on it already" in one.text for one in await chat.whispers("bob", since))

    await until(told)
    assert len(chat.core.asked) == 2


async def test_what_the_channel_may_not_see_is_not_shared(chat: Chat):
    """Share in channel refuses an answer that rests on a page not for everybody there."""
    shown = await private_answer(chat, "alice", "How much notice?")
    chat.shelf.visible["handbook:leave.md"] = frozenset({"managers"})
    (told,) = await chat.whispers("alice", await chat.press(shown, Press.SHARE, "alice"))
    assert "not everybody here may see" in told.text


@pytest.mark.parametrize(
    ("text", "word"), [("Thanks a lot!", "You're welcome."), ("Good morning", "Ask me a question about")]
)
async def test_greetings_and_thanks_are_not_looked_up(chat: Chat, text: str, word: str):
    """A mention that only greets, or only thanks, gets a word that fits and no answer from the docs."""
    await chat.mention("alice", text, duplicate=1)
    await until(lambda: said(chat, word))
    await chat.answers(await chat.mention("alice", "How much notice do I give?"))
    assert len(await said(chat, word)) == 1
    assert [one.text for one in chat.core.asked] == ["How much notice do I give?"]


async def test_a_mention_under_somebodys_question_answers_that(chat: Chat):
    """A mention without words asks what it stands under."""
    question = await chat.asks("bob", "How much notice do I give?")
    await chat.point("alice", question)
    await until(lambda: asked(chat, 1))
    assert chat.core.asked[0].text == "How much notice do I give?"


async def test_an_answer_is_shared_once(chat: Chat):
    """Who presses Share again is told that it is there."""
    shown = await private_answer(chat, "alice", "How much notice?")
    before = await chat.press(shown, Press.SHARE, "alice")
    await chat.channel(before)
    (told,) = await chat.whispers("alice", await chat.press(shown, Press.SHARE, "alice"))
    assert "shared this answer here already" in told.text
    assert len(await says(chat, before, "shared this answer")) == 1


async def test_too_many_questions_are_told_once(chat: Chat):
    """Past the limit a person is told once, and not answered for a while."""
    for number in range(8):
        await chat.mention("alice", f"Question {number}?")
    await until(lambda: asked(chat, 5))
    told = await until(lambda: said(chat, "questions within a minute"))
    assert len(told) == 1
    assert len(chat.core.asked) == 5


async def said(chat: Chat, words: str) -> list[str]:
    found = (await chat.sim.see("posted"))["posted"]
    return [one["rendered"] for one in found if words in (one["rendered"] or "")]
