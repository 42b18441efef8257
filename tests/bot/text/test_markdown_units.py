"""Markdown cut into units."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.markdown_units import sentences, split


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("Ask e.g. Dr. Who at 3.5 km. Then go.", ["Ask e.g. Dr. Who at 3.5 km.", "Then go."]),
        ("See https://a.example/b.c?d=1. Next.", ["See https://a.example/b.c?d=1.", "Next."]),
        ("See [v1. Foo](https://a.example). Next.", ["See [v1. Foo](https://a.example).", "Next."]),
        ("Run `a. B` first. Next.", ["Run `a. B` first.", "Next."]),
        ("**Bold.** Next.", ["**Bold.**", "Next."]),
        ("Bis zum 31. März. Danach nicht.", ["Bis zum 31. März.", "Danach nicht."]),
        ("Es sind 27. Davon 5 sofort.", ["Es sind 27.", "Davon 5 sofort."]),
        ("休暇は25日です。上司に聞いてください。", ["休暇は25日です。", "上司に聞いてください。"]),
        ("a line\nthat goes on. Next", ["a line\nthat goes on.", "Next"]),
        ("- one\n- two\n  more", ["one", "two\n  more"]),
        ("# Head\ntext", ["# Head", "text"]),
        ("> quoted", ["quoted"]),
        ("```\na. B\n\nc\n```\nend", ["```\na. B\n\nc\n```", "end"]),
        ("| a | b |\n|---|---|\n| c | d |", ["| a | b |", "| c | d |"]),
        ("", []),
        ("```\nnever closed", ["```\nnever closed"]),
    ],
)
def test_units(text: str, units: list[str]) -> None:
    """Sentences, items, rows and code come out whole."""
    assert sentences(text) == units


@given(st.text(alphabet="aB. !?\n-#|`>[]()1:/h", max_size=200))
def test_units_lie_in_order_and_lose_no_letters(text: str) -> None:
    """Whatever the text, units don't overlap and only space and marks lie between them."""
    at = 0
    for unit in split(text):
        assert at <= unit.start < unit.end
        assert not any(c in "aBh/:" for c in text[at : unit.start])
        at = unit.end
    assert not any(c in "aBh/:" for c in text[at:])
