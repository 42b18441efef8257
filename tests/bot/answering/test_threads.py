"""The thread that the bot is called into, and what came with a question: over a dozen pages, by keywords alone."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from bot.bootstrap import App
from bot.model import Answer, Outcome, Question, Turn
from tests.bot.answering.test_words import over

_PAGES = (
    "Travel | The hotel limit in London is £180 a night. In Hamburg it is €150.",
    "Parental leave | New parents get 20 weeks of leave at full pay.",
    "Expenses | Send receipts within 30 days, finance pays them by the end of the month.",
    "Parking | The garage in Hamburg has 12 places. Ask the office manager for a badge.",
    "VPN | Install Tailgate and sign in with your company account. It disconnects after 12 hours.",
    "Salaries | Salaries are paid on the 25th of each month.",
    "Dogs | You may bring your dog on Fridays if everybody in the room agrees.",
    "Bikes | The company pays half of a bike up to €1,000 every three years.",
    "Code review | Reviews take at most one working day. Prefix remarks with must, maybe, nice or ask.",
    "Lunch | The canteen serves pasta on Mondays.",
    "Error codes | E1042 means that the certificate has expired: renew it with `berth renew`.",
    "Interns | Interns stay for six months and get a mentor.",
)


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with over(tmp_path, _PAGES) as opened:
        yield opened


async def ask(app: App, text: str, *said: str, about: Sequence[str] = ()) -> Answer:
    turns = tuple(
        Turn("assistant", one[2:]) if one.startswith("> ") else Turn("user", one) for one in said
    )  # "> " begins what the bot said
    question = Question(text, frozenset({"everyone"}), history=turns, about=tuple(about))
    return await app.answerer.answer(question)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("said", "asked", "words"),
    [
        (
            ["let's talk about the hotel limit in London", "I stayed at a nice place last time", "ha, expensive"],
            "so what is it?",
            "£180",
        ),
        (["hotel limit London, anyone?", "ask finance maybe", "yes please"], "so what is it?", "£180"),
        (["does anybody know how long parental leave is?", "my cousin got six months", "lucky!"], "can you answer this?", "20 weeks"),
        (["may I bring my dog?", "mine is too big", "lol"], "is that allowed?", "Fridays"),
        (["morning all", "my VPN disconnects all the time", "same here since Monday"], "why does it do that?", "12 hours"),
        (["when are salaries paid?", "I hope soon", "me too", "rent is due", "and the holiday is booked"], "so when is it?", "25th"),
        (["I want a bike", "which one?", "a red one", "does the company pay for it?"], "how much is it?", "half of a bike"),
        (["How much notice?", "> You give four weeks.", "parking in Hamburg would be nice", "yes, how many places are there?"], "do you know?", "12 places"),
        (["lunch?", "one moment", "how long do interns stay", "no idea"], "how long is that?", "six months"),
    ],
)  # fmt: skip
async def test_a_question_under_a_conversation_is_about_it(
    app: App, said: list[str], asked: str, words: str
) -> None:
    """Several people talk, then the bot is asked about "it": what they talked about is looked up."""
    answer = await ask(app, asked, *said)
    assert words in answer.text
    assert not answer.gap


async def test_after_an_answer_a_question_is_about_that(app: App) -> None:
    """What was asked last is what a follow-up leans on, not what was asked long before."""
    answer = await ask(
        app,
        "and in Hamburg?",
        "How long is parental leave?",
        "> 20 weeks.",
        "What's the hotel limit in London?",
        "> £180.",
    )
    assert "€150" in answer.text


@pytest.mark.parametrize("said", [["who wants pizza?", "me", "me too"], ["hello", "hi"], ["👍"]])
async def test_chatter_is_no_question_and_no_gap(app: App, said: list[str]) -> None:
    """Where nobody said what it is about, nothing is answered and no gap is noted."""
    answer = await ask(app, "so what is it?", *said)
    assert (answer.outcome, answer.gap) == (Outcome.NOT_FOUND, False)


async def test_a_question_by_itself_is_a_gap(app: App) -> None:
    """Under a conversation, too, what the docs don't say is a gap if it is a question by itself."""
    for said in ([], ["who wants pizza?", "me"]):
        answer = await ask(app, "How do I order new business cards?", *said)
        assert (answer.outcome, answer.gap) == (Outcome.NOT_FOUND, True)


@pytest.mark.parametrize("text", ["", "can you answer this?", "???", "any idea?"])
async def test_what_was_forwarded_is_the_question(app: App, text: str) -> None:
    """Words that ask nothing by themselves ask what came with them; where that isn't found it is no gap."""
    assert "£180" in (await ask(app, text, about=["What's the hotel limit in London?"])).text
    answer = await ask(app, text, about=["How do I order new business cards?"])
    assert (answer.outcome, answer.gap) == (Outcome.NOT_FOUND, False)


async def test_a_file_is_what_a_question_points_at(app: App) -> None:
    """A question like "What does this error mean?" is answered by what stands in the file beside it."""
    answer = await ask(app, "what does this error mean?", about=["ERROR E1042 at boot"])
    assert "certificate has expired" in answer.text
    answer = await ask(app, "When are salaries paid?", about=["ERROR E1042 at boot"])
    assert "25th" in answer.text


@pytest.mark.slow
async def test_a_huge_file_is_survived(app: App) -> None:
    """However much came along, its beginning and end are what is looked at."""
    answer = await ask(app, "what does this error mean?", about=["ERROR E1042 at boot\n" + "x" * 2_000_000])
    assert answer.outcome in (Outcome.ANSWERED, Outcome.NOT_FOUND)


async def test_an_answer_may_say_why_it_may_not_tell(app: App) -> None:
    """The words of the place stand in for "the docs don't say", and only for that."""
    here = "Here I may only use what this channel may see."
    question = Question("How do I order new business cards?", frozenset({"everyone"}), not_found=here)
    assert (await app.answerer.answer(question)).text == here
    question = Question("When are salaries paid?", frozenset({"everyone"}), not_found=here)
    assert "25th" in (await app.answerer.answer(question)).text
    closed = Question("When are salaries paid?", frozenset(), not_found=here)
    assert (await app.answerer.answer(closed)).text == here
