"""What a web page says: its links, its canonical address, and its main text."""

from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit, urlunsplit

from indexer.heads import reader as heads
from indexer.markdown.lenient_html import LenientParser
from indexer.sources.http_client import moment

_TRACKING = ("utm_", "fbclid", "gclid", "mc_cid", "mc_eid")
_PORTS = {"http": 80, "https": 443}


@dataclass
class Head:
    """Absolute addresses. `follow` and `index` are what the page allows robots."""

    links: list[str] = field(default_factory=list)
    canonical: str = ""
    index: bool = True
    follow: bool = True


@dataclass(frozen=True, slots=True)
class MainText:
    markdown: str
    title: str = ""
    author: str = ""
    updated_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class WebPage:
    """`text` is None where nothing can be made out."""

    head: Head
    audience: frozenset[str] | None
    text: MainText | None


def whole(html: str, url: str) -> WebPage:
    """All that is read of a page. Slow: for a process. Raises BrokenAudience."""
    found = head(html, url)
    audience = heads.split(html, "html")[0].audience
    return WebPage(found, audience, main_text(html, url) if found.index else None)


def cleaned(url: str) -> str:
    """One spelling for each page: no fragment, no default port, no tracking. "" for what is no web address."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        return ""
    if parts.scheme not in _PORTS or not parts.hostname:
        return ""
    host = parts.hostname if port in {None, _PORTS[parts.scheme]} else f"{parts.hostname}:{port}"
    query = urlencode(
        [pair for pair in parse_qsl(parts.query, keep_blank_values=True) if not pair[0].startswith(_TRACKING)]
    )
    return urlunsplit((parts.scheme, host, parts.path or "/", query, ""))


def head(html: str, url: str) -> Head:
    reader = _Reader(url)
    reader.feed(html)
    return reader.head


class _Reader(LenientParser):
    def __init__(self, url: str) -> None:
        super().__init__()
        self.head = Head()
        self._base = url

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        relation = given.get("rel", "").lower().split()
        if tag == "base" and given.get("href"):
            self._base = _joined(self._base, given["href"]) or self._base
        elif (
            tag == "a" and "nofollow" not in relation and (link := _joined(self._base, given.get("href", "")))
        ):
            self.head.links.append(link)
        elif tag == "link" and "canonical" in relation:
            self.head.canonical = _joined(self._base, given.get("href", ""))
        elif tag == "meta" and given.get("name", "").lower() in {"robots", "docent"}:
            content = given.get("content", "").lower()
            self.head.index = self.head.index and not ("noindex" in content or "none" in content)
            self.head.follow = self.head.follow and not ("nofollow" in content or "none" in content)


def _joined(base: str, link: str) -> str:
    try:
        return cleaned(urljoin(base, link.strip())) if link.strip() else ""
    except ValueError:
        return ""


def main_text(html: str, url: str) -> MainText | None:
    """Without menus, footers and cookie notices; None where nothing can be made out. Slow: for a thread."""
    import trafilatura  # noqa: PLC0415 - half a second, and only for this

    text = trafilatura.extract(
        html, url=url, output_format="markdown", include_links=True, include_tables=True, favor_recall=True
    )
    if not text or not text.strip():
        return None
    told = trafilatura.extract_metadata(html, default_url=url)
    return MainText(text, told.title or "", told.author or "", moment(told.date))
