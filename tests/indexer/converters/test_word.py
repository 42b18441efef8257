"""Word documents become what is printed of them."""

import subprocess
import sys

import pytest

from indexer.converters import registry
from tests.support.office_files import cell, docx, paragraph, run, with_parts, word_table
from tests.support.pages import document

_DOWN = '<w:vMerge w:val="restart"/>'
_UNDER = "<w:vMerge/>"


def text(body: str, **parts: str) -> str:
    return registry.to_markdown("a.docx", docx(body, **parts))[1].strip()


def style(name: str, *, based_on: str = "", outline: str = "") -> str:
    based = f'<w:basedOn w:val="{based_on}"/>' if based_on else ""
    level = f'<w:pPr><w:outlineLvl w:val="{outline}"/></w:pPr>' if outline else ""
    return (
        f'<w:style w:type="paragraph" w:styleId="{name.replace(" ", "")}"><w:name w:val="{name}"/>'
        f"{based}{level}</w:style>"
    )


def test_merged_cells() -> None:
    """A cell that is merged downwards says what it says in each of its rows."""
    rows = word_table(
        ("Region", "Plan", "Limit"),
        (cell("Europe", _DOWN), "Basic", "10 GB"),
        (cell("", _UNDER), "Expert", "500 GB"),
        ("Asia", "Basic", "20 GB"),
    )
    assert text(rows).endswith(
        "| Europe | Basic | 10 GB |\n| Europe | Expert | 500 GB |\n| Asia | Basic | 20 GB |"
    )


FORMULA = "<m:oMath><m:f><m:fPr/><m:num><m:r><m:t>a</m:t></m:r></m:num><m:den><m:r><m:t>b</m:t></m:r></m:den></m:f></m:oMath>"


def test_a_formula_is_latex() -> None:
    """It stands where it stood in the sentence, and no runtime for models is loaded for it."""
    code = (
        "import sys; from indexer.converters.registry import to_markdown\n"
        "print(to_markdown('a.docx', sys.stdin.buffer.read())[1].strip())\n"
        "print([name for name in ('magika', 'onnxruntime') if name in sys.modules])"
    )
    page = docx(f"<w:p>{run('The ratio is ')}{FORMULA}{run(' of both.')}</w:p>")
    done = subprocess.run([sys.executable, "-c", code], input=page, capture_output=True, check=True)
    assert done.stdout.decode() == "The ratio is $\\frac{a}{b}$ of both.\n[]\n"


def test_header_of_two_rows() -> None:
    """What spans columns in the header stands before each of their names."""
    rows = word_table(
        (cell("Plan", _DOWN), cell("Calls a second", '<w:gridSpan w:val="2"/>')),
        (cell("", _UNDER), "Min", "Max"),
        ("Bronze", "1", "5"),
    )
    assert text(rows) == (
        "| Plan | Calls a second: Min | Calls a second: Max |\n| --- | --- | --- |\n| Bronze | 1 | 5 |"
    )


def test_nested_table() -> None:
    """A table inside a cell is text of that cell."""
    inner = word_table(("Front door", "code Heron"), ("Cellar door", "code Otter"))
    rows = word_table(("Building", "Doors and codes"), ("Lighthouse", cell(inner + paragraph(""))))
    assert text(rows).endswith("| Lighthouse | Front door: code Heron; Cellar door: code Otter |")


def test_box_of_one_cell() -> None:
    """A table of one cell is a frame, and what is in it is text."""
    assert text(word_table((cell(paragraph("Note") + paragraph("Ask first.")),))) == "Note\n\nAsk first."


def test_lines_in_a_cell() -> None:
    """A cell's paragraphs stay in their cell."""
    rows = word_table(("Desk", "Opens"), ("North", cell(paragraph("8:00") + paragraph("or by appointment"))))
    assert text(rows).endswith("| North | 8:00 or by appointment |")


@pytest.mark.parametrize("look", ["<w:strike/>", "<w:dstrike/>", "<w:vanish/>", '<w:rStyle w:val="Old"/>'])
def test_not_valid_or_not_seen(look: str) -> None:
    """What is struck out or hidden, by itself or by its style, is left out."""
    old = '<w:style w:type="character" w:styleId="Old"><w:name w:val="Old"/><w:rPr><w:strike/></w:rPr></w:style>'
    body = paragraph(run("The notice period is "), run("30 ", look), run("60 days."))
    assert text(body, styles=old) == "The notice period is 60 days."


@pytest.mark.parametrize("look", ["<w:strike/>", "<w:vanish/>"])
def test_style_of_a_paragraph(look: str) -> None:
    """What the style of its paragraph strikes out or hides is left out, unless the text says that it isn't."""
    old = f'<w:style w:type="paragraph" w:styleId="Old"><w:name w:val="Old"/><w:rPr>{look}</w:rPr></w:style>'
    shown = run("60 days.", look.replace("/>", ' w:val="0"/>'))
    assert text(paragraph(run("30 days. "), shown, style="Old"), styles=old) == "60 days."


def test_deleted_row() -> None:
    """A row whose deletion is tracked is gone."""
    gone = '<w:tr><w:trPr><w:del w:id="1"/></w:trPr>' + cell("Leave") + cell("20 days") + "</w:tr>"
    rows = word_table(("For", "Days"), ("Leave", "25 days")).replace("</w:tbl>", f"{gone}</w:tbl>")
    assert text(rows).endswith("| Leave | 25 days |")


