"""PDF, Word, PowerPoint and Excel → Markdown. Loads large libraries: for a worker process only."""

import io
import logging
import re
import warnings
import zipfile
from collections.abc import Callable, Mapping
from datetime import datetime

from indexer.converters.registry import Unreadable, table

# A zip's directory tells what it unpacks to. Real documents are far below both.
_MOST_UNPACKED = 300_000_000
_MOST_RATIO = 300
_SMALL = 5_000_000
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_DTD = re.compile(rb"<!(?:DOCTYPE|ENTITY)", re.IGNORECASE)
_SLIDE = re.compile(r"<!--[ ]Slide number: \d+ -->")
_LINE = re.compile(r"(?<!\n)\n(?=[^\n|])")  # on a slide each is a point of its own
# A document's title is a style of its own in Word.
_STYLES = "p[style-name='Title'] => h1:fresh"


def convert(kind: str, data: bytes) -> str:
    """`kind` is pdf, docx, pptx or xlsx. Raises Unreadable, MemoryError."""
    # pdfminer tells of every odd font.
    logging.getLogger("pdfminer").setLevel(logging.ERROR)
    if kind != "pdf":
        _check_container(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            text = _KINDS[kind](data)
    except (Unreadable, MemoryError):
        raise
    except Exception as error:
        # The libraries raise whatever their parsers do; the file is to blame, and only this file fails.
        logging.getLogger(__name__).info("a %s could not be read", kind, exc_info=True)
        raise Unreadable(
            f"it is damaged, or no {kind.upper()} file ({type(error).__name__}): save it anew, or leave it out"
        ) from error
    if not text.strip():
        raise Unreadable("it holds no text (scanned pages or pictures only?)")
    return text


def _check_container(data: bytes) -> None:
    if data.startswith(_OLE):
        raise Unreadable("it is encrypted, or of an Office older than 2007")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            items = archive.infolist()
            unpacked = sum(item.file_size for item in items)
            if unpacked > _MOST_UNPACKED or (unpacked > _SMALL and unpacked > _MOST_RATIO * len(data)):
                raise Unreadable(f"it would unpack to {unpacked / 1e6:,.0f} MB")
            if any(item.flag_bits & 1 for item in items):
                raise Unreadable("it is encrypted")
            for item in items:
                # Office writes no DTD; one is there to define entities that grow.
                if item.filename.endswith((".xml", ".rels")) and _has_dtd(archive, item):
                    raise Unreadable("it defines XML entities, which no Office document does")
    except (zipfile.BadZipFile, OSError, EOFError, NotImplementedError, RuntimeError, ValueError) as error:
        raise Unreadable("it is damaged, or no Office file: save it anew, or leave it out") from error


def _has_dtd(archive: zipfile.ZipFile, item: zipfile.ZipInfo) -> bool:
    with archive.open(item) as part:
        return _DTD.search(part.read(4096)) is not None


def _pdf(data: bytes) -> str:
    from markitdown import StreamInfo  # noqa: PLC0415 (two seconds)
    from markitdown.converters import PdfConverter  # noqa: PLC0415
    from pypdf import PdfReader, PdfWriter  # noqa: PLC0415

    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted:
        # Many "protected" files open with no password; the others are secret.
        if not reader.decrypt(""):
            raise Unreadable("it is encrypted")
        writer = PdfWriter(clone_from=reader)
        opened = io.BytesIO()
        writer.write(opened)
        data = opened.getvalue()
    return PdfConverter().convert(io.BytesIO(data), StreamInfo(extension=".pdf")).markdown


def _docx(data: bytes) -> str:
    import mammoth  # type: ignore[import-untyped]  # noqa: PLC0415
    from markitdown.converter_utils.docx.pre_process import pre_process_docx  # noqa: PLC0415

    from indexer.converters.html_rst import html  # noqa: PLC0415

    with_formulas = pre_process_docx(io.BytesIO(data))
    no_pictures = mammoth.images.img_element(lambda _: {"src": ""})
    made = mammoth.convert_to_html(with_formulas, style_map=_STYLES, convert_image=no_pictures)
    return html(made.value, noise=(), headed=True)


def _pptx(data: bytes) -> str:
    from markitdown import StreamInfo  # noqa: PLC0415
    from markitdown.converters import PptxConverter  # noqa: PLC0415

    converter = PptxConverter()  # type: ignore[no-untyped-call]
    text = converter.convert(io.BytesIO(data), StreamInfo(extension=".pptx")).markdown
    return _LINE.sub("\n\n", _SLIDE.sub("", text).replace("\n### Notes:\n", "\n\nNotes:\n\n"))


def _xlsx(data: bytes) -> str:
    from openpyxl import load_workbook  # type: ignore[import-untyped]  # noqa: PLC0415

    book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    try:
        sheets = {
            sheet.title: [[_cell(value) for value in row] for row in sheet.values]
            for sheet in book.worksheets
        }
    finally:
        book.close()
    return "\n\n".join(f"## {name}\n\n{shown}" for name, rows in sheets.items() if (shown := table(rows)))


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime):
        return value.isoformat(" ", "minutes").removesuffix(" 00:00")
    return str(value)


_KINDS: Mapping[str, Callable[[bytes], str]] = {"pdf": _pdf, "docx": _docx, "pptx": _pptx, "xlsx": _xlsx}
