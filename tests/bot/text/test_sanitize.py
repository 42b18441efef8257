"""Untrusted text made harmless, for people and logs."""

import pytest

from bot.text.sanitize import clean, defuse, without_credentials


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("https://ada:secret@git.example.com/docs.git", "https://git.example.com/docs.git"),
        ("https://token@git.example.com/docs.git", "https://git.example.com/docs.git"),
        ("https://ada:p@ss@git.example.com/docs.git", "https://git.example.com/docs.git"),
        (
            "unable to access 'https://ada:p@ss@git.example.com/'",
            "unable to access 'https://git.example.com/'",
        ),
        ("https://git.example.com/@team/docs.git", "https://git.example.com/@team/docs.git"),
        ("git@git.example.com:docs.git", "git@git.example.com:docs.git"),
        ("./docs", "./docs"),
    ],
)
def test_credentials_in_an_address(told: str, shown: str) -> None:
    """An address is shown without the user and the password in it, whatever characters those hold."""
    assert without_credentials(told) == shown


Z = "\u200b"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\nb\tc\n", "a\nb\tc\n"),
        ("a\rb\x00\x1b[m\x7f\x9f", "ab[m"),
        ("\u202ea\u202c \u2066b\u2069", "a b"),
    ],
)
def test_nothing_moves_the_cursor_or_turns_the_reading_direction(text: str, shown: str) -> None:
    """Lines and tabs stay."""
    assert clean(text) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<@U1> <!channel> <#C1|help>", f"<@{Z}U1> <!{Z}channel> <#{Z}C1|help>"),
        ("@everyone @HERE @channel", f"@{Z}everyone @{Z}HERE @{Z}channel"),
        ("@everyones @here.example", "@everyones @here.example"),
        ("<b> a < b", "<b> a < b"),
    ],
)
def test_nothing_is_a_mention(text: str, shown: str) -> None:
    """It reads the same."""
    assert defuse(text) == shown
