"""Markdown cut into units."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.markdown_units import sentences, split, statements


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
        ("See https://a.example/b?c. Next.", ["See https://a.example/b?c.", "Next."]),
        ("See [a. B. Next", ["See [a. B. Next"]),
        ("He said “no.” Next.", ["He said “no.”", "Next."]),
        ("Ask (e.g.) Ann. next", ["Ask (e.g.) Ann. next"]),
        ("Am 1. Mai. Am 2. Kommt er.", ["Am 1. Mai.", "Am 2.", "Kommt er."]),
        ("Ab 3. *Next*", ["Ab 3.", "*Next*"]),
        ("One.  Two.", ["One.", "Two."]),
        ('He said "see https://a.example/b." Next.', ['He said "see https://a.example/b."', "Next."]),
        ("See below. https://a.example/B is it.", ["See below. https://a.example/B is it."]),
        ("Press it. <enter> is fine.", ["Press it. <enter> is fine."]),
        ("Do it. `make` it.", ["Do it.", "`make` it."]),
        ("Press <Ctrl+.> Next it.", ["Press <Ctrl+.> Next it."]),
        ("The `.` Next is one.", ["The `.` Next is one."]),
        ("Run `a`. B.", ["Run `a`.", "B."]),
        ("Is it <a.B!>? Yes.", ["Is it <a.B!>?", "Yes."]),
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


def test_statements_are_sentences_and_items() -> None:
    """Headings, rows, rules and code are none."""
    assert statements("# A\n\nOne. Two.\n\n- three\n\n| four |\n\n---\n\n```\nfive\n```") == 3


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("One.\n\n- two\n- three. Four.", [("prose", "One.", 0), ("item", "two", 1), ("item", "three.", 2), ("prose", "Four.", 2)]),
        ("# A\n| b |\n|---|\n===\nend", [("heading", "# A", 0), ("row", "| b |", 1), ("rule", "|---|", 2), ("rule", "===", 3), ("prose", "end", 4)]),
        ("~~~\na\n```\nb\n~~~\nend", [("code", "~~~\na\n```\nb\n~~~", 0), ("prose", "end", 1)]),
        ("a\n```py\nb\n````\nend", [("prose", "a", 0), ("code", "```py\nb\n````", 1), ("prose", "end", 2)]),
        ("```\na ```\n``` b\n```\nend", [("code", "```\na ```\n``` b\n```", 0), ("prose", "end", 1)]),
        (">   1. one\n>   2) two", [("item", "one", 0), ("item", "two", 1)]),
        ("> # A\n> - [x] done\n> ---", [("heading", "# A", 0), ("item", "done", 1), ("rule", "---", 2)]),
        (">\n> b", [("prose", "b", 0)]),
        ("  a  \n\n\t\n  b", [("prose", "a", 0), ("prose", "b", 1)]),
        ("   ```\na\n   ```", [("code", "   ```\na\n   ```", 0)]),
    ],
)  # fmt: skip
def test_kinds_and_blocks(text: str, units: list[tuple[str, str, int]]) -> None:
    """What each unit is, where it begins and ends, and which belong together."""
    assert [(unit.kind, text[unit.start : unit.end], unit.block) for unit in split(text)] == units
