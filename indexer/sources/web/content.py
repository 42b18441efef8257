"""Reads what a web server sent: as which kind of file, in which version, as which text."""

from urllib.parse import urlsplit

import httpx

from indexer.converters import registry
from indexer.converters.formats import MARKDOWN, ending
from indexer.converters.html_pages import as_browsers_read
from indexer.converters.result import Unreadable
from indexer.sources.base import PageFailed
from indexer.sources.http.client import HttpResponse

_FILES = {
    "application/pdf": "pdf",
    "text/markdown": "md",
    "text/plain": "txt",
    "text/csv": "csv",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
}


def version(reply: HttpResponse) -> str:
    """Read the ETag or the time of change, whichever the server sends; "" for neither."""
    return reply.headers.get("etag") or reply.headers.get("last-modified") or ""


def is_readable(headers: httpx.Headers, url: str) -> bool:
    """Tell whether the body is worth reading: not that of a picture, or of a disk image."""
    return kind(headers, url) is not None


def kind(headers: httpx.Headers, url: str) -> str | None:
    """Choose the file ending for a content type, without a dot; None for what is no page, such as pictures."""
    told = headers.get("content-type", "").partition(";")[0].strip().lower()
    if told in {"text/html", "application/xhtml+xml"}:
        return "html"
    if told == "text/plain" and ending(urlsplit(url).path) in MARKDOWN:
        return "md"
    return _FILES.get(told)


def decoded(reply: HttpResponse) -> str:
    """Decode HTML by the charset that the server names, or else the page itself. Raises PageFailed."""
    charset = reply.headers.get("content-type", "").lower().partition("charset=")[2].strip("\"' ;")
    if charset:
        try:
            return reply.data.decode(as_browsers_read(charset), "replace")
        except LookupError:
            pass
    try:
        return registry.decoded_html(reply.data)
    except Unreadable as error:
        raise PageFailed(str(error)) from error
