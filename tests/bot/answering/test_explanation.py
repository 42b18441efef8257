"""What decided an answer, as a sentence for people."""

from dataclasses import replace

import pytest

from bot.answering.explanation import explain
from bot.model import Answer, Candidate, Citation, Outcome, Trace
from tests.support.fakes import make_passage

DOGS = Candidate(make_passage("Dogs are allowed.", page="dogs.md", title="Dogs"), 1.0, None, 0.5)
CITED = (
    Citation(1, "handbook:dogs.md", "Dogs", "", "", ""),
    Citation(2, "handbook:cats.md", "Cats", "", "", ""),
)


def not_found(decision: str, *candidates: Candidate) -> Answer:
    return Answer("a1", Outcome.NOT_FOUND, "No.", trace=Trace(candidates=candidates, decision=decision))


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (not_found("nothing was found"), "docent show PAGE"),
        (not_found("words 0.3 < 0.5", DOGS), "“Dogs” is nearest, but has too little of the question"),
        (
            not_found("nothing that was written was covered", DOGS),
            "“Dogs” was found, but nothing that was written",
        ),
        (not_found("small talk, no question"), "small talk"),
        (not_found("no word of what about"), "a question with a subject"),
        (not_found("no audience: nothing may be shown"), "audiences in docent.yaml"),
        (not_found("refused by the style guide"), "The style guide says"),
        (Answer("a1", Outcome.ANSWERED, "Yes. [1]", CITED), "It says what stands in “Dogs” and “Cats”."),
        (Answer("a1", Outcome.ANSWERED, "Yes.", verified="v1"), "docent style withdraw v1"),
        (
            Answer("a1", Outcome.UNAVAILABLE, "Down.", trace=Trace(decision="search failed: no disk.")),
            "It wasn't answered: search failed: no disk. docent doctor",
        ),
        (Answer("a1", Outcome.UNAVAILABLE, "Over the limit."), "too many questions"),
    ],
)
def test_each_end_has_its_sentence(answer: Answer, said: str) -> None:
    """It says what decided, and what to do about it."""
    assert said in explain(answer)


def test_pages_that_may_not_be_seen_have_no_name() -> None:
    """Whether it was answered from them or not."""
    answered = Answer("a1", Outcome.ANSWERED, "Yes. [1][2]", CITED)
    said = explain(answered, visible={"handbook:cats.md"})
    assert "“Cats”" in said
    assert "Dogs" not in said
    assert "Dogs" not in explain(not_found("words 0.3 < 0.5", DOGS), visible=set())
    assert explain(not_found("words 0.3 < 0.5", DOGS), visible=set()).startswith(
        "A page that you may not see"
    )


def test_titles_are_made_fit_for_the_place() -> None:
    """Whoever shows it says how."""
    found = replace(DOGS, passage=replace(DOGS.passage, title="<!channel>"))
    assert "<!channel>" not in explain(not_found("words", found), shown=lambda title: title.replace("<!", ""))


def test_many_pages_are_counted() -> None:
    pages = tuple(Citation(n, f"h:{n}", f"Page {n}", "", "", "") for n in range(5))
    assert "“Page 2” and 2 more" in explain(Answer("a1", Outcome.ANSWERED, "Yes.", pages))
