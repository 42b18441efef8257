"""PDF → Markdown."""

import io
import logging

from markitdown import StreamInfo
from markitdown.converters import PdfConverter
from pypdf import PdfReader, PdfWriter

from indexer.converters.result import Converted, Unreadable


def convert(data: bytes) -> Converted:
    # pdfminer tells of every odd font.
    logging.getLogger("pdfminer").setLevel(logging.ERROR)
    reader = PdfReader(io.BytesIO(data))
    if reader.is_encrypted:
        # Many "protected" files open with no password; the others are secret.
        if not reader.decrypt(""):
            raise Unreadable("it is encrypted")
        writer = PdfWriter(clone_from=reader)
        opened = io.BytesIO()
        writer.write(opened)
        data = opened.getvalue()
    return Converted(PdfConverter().convert(io.BytesIO(data), StreamInfo(extension=".pdf")).markdown)
