"""Files of every known format become Markdown, and what can't be read says why."""

import asyncio
import io
import json
import zipfile
from collections.abc import Callable

import pytest
from openpyxl import Workbook
from pptx import Presentation
from pypdf import PdfReader, PdfWriter

from indexer.converters import registry
from indexer.reading.page_builder import NoPage, Page, RawPage, raw_page
from indexer.reading.reader_pool import ReaderPool
from indexer.reading.reader_process import ReaderDied, ReaderProcess
from indexer.sources.base import Entry, Fetched
from tests.support.pages import chunks, document, page, read, refused, settings

_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/word/document.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
_RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" '
    'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
    'Target="word/document.xml"/></Relationships>'
)
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def to_markdown(name: str, data: bytes) -> str:
    return registry.to_markdown(name, data)[1]


def docx(body: str, *, head: str = "", extra: dict[str, bytes] | None = None) -> bytes:
    """A Word document around these elements."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _RELATIONS)
        document = f'{head}<w:document xmlns:w="{_WORD}"><w:body>{body}</w:body></w:document>'
        archive.writestr("word/document.xml", document)
        for name, data in (extra or {}).items():
            archive.writestr(name, data)
    return packed.getvalue()


def paragraph(text: str, style: str = "") -> str:
    look = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{look}<w:r><w:t>{text}</w:t></w:r></w:p>"


def row(*cells: str) -> str:
    return "<w:tr>" + "".join(f"<w:tc>{paragraph(cell)}</w:tc>" for cell in cells) + "</w:tr>"


def word() -> bytes:
    cells = row("Country", "Days") + row("UK", "25")
    heading = paragraph("Time off", "Heading1") + paragraph("Book early.") + paragraph("Days", "Heading2")
    return docx(f"{heading}<w:tbl>{cells}</w:tbl>")


def excel() -> bytes:
    book = Workbook()
    sheet = book.active
    sheet.title = "Allowance"
    for row in (["Country", "Days"], ["UK", 25], [None, None], ["DE", 30.0]):
        sheet.append(row)
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def slides() -> bytes:
    show = Presentation()
    slide = show.slides.add_slide(show.slide_layouts[1])
    slide.shapes.title.text = "Kick-off"
    slide.placeholders[1].text = "We start on Monday.\nBring 三 pens."
    packed = io.BytesIO()
    show.save(packed)
    return packed.getvalue()


def pdf(text: str = "Travel is booked by the office.", key: str = "") -> bytes:
    """A PDF of one line."""
    stream = f"BT /F1 12 Tf 72 720 Td ({text}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<</Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R /Resources <</Font <</F1 5 0 R>>>>>>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    made = b"%PDF-1.4\n"
    places = []
    for number, inside in enumerate(objects, 1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, inside)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    made += (
        b"xref\n0 6\n0000000000 65535 f \n%strailer\n<< /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF"
        % (
            table,
            len(made),
        )
    )
    if not key:
        return made
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(made)))
    writer.encrypt(key, algorithm="RC4-128")
    packed = io.BytesIO()
    writer.write(packed)
    return packed.getvalue()


HTML = b"""<html><head><title>Site</title></head><body><nav>Menu</nav><main><h1>Time off</h1>
<p>Book <a href="x">early</a>.</p><h2 id="days">Days</h2>
<table><tr><th>Country</th><th>Days</th></tr><tr><td>UK</td><td>25</td></tr></table>
<script>alert(1)</script></main><footer>Imprint</footer></body></html>"""

RST = b"""
Time off
========

Book ``early``, see `the guide <https://x.example>`_.

.. note:: Ask first.

Days
----

======= ====
Country Days
======= ====
UK      25
======= ====

.. include:: /etc/passwd
.. raw:: html

   <b>raw</b>
"""

ASCIIDOC = b"""= Time off
:author: Ada

// a remark
Book link:https://x.example[early], see <<days,below>>.

[[days]]
== Days

[cols=2]
|===
|Country |Days

|UK
|25
|===

