"""Whether what a sentence states stands in what it cites."""

import pytest

from bot.answering.support_check import SupportCheck
from tests.support.fakes import make_passage

PAGE = make_passage(
    "Everybody gets 27 days of paid leave. In London the limit is £1,250.50 a year for two nights. "
    "Ask Dana Reyes or write to people@moor.example. Run `moor rollback --to v2.3.1` on node-0777. It ends in March.",
    title="Annual leave",
)


def unsupported(
    sentence: str, question: str = "how much leave is there and what may it cost in the city?"
) -> str:
    return SupportCheck(question).unsupported(sentence, [PAGE])


@pytest.mark.parametrize(
    "sentence",
    [
        "You get 27 days.",
        "It's 1250.5 pounds, for 2 nights.",
        "It's £1 250.50 [1].",
        "Write to people@moor.example and ask Dana Reyes.",
        "Run `moor rollback --to v2.3.1`.",
        "2. Look at node-0777 when you are in London, and do it by March.",
        "Ask Dana, as the Londoners do with their annual leave.",
        "Happy to help!",
        "It's 1250,5 pounds.",
        "You get it on the 27th.",
        "Run `moor rollback, --to v2.3.1;`",
        "*27 days* of paid leave.",
    ],
)
def test_what_stands_in_the_passage(sentence: str) -> None:
    """Numbers in another form, names in another case and identifiers of the passage may be said."""
    assert unsupported(sentence) == ""


@pytest.mark.parametrize(
    ("sentence", "made_up"),
    [
        ("You get 28 days.", "28"),
        ("You get 7 days.", "7"),
        ("It's for three nights.", "three"),
        ("Write to boss@moor.example.", "boss@moor.example"),
        ("Run `moor rollback --force`.", "--force"),
        ("It is v2.3.10 that you want.", "v2.3.10"),
        ("Look at node-0778.", "node-0778"),
        ("Ask the people team or Robin about what it may cost.", "Robin"),
        ("It is in the API of the GitHub.", "API"),
        ("It costs 1,250.60 pounds.", "1,250.60"),
        ("7 days of paid leave.", "7"),  # the end of "27 days of paid leave"
        ("- 7 days of paid leave.", "7"),
        ("You get it on the 28th.", "28"),
    ],
)
def test_what_does_not(sentence: str, made_up: str) -> None:
    """A number, a name, a command or an identifier that isn't there is found."""
    assert unsupported(sentence) == made_up


def test_a_name_of_the_question_may_be_repeated() -> None:
    """Who asks about somebody may be answered by name, though no number is taken from the question."""
    assert (
        unsupported(
            "For Robin it is 27 days of leave, and that is what the limit says.", "is it 99 days for Robin?"
        )
        == ""
    )
    assert unsupported("It is 99 days.", "is it 99 days for Robin?") == "99"


def test_german_nouns_are_no_names() -> None:
    """A language that writes every noun with a capital is spared the check of names, not that of numbers."""
    said = "Du bekommst in der Regel 27 Tage Urlaub und kannst sie auch mit einer Reise verbinden."
    assert unsupported(said, "wie viel urlaub gibt es?") == ""
    assert unsupported(said.replace("27", "30"), "wie viel urlaub gibt es?") == "30"


ODD = make_passage(
    "There are 0 days in XL. Fees end on 2026-03-31. The API says so, and so it is for all of you.",
    title="Fees",
    heading="Kim knows",
    owners=("Dana Reyes", "Robin Moor"),
    updated_at=None,
)


@pytest.mark.parametrize(
    ("sentence", "made_up"),
    [
        ("It is zero days, as you can see.", ""),
        ("It is XL, as you can see.", ""),
        ("It ends in March, as you can see.", ""),
        ("It ends in April, as you can see.", "April"),
        ("It is for the APIs, as you can see.", ""),
        ("It is for the ABC42, as you can see.", ""),  # the question's
        ("It is for the ABC43, as you can see.", "ABC43"),
        ("You can ask Robin, as that is what it is for.", ""),  # an owner
        ("You can ask Kim, as that is what it is for.", ""),  # in the heading
        ("You can ask Lee, as that is what it is for.", "Lee"),
        ("It was said in 2026, as you can see.", ""),
        ("It was said in 2025, as you can see.", "2025"),
    ],
)
def test_what_a_passage_says_of_itself(sentence: str, made_up: str) -> None:
    """Its heading, owners and dates count; words for numbers, months and plurals are the same said otherwise."""
    assert SupportCheck("what is the ABC42 for?").unsupported(sentence, [ODD]) == made_up


def test_names_are_spared_where_the_language_is_unknown() -> None:
    """A sentence too short to tell its language may have nouns with a capital."""
    assert SupportCheck().unsupported("Ask Robin now.", [PAGE]) == ""
    assert (
        SupportCheck().unsupported("Ask Robin now.", [PAGE], around="That is all that we have of it for you.")
        == "Robin"
    )
