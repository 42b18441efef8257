"""HTML pages become Markdown that says what they show."""

import pytest

from indexer.converters import registry
from tests.support.pages import chunks, document

_TWO_ROWS = (
    "<table><tr><th rowspan=2>Plan</th><th colspan=2>Calls a second</th></tr><tr><th>Min</th><th>Max</th></tr>"
    "<tr><td>Bronze</td><td>1</td><td>5</td></tr></table>"
)
_PILCROW = '<a class="headerlink" href="#t" title="Link to this heading">¶</a>'


def text(page: str | bytes) -> str:
    data = page if isinstance(page, bytes) else page.encode()
    return registry.to_markdown("a.html", data)[1].strip()


def table(inside: str) -> str:
    return text(f"<table>{inside}</table>")


@pytest.mark.parametrize(
    ("page", "row"),
    [
        (_TWO_ROWS, "| Plan | Calls a second: Min | Calls a second: Max |"),
        (_TWO_ROWS, "| Bronze | 1 | 5 |"),
        (
            "<table><tr><th>Region<th>Plan<th>Limit<tr><td rowspan=2>Europe<td>Basic<td>10<tr><td>Expert<td>500 GB</table>",
            "| Europe | Expert | 500 GB |",
        ),
        (
            "<table><tr><th>A<th>B<tr><td><p>one</p><p>two</p><td><ul><li>x<li>y</ul></table>",
            "| one two | x; y |",
        ),
        (
            "<table><tr><th>House<th>Doors<tr><td>Light<td><table><tr><td>Cellar<td>Otter</table></table>",
            "| Light | Cellar: Otter |",
        ),
        ("<table><tr><th>A<th>B<tr><td>x|y<td><code>a|b</code></table>", "| x\\|y | `a\\|b` |"),
        (
            "<table><caption>Fees of 2026</caption><tr><th>A<th>B<tr><td>x<td>y</table>",
            "Fees of 2026\n\n| A | B |",
        ),
    ],
)
def test_table(page: str, row: str) -> None:
    """Every value stands under its heading, on one line."""
    assert row in text(page)


@pytest.mark.parametrize(
    "frame",
    [
        "<table><tr><td>{}</td></tr></table>",
        "<table role=presentation><tr><td>Menu</td><td>{}</td></tr></table>",
        "<table><tr><td><h2>Left</h2></td><td>{}</td></tr></table>",
    ],
)
def test_layout_table(frame: str) -> None:
    """A table that only says where things are is none."""
    shown = text(frame.format("<p>One.</p><ul><li>Two.</ul>"))
    assert "One." in shown.split("\n")
    assert "- Two." in shown.split("\n")


@pytest.mark.parametrize(
    "link",
    [
        _PILCROW,
        '<a class="hash-link" href="#t" aria-label="Direct link to Token rotation">\u200b</a>',
        '<a href="#t">#</a>',
        '<a class="anchorjs-link" href="#t">🔗</a>',
        '<a class="header-anchor" href="#t">Permalink</a>',
    ],
)
def test_link_to_the_heading_itself(link: str) -> None:
    """The sign that generators put behind a heading is no part of it."""
    made = document(f"<main><h1 id=t>Token rotation{link}</h1><p>Every 45 days.</p></main>", "a.html")
    assert made.title == "Token rotation"


def test_heading_that_is_a_link() -> None:
    """A heading that is all link to itself keeps its words."""
    page = '<main><h1>T</h1><h2><a class="header-anchor" href="#p">Period</a></h2><p>x</main>'
    assert [piece.heading for piece in chunks(page, "a.html")] == ["Period"]


def test_id_of_the_section() -> None:
    """An anchor may be the section's, as Sphinx writes it."""
    page = f"<div role=main><section id=t><h1>Tokens{_PILCROW}</h1><p>a</p><section id=per><h2>Period</h2><p>45 days."
    assert [piece.anchor for piece in chunks(page, "a.html")] == ["", "per"]


@pytest.mark.parametrize(
    "tag",
    ["del", "s", "strike", 'span style="text-decoration:line-through red"', 'em class="x line-through"'],
)
def test_struck_out(tag: str) -> None:
    """What is struck out is no longer valid."""
    page = f"<p>The notice period is <{tag}>30</{tag.partition(' ')[0]}>60 days."
    assert text(page) == "The notice period is 60 days."


