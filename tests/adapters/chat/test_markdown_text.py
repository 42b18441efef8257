"""Text for chat platforms."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.chat.answer_view import of_answer
from adapters.chat.markdown_text import (
    age,
    greets,
    is_question,
    plain,
    shorten,
    split,
    tables_as_code,
    thanks,
)
from bot.model import Answer, Citation, Outcome

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_a_short_text_is_one_part():
    """split returns a text within the limit as it is."""
    assert split("One.\n\nTwo.", 100) == ["One.\n\nTwo."]


def test_cuts_fall_between_paragraphs():
    """split cuts at paragraphs where they fit."""
    assert split("a" * 40 + "\n\n" + "b" * 40 + "\n\n" + "c" * 40, 90) == [
        "a" * 40 + "\n\n" + "b" * 40,
        "c" * 40,
    ]


def test_a_cut_fence_is_closed_and_reopened_with_its_language():
    """split never leaves a code fence open."""
    code = "```sh\n" + "\n".join(f"echo {i}" for i in range(30)) + "\n```"
    parts = split("Run:\n\n" + code, 100)
    assert all(part.count("```") % 2 == 0 for part in parts)
    assert all(part.startswith("```sh\n") for part in parts[1:])
    assert [line for part in parts for line in part.split("\n") if line.startswith("echo")] == [
        f"echo {i}" for i in range(30)
    ]


def test_blank_lines_inside_a_fence_do_not_end_it():
    """split keeps a fence with blank lines whole."""
    code = "```\na\n\nb\n```"
    assert split("x" * 30 + "\n\n" + code, 40) == ["x" * 30, code]


@given(st.text(alphabet="ab `|\n.", max_size=400), st.integers(60, 120))
def test_every_part_fits(text: str, limit: int):
    """split never returns a part over the limit or loses a letter."""
    parts = split(text, limit)
    assert all(0 < len(part) <= limit for part in parts)
    assert "".join(parts).count("a") >= text.count("a")


def test_tables_become_aligned_code():
    """tables_as_code draws a table as a code block with aligned columns."""
    table = "Rates:\n\n| Country | Days |\n|---|---|\n| Germany | 30 |\n| 日本 | 20 |\n\nDone."
    assert tables_as_code(table) == (
        "Rates:\n\n```\nCountry  Days\n-------  ----\nGermany  30\n日本     20\n```\n\nDone."
    )


def test_a_table_in_a_fence_stays():
    """tables_as_code leaves code alone."""
    code = "```\n| a | b |\n|---|---|\n```"
    assert tables_as_code(code) == code


def test_shorten_cuts_at_a_word():
    """shorten ends a cut line with an ellipsis after a whole word."""
    assert shorten("How much notice\nbefore a long holiday?", 24) == "How much notice before…"
    assert shorten("short", 10) == "short"


def test_plain_drops_the_marks():
    """plain leaves the words only."""
    assert (
        plain("## Leave\n**30** days, see [policy](https://x.test) `now`") == "Leave\n30 days, see policy now"
    )


@pytest.mark.parametrize(
    ("days", "said"),
    [
        (0, "updated today"),
        (1, "updated 1 day ago"),
        (20, "updated 2 weeks ago"),
        (95, "updated 3 months ago"),
        (800, "updated 2 years ago"),
    ],
)
def test_age_in_words(days: int, said: str):
    """age says how long ago a page was updated."""
    assert age(NOW - timedelta(days=days), NOW) == said


def test_an_unknown_age_is_silent():
    """age says nothing without a date."""
    assert age(None, NOW) == ""


@pytest.mark.parametrize(
    "text", ["where is the wifi password", "VPN broken, any ideas?", "Wie viele Tage Urlaub habe ich"]
)
def test_questions_are_told_from_chatter(text: str):
    """is_question knows a question without its mark."""
    assert is_question(text)


@pytest.mark.parametrize("text", ["thanks!", "The build is green again.", ""])
def test_chatter_is_no_question(text: str):
    """is_question leaves statements alone."""
    assert not is_question(text)


def test_citations_stand_behind_the_rows_that_are_cited():
    """tables_as_code takes the numbers of citations out of the last cell, and leaves them in their row."""
    table = "| Country | Days |\n|---|---|\n| Germany | 30 [1] [2] |\n| France | 25 |\n| Spain | 220 [3] |\n\nDone."
    drawn = "```\nCountry  Days\n-------  ----\nGermany  30    [1] [2]\nFrance   25\nSpain    220   [3]\n```\n\nDone."
    assert tables_as_code(table) == drawn


@pytest.mark.parametrize("text", ["Hi!", "hello there", "Good morning", "Guten Tag"])
def test_a_greeting_is_no_question(text: str):
    """A greeting is known as one."""
    assert greets(text)


@pytest.mark.parametrize("text", ["Thanks!", "thank you so much", "OK, got it", "Vielen Dank", "great"])
def test_thanks_are_no_question(text: str):
    """Thanks are known as such."""
    assert thanks(text)


@pytest.mark.parametrize(
    "text", ["hi, who is HR", "got a raise?", "thanks for the fish policy", "ok?", "", "good", "the team"]
)
def test_whatever_else_is_looked_up(text: str):
    """A word of greeting or thanks among others doesn't make a question one."""
    assert not greets(text)
    assert not thanks(text)


def test_sources_stand_together_by_page() -> None:
    """A page is named once, with the headings that are cited of it; not where a heading says the same as the page."""
    cited = [
        Citation(number, "h:week.md", "Your first week", heading, "", "", None)
        for number, heading in enumerate(("Your first week 🎉", "Monday", ""), 1)
    ]
    answer = Answer("x", Outcome.ANSWERED, "Welcome [1][2][3].", tuple(cited))
    shown = of_answer(
        answer,
        now=datetime(2026, 1, 1, tzinfo=UTC),
        private=False,
        stale_after=timedelta(1),
        can_ask_human=False,
    )
    (page,) = shown.sources
    assert [(line.number, line.title) for line in page.sections] == [
        (1, "Your first week"),
        (2, "Monday"),
        (3, "Your first week"),
    ]
