"""Workbooks become what somebody sees who opens them."""

from datetime import timedelta

import pytest
from openpyxl import Workbook
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont
from openpyxl.styles import Font
from openpyxl.worksheet.worksheet import Worksheet

from indexer.converters import registry
from tests.support.office_files import with_parts, xlsx
from tests.support.pages import page, refused

_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_SHEET = "xl/worksheets/sheet1.xml"


def made(*rows: tuple[object, ...], title: str = "Sheet") -> tuple[Workbook, Worksheet]:
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = title
    for row in rows:
        sheet.append(row)
    return book, sheet


def text(data: Workbook | bytes) -> str:
    return registry.to_markdown("a.xlsx", data if isinstance(data, bytes) else xlsx(data))[1]


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_hidden_sheet(state: str) -> None:
    """What stands on a hidden sheet is nobody's to read."""
    book, _ = made(("Team", "Room"), ("Sales", "Oak"), title="Teams")
    pay = book.create_sheet("Pay")
    pay.append(("Quill", "91234"))
    pay.sheet_state = state
    assert text(book) == "## Teams\n\n| Team | Room |\n| --- | --- |\n| Sales | Oak |"


def test_hidden_rows_and_columns() -> None:
    """Hidden rows and columns are left out, and what is behind them keeps its place."""
    book, sheet = made(
        ("Team", "Pay", "Room"), ("Sales", 91234, "Oak"), ("Legal", 5, "Elm"), ("Support", 6, "Ash")
    )
    sheet.column_dimensions["B"].hidden = True
    sheet.row_dimensions[3].hidden = True
    assert text(book).endswith("| Team | Room |\n| --- | --- |\n| Sales | Oak |\n| Support | Ash |")


def test_number_formats() -> None:
    """A cell says what is seen in it."""
    book, sheet = made(
        ("Partner", "Discount", "Fee", "Support hours"), ("Borealis", 0.075, 1234.5, timedelta(hours=37.5))
    )
    for place, look in (("B2", "0.0%"), ("C2", '"$"#,##0.00'), ("D2", "[h]:mm")):
        sheet[place].number_format = look
    assert text(book).endswith("| Borealis | 7.5% | $1,234.50 | 37:30 |")


def test_merged_title_row() -> None:
    """A title above the header is no header, and a merged cell's value stands in each of its rows."""
    book, sheet = made(
        ("Shift plan 2026",), ("Site", "Shift", "Lead"), ("Harbour", "Early", "Quill"), (None, "Late", "Ibsen"),
        ("Airport", "Early", "Novak"), (None, "Late", "Rossi"),
    )  # fmt: skip
    for merged in ("A1:C1", "A3:A4", "A5:A6"):
        sheet.merge_cells(merged)
    shown = text(book)
    assert shown.startswith("## Sheet\n\nShift plan 2026\n\n| Site | Shift | Lead |")
    assert "| Harbour | Late | Ibsen |" in shown
    assert shown.endswith("| Airport | Late | Rossi |")


def test_header_of_two_rows() -> None:
    """What spans columns in the header stands before each of their names."""
    book, sheet = made(
        ("Plan", "Calls a second", None), (None, "Min", "Max"), ("Bronze", 1, 5), ("Silver", 2, 9)
    )
    sheet.merge_cells("A1:A2")
    sheet.merge_cells("B1:C1")
    assert "| Plan | Calls a second: Min | Calls a second: Max |" in text(book)
    assert text(book).endswith("| Bronze | 1 | 5 |\n| Silver | 2 | 9 |")


def test_title_that_is_not_merged() -> None:
    """A line of one cell above the header is a title as well, empty rows behind it or not."""
    book, _ = made(("Rates of 2026",), (), ("City", "Rate"), ("Oslo", 110))
    assert text(book) == "## Sheet\n\nRates of 2026\n\n| City | Rate |\n| --- | --- |\n| Oslo | 110 |"


def test_tables_below_each_other() -> None:
    """A title behind an empty row begins a table of its own."""
    book, _ = made(("City", "Rate"), ("Oslo", 110), (), ("Cars",), ("Kind", "Rate a km"), ("Van", 0.5))
    shown = text(book)
    assert "| Oslo | 110 |\n\nCars\n\n| Kind | Rate a km |\n| --- | --- |\n| Van | 0.5 |" in shown


def test_tables_below_each_other_without_a_title() -> None:
    """Names of columns behind an empty row, between figures, begin a table of their own."""
    book, _ = made(("City", "Rate"), ("Oslo", 110), (), ("Van", 7), (), ("Kind", "Fee"), ("Car", 5))
    assert "| Oslo | 110 |\n| Van | 7 |\n\n| Kind | Fee |\n| --- | --- |\n| Car | 5 |" in text(book)