def test_row_that_begins_further_right() -> None:
    """What a row leaves out at its beginning moves none of its cells."""
    late = '<w:tr><w:trPr><w:gridBefore w:val="1"/></w:trPr>' + cell("Expert") + cell("500 GB") + "</w:tr>"
    rows = word_table(("Region", "Plan", "Limit"), ("Europe", "Basic", "10 GB"))
    assert text(rows.replace("</w:tbl>", f"{late}</w:tbl>")).endswith("|  | Expert | 500 GB |")


@pytest.mark.parametrize(
    ("formula", "said"),
    [
        ("<m:f><m:num>{}</m:num><m:den>{}</m:den></m:f>", "\\frac{y}{y}"),
        ("<m:nary><m:naryPr/><m:sub>{}</m:sub><m:sup>{}</m:sup><m:e/></m:nary>", "\\int\\_{y}^{y}"),
        ("<m:borderBox><m:e>{}</m:e></m:borderBox>", "y"),
    ],
)
def test_formula_that_says_nothing_of_its_look(formula: str, said: str) -> None:
    """A formula is read whether its program wrote down what goes without saying or not."""
    inside = formula.replace("{}", "<m:r><m:t>y</m:t></m:r>")
    body = f"<w:p>{run('It is ')}<m:oMath>{inside}</m:oMath>{run('.')}</w:p>"
    assert text(body) == f"It is ${said}$."


def test_strike_that_is_switched_off() -> None:
    """A run may say that it is not struck out."""
    assert text(paragraph(run("Valid.", '<w:strike w:val="0"/>'))) == "Valid."


def test_tracked_changes() -> None:
    """Deleted and moved text is gone, inserted text is there."""
    body = (
        "<w:p>"
        + run("Leave is ")
        + '<w:del w:id="1"><w:r><w:delText>20 </w:delText></w:r></w:del>'
        + f'<w:ins w:id="2">{run("25 ")}</w:ins>'
        + f'<w:moveFrom w:id="3">{run("old ")}</w:moveFrom><w:moveTo w:id="4">{run("days.")}</w:moveTo></w:p>'
    )
    assert text(body) == "Leave is 25 days."


def test_comment() -> None:
    """What is noted in the margin is no text of the page."""
    noted = f'<w:comment w:id="0">{paragraph("Is this still so?")}</w:comment>'
    body = f'<w:p><w:commentRangeStart w:id="0"/>{run("Leave is 25 days.")}<w:commentRangeEnd w:id="0"/><w:r><w:commentReference w:id="0"/></w:r></w:p>'
    assert text(body, comments=noted) == "Leave is 25 days."


def test_raised_figure() -> None:
    """A power is no figure of its number, an ordinal is one word."""
    high = '<w:vertAlign w:val="superscript"/>'
    assert (
        text(paragraph(run("10"), run("6", high), run(" rows on the 1"), run("st", high)))
        == "10^6 rows on the 1st"
    )


@pytest.mark.parametrize(
    ("styles", "used", "heading"),
    [
        (style("heading 2"), "heading2", "## Rota"),
        (style("heading 1") + style("Chapter", based_on="heading1"), "Chapter", "# Rota"),
        (style("heading 2") + style("A", based_on="heading2") + style("B", based_on="A"), "B", "## Rota"),
        (style("Company's own", outline="1"), "Company'sown", "## Rota"),
        (style("Subtitle") + style("Round", based_on="Round"), "Round", "Rota"),
    ],
)
def test_style_of_a_heading(styles: str, used: str, heading: str) -> None:
    """A heading is one by what its style is based on."""
    assert text(paragraph("Rota", style=used) + paragraph("Text."), styles=styles) == f"{heading}\n\nText."


def test_title() -> None:
    """The style of titles makes the page's."""
    data = docx(paragraph("Door codes", style="Title") + paragraph("Text."), styles=style("Title"))
    assert document(data, "a.docx").title == "Door codes"


def test_text_box() -> None:
    """A text box is read once, whether it is there in one version or in two."""
    box = f"<w:txbxContent>{paragraph('In the box.')}</w:txbxContent>"
    old = f"<w:pict><v:shape><v:textbox>{box}</v:textbox></v:shape></w:pict>"
    both = f"<mc:AlternateContent><mc:Choice>{box}</mc:Choice><mc:Fallback>{old}</mc:Fallback></mc:AlternateContent>"
    for inside in (old, both, f"<mc:AlternateContent><mc:Choice>{box}</mc:Choice></mc:AlternateContent>"):
        assert text(f"<w:p>{run('Before.')}<w:r>{inside}</w:r></w:p>") == "Before.\n\nIn the box."


@pytest.mark.parametrize("around", ["customXml", "smartTag", "fldSimple", "dir"])
def test_around_text(around: str) -> None:
    """What only stands around text takes none of it away."""
    assert (
        text(f"<w:p>{run('Leave is ')}<w:{around}>{run('25 days.')}</w:{around}></w:p>")
        == "Leave is 25 days."
    )


def test_strict_file() -> None:
    """The "strict" kind that Word offers is read like the usual one."""
    usual = "http://schemas.openxmlformats.org/wordprocessingml/2006/"
    data = with_parts(
        docx(paragraph("Leave is 25 days.")),
        {"word/document.xml": (usual, "http://purl.oclc.org/ooxml/wordprocessingml/")},
    )
    assert registry.to_markdown("a.docx", data)[1].strip() == "Leave is 25 days."
