"""Text for chat platforms."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.chat.answer_view import of_answer
from adapters.chat.markdown_text import (
    age,
    bare,
    greets,
    is_question,
    is_small_talk,
    plain,
    quoted,
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


@pytest.mark.slow
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
        (-1, "updated today"),
        (0, "updated today"),
        (1, "updated 1 day ago"),
        (6, "updated 6 days ago"),
        (7, "updated 1 week ago"),
        (29, "updated 4 weeks ago"),
        (30, "updated 1 month ago"),
        (365, "updated 1 year ago"),
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


@pytest.mark.parametrize(
    ("text", "limit", "parts"),
    [
        ("", 50, []),
        ("\n\na\n \n\nb\n", 50, ["a\n\nb"]),
        ("a" * 20 + "\n\n" + "b" * 28, 50, ["a" * 20 + "\n\n" + "b" * 28]),
        ("a" * 20 + "\n\n" + "b" * 29, 50, ["a" * 20, "b" * 29]),
        ("a\n```sh\nb\n```\nc", 50, ["a\n\n```sh\nb\n```\n\nc"]),
        ("```\na", 50, ["```\na\n```"]),
        ("~~~\na\n```\n\nb\n~~~ c\n~~~~\n\nd", 30, ["~~~\na\n```\n\nb\n~~~ c\n~~~~\n\nd"]),
        ("~~~\na\n```\n\nb\n~~~ c\n~~~~\n\nd", 25, ["~~~\na\n```\n\nb\n~~~ c\n~~~~", "d"]),
        ("````\na\n```\n\nb\n````", 24, ["````\na\n```\n\nb\n````"]),
        ("a" * 30 + "\n" + "b" * 30, 50, ["a" * 30, "b" * 30]),
        ("a" * 20 + "\n" + "b" * 29 + "\nc", 50, ["a" * 20 + "\n" + "b" * 29, "c"]),
        ("a" * 29 + ". " + "b" * 15 + " " + "c" * 15, 50, ["a" * 29 + ".", "b" * 15 + " " + "c" * 15]),
        ("a" * 29 + " " + "b" * 29, 50, ["a" * 29, "b" * 29]),
        ("a" * 16 + " " + "b" * 40, 50, ["a" * 16 + " " + "b" * 33, "b" * 7]),
        ("a" * 17 + " " + "b" * 40, 50, ["a" * 17, "b" * 40]),
        ("a" * 120, 50, ["a" * 50, "a" * 50, "a" * 20]),
        ("a\nb\n```\nc\n```\nd\ne\n\nf", 50, ["a\nb\n\n```\nc\n```\n\nd\ne\n\nf"]),
        ("a" * 20 + ". " + "b" * 20 + ". " + "c" * 20, 50, ["a" * 20 + ". " + "b" * 20 + ".", "c" * 20]),
        ("a" * 20 + " " + "b" * 20 + " " + "c" * 20, 50, ["a" * 20 + " " + "b" * 20, "c" * 20]),
        ("a" * 25 + " " + "b" * 30 + ". " + "c" * 5, 50, ["a" * 25, "b" * 30 + ". " + "c" * 5]),
        ("a" * 30 + "  " + "b" * 30, 50, ["a" * 30, "b" * 30]),
        ("a" * 24 + " " + "b" * 25 + "\nc", 50, ["a" * 24 + " " + "b" * 25, "c"]),
        ("  ```sh  \n" + "a" * 30 + "\n" + "b" * 30 + "\n```", 60, ["```sh\n" + "a" * 30 + "\n```", "```sh\n" + "b" * 30 + "\n```"]),
        ("```sh\n" + "a" * 20 + "\n" + "b" * 19 + "\nc\n```", 50, ["```sh\n" + "a" * 20 + "\n" + "b" * 19 + "\n```", "```sh\nc\n```"]),
        ("```sh\n" + "a" * 20 + "\n" + "b" * 20 + "\nc\n```", 50, ["```sh\n" + "a" * 20 + "\n```", "```sh\n" + "b" * 20 + "\nc\n```"]),
    ],
)  # fmt: skip
def test_where_it_is_cut(text: str, limit: int, parts: list[str]):
    """split cuts between paragraphs, lines, sentences and words, in that order, and fills each part."""
    assert split(text, limit) == parts


@pytest.mark.parametrize(
    ("text", "limit", "line"),
    [
        ("a  b\n c", 10, "a b c"),
        ("aaaa bbbb cc", 12, "aaaa bbbb cc"),
        ("aaaa bbbb ccc", 12, "aaaa bbbb…"),
        ("aaaaaa bbbbbb", 12, "aaaaaa bbbb…"),
        ("aaaaaaa bbbbbb", 12, "aaaaaaa…"),
        ("aaaa bbbb, - cc dd", 15, "aaaa bbbb…"),
        ("aaaaaaaaaaaaaa", 12, "aaaaaaaaaaa…"),
    ],
)
def test_where_a_line_is_shortened(text: str, limit: int, line: str):
    """shorten cuts at a word in the second half, and leaves no comma before the ellipsis."""
    assert shorten(text, limit) == line


def test_bare_stands_between_backticks():
    """bare has none of its own, and is short."""
    assert bare("`a`\nb") == "'a' b"
    assert bare("a" * 40) == "a" * 40
    assert bare("a" * 41) == "a" * 39 + "…"


@pytest.mark.parametrize(
    ("markdown", "words"),
    [
        ("# A\n > b\nc > d", "A\nb\nc > d"),
        ("```sh\nls\n```", "ls"),
        ("__a__ [b [c](d)", "a [b c"),
        ("[a](https://b.example/c_(d)) e", "a e"),
    ],
)
def test_plain_words(markdown: str, words: str):
    """plain drops heads, quotes, emphasis, code's marks and addresses of links."""
    assert plain(markdown) == words


