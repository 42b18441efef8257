"""The main text of a web page says what HTML files say, and what is around it stays out."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from indexer.sources.web import page
from tests.indexer.sources.test_web import Site, by_links
from tests.support.source_server import Server, listed, opened, serving

_LONG = "This paragraph is long enough to be taken for the main text of a page that people read."
_MENU = (
    '<div class="menu"><ul><li><a href="/">Home</a></li><li><a href="/prices">Products and prices</a></li></ul></div>'
    '<div class="cookie-notice">We use cookies to make this site better. <button>Accept all</button></div>'
)
_FOOT = '<div class="footer"><p>All rights reserved.</p><a href="/imprint">Imprint</a></div>'
_FRAMES = {
    "named": f"<nav>Home</nav><main>{{}}</main><footer>All rights reserved.</footer>{_MENU}",
    "article": f"{_MENU}<article>{{}}</article>{_FOOT}",
    "unnamed": f'{_MENU}<div id="content">{{}}</div>{_FOOT}',
    "bare": "{}",
}


def text(body: str, url: str = "https://e.example/docs/a/page.html", frame: str = "unnamed") -> str:
    html = f"<html><head><title>T</title></head><body>{_FRAMES[frame].format(body)}</body></html>"
    found = page.whole(html, url).text
    assert found is not None
    return found.markdown


@pytest.mark.parametrize("frame", _FRAMES)
@pytest.mark.parametrize(
    ("inside", "said"),
    [
        (
            "<table><tr><th>Region<th>Plan<th>Limit<tr><td rowspan=2>Europe<td>Basic<td>10<tr><td>Expert<td>500 GB</table>",
            "| Europe | Expert | 500 GB |",
        ),
        (
            (
                "<table><tr><th rowspan=2>Plan</th><th colspan=2>Calls</th></tr><tr><th>Min</th><th>Max</th></tr>"
                "<tr><td>Bronze</td><td>1</td><td>5</td></tr></table>"
            ),
            "| Plan | Calls: Min | Calls: Max |\n| --- | --- | --- |\n| Bronze | 1 | 5 |",
        ),
        (
            "<table><tr><th>A<th>B<tr><td><p>one</p><p>two</p><td><ul><li>x<li>y</ul></table>",
            "| one two | x; y |",
        ),
        ("<table role=presentation><tr><td>Left<td><p>Right.</p></table>", "\nRight.\n"),
        ("<p>Up to 10<sup>6</sup> rows and H<sub>2</sub>O.</p>", "Up to 10^6 rows and H2O."),
        ("<p>The notice period is <s>30</s>60 days.</p>", "The notice period is 60 days."),
        (
            '<h2 id="period">Period<a class="headerlink" href="#period">¶</a></h2><p>45 days.</p>',
            "## Period {#period}\n\n45 days.",
        ),
        (
            '<pre><code class="language-sh">docent index\ndocent ask</code></pre>',
            "```sh\ndocent index\ndocent ask\n```",
        ),
        ("<ul><li>One<ul><li>Inner</li></ul></li><li>Two</li></ul>", "- One\n  - Inner\n- Two"),
        ("<dl><dt>Rota</dt><dd>Who works when.</dd></dl>", "Rota: Who works when."),
        ("<details><summary>More</summary><p>Inside of it.</p></details>", "Inside of it."),
    ],
)
def test_as_in_html_files(frame: str, inside: str, said: str) -> None:
    """Tables, figures and headings of a page are read as people see them, whatever the page is built of."""
    shown = text(f"<h1>Limits</h1><p>{_LONG}</p>{inside}<p>Again: {_LONG}</p>", frame=frame)
    assert said in shown
    assert _LONG in shown
    assert "# Limits" in shown
    for around in ("Home", "cookies", "prices", "rights", "Imprint"):
        assert around not in shown


@pytest.mark.parametrize(
    "hidden",
    [
        "<p hidden>Secret</p>",
        "<div style='display:none'>Secret</div>",
        "<!-- Secret -->",
        "<del>Secret</del>",
    ],
)
def test_hidden(hidden: str) -> None:
    """What nobody sees isn't read."""
    assert "Secret" not in text(f"<h1>Limits</h1><p>{_LONG}</p>{hidden}<p>More: {_LONG}</p>")


def test_a_page_of_a_table_alone() -> None:
    """A short page whose only text is a table keeps it, and its heading."""
    table = "<table><tr><th>Plan<th>Calls<tr><td>Bronze<td>1</table>"
    shown = text(f"<h1>Call limits</h1>{table}", frame="bare")
    assert " ".join(shown.split()) == "# Call limits | Plan | Calls | | --- | --- | | Bronze | 1 |"


@pytest.mark.parametrize(
    ("link", "address"),
    [
        ("other.html#x", "https://e.example/docs/a/other.html#x"),
        ("/top", "https://e.example/top"),
        ("#period", "https://e.example/docs/a/page.html#period"),
        ("https://b.example/z", "https://b.example/z"),
        ("http://[::1/", "http://[::1/"),
    ],
)
def test_links(link: str, address: str) -> None:
    """Links lead where they do on the page."""
    assert f"[that]({address})" in text(f'<h1>T</h1><p>{_LONG} See <a href="{link}">that</a>.</p>')


def test_links_in_a_row() -> None:
    """Two links without a space between them are two words."""
    assert "[a](https://e.example/a)\n[b](https://e.example/b)" in text(
        f"<h1>T</h1><p>{_LONG}</p><p><a href='/a'>a</a><a href='/b'>b</a></p>"
    )


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
async def server(site: Site) -> AsyncIterator[Server]:
    async with serving(site.answer) as running:
        yield running


@dataclass(frozen=True)
class Encoded:
    kind: str
    head: str
    encoding: str
    words: str


@pytest.mark.slow
@pytest.mark.parametrize(
    "said",
    [
        Encoded("text/html", "<meta charset=iso-8859-2>", "iso-8859-2", "Žádost o dovolenou"),
        Encoded("text/html", "<meta charset=shift_jis>", "shift_jis", "休暇"),
        Encoded("text/html; charset=ISO-8859-1", "", "cp1252", "Größe “groß”"),
        Encoded("text/html; charset=windows-1251", "", "windows-1251", "Отпуск"),
    ],
)
async def test_encodings(site: Site, server: Server, tmp_path: Path, said: Encoded) -> None:
    """A page is read in the encoding that its server or itself names."""
    site.put("/docs/", "Tokens", said.words, head=said.head)
    site.pages["/docs/"] = str(site.pages["/docs/"]).encode(said.encoding)
    site.headers["/docs/"] = {"Content-Type": said.kind}
    async with opened(tmp_path, **by_links(server)) as (source, _):
        (entry,) = (await listed(source)).values()
        fetched = await source.fetch(entry)
    assert said.words in fetched.data.decode()


def test_title() -> None:
    """A title has no sign of a link to itself."""
    link = '<a class="headerlink" href="#t">¶</a>'
    found = page.whole(
        f"<main><h1 id=t>Token rotation{link}</h1><p>{_LONG}</p></main>", "https://e.example/"
    ).text
    assert found is not None
    assert found.title == "Token rotation"
