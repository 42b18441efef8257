"""Addresses that hold credentials, for people and logs."""

import pytest

from bot.text.sanitize import without_credentials


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
