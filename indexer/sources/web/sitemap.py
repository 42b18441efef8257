"""Sitemaps (sitemaps.org): nested, gzipped, bounded."""

import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from xml.etree import ElementTree as ET

_LARGEST = 100_000_000
_FILES = 2000
_GZIP = b"\x1f\x8b"


class BadSitemap(ValueError):
    """`str(error)` is for people."""


@dataclass(frozen=True, slots=True)
class SitemapEntry:
    url: str
    changed: str = ""


async def pages(start: str, read: Callable[[str], Awaitable[bytes]]) -> AsyncIterator[SitemapEntry]:
    """Every page that the sitemap at `start` and those that it names list. Raises BadSitemap."""
    waiting = [start]
    seen = {start}
    while waiting:
        address = waiting.pop()
        for name, found in _entries(address, await read(address)):
            if name == "url":
                yield found
            elif found.url not in seen:
                seen.add(found.url)
                waiting.append(found.url)
        if len(seen) > _FILES:
            raise BadSitemap(f"the sitemap {start} consists of more than {_FILES} files")


def _entries(address: str, data: bytes) -> list[tuple[str, SitemapEntry]]:
    try:
        root = ET.fromstring(_unpacked(data))  # noqa: S314 - expat bounds what entities expand to
    except (ET.ParseError, zlib.error, ValueError) as error:
        raise BadSitemap(f"{address} is no sitemap ({error})") from error
    if _name(root) not in {"urlset", "sitemapindex"}:
        raise BadSitemap(f"{address} is no sitemap (it is <{_name(root)}>)")
    found = []
    for child in root:
        values = {_name(each): (each.text or "").strip() for each in child}
        if values.get("loc") and _name(child) in {"url", "sitemap"}:
            found.append((_name(child), SitemapEntry(values["loc"], values.get("lastmod", ""))))
    return found


def _unpacked(data: bytes) -> bytes:
    if not data.startswith(_GZIP):
        return data
    reader = zlib.decompressobj(wbits=31)
    text = reader.decompress(data, _LARGEST)
    if reader.unconsumed_tail or not reader.eof:
        raise ValueError("it is cut off or larger than 100 MB")
    return text


def _name(element: ET.Element) -> str:
    return element.tag.rpartition("}")[2]
