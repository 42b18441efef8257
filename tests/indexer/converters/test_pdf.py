"""PDFs become text in its order, with tables, headings and what was filled in."""

from pathlib import Path

import pytest

from indexer.converters import registry
from tests.support.pages import chunks, document, refused
from tests.support.pdf_files import grid, line, pdf, text

_CASES = Path(__file__).parents[2] / "support" / "pdf_cases"
_LINES = (
    "The first line of a text is as long as all",
    "others are, and its words go on from one line",
    "to the next.",
)


def shown(data: bytes) -> str:
    return registry.to_markdown("a.pdf", data)[1]


def case(name: str) -> str:
    return shown((_CASES / name).read_bytes())


def lines(*words: str, x: float = 72, y: float = 700, size: float = 12, step: float = 14) -> list[str]:
    return [text(x, y - at * step, each, size=size) for at, each in enumerate(words)]


def test_table_between_lines() -> None:
    """A table between ruling lines is one, row by row, and the text around it stays text."""
    made = case("support.pdf")
    assert (
        "| Tier | Response time | Channel |\n| --- | --- | --- |\n| Gold | 1 hour | Phone and mail |" in made
    )
    assert "| Silver | 8 hours | Mail only |" in made
    assert made.endswith("\n\nTiers may be changed on the first of a month.")


def test_wrapped_cells() -> None:
    """Lines of one cell stay together, whichever of its neighbours' lines they stand beside."""
    assert (
        "| Team | 40 GB for each user, shared by all | Chat support on working days between eight and six |"
        in case("plans.pdf")
    )


def test_struck_out_by_a_line() -> None:
    """What a line as long as the words runs through is left out, and neither underlined words nor those of a table."""
    words = [text(72, 700, "The fee is"), text(140, 700, "30 euros,"), text(200, 700, "40 euros since May.")]
    through, under = line(140, 703.5, 192, 703.5), line(200, 698, 300, 698)
    assert shown(pdf([*words, through, under])).strip() == "The fee is 40 euros since May."
    assert "30 euros," in shown(pdf([*words, line(60, 703.5, 400, 703.5)]))


def test_struck_out_by_a_mark() -> None:
    """What a reader's mark strikes out is left out."""
    mark = "/Annots [<< /Type /Annot /Subtype /StrikeOut /Rect [138 696 192 712] /QuadPoints [138 712 192 712 138 696 192 696] >>]"
    data = pdf([text(72, 700, "The fee is"), text(140, 700, "30 euros,"), text(200, 700, "40 euros.")])
    assert (
        shown(data.replace(b"/Type /Page /", f"{mark} /Type /Page /".encode())).strip()
        == "The fee is 40 euros."
    )


def test_outside_of_the_page() -> None:
    """What is cut off the page is left out."""
    said = [text(-400, 700, "Not seen."), text(72, 700, "Seen."), text(72, 40, "Cut off.")]
    cut = pdf(said).replace(b"/Rotate 0", b"/Rotate 0 /CropBox [0 100 612 792]")
    assert shown(cut).strip() == "Seen."


def test_rotated_page() -> None:
    """A page that is turned reads like any other."""
    assert "Nobody enters the server room alone." in case("server-room.pdf").split("\n")


def test_form_values() -> None:
    """What was filled into a form stands beside what it answers."""
    assert "Approver of access requests: Facilities desk in room 12" in case("access.pdf")


def test_ligatures_and_hyphens() -> None:
    """Letters that are drawn as one are two, and a word that a line's end breaks is one."""
    made = case("offices.pdf")
    assert "The office of the officer is on floor nine." in made
    assert "signs the confidentiality agreement" in made


def test_right_to_left() -> None:
    """Hebrew reads from right to left."""
    assert "כל עובד מקבל עשרים ימי חופשה בשנה" in case("vacation.pdf")


def test_words_are_apart() -> None:
    """Prose behind a page with a table keeps its spaces."""
    made = case("manual.pdf")
    assert "The anchor is stored below the rear bench and is lifted with the green winch." in made
    assert "| Mast | 12 kg | Black |" in made


@pytest.mark.parametrize(
    ("turned", "rotate", "places"),
    [
        ("0 1 -1 0", 0, [(100, 100), (120, 100)]),
        ("0 1 -1 0", 90, [(100, 100), (120, 100)]),
        ("0 -1 1 0", 270, [(500, 700), (480, 700)]),
        ("-1 0 0 -1", 180, [(500, 100), (500, 120)]),
    ],
)
def test_turned_text(turned: str, rotate: int, places: list[tuple[int, int]]) -> None:
    """Text reads in its own direction, whether it, its page or both are turned."""
    words = ("Nobody enters the server room alone, at", "any time of the day.")
    page = [text(x, y, each, turned=turned) for (x, y), each in zip(places, words, strict=True)]
    assert shown(pdf(page, rotate=rotate)) == " ".join(words)


def test_turned_table() -> None:
    """A table that lies on its side is one."""
    rows = (("Tier", "Time"), ("Gold", "1 hour"), ("Silver", "8 hours"))
    cells = [
        text(114 + 20 * row, 105 + 100 * column, said, turned="0 1 -1 0")
        for row, said_in_row in enumerate(rows)
        for column, said in enumerate(said_in_row)
    ]
    sides = [line(100 + 20 * at, 100, 100 + 20 * at, 300) for at in range(4)]
    level = [line(100, y, 160, y) for y in (100, 200, 300)]
    assert "| Silver | 8 hours |" in shown(pdf([*cells, *sides, *level]))


