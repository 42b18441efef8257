"""Office files for tests: made by their libraries, or of a few elements, and changed part by part."""

import io
import zipfile
from collections.abc import Mapping

from openpyxl import Workbook
from pptx import Presentation
from pptx.presentation import Presentation as Deck

_TYPES = (
    '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/word/document.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}</Relationships>'
)
_WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
_SPACES = (
    f'xmlns:w="{_WORD}" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
)


def docx(body: str, *, styles: str = "", comments: str = "") -> bytes:
    """A Word document around these elements; `styles` and `comments` are what is in those parts."""
    refers = f'<Relationship Id="r1" Type="{_RELATION}/officeDocument" Target="word/document.xml"/>'
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _RELATIONS.format(refers))
        archive.writestr("word/document.xml", f"<w:document {_SPACES}><w:body>{body}</w:body></w:document>")
        others = {"styles": styles, "comments": comments}
        parts = {name: text for name, text in others.items() if text}
        for name, text in parts.items():
            archive.writestr(f"word/{name}.xml", f"<w:{name} {_SPACES}>{text}</w:{name}>")
        inside = "".join(
            f'<Relationship Id="p{n}" Type="{_RELATION}/{name}" Target="{name}.xml"/>'
            for n, name in enumerate(parts)
        )
        archive.writestr("word/_rels/document.xml.rels", _RELATIONS.format(inside))
    return packed.getvalue()


def run(text: str, look: str = "") -> str:
    return f'<w:r>{f"<w:rPr>{look}</w:rPr>" if look else ""}<w:t xml:space="preserve">{text}</w:t></w:r>'


def paragraph(*runs: str, style: str = "") -> str:
    """Of elements, or of texts alone."""
    look = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{look}{''.join(each if each.startswith('<') else run(each) for each in runs)}</w:p>"


def cell(inside: str, about: str = "") -> str:
    return f"<w:tc><w:tcPr>{about}</w:tcPr>{inside if inside.startswith('<') else paragraph(inside)}</w:tc>"


def word_table(*rows: tuple[str, ...]) -> str:
    """Of texts, or of cells."""
    made = ("".join(each if each.startswith("<w:tc>") else cell(each) for each in row) for row in rows)
    return f"<w:tbl>{''.join(f'<w:tr>{row}</w:tr>' for row in made)}</w:tbl>"


def xlsx(book: Workbook) -> bytes:
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def deck() -> Deck:
    return Presentation()


def pptx(show: Deck) -> bytes:
    packed = io.BytesIO()
    show.save(packed)
    return packed.getvalue()


def with_parts(
    data: bytes,
    changes: Mapping[str, tuple[str, str]],
    *,
    without: tuple[str, ...] = (),
    added: Mapping[str, str] | None = None,
) -> bytes:
    """The file with one text for another in some parts, each of which must hold it, without and with others."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(packed, "w") as copy:
        names = set(archive.namelist())
        assert {*changes, *without} <= names, names
        for name in sorted(names - set(without)):
            part = archive.read(name)
            if name in changes:
                old, new = (text.encode() for text in changes[name])
                assert old in part, part
                part = part.replace(old, new)
            copy.writestr(name, part)
        for name, text in (added or {}).items():
            copy.writestr(name, text)
    return packed.getvalue()