def test_wrong_dimension() -> None:
    """A sheet that says that it is one cell large is read as far as it goes."""
    data = xlsx(made(("Service", "Fee"), ("Mooring", "14 crowns"))[0])
    lying = with_parts(data, {_SHEET: ('<dimension ref="A1:B2"', '<dimension ref="A1"')})
    assert "| Mooring | 14 crowns |" in text(lying)


def test_broken_external_link() -> None:
    """A link to a workbook that isn't there costs none of the cells."""
    data = xlsx(made(("Service", "Fee"), ("Mooring", "14 crowns"))[0])
    broken = with_parts(
        data,
        {
            "xl/workbook.xml": (
                "</sheets>",
                f'</sheets><externalReferences><externalReference r:id="rId99" xmlns:r="{_RELATION}"/></externalReferences>',
            )
        },
    )
    assert "| Mooring | 14 crowns |" in text(broken)


def test_formula_without_a_value() -> None:
    """A formula whose value nobody has stored is shown as such, and the admin hears of it."""
    book, _ = made(("Item", "Price"), ("Pen", 2), ("Ink", 3), ("Sum", "=SUM(B2:B3)"))
    built = page(xlsx(book), "a.xlsx")
    assert "| Sum | =SUM(B2:B3) |" in built.document.text
    assert "1 formula" in built.problem


def test_formula_with_a_value() -> None:
    """Otherwise its value is what is seen."""
    data = xlsx(made(("Item", "Price"), ("Sum", "=SUM(B3:B4)"))[0])
    stored = with_parts(data, {_SHEET: ("<f>SUM(B3:B4)</f><v></v>", "<f>SUM(B3:B4)</f><v>5</v>")})
    built = page(stored, "a.xlsx")
    assert "| Sum | 5 |" in built.document.text
    assert not built.problem


def test_struck_out_cell() -> None:
    """What is struck out is no longer valid, whole cells and parts of them."""
    book, sheet = made(("Desk", "Opens"), ("North", "8:00"), ("South", None))
    sheet["B2"].font = Font(strike=True)
    sheet["B3"] = CellRichText(TextBlock(InlineFont(strike=True), "9:00"), " 10:00")
    assert text(book).endswith("| North |  |\n| South | 10:00 |")


def test_struck_out_shared_text() -> None:
    """So it is where Excel keeps the text apart."""
    data = xlsx(made(("Desk", "Opens"), ("South", "x"))[0])
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    runs = "<si><r><rPr><strike/></rPr><t>9:00</t></r><r><t xml:space='preserve'> 10:00</t></r></si>"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    shared = with_parts(
        data,
        {
            _SHEET: ('t="inlineStr"><is><t>x</t></is>', 't="s"><v>0</v>'),
            "[Content_Types].xml": (
                "</Types>", f'<Override PartName="/xl/sharedStrings.xml" ContentType="{kind}"/></Types>'
            ),
        },
        added={"xl/sharedStrings.xml": f'<sst xmlns="{space}">{runs}</sst>'},
    )  # fmt: skip
    assert text(shared).endswith("| South | 10:00 |")


def test_raised_figure() -> None:
    """A power is no figure of its number."""
    book, sheet = made(("Kind", "Rows"), ("Table", None))
    sheet["B2"] = CellRichText("10", TextBlock(InlineFont(vertAlign="superscript"), "6"))
    assert text(book).endswith("| Table | 10^6 |")


def test_one_broken_sheet() -> None:
    """A sheet that can't be read is named, the others are kept."""
    book, _ = made(("Service", "Fee"), ("Mooring", "14 crowns"), title="Fees")
    book.create_sheet("Odd").append((1, 2))
    data = with_parts(xlsx(book), {}, without=("xl/worksheets/sheet2.xml",))
    built = page(data, "a.xlsx")
    assert "| Mooring | 14 crowns |" in built.document.text
    assert "sheet2.xml" in built.problem


def test_damaged_sheet() -> None:
    """The only sheet being damaged, the file fails with a reason."""
    data = xlsx(made(("Service", "Fee"))[0])
    assert "damaged" in refused(with_parts(data, {_SHEET: ("<c r=", "<c r='x y z' q=")}), "a.xlsx")


def test_strict_file() -> None:
    """The "strict" kind that Excel offers is read like the usual one."""
    data = xlsx(made(("Service", "Fee"), ("Mooring", "14 crowns"))[0])
    usual, strict = (
        "http://schemas.openxmlformats.org/spreadsheetml/2006/",
        "http://purl.oclc.org/ooxml/spreadsheetml/",
    )
    parts = (_SHEET, "xl/workbook.xml", "xl/styles.xml")
    assert "| Mooring | 14 crowns |" in text(with_parts(data, dict.fromkeys(parts, (usual, strict))))