[source,bash]
----
docent index
----
"""


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.docx", word), ("a.html", lambda: HTML), ("a.rst", lambda: RST), ("a.adoc", lambda: ASCIIDOC)],
)
def test_same_page_in_many_formats(name: str, content: Callable[[], bytes]) -> None:
    """Headings, paragraphs and tables arrive from every format that has them."""
    found = {chunk.heading: chunk.text for chunk in chunks(content(), name)}
    assert found[""].startswith("Book")
    assert "early" in found[""]
    assert found["Days"].startswith("| Country | Days |\n| --- | --- |\n| UK | 25 |")


def test_html_parts() -> None:
    """Of a web page its main part is read; headings keep their anchors."""
    text = to_markdown("a.html", HTML)
    assert "Menu" not in text
    assert "Imprint" not in text
    assert "alert" not in text
    assert chunks(HTML, "a.html")[-1].anchor == "days"


def test_rst_includes_nothing() -> None:
    """reStructuredText neither includes files nor passes raw HTML."""
    text = to_markdown("a.rst", RST)
    assert "Ask first." in text
    assert "root:" not in text
    assert "raw" not in text


def test_rst_that_is_not_as_it_should_be() -> None:
    """Signs without their other half, names of nothing and rows of targets are the words that they stand for."""
    page = "Save *a, **b, `c and |d| as e_ [1]_.\n\n" + ".. _t:\n\n" * 100 + "After them.\n\n" + "x" * 1500
    text = to_markdown("a.rst", page.encode()).replace("\\", "")
    for words in ("Save *a, **b, `c and |d| as e_ [1]_.", "After them."):
        assert words in text
    assert "x" * 1500 in text
    assert "System Messages" not in text


def test_rst_links() -> None:
    """References to targets of the page are links, however many there are."""
    page = (
        "See Python_ and `the guide`_.\n\n" * 100
        + ".. _Python: https://a.example/\n.. _the guide: https://b.example/\n"
    )
    text = to_markdown("a.rst", page.encode())
    assert text.count("[Python](https://a.example/)") == text.count("[the guide](https://b.example/)") == 100


def test_long_numbered_list() -> None:
    """Each item keeps its number."""
    items = "".join(f"<li>step {number}</li>" for number in range(7, 500))
    text = to_markdown("a.html", f"<ol start=7>{items}</ol><p>The end.</p>".encode())
    assert [line for line in text.splitlines() if line] == [
        *(f"{number}. step {number}" for number in range(7, 500)),
        "The end.",
    ]


def test_rst_roles() -> None:
    """Of Sphinx's roles the words are read; in code they stand as they are."""
    text = to_markdown("a.rst", b"See :ref:`the guide <guide>` or :doc:`other`.\n\n::\n\n   :ref:`x`\n")
    assert "See the guide or other." in text
    assert ":ref:`x`" in text


@pytest.mark.parametrize(
    ("name", "data"),
    [
        (
            "a.html",
            b"<table><tr><th>Way</th><th>Cost</th></tr><tr><td>Bus | tram</td><td>2</td></tr></table>",
        ),
        ("a.docx", docx(f"<w:tbl>{row('Way', 'Cost')}{row('Bus | tram', '2')}</w:tbl>")),
        ("a.csv", b"Way,Cost\nBus | tram,2\n"),
    ],
    ids=["html", "docx", "csv"],
)
def test_a_bar_in_a_cell_is_no_border(name: str, data: bytes) -> None:
    """What stands after it stays in its column."""
    (chunk,) = chunks(data, name)
    assert chunk.text == "| Way | Cost |\n| --- | --- |\n| Bus \\| tram | 2 |"


def test_words_title() -> None:
    """A document's title is the page's, not the first of its headings."""
    styles = f'<w:styles xmlns:w="{_WORD}"><w:style w:type="paragraph" w:styleId="Title"><w:name w:val="Title"/></w:style></w:styles>'
    relations = _RELATIONS.replace("officeDocument", "styles").replace("word/document", "styles")
    extra = {"word/styles.xml": styles.encode(), "word/_rels/document.xml.rels": relations.encode()}
    body = paragraph("Travel", "Title") + paragraph("Hotels", "Heading1") + paragraph("At most 160 pounds.")
    built = page(docx(body, extra=extra), "a.docx")
    assert built.document.title == "Travel"
    assert [piece.chunk.heading for piece in built.pieces] == ["Hotels"]


def test_asciidoc_code() -> None:
    """AsciiDoc's code is fenced, its remarks and attributes are left out."""
    text = to_markdown("a.adoc", ASCIIDOC)
    assert "```bash\ndocent index\n```" in text
    assert "remark" not in text
    assert "author" not in text
    assert chunks(ASCIIDOC, "a.adoc")[-1].anchor == "days"


def test_excel() -> None:
    """Each sheet is a table below its name; empty rows are left out and whole numbers stay whole."""
    (chunk,) = chunks(excel(), "a.xlsx")
    assert chunk.text == "| Country | Days |\n| --- | --- |\n| UK | 25 |\n| DE | 30 |"


def test_slides() -> None:
    """A slide's title is a heading above its points."""
    assert [(chunk.heading, chunk.text) for chunk in chunks(slides(), "a.pptx")] == [
        ("", "We start on Monday.\n\nBring 三 pens.")
    ]


def test_pdf() -> None:
    """A PDF's text is read."""
    assert to_markdown("a.pdf", pdf()).strip() == "Travel is booked by the office."