@pytest.mark.parametrize(
    ("table", "drawn"),
    [
        ("| a |", "| a |"),
        ("|---|\n|---|", "|---|\n|---|"),
        ("| a | b |\n|---|---|\n| c |\n| d \\| e | f |", "```\na      b\n-----  -\nc\nd | e  f\n```"),
        ("~~~\n| a |\n| b |\n~~~\n| c |\n| d |", "~~~\n| a |\n| b |\n~~~\n```\nc\n-\nd\n```"),
        ("| a |\n| b |\n```\n| c |\n| d |\n```\n| e |\n| f |\n", "```\na\n-\nb\n```\n```\n| c |\n| d |\n```\n```\ne\n-\nf\n```\n"),
        ("| a [1] |\n| [2] |", "```\na  [1]\n-\n   [2]\n```"),
        ("| Ａ | b |\n| c | d |", "```\nＡ  b\n--  -\nc   d\n```"),
    ],
)  # fmt: skip
def test_tables_as_they_come(table: str, drawn: str):
    """tables_as_code draws short rows, escaped bars, wide letters; one row is no table, and code stays."""
    assert tables_as_code(table) == drawn


def test_small_talk_is_thanks_or_a_greeting():
    """Nothing in it is to be looked up; a word among others, or a question, is."""
    assert is_small_talk("Hi all!")
    assert is_small_talk("thanks a lot")
    assert not is_small_talk("hi, how much leave?")
    assert not is_small_talk("all")
    assert not is_small_talk("ok thanks, what is the pay")


def test_a_question_is_quoted_in_one_line():
    """Without links, which nobody retrieved."""
    assert quoted("see\n https://evil.example [a](https://evil.example)\n now") == "see a now"


@pytest.mark.parametrize("text", ["  why so", "so？", "Anybody up", "hm, so?"])
def test_words_that_ask(text: str):
    """is_question looks at the first word, and for question marks of either width."""
    assert is_question(text)
