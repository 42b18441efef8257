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
        ("Somebody at moor.example gets", None),
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
        ("Not so.", LEAVE, True),
        ("Es gibt keinen Urlaub.", make_passage("Alle haben 25 Tage Urlaub."), True),
        ("Hunde sind nicht erlaubt.", make_passage("Hunde sind nicht erlaubt."), False),
    ],
)  # fmt: skip
def test_a_denial_needs_a_denial(sentence, passage, denied):
    """And an affirmation isn't cited with a page that denies just that."""
    assert Attribution([passage]).contradicts(sentence, [passage]) is denied


def said(sentence, *texts, **fields):
    """Where the first passage stands that says it, or None."""
    passages = [make_passage(text, page=f"{place}.md", **fields) for place, text in enumerate(texts)]
    found = Attribution(passages).source(sentence)
    return passages.index(found) if found else None


def test_of_two_passages_that_say_the_same_it_is_the_first():
    """As they were ranked."""
    text = "Everybody gets 25 vacation days a year."
    assert said(text, "Dogs may come on Fridays.", text, text, "Cats may not.") == 1


def test_facts_stand_in_the_sentence_or_beside_it():
    """A number from elsewhere in the passage doesn't make a sentence true, nor does an owner's name."""
    text = "Everybody gets vacation days each year. Ask early. It is fine. The limit is 25 euros."
    assert said("Everybody gets 25 vacation days each year.", text) is None
    assert (
        said("Everybody gets vacation days each year, 25 of them.", text.replace("It is fine. ", "")) is None
    )
    assert (
        said(
            "Everybody gets vacation days each year, 25 of them.", text.replace("Ask early. It is fine. ", "")
        )
        == 0
    )
    text = "The limit is 25 euros. Ask early. It is fine. Everybody gets vacation days each year."
    assert (
        said("Everybody gets vacation days each year, 25 of them.", text.replace("It is fine. ", "")) is None
    )
    spoken = "It is for you that Robin and all of the others are here to plan the vacation days of each year."
    assert said(spoken, spoken.replace("Robin and all", "all"), owners=("Robin",)) is None
    assert said(spoken, spoken) == 0


def test_three_of_five_words_are_enough():
    """The share of a sentence's words that has to stand in one of the page."""
    assert said("Apples, bananas, cherries, melons, grapes.", "apples, bananas, cherries") == 0
    assert said("Apples, bananas, cherries, melons, grapes.", "apples, bananas") is None


def test_a_page_without_sentences_says_nothing():
    """It denies nothing, and nothing is found in it."""
    empty = make_passage("---")
    assert not Attribution([empty]).contradicts("There are no flights.", [empty])
    assert Attribution([]).source("Everybody gets 25 vacation days a year.") is None


def test_a_limit_two_sentences_away_denies_nothing():
    """Beside the sentence is near enough."""
    text = "Everybody may take flights. It is fine. Only trains are paid."
    far, near = (
        make_passage(text, page="far.md"),
        make_passage(text.replace("It is fine. ", ""), page="near.md"),
    )
    assert Attribution([far]).contradicts("Nobody may take flights, everybody may not.", [far])
    assert not Attribution([near]).contradicts("Nobody may take flights, everybody may not.", [near])
    text = "Only trains are paid. It is fine. Everybody may take flights."
    far, near = (
        make_passage(text, page="far.md"),
        make_passage(text.replace("It is fine. ", ""), page="near.md"),
    )
    assert Attribution([far]).contradicts("Nobody may take flights, everybody may not.", [far])
    assert not Attribution([near]).contradicts("Nobody may take flights, everybody may not.", [near])


def test_words_are_told_by_their_stems():
    """In the language that they are in."""
    page = "Der Hund ist nicht in dem Haus und dem Garten, auf dem Dach und auf dem Baum."
    assert (
        said("Die Hunde sind nicht in den Häusern und den Gärten, auf den Dächern und auf den Bäumen.", page)
        == 0
    )


@pytest.mark.parametrize(
    ("sentence", "page", "denied"),
    [
        ("Cats, dogs, birds, mice, foxes.", "Not cats, dogs, birds, mice, owls.", True),
        ("Cats, dogs, birds, bears, foxes.", "Not cats, dogs, birds, mice, owls.", False),
        ("Dogs sleep.", "Dogs do not sleep in warm kitchens or hotels.", False),
        ("Dogs sleep in warm kitchens or hotels.", "Dogs do not sleep.", False),
        ("The cats and dogs may be in the kitchen.", "So it is that the cats and dogs may not be in the kitchen.", True),
        ("The cats and dogs may be in the kitchen.", "And so it is that the cats and dogs may not be in the kitchen.", False),
    ],
)  # fmt: skip
def test_what_is_the_same_but_for_a_not(sentence, page, denied):
    """Four of five words on both sides, and the denial is at most fourteen words long: a longer one says more than that."""
    passage = make_passage(page)
    assert Attribution([passage]).contradicts(sentence, [passage]) is denied
