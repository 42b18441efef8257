"""Decks become what is shown of them, with their notes."""

from pptx.chart.data import CategoryChartData, XyChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.slide import Slide
from pptx.util import Inches

from indexer.converters import registry
from tests.support.office_files import deck, pptx, with_parts
from tests.support.pages import document, page

_SLIDE = "ppt/slides/slide1.xml"
_PLACE = (Inches(1), Inches(2), Inches(4), Inches(2))


def slides(*texts: tuple[str, str]) -> tuple[object, list[Slide]]:
    show = deck()
    made = []
    for title, body in texts:
        slide = show.slides.add_slide(show.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = body
        made.append(slide)
    return show, made


def text(data: object) -> str:
    return registry.to_markdown("a.pptx", data if isinstance(data, bytes) else pptx(data))[1]  # type: ignore[arg-type]


def test_soft_line_break() -> None:
    """A line break inside a paragraph is a space between words."""
    show, _ = slides(("Harbour\vTour", "The ferry leaves from pier\vseven at ten sharp"))
    assert text(show) == "# Harbour Tour\n\nThe ferry leaves from pier seven at ten sharp"


def test_unknown_shape() -> None:
    """A shape that the library doesn't know costs nothing, and what is written in it is read."""
    show, (slide,) = slides(("Ferry prices", "A single trip costs nine crowns."))
    slide.shapes.add_textbox(*_PLACE).text_frame.text = "Dogs travel for free."
    odd = with_parts(pptx(show), {_SLIDE: ('<a:prstGeom prst="rect"><a:avLst/></a:prstGeom>', "")})
    assert "A single trip costs nine crowns." in text(odd)
    assert "Dogs travel for free." in text(odd)


def test_hidden_slide() -> None:
    """A slide that isn't shown is nobody's to read."""
    show, made = slides(("Plans", "We open in May."), ("Salaries", "Quill gets 91234."))
    made[1].element.set("show", "0")
    assert text(show) == "# Plans\n\nWe open in May."


def test_missing_slide() -> None:
    """A slide that isn't in the file is named, the others are kept."""
    show, _ = slides(("Plans", "We open in May."), ("More", "Ice."))
    data = with_parts(
        pptx(show), {"ppt/_rels/presentation.xml.rels": ("slides/slide2.xml", "slides/slide9.xml")}
    )
    built = page(data, "a.pptx")
    assert "We open in May." in built.document.text
    assert "slides/slide9.xml" in built.problem


def test_struck_out_and_raised() -> None:
    """What is struck out is left out, and a power is no figure of its number."""
    show, (slide,) = slides(("Limits", ""))
    line = slide.placeholders[1].text_frame.paragraphs[0]
    for said, look in (
        ("10", {}),
        ("6", {"baseline": "30000"}),
        (" rows", {"lang": "en-US"}),
        (" 30 days", {"strike": "sngStrike"}),
    ):
        piece = line.add_run()
        piece.text = said
        for name, value in look.items():
            piece.font._element.set(name, value)
    assert text(show) == "# Limits\n\n10^6 rows"


def test_merged_cells() -> None:
    """A merged cell of a table says what it says in each of its rows."""
    show, (slide,) = slides(("Storage", ""))
    table = slide.shapes.add_table(3, 3, *_PLACE).table
    rows = (("Region", "Plan", "Limit"), ("Europe", "Basic", "10 GB"), ("", "Expert", "500 GB"))
    for at, row in enumerate(rows):
        for column, said in enumerate(row):
            table.cell(at, column).text = said
    table.cell(1, 0).merge(table.cell(2, 0))
    assert text(show).endswith("| Europe | Basic | 10 GB |\n| Europe | Expert | 500 GB |")


def test_group_chart_levels_and_notes() -> None:
    """Groups, charts' figures, levels of points and the notes are read; numbers and dates of slides aren't."""
    show, (slide,) = slides(("Sales", "North\nEast"))
    slide.placeholders[1].text_frame.paragraphs[1].level = 1
    group = slide.shapes.add_group_shape()
    group.shapes.add_textbox(*_PLACE).text_frame.text = "In a group."
    figures = CategoryChartData()
    figures.categories = ["2025", "2026"]
    figures.add_series("Boats", (3, 4))
    slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, *_PLACE, figures)
    slide.notes_slide.notes_text_frame.text = "Say that it grows."
    shown = text(show)
    assert "- North\n  - East" in shown
    assert "In a group." in shown
    assert "| 2026 | 4 |" in shown
    assert shown.endswith("Notes:\n\nSay that it grows.")


def test_figures_of_a_chart() -> None:
    """They read as the chart shows them, each beside its own category, and of charts of points as well."""
    show, (slide,) = slides(("Share", "North"))
    figures = CategoryChartData()
    years = figures.add_category("007"), figures.add_category("008")
    for year in years:
        year.add_sub_category("H1")
        year.add_sub_category("H2")
    figures.add_series("Share", (0.25, None, 0.5, 0.125), number_format="0.0%")
    slide.shapes.add_chart(XL_CHART_TYPE.COLUMN_CLUSTERED, *_PLACE, figures)
    points = XyChartData()
    points.add_series("Fee", number_format='0.00" EUR"').add_data_point(2, 3.5)
    slide.shapes.add_chart(XL_CHART_TYPE.XY_SCATTER, *_PLACE, points)
    said = text(show)
    assert "| 007: H1 | 25.0% |\n| 007: H2 |  |\n| 008: H1 | 50.0% |\n| 008: H2 | 12.5% |" in said
    assert "|  | Fee |\n| --- | --- |\n| 2" in said
    assert "| 3.50 EUR |" in said


def test_titles() -> None:
    """The first slide names the page, the others its parts."""
    show, _ = slides(("Ferry", "Welcome."), ("Prices", "Nine crowns."))
    made = document(pptx(show), "a.pptx")  # type: ignore[arg-type]
    assert made.title == "Ferry"
    assert "## Prices" in made.text


def test_title_of_the_file() -> None:
    """Without a title on a slide the deck's own is taken, if somebody wrote it."""
    show = deck()
    slide = show.slides.add_slide(show.slide_layouts[6])
    slide.shapes.add_textbox(*_PLACE).text_frame.text = "Welcome."
    show.core_properties.title = "PowerPoint Presentation"
    assert not document(pptx(show), "ferry.pptx").titled
    show.core_properties.title = "Ferry, the first year"
    assert document(pptx(show), "ferry.pptx").title == "Ferry, the first year"