def test_merged_cells() -> None:
    """A cell that takes two rows says what it says in both."""
    ruled = [
        *(line(72, y, 372, y) for y in (700, 680, 640)), line(172, 660, 372, 660),
        *(line(x, 640, x, 700) for x in (72, 172, 272, 372)),
    ]  # fmt: skip
    cells = [
        *(text(x, 686, said) for x, said in ((75, "Region"), (175, "Plan"), (275, "Limit"))),
        *(text(x, 666, said) for x, said in ((75, "Europe"), (175, "Basic"), (275, "10 GB"))),
        *(text(x, 646, said) for x, said in ((175, "Expert"), (275, "500 GB"))),
    ]
    made = shown(pdf([*ruled, *cells]))
    assert "| Europe | Basic | 10 GB |\n| Europe | Expert | 500 GB |" in made


def test_lines_of_a_cell() -> None:
    """A cell of several lines between ruling lines is one text."""
    page = [
        *grid((700, 680, 640), (72, 172, 372)), text(75, 686, "Plan"), text(175, 686, "Storage"),
        text(75, 656, "Team"), text(175, 666, "40 GB for each"), text(175, 652, "user"),
    ]  # fmt: skip
    assert "| Team | 40 GB for each user |" in shown(pdf(page))


def test_frame_is_no_table() -> None:
    """A frame around text makes no table of it."""
    assert "|" not in shown(pdf([*grid((710, 600), (60, 500)), *lines(*_LINES)]))


@pytest.mark.parametrize("rows", [2, 5])
def test_aligned_table(rows: int) -> None:
    """What is aligned in columns, without a line, is a table too."""
    page = [
        text(x, 700 - 14 * row, said)
        for row in range(rows + 1)
        for x, said in ((72, f"Part {row}" if row else "Part"), (200, f"{row} kg" if row else "Weight"))
    ]
    assert f"| Part {rows} | {rows} kg |" in shown(pdf([*lines(*_LINES, y=780), *page]))


def test_columns_of_text() -> None:
    """Text in two columns is read down the first, then down the second."""
    left = [f"The left column has its line {at} of text here," for at in range(8)]
    right = [f"and the right one has line {at} of its own text." for at in range(8)]
    page = [*lines(*left, x=50, size=10, step=12), *lines(*right, x=320, size=10, step=12)]
    made = shown(pdf([text(150, 740, "A title across both of the columns", size=18), *page]))
    assert "|" not in made
    assert "line 0 of text here, The left column has its line 1" in made
    assert made.index("line 7 of text here") < made.index("the right one has line 0")


def test_headings() -> None:
    """Larger letters make headings by their size; each leads to its page."""
    first = [text(72, 740, "Travel", size=24), text(72, 710, "Trains", size=16), *lines(*_LINES, y=690)]
    second = [text(72, 740, "Planes", size=16), *lines(*_LINES)]
    data = pdf(first, second)
    assert document(data, "a.pdf").title == "Travel"
    assert [(piece.heading, piece.anchor) for piece in chunks(data, "a.pdf")] == [
        ("Trains", "page=1"),
        ("Planes", "page=2"),
    ]


def test_bold_heading() -> None:
    """A short line in bold is a heading."""
    page = [text(72, 720, "Trains", font="F2"), *lines(*_LINES), text(72, 640, "Planes", font="F2")]
    assert "# Trains" in shown(pdf([*page, *lines(*_LINES, y=620)]))


def test_paragraphs_and_items() -> None:
    """Lines of a paragraph are one, a gap ends it, and points of a list are each their own."""
    page = [*lines(*_LINES), *lines("Another text.", y=640), *lines("• One.", "• Two.", y=600)]
    assert shown(pdf(page)).split("\n\n") == [" ".join(_LINES), "Another text.", "- One.", "- Two."]


def test_repeated_lines() -> None:
    """What stands at the edge of every page, and its numbers, are no text."""
    pages = [
        [
            text(72, 770, "Acme handbook"),
            *lines(f"Text of the page of {name}."),
            text(300, 20, f"Page {at} of 4"),
        ]
        for at, name in enumerate(("spring", "summer", "autumn", "winter"), 1)
    ]
    made = shown(pdf(*pages))
    assert "Acme" not in made
    assert "of 4" not in made
    assert "Text of the page of winter." in made


def test_paragraph_over_two_pages() -> None:
    """A sentence that a page's end breaks is one."""
    assert "words go on from one line to the next." in shown(pdf(lines(*_LINES[:2]), lines(_LINES[2])))


def test_power() -> None:
    """A small raised figure is a power."""
    assert (
        shown(pdf([text(72, 700, "10"), text(85.4, 705, "6", size=7), text(92, 700, "rows")])) == "10^6 rows"
    )


@pytest.mark.parametrize(
    ("elsewhere", "whole"), [("", "highdimensional"), ("A high-dimensional one.", "high-dimensional")]
)
def test_hyphen_that_stays(elsewhere: str, whole: str) -> None:
    """A hyphen at a line's end stays where the word has it elsewhere."""
    page = lines("Here a word of two parts is in a space that is high-", "dimensional in the end.")
    assert f"space that is {whole} in the end." in shown(pdf([*page, *lines(elsewhere, y=600)]))


@pytest.mark.parametrize(
    ("title", "kept"), [("untitled", False), ("Microsoft Word - a.docx", False), ("Travel of 2026", True)]
)
def test_title_of_the_file(title: str, kept: bool) -> None:  # noqa: FBT001 - a parameter
    """Without a heading the file's own title is taken, if somebody wrote it."""
    made = document(pdf(lines(*_LINES), title=title), "trip.pdf")
    assert (made.title == title, made.titled) == (kept, kept)


def test_picture_alone() -> None:
    """A page without any text says so."""
    assert "no text" in refused(pdf([line(72, 700, 300, 700)]), "a.pdf")
