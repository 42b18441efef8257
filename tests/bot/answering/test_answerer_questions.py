"""What people type, made ready."""

import pytest

from bot.model import Question, Turn
from bot.text.questions.question_text import LIMIT, merged, prepare


def follow(text: str, *said: str) -> str:
    return merged(Question(text, frozenset(), history=tuple(Turn("user", one) for one in said)))


def test_a_terminals_colours_are_no_words() -> None:
    """What was copied from a terminal is asked without its codes."""
    assert prepare("\x1b[1;31mhow\x1b[0m many\x1b]0;title\x07 days?").text == "how many days?"


def test_space_and_control_characters_are_tidied() -> None:
    """A question comes out as one line of words."""
    assert prepare(" how\tmany\x00\n days? ").text == "how many days?"


def test_a_question_at_the_limit_is_left_alone() -> None:
    """Only what is longer is cut, and says so."""
    assert prepare("x" * LIMIT).note == ""
    assert prepare("x" * (LIMIT + 1)).note


@pytest.mark.parametrize(
    ("now", "before", "result"),
    [
        (
            "and for contractors?",
            "How many days off do employees get?",
            "and for contractors? How many days off employees",
        ),
        ("What about Berlin?", "Where is the office in London?", "What about Berlin? Where office London"),
        ("Who approves it?", "How do I expense a taxi?", "Who approves it? How expense taxi"),
        ("What is required?", "How do I expense a taxi?", "What is required? How expense taxi"),
        ("Who is Bosun?", "How many days off do I get?", "Who is Bosun?"),
        ("Was ist Bildungsurlaub?", "Wie viel Urlaub habe ich?", "Was ist Bildungsurlaub?"),
        ("How do I rotate an API key?", "How many days off do I get?", "How do I rotate an API key?"),
        (
            "What's the budget for a new desk, a chair and a screen when I start in the Berlin office in May?",
            "How many days off do I get?",
            "What's the budget for a new desk, a chair and a screen when I start in the Berlin office in May?",
        ),
    ],
)
def test_follow_ups_take_the_words_they_lack(now: str, before: str, result: str) -> None:
    """A question that leans on the one before gets its content words; one that doesn't is left alone."""
    assert follow(now, before) == result


def test_without_history_nothing_is_merged() -> None:
    """The first question is itself."""
    assert follow("and for contractors?") == "and for contractors?"