@pytest.mark.parametrize(
    ("inside", "said"),
    [
        ("<msup><mn>10</mn><mn>6</mn></msup>", "10^6"),
        ("<mfrac><mn>1</mn><mrow><mi>n</mi><mo>+</mo><mn>2</mn></mrow></mfrac>", "1/(n+2)"),
        ("<msqrt><mi>x</mi></msqrt>", "√(x)"),
        ("<semantics><mn>1</mn><annotation encoding='application/x-tex'>\\frac{1}{2}</annotation></semantics>", "\\frac{1}{2}"),
    ],
)  # fmt: skip
def test_formula(inside: str, said: str) -> None:
    """A formula keeps its powers and fractions, as its author wrote it where the page says so."""
    assert text(f"<p>It is <math>{inside}</math> a day.") == f"It is `{said}` a day."


def test_formula_of_katex() -> None:
    """What is drawn beside a formula is no second one."""
    drawn = (
        '<span class=katex><span><math alttext="10^6"></math></span><span aria-hidden=true>106</span></span>'
    )
    assert text(f"<p>It is {drawn} a day.") == "It is `10^6` a day."


def test_summary_of_details() -> None:
    """What is folded away stands below what it is called."""
    assert text("<details><summary>Fees</summary>5 EUR</details>") == "**Fees**\n\n5 EUR"


@pytest.mark.parametrize(
    ("page", "said"),
    [
        ("10<sup>6</sup> rows", "10^6 rows"),
        ("2<sup>n+1</sup>", "2^(n+1)"),
        ("10<sup>-3</sup>", "10^-3"),
        ("the 1<sup>st</sup> day", "the 1st day"),
        ("Docent<sup>TM</sup>", "Docent™"),
        ('25 days<sup><a href="#fn1">1</a></sup> a year', "25 days a year"),
        ("H<sub>2</sub>O", "H2O"),
        ("1<sup>3</sup>⁄<sub>4</sub> cup", "1 3⁄4 cup"),
        ("<sup>1</sup>/<sub>2</sub>", "1/2"),
    ],
)
def test_raised_and_lowered(page: str, said: str) -> None:
    """A power is no figure of its number; ordinals, marks and formulas read as usual, notes' numbers go."""
    assert text(f"<p>{page}</p>") == said


@pytest.mark.parametrize(
    ("charset", "declared", "words"),
    [
        ("iso-8859-2", "<meta charset='iso-8859-2'>", "Žádost o dovolenou"),
        (
            "windows-1251",
            "<meta http-equiv=Content-Type content='text/html; charset=windows-1251'>",
            "Отпуск",
        ),
        ("shift_jis", "<meta charset=Shift_JIS>", "休暇"),
        ("cp1252", "<meta charset=iso-8859-1>", "Größe “groß”"),
        ("utf-8", "<meta charset=iso-8859-1>", "Größe"),
        ("cp1252", "<meta charset=utf-8>", "Größe"),
        ("cp1252", "<meta charset=nonsense>", "Größe"),
        ("utf-16", "", "Größe"),
    ],
)
def test_charset(charset: str, declared: str, words: str) -> None:
    """A page is read in the encoding that it names, and in the one that it has where it names another."""
    assert words in text(f"<html><head>{declared}</head><body><p>{words}</p></body></html>".encode(charset))


@pytest.mark.parametrize(
    "page",
    [
        "<body><form><h1>T</h1><p>Book early.</p></form></body>",
        "<body><form><p>Book early.</p></form></body>",
        "<main><aside class=note><p>Book early.</p></aside><p>a</p></main>",
        "<main></main><div><p>Book early.</p></div>",
        "<article><p>First.</p></article><article><p>Book early.</p></article>",
        "<title>T</title><!-- x --><section><h1>T</h1><p>Book early.</p></section><div><p>a</p></div><script>b</script>",
        "<div role=tabpanel hidden><p>Book early.</p></div><p>More text, and more of it, and more.</p>",
    ],
)
def test_kept(page: str) -> None:
    """What is the page's own stays, whatever it stands in."""
    assert "Book early." in text(page)


@pytest.mark.parametrize(
    "noise",
    [
        "<nav>Secret</nav>",
        "<p hidden>Secret</p>",
        "<div style='display: none'>Secret</div>",
        "<!-- Secret -->",
        "<footer>Secret</footer>",
        "<script>Secret</script>",
        "<template><p>Secret</p></template>",
    ],
)
def test_left_out(noise: str) -> None:
    """What isn't shown, or is around the page, is left out."""
    assert "Secret" not in text(f"<body><h1>T</h1><p>Book early, and ask before you do.</p>{noise}</body>")


def test_definitions() -> None:
    """A term and what it means stand in one line."""
    assert text("<dl><dt>Rota</dt><dd>Who works when.</dd></dl>") == "Rota: Who works when."
