"""Sitemaps as they are (sitemaps.org): XML, text or a feed; nested, gzipped, with slips; bounded.

Ours: ultimate-sitemap-parser takes one that broke off for whole, whose other pages would be deleted, and lists
nothing where an `&` isn't escaped.
"""

import re
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urljoin
from xml.etree import ElementTree as ET

from lxml import etree

from indexer.sources.base import PageFailed

_LARGEST = 100_000_000
_FILES = 2000
_GZIP = b"\x1f\x8b"
_BARE_AMPERSAND = re.compile(rb"&(?!(?:amp|lt|gt|quot|apos);|#\d{1,7};|#x[0-9A-Fa-f]{1,6};)")
_ADDRESS = re.compile(r"(?:https?://|/)\S+")
_LOCATED = re.compile(rb"<(?:[\w-]+:)?loc[\s>]")
_ENDS = re.compile(rb"</(?:[\w-]+:)?(?:urlset|sitemapindex|rss|feed|RDF)\s*>")
_KINDS = {"urlset": "url", "sitemapindex": "sitemap"}


class BadSitemap(PageFailed):
    """A sitemap can't be read. `str(error)` is for people."""


@dataclass(frozen=True, slots=True)
class SitemapEntry:
    """An entry of a sitemap. `changed` is its `lastmod`; `part`: it leads to another sitemap.

    `url` is "" for an entry whose address can't be read.
    """

    url: str
    changed: str = ""
    part: bool = False


# What a sitemap lists; None where it could not be read, which whoever reads it tells of.
Read = Callable[[str], Awaitable[list[SitemapEntry] | None]]


async def pages(start: str, read: Read) -> AsyncIterator[SitemapEntry]:
    """Yield every page that the sitemap at `start` lists, and those that it leads to. Raises BadSitemap."""
    waiting = [start]
    seen = {start}
    while waiting:
        for found in await read(waiting.pop()) or ():
            if not found.part:
                yield found
            elif found.url not in seen:
                seen.add(found.url)
                waiting.append(found.url)
        if len(seen) > _FILES:
            raise BadSitemap(f"the sitemap {start} consists of more than {_FILES} files")


def entries(address: str, data: bytes) -> list[SitemapEntry]:
    """Read one sitemap's entries, with absolute addresses. Raises BadSitemap."""
    try:
        text = _unpacked(data)
    except (zlib.error, ValueError) as error:
        raise BadSitemap(f"{address} is no sitemap ({error})") from error
    start = text.lstrip(b"\xef\xbb\xbf \t\r\n")
    found = _of_xml(address, start) if start.startswith(b"<") else _of_text(address, text)
    return [SitemapEntry(_joined(address, entry.url), entry.changed, entry.part) for entry in found]


def _of_text(address: str, data: bytes) -> list[SitemapEntry]:
    """Read a sitemap in plain text: one address a line."""
    lines = [line.strip() for line in data.decode("utf-8-sig", "replace").splitlines()]
    found = [SitemapEntry(line) for line in lines if _ADDRESS.fullmatch(line)]
    if not found:
        raise BadSitemap(f"{address} is no sitemap (it is neither XML nor a list of addresses)")
    return found


def _of_xml(address: str, data: bytes) -> list[SitemapEntry]:
    root, whole = _root(address, _BARE_AMPERSAND.sub(b"&amp;", data))
    kind = _name(root)
    if kind in {"rss", "feed", "RDF"}:
        return _of_feed(root)
    if kind not in _KINDS:
        raise BadSitemap(f"{address} is no sitemap (it is <{kind[:40]}>)")
    found = []
    for child in root:
        if _name(child) not in _KINDS.values():
            continue
        values = {_name(each): (each.text or "").strip() for each in reversed(child)}
        part = _name(child) == "sitemap"
        found.append(SitemapEntry(values.get("loc", ""), values.get("lastmod", ""), part))
    if not whole and len(found) != len(_LOCATED.findall(data)):
        raise BadSitemap(f"{address} is no sitemap (it is cut off, or not all of it can be made out)")
    return found


def _of_feed(root: ET.Element) -> list[SitemapEntry]:
    found = []
    for item in root.iter():
        if _name(item) in {"item", "entry"}:
            links = [(each.get("href") or each.text or "").strip() for each in item if _name(each) == "link"]
            found += [SitemapEntry(link) for link in links[:1] if link]
    return found


def _root(address: str, data: bytes) -> tuple[ET.Element, bool]:
    """Parse XML strictly, or else leniently; False beside it if leniently. Raises BadSitemap."""
    try:
        return ET.fromstring(data), True  # noqa: S314 - expat bounds what entities expand to
    except ET.ParseError as error:
        lenient = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, load_dtd=False)
        try:
            found = etree.fromstring(data, lenient)
            if found is not None and data.rstrip().endswith(b">") and len(_ENDS.findall(data)):
                return ET.fromstring(etree.tostring(found)), False  # noqa: S314 - as above
        except (etree.XMLSyntaxError, ET.ParseError, ValueError):
            pass
        raise BadSitemap(f"{address} is no sitemap ({error})") from error


def _joined(address: str, link: str) -> str:
    try:
        return urljoin(address, link) if link else ""
    except ValueError:
        return ""


def _unpacked(data: bytes) -> bytes:
    if not data.startswith(_GZIP):
        return data
    reader = zlib.decompressobj(wbits=31)
    text = reader.decompress(data, _LARGEST)
    if reader.unconsumed_tail or not reader.eof:
        raise ValueError("it is cut off or larger than 100 MB")
    return text


def _name(element: ET.Element) -> str:
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""
