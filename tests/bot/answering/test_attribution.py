"""Which passage says what a sentence says, and whether both affirm or both deny."""

import pytest

from bot.answering.attribution import Attribution
from tests.support.fakes import make_passage

LEAVE = make_passage(
    "Everybody gets 25 vacation days a year. Ask Ann before you book a flight. Contractors get no paid leave.",
    heading="Vacation",
)
DOGS = make_passage(
    "Dogs are not allowed in the kitchen. Only trained dogs may come on Fridays.",
    page="dogs.md",
    title="Dogs",
)


@pytest.mark.parametrize(
    ("sentence", "found"),
    [
        ("Everybody gets 25 vacation days each year.", LEAVE),
        ("You should ask Ann before you book any flight.", LEAVE),
        ("Trained dogs may come to the office on Fridays.", DOGS),
        ("Everybody gets 30 vacation days each year.", None),  # another number
        ("Everybody gets 25 days of parental leave after a birth.", None),  # of something else
        ("It is 25 days.", None),  # too little to tell
        ("Ask Bob before you book a flight.", None),  # another name
        ("The weather is fine on most of the islands.", None),
        ("", None),
    ],
)  # fmt: skip
def test_a_sentence_is_traced_to_the_passage_that_says_it(sentence, found):
    """Its facts and most of its words stand there in one sentence."""
    around = f"{sentence} This is what the page says of it, and there is nothing else that you should know."
    assert Attribution([LEAVE, DOGS]).source(sentence, around=around) is found


@pytest.mark.parametrize(
    ("sentence", "passage", "denied"),
    [
        ("There is no money for flights.", make_passage("Ask Ann before you book a flight."), True),
        ("Contractors don't get paid leave.", LEAVE, False),
        ("Untrained dogs may not come.", DOGS, False),  # "only" says so
        ("Dogs are allowed in the kitchen.", DOGS, True),
        ("Dogs are not allowed in the kitchen.", DOGS, False),
        ("Everybody gets 25 vacation days.", LEAVE, False),
        ("Es gibt keinen Urlaub.", make_passage("Alle haben 25 Tage Urlaub."), True),
        ("Hunde sind nicht erlaubt.", make_passage("Hunde sind nicht erlaubt."), False),
    ],
)  # fmt: skip
def test_a_denial_needs_a_denial(sentence, passage, denied):
    """And an affirmation isn't cited with a page that denies just that."""
    assert Attribution([passage]).contradicts(sentence, [passage]) is denied
