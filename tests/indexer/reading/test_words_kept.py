"""Of each page it is known how much of its file's text is in the index."""

import pytest

from bot.model import WordsKept
from indexer.reading.words_kept import loss, words_kept
from tests.support.office_files import deck, docx, paragraph, pptx, run, word_table
from tests.support.pages import page
from tests.support.pdf_files import pdf, text

_SAID = (
    "Nobody enters the server room alone at night or at the weekend without a key from the desk in the hall"
)


def _slide() -> bytes:
    show = deck()
    slide = show.slides.add_slide(show.slide_layouts[1])
    slide.shapes.title.text = "Server room"
    slide.placeholders[1].text = _SAID
    hidden = show.slides.add_slide(show.slide_layouts[1])
    hidden.placeholders[1].text = "Secret " * 50
    hidden.element.set("show", "0")
    return pptx(show)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.md", f"---\ntitle: T\n---\n# Room\n\n{_SAID}. See [the desk](https://desk.example/a/b?c=d).\n"),
        ("a.rst", f"Room\n====\n\n{_SAID}\n"),
        ("a.adoc", f"= Room\n:author: Ada\n\n{_SAID}\n"),
        (
            "a.html",
            f"<html><head><title>T</title></head><nav>Menu of all</nav><main><h1>Room</h1><p>{_SAID}</main>",
        ),
        ("a.csv", f"Room,Rule\nServer,{_SAID}\n"),
        ("a.docx", docx(paragraph(_SAID) + word_table(("Room", "Key"), ("Server", "Desk")))),
        ("a.pptx", _slide()),
        ("a.pdf", pdf([text(72, 700, _SAID[:60]), text(72, 686, _SAID[60:])])),
        ("a.txt", "服务器机房夜间任何人不得单独进入，周末也一样，除非持有大厅服务台的钥匙。"),
    ],
)
def test_all_is_kept(name: str, data: str | bytes) -> None:
    """Of a page that is read whole all words are there, whatever stands around them."""
    words = page(data, name).words
    assert words is not None
    assert words.format == name.partition(".")[2]
    assert words.held >= 20
    assert words.kept == words.held


def test_loss() -> None:
    """A page that lacks most of its words is a warning with the figures; a few words tell nothing."""
    assert loss(WordsKept("rst", 100, 60)) == ""
    assert loss(WordsKept("rst", 1000, 321)).startswith("only 32 % of its words arrived (321 of 1,000)")
    assert loss(WordsKept("rst", 19, 0)) == ""


def test_lossy_page() -> None:
    """What is mostly struck out says so in the page's problem."""
    gone = run(" ".join(f"old{n}" for n in range(80)), "<w:strike/>")
    built = page(docx(paragraph(gone, run(" " + _SAID))), "a.docx")
    assert "% of its words arrived (21 of 101): struck-out" in built.problem


@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("a.rst", b".. glossary::\n\n   quorum\n      Three of five nodes are a quorum.\n"),
        ("a.adoc", b"quorum:: Three of five nodes are a quorum.\n"),
    ],
)
def test_what_a_converter_loses_is_missed(name: str, source: bytes) -> None:
    """Words are counted in the file itself: what its converter has dropped isn't there in what it made of it."""
    assert words_kept(name, source, body="", shown=["Quorum"]).kept == 1
    assert words_kept(name, source, body="", shown=["Quorum"]).held >= 7
