"""Tables whose cells span others: what a row says stands under its column."""

import pytest

from indexer.markdown.html_tables import table_as_markdown
from indexer.markdown.tables import Cell, table_of_cells
from tests.support.pages import texts


@pytest.mark.parametrize(
    ("html", "rows"),
    [
        pytest.param(
            "<tr><th>Region</th><th>Plan</th><th>Limit</th></tr><tr><td rowspan=2>Europe</td><td>Basic</td><td>10 GB</td></tr>"
            "<tr><td>Expert</td><td>500 GB</td></tr><tr><td>Asia</td><td>Basic</td><td>20 GB</td></tr>",
            ["Region | Plan | Limit", "Europe | Basic | 10 GB", "Europe | Expert | 500 GB", "Asia | Basic | 20 GB"],
            id="a cell over two rows",
        ),
        pytest.param(
            "<tr><th>Plan</th><th>Key</th></tr><tr><td>Basic</td><td rowspan='3'>none</td></tr><tr><td>Pro</td></tr><tr><td>Max</td></tr>",
            ["Plan | Key", "Basic | none", "Pro | none", "Max | none"],
            id="at the end of rows",
        ),
        pytest.param(
            "<tr><th>A</th><th>B</th></tr><tr><td rowspan=0>all</td><td>1</td></tr><tr><td>2</td></tr>",
            ["A | B", "all | 1", "all | 2"],
            id="to the table's end",
        ),
        pytest.param(
            "<tr><th rowspan=2>Plan</th><th colspan=2>Calls a second</th></tr><tr><th>Min</th><th>Max</th></tr>"
            "<tr><td>Bronze</td><td>1</td><td>5</td></tr>",
            ["Plan | Calls a second: Min | Calls a second: Max", "Bronze | 1 | 5"],
            id="a header of two rows",
        ),
        pytest.param(
            "<tr><td rowspan=2>Plan</td><td colspan=2>Calls</td></tr><tr><td>Min</td><td>Max</td></tr>"
            "<tr><td>Bronze</td><td>1</td><td>5</td></tr>",
            ["Plan | Calls: Min | Calls: Max", "Bronze | 1 | 5"],
            id="a header of two rows that isn't called one",
        ),
        pytest.param(
            "<thead><tr><td>Day</td><td colspan=2>Open</td></tr><tr><td></td><td>from</td><td>to</td></tr></thead>"
            "<tbody><tr><td>Monday</td><td>8</td><td>17</td></tr></tbody>",
            ["Day | Open: from | Open: to", "Monday | 8 | 17"],
            id="a header in its own part",
        ),
        pytest.param(
            "<tr><th>Day</th><th>Morning</th><th>Evening</th></tr><tr><td>Monday</td><td colspan=2>closed</td></tr>",
            ["Day | Morning | Evening", "Monday | closed | closed"],
            id="a cell over two columns",
        ),
        pytest.param(
            "<tr><th>Name</th><th>Port</th></tr><tr><td colspan=2>Inner network</td></tr><tr><td>db</td><td>5432</td></tr>",
            ["Name | Port", "Inner network | ", "db | 5432"],
            id="a heading within",
        ),
        pytest.param(
            "<tr><th>Building</th><th>Doors</th></tr><tr><td>Lighthouse</td><td><table><tr><td>Cellar</td><td>Otter</td></tr>"
            "<tr><td>Roof</td><td>Heron</td></tr></table></td></tr>",
            ["Building | Doors", "Lighthouse | Cellar Otter; Roof Heron"],
            id="a table in a cell",
        ),
        pytest.param(
            "<tr><th>Plan</th><th>Price</th></tr><tr><th>Basic</th><td>5 | 6</td></tr>",
            ["Plan | Price", "Basic | 5 \\| 6"],
            id="names of rows",
        ),
    ],
)  # fmt: skip
def test_html(html: str, rows: list[str]) -> None:
    """A value of an HTML table stands under its column and beside its row's name."""
    head, _, *body = table_as_markdown(html).split("\n")
    assert [head, *body] == [f"| {row} |" for row in rows]


def test_title_of_a_table() -> None:
    """What stands over the whole width, or is its caption, is above the table and no header."""
    inside = "<tr><td>Plan</td><td>Price</td></tr><tr><td>Basic</td><td>5</td></tr>"
    table = "| Plan | Price |\n| --- | --- |\n| Basic | 5 |"
    assert table_as_markdown(f"<tr><th colspan=2>Prices</th></tr>{inside}") == f"**Prices**\n\n{table}"
    assert table_as_markdown(f"<caption>Prices</caption>{inside}") == f"**Prices**\n\n{table}"


@pytest.mark.slow
def test_spans_make_no_page_grow() -> None:
    """Whatever a table says that its cells span, it stays of about its size."""
    rows = [[Cell("w" * 400, 65_534, 1_000)], *([Cell("x")] for _ in range(5_000))]
    assert len(table_of_cells(rows)) < 3_000_000
    assert len(table_of_cells([[Cell("w" * 1_000, 9_000)], *([Cell("x")] for _ in range(9_000))])) < 200_000


def test_in_a_page() -> None:
    """A table of HTML in Markdown is one with all its rows, and what stands around it stays text."""
    page = "Limits:\n\n<table><tr><th>A</th><th>B</th></tr><tr><td rowspan=2>x</td><td>1</td></tr><tr><td>2</td></tr></table>\n\nEnd."
    assert texts(page) == ["Limits:\n\n| A | B |\n| --- | --- |\n| x | 1 |\n| x | 2 |\n\nEnd."]