def test_csv() -> None:
    """A CSV file is a table, whatever separates its cells."""
    assert to_markdown("a.csv", b"a;b\n1;x|y\n") == "| a | b |\n| --- | --- |\n| 1 | x\\|y |"


def test_notebook() -> None:
    """A notebook's text and code are read, its outputs are not."""
    cells = [
        {"cell_type": "markdown", "source": ["# Sales\n", "\n", "Read this."]},
        {"cell_type": "code", "source": "total = 1", "outputs": [{"text": "secret"}]},
        {"cell_type": "code", "source": []},
    ]
    text = to_markdown("a.ipynb", json.dumps({"cells": cells}).encode())
    assert text == "# Sales\n\nRead this.\n\n```python\ntotal = 1\n```"


@pytest.mark.parametrize(
    "data",
    [
        "Grüße".encode(),
        "Grüße".encode("utf-16"),
        "\ufeffGrüße".encode(),
        "Grüße aus dem Büro".encode("cp1252"),
    ],
)
def test_encodings(data: bytes) -> None:
    """Text in UTF-8, UTF-16 or the old Windows encoding is read."""
    assert to_markdown("a.txt", data).startswith("Grüße")


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.md", b"", "it is empty"),
        ("a.docx", b"", "it is empty"),
        ("a.md", b"\x89PNG\r\n\x00\x01", "binary"),
        ("a.txt", bytes(range(128, 256)) * 20, "binary"),
        ("a.txt", b"\xff\xfea", "UTF-16"),
        ("a.docx", b"not a zip", "damaged"),
        ("a.xlsx", b"PK\x03\x04 broken", "damaged"),
        ("a.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600, "encrypted"),
        ("a.pdf", b"%PDF-1.4\ngarbage", "damaged"),
        ("a.ipynb", b"[]", "notebook"),
        ("a.ipynb", b'{"cells": [1]}', "notebook"),
    ],
)
def test_unreadable(name: str, data: bytes, reason: str) -> None:
    """A file that can't be read says why."""
    assert reason in refused(data, name)


def test_encrypted_pdf() -> None:
    """A PDF that asks for a password is encrypted; one that opens without is read."""
    assert refused(pdf(key="x"), "a.pdf") == "it is encrypted"


def test_pdf_without_text() -> None:
    """A PDF of pictures says that it holds no text."""
    assert "no text" in refused(pdf(text=""), "a.pdf")


def test_zip_bomb() -> None:
    """A document that would unpack to a lot is refused before it is unpacked."""
    bomb = docx(paragraph("x"), extra={"word/media/zeros.xml": bytes(60_000_000)})
    assert len(bomb) < 100_000
    assert "unpack" in refused(bomb, "a.docx")


def test_entity_bomb() -> None:
    """A document that defines XML entities is refused."""
    lol = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
    assert "entities" in refused(docx(paragraph("&b;"), head=lol), "a.docx")


@pytest.mark.parametrize("name", ["a.html", "a.md", "a.rst", "a.adoc", "a.ipynb"])
def test_deep_nesting(name: str) -> None:
    """Deep nesting ends in a page or a reason, not in a crash."""
    for data in (
        b"<div>" * 20_000 + b"x",
        b"> " * 5000 + b"x",
        b"[" * 50_000,
        b"* " * 5000 + b"x",
        b"(" * 9000,
    ):
        assert read(data, name)


HOSTILE = [
    "[" * 8_000,
    "![" * 5_000,
    "[a](" * 5_000,
    "*a " * 8_000,
    "**a" * 8_000,
    "_a" * 8_000,
    "`" * 8_000,
    "` a" * 8_000,
    "<!-- " * 8_000,
    "<svg " * 8_000,
    "<table>" * 5_000,
    "<a name=" * 5_000,
    "<p a" * 8_000,
    "{{ " * 8_000,
    "{% " * 8_000,
    "|" * 8_000,
    "| a " * 5_000 + "\n" + "|---" * 5_000,
    "&" * 8_000,
    "# " * 8_000,
    "- " * 2_000,
    "> " * 2_000,
    "\\" * 8_000,
    "a\n" * 8_000,
    "~~~\n" * 8_000,
    "[^a]: " * 5_000,
    "x" * 20_000,
    "é" * 8_000,
    ":::" * 8_000,
]


@pytest.mark.slow
async def test_hostile_markdown() -> None:
    """No pattern of signs in a page of ordinary size takes more than some seconds."""
    worker = ReaderProcess()
    try:
        for text in HOSTILE:
            (built,) = await worker.read([_raw("a.md", f"# T\n\nword {text}".encode())], seconds=20)
            assert isinstance(built, Page), text[:20]
    finally:
        await worker.close()


