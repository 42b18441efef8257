"""Files that came with a question: read by the converters, in a process that is bounded and cut off."""

import pytest
from openpyxl import Workbook

from indexer.reading.attached import Illegible, ReadBounds, text_of
from tests.support.office_files import docx, paragraph, run, xlsx
from tests.support.pdf_files import pdf, text

_BOUNDS = ReadBounds()


def book() -> bytes:
    made = Workbook()
    sheet = made.active
    assert sheet is not None
    sheet.append(["Country", "Days"])
    sheet.append(["Germany", 30])
    return xlsx(made)


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("a.docx", docx(paragraph(run("Four weeks' notice"))), "Four weeks' notice"),
        ("a.xlsx", book(), "| Germany | 30 |"),
        ("a.html", b"<h1>Notice</h1><script>no</script>", "# Notice"),
        ("app.log", b"E1042", "E1042"),
        ("Untitled", "naïve".encode(), "naïve"),
        ("a.txt", "hi".encode("utf-16"), "hi"),
        ("a.md", b"---\naudience: [[[\n---\nNotice", "Notice"),
        ("../../etc/passwd", b"only its own words", "only its own words"),
    ],
)
async def test_files_are_read_as_pages_are(name: str, data: bytes, words: str) -> None:
    """By the ending of the name; what no converter knows is text, whatever it is called."""
    assert words in await text_of(name, data, _BOUNDS)


@pytest.mark.parametrize(
    ("name", "data"),
    [("a.zip", b"PK\x03\x04" + bytes(200)), ("a.docx", b"PK\x03\x04 broken"), ("a.pdf", b"%PDF-1.7 broken")],
)
async def test_what_is_no_text_is_said(name: str, data: bytes) -> None:
    """In words that don't repeat the file."""
    with pytest.raises(Illegible) as refused:
        await text_of(name, data, _BOUNDS)
    assert str(refused.value).startswith("it ")


async def test_of_a_long_pdf_the_first_pages_are_read() -> None:
    """And of any file so many characters."""
    pages = pdf(*[[text(72, 700, f"leaf {number}.")] for number in range(1, 9)])
    read = await text_of("a.pdf", pages, ReadBounds(pages=3))
    assert "leaf 3." in read
    assert "leaf 4." not in read
    assert len(await text_of("a.txt", b"x" * 500, ReadBounds(characters=100))) == 100


@pytest.mark.slow
async def test_a_file_takes_so_much_of_the_processors_time() -> None:
    """One that takes longer is given up, and the next one is read."""
    pages = pdf(*[[text(72, 700 - 10 * row, f"leaf {row} " * 20) for row in range(60)] for _ in range(300)])
    with pytest.raises(Illegible, match="processor's time"):
        await text_of("a.pdf", pages, ReadBounds(seconds=0.3, pages=300))
    assert await text_of("a.txt", b"next", _BOUNDS) == "next"
