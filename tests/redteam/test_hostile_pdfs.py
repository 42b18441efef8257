"""A PDF that is made to hurt its reader is a page or fails with a sentence; the page beside it is read all the same."""

import zlib

import pytest

from indexer.reading.page_builder import NoPage, Page, raw_page
from indexer.reading.reader_pool import ReaderPool
from indexer.sources.base import Entry, Fetched
from tests.support.pages import settings
from tests.support.pdf_files import text

pytestmark = pytest.mark.slow

_FONT = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
_SAID = text(72, 700, "Kept words of the page").encode()
_DAMAGED = "it is damaged, or no PDF file (PdfiumError): save it anew, or leave it out"
_DIED = "reading it "  # took too long, or too much memory: whichever comes first


def _file(*objects: bytes | str) -> bytes:
    made, places = b"%PDF-1.7\n", []
    for number, inside in enumerate(objects, 1):
        places.append(len(made))
        held = inside if isinstance(inside, bytes) else inside.encode()
        made += b"%d 0 obj\n%b\nendobj\n" % (number, held)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    size = len(objects) + 1
    end = b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF"
    return made + end % (size, table, size, len(made))


def _stream(held: bytes, more: str = "", *, packed: int = 0) -> bytes:
    for _ in range(packed):
        held = zlib.compress(held, 9)
    filters = f"/Filter [{' /FlateDecode' * packed}]" if packed else ""
    return f"<< /Length {len(held)} {filters} {more} >>\nstream\n".encode() + held + b"\nendstream"


def _page(
    content: bytes,
    *others: bytes | str,
    catalog: str = "",
    page: str = "",
    objects: str = "",
    box: str = "0 0 612 792",
) -> bytes:
    """One page of it; its `others` are objects from the sixth on."""
    resources = f"/Resources << /Font << /F1 5 0 R >> {objects} >>"
    return _file(
        f"<< /Type /Catalog /Pages 2 0 R {catalog} >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [{box}] /Contents 4 0 R {resources} {page} >>",
        content,
        _FONT,
        *others,
    )


def _nested() -> bytes:
    """Each of nine forms draws the next one ten times."""
    forms = []
    for number in range(7, 16):
        own = f"/Resources << /XObject << /X {number} 0 R >> >>" if number < 15 else ""
        forms.append(_stream(b"/X Do\n" * 10, f"/Type /XObject /Subtype /Form /BBox [0 0 612 792] {own}"))
    return _page(_stream(_SAID + b"\n/X Do"), *forms, objects="/XObject << /X 6 0 R >>")


def _acting() -> bytes:
    """Whatever a viewer might do by itself, and a file inside."""
    return _page(
        _stream(_SAID),
        "<< /S /JavaScript /JS (app.alert\\('swordfish'\\); while\\(1\\){}) >>",
        "<< /S /Launch /F (/bin/sh) /Win << /F (cmd.exe) >> >>",
        _stream(b"swordfish in an embedded file", "/Type /EmbeddedFile"),
        "<< /Type /Filespec /F (a.txt) /EF << /F 8 0 R >> >>",
        "<< /Type /Annot /Subtype /FileAttachment /FS 9 0 R /Rect [0 0 9 9] /Contents (swordfish) >>",
        catalog="/OpenAction 6 0 R /AA << /O 7 0 R >> /Names << /EmbeddedFiles << /Names [(a.txt) 9 0 R] >>"
        " /JavaScript << /Names [(a) 6 0 R] >> >> /AcroForm << /Fields [] /XFA 8 0 R >>",
        page="/AA << /O 6 0 R >> /Annots [10 0 R]",
    )


def _made(name: str) -> bytes:
    return {
        "loop": lambda: _file(
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Kids [3 0 R 2 0 R] /Count 1000000 /Parent 3 0 R >>",
            "<< /Type /Pages /Kids [2 0 R 3 0 R] /Count 1000000 /Parent 2 0 R >>",
        ),
        "forms": _nested,
        "bomb": lambda: _page(_stream(_SAID + b" " * 300_000_000, packed=2)),
        "box": lambda: _page(_stream(_SAID), box="-1e30 -1e30 1e30 99999999999999999999"),
        "glyphs": lambda: _page(
            _stream(_SAID + b"BT /F1 0.01 Tf " + b"1 0 0 1 72 600 Tm (a b) Tj " * 100_000 + b"ET", packed=1)
        ),
        "rules": lambda: _page(_stream(_SAID + b"\n0 9 m 600 9 l S" * 1_000_000, packed=1)),
        "garbage": lambda: b"%PDF-1.7\n" + bytes(range(256)) * 1_000,
        "truncated": lambda: _page(_stream(_SAID * 1_000))[:30_000],
        "acting": _acting,
        "unseen": lambda: _page(
            _stream(
                b"/Span << /ActualText (Actual words) >> BDC " + _SAID + b" EMC\n"
                b"BT 3 Tr /F1 12 Tf 72 500 Td (Invisible words) Tj ET"
            )
        ),
    }[name]()


@pytest.mark.parametrize(
    ("name", "ends"),
    [
        ("loop", _DAMAGED), ("forms", _DIED), ("bomb", ""), ("box", ""), ("glyphs", ""), ("rules", ""), ("garbage", _DAMAGED),
        ("truncated", _DAMAGED), ("acting", ""), ("unseen", ""),
    ],
)  # fmt: skip
async def test_hostile_pdf(name: str, ends: str) -> None:
    """Nothing in it is run, no file in it is read, and what is drawn unseen is text like any other."""
    files = {"a.pdf": _made(name), "b.pdf": _page(_stream(_SAID)), "c.md": b"Kept words of the page"}
    async with ReaderPool(1, len(files)) as readers:
        built, *others = await readers.read(
            [raw_page(settings(), Entry(path, "1"), Fetched(path, data)) for path, data in files.items()]
        )
    for other in others:
        assert isinstance(other, Page), other
        assert other.document.text.strip() == "Kept words of the page"
    if ends:
        assert isinstance(built, NoPage), built
        assert built.reason.startswith(ends)
    else:
        assert isinstance(built, Page), built
        assert (
            "Actual words\n\nInvisible words" if name == "unseen" else "Kept words"
        ) in built.document.text
        assert "swordfish" not in built.document.text