# --- the processes that read ---------------------------------------------------------------------------


def _raw(path: str, data: bytes) -> RawPage:
    return raw_page(settings(), Entry(path, "1"), Fetched(path, data))


@pytest.mark.slow
async def test_worker_reads() -> None:
    """A worker's pages are what this process would have made."""
    worker = ReaderProcess()
    try:
        good, bad = await worker.read([_raw("a.docx", word()), _raw("b.pdf", b"x")], seconds=60)
        assert isinstance(good, Page)
        assert good.document.title == "Time off"
        assert isinstance(bad, NoPage)
        (again,) = await worker.read([_raw("c.md", b"text")], seconds=60)
        assert isinstance(again, Page)
    finally:
        await worker.close()


@pytest.mark.slow
async def test_worker_out_of_time() -> None:
    """A worker that takes too long is ended, and the next page gets a new one."""
    worker = ReaderProcess()
    try:
        with pytest.raises(ReaderDied, match="took longer"):
            await worker.read([_raw("a.docx", word())], seconds=0.01)
        (page,) = await worker.read([_raw("a.docx", word())], seconds=60)
        assert isinstance(page, Page)
    finally:
        await worker.close()


async def test_worker_killed() -> None:
    """A worker that dies is one failed page, and the next page gets a new one."""
    worker = ReaderProcess()
    try:
        await worker.read([_raw("a.md", b"text")], seconds=60)
        assert worker._process is not None
        worker._process.kill()
        with pytest.raises(ReaderDied, match="ended the process"):
            await worker.read([_raw("a.md", b"text")], seconds=60)
        assert await worker.read([_raw("a.md", b"text")], seconds=60)
    finally:
        await worker.close()


async def test_worker_asked_ahead() -> None:
    """A worker that is asked for more while it reads answers each with its own; if it dies, all are told."""
    worker = ReaderProcess()
    try:
        groups = [[_raw(f"{group}-{n}.md", b"text") for n in range(3)] for group in range(4)]
        built = await asyncio.gather(*(worker.read(group, seconds=60) for group in groups))
        paths = [[page.document.path for page in pages if isinstance(page, Page)] for pages in built]
        assert paths == [[f"{group}-{n}.md" for n in range(3)] for group in range(4)]
        asked = [asyncio.create_task(worker.read([_raw("a.docx", word())], seconds=60)) for _ in range(3)]
        asked[1].cancel()
        died = await asyncio.gather(*asked, return_exceptions=True)
        assert {type(each) for each in died} <= {ReaderDied, asyncio.CancelledError, list}
        assert await worker.read([_raw("a.md", b"text")], seconds=60)
    finally:
        await worker.close()


async def test_one_bad_page_of_a_group() -> None:
    """A page that takes too long fails alone: the others of its group are read."""
    slow = _raw("slow.ipynb", b'{"cells": [' + b"[" * 90_000)
    pages = [_raw(f"{n}.md", b"text") for n in range(5)]
    async with ReaderPool(1, 1000, seconds=30) as readers:
        built = await readers.read([*pages[:2], slow, *pages[2:]])
    assert [isinstance(page, Page) for page in built] == [True, True, False, True, True, True]


async def test_readers_leave_no_process() -> None:
    """When reading ends, also by an error, its processes are gone."""
    async with ReaderPool(2, 1000) as readers:
        await asyncio.gather(*(readers.read([_raw("a.md", b"text")]) for _ in range(4)))
        processes = [worker._process for worker in (*readers._workers, *readers._apart)]
    assert all(process is None or process.returncode is not None for process in processes)


@pytest.mark.parametrize("odd", ["<![foo[x]]>", "<![ x>", "<![endif]-->"])
def test_odd_declarations(odd: str) -> None:
    """What browsers take for a comment keeps no page out, wherever it stands."""
    table = f"<table><tr><th>Day{odd}</th></tr><tr><td>Monday</td></tr></table>"
    assert "Monday" in " ".join(text.text for text in chunks(f"# Days\n\n{table}\n"))


LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a2146{}\nsize 12345\n".format("0" * 56)


@pytest.mark.parametrize("name", ["page.md", "plan.pdf", "data.csv"])
@pytest.mark.parametrize(
    "pointer", [LFS, LFS.replace("\n", "\r\n"), LFS.replace("oid", "ext-0-x sha256:00\noid")]
)
def test_lfs_pointers(name: str, pointer: str) -> None:
    """What git LFS leaves in a file's place is no page: it is told with what to do."""
    assert "git lfs pull" in refused(pointer, name)


def test_pages_about_lfs() -> None:
    """A page that shows a pointer is a page."""
    assert "oid sha256" in document(f"{LFS}\nThat is what a pointer looks like.\n").text
