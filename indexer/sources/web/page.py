"""Reads a web page: its links, its canonical address, what it allows robots, and its main text."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin

from indexer.heads import reader as heads
from indexer.markdown.lenient_html import LenientParser
from indexer.sources.web.address import cleaned
from indexer.sources.web.main_text import MainText, main_text
from indexer.sources.web.robots import told

# A redirect by the page itself comes at once; one that comes later is a clock, or renews the page.
_AT_ONCE = 10.0
_REFRESH = re.compile(r"\s*(\d+(?:\.\d*)?)[\s;,]*(?:url\s*=\s*)?['\"]?([^'\"]*)", re.IGNORECASE)
# What is read of a page whose text a script makes: its title, and a word for those who have none.
_FEW_WORDS = 25
_LOADING = 3
_UNSEEN = {"script", "style", "noscript", "template", "title"}
_MOUNT = {
    "root",
    "app",
    "__next",
    "__nuxt",
    "___gatsby",
    "svelte",
    "app-root",
    "redoc",
    "swagger-ui",
    "docsify",
}


@dataclass
class Head:
    """What a page says of itself; its addresses are absolute. `index` and `follow` are what it allows robots.

    `base` is what links are joined to; `refresh` is where it sends the browser. `scripted`: a script makes its text, and
    what was sent has none.
    """

    links: list[str] = field(default_factory=list)
    base: str = ""
    canonical: str = ""
    index: bool = True
    follow: bool = True
    refresh: str = ""
    scripted: bool = False


@dataclass(frozen=True, slots=True)
class WebPage:
    """All that is read of a page. `text` is None where no main text can be made out."""

    head: Head
    audience: frozenset[str] | None
    text: MainText | None


def whole(html: str, url: str) -> WebPage:
    """Read all of a page. Slow: for a process. Raises BrokenAudience."""
    found = head(html, url)
    audience = heads.split(html, "html")[0].audience
    return WebPage(found, audience, main_text(html, url, found.base) if found.index else None)


def head(html: str, url: str) -> Head:
    """Read a page's links and what it says of itself, but not its text."""
    reader = _Reader(url)
    reader.feed(html)
    reader.head.scripted = reader.is_scripted()
    return reader.head


class _Reader(LenientParser):
    def __init__(self, url: str) -> None:
        super().__init__()
        self.head = Head(base=url)
        self._based = False
        self._unseen: list[str] = []
        self._words = 0
        self._scripts = 0
        self._words_at_mount: int | None = None
        self._asks_for_scripts = False

    def is_scripted(self) -> bool:
        if not self._scripts or self._words >= _FEW_WORDS:
            return False
        mount = self._words_at_mount
        empty = mount is not None and self._words - mount <= _LOADING
        return empty or self._asks_for_scripts or self._words <= _LOADING

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        relation = given.get("rel", "").lower().split()
        if tag in _UNSEEN:
            self._unseen.append(tag)
        self._scripts += tag == "script"
        if self._words_at_mount is None and (given.get("id", "").lower() in _MOUNT or tag in _MOUNT):
            self._words_at_mount = self._words
        if tag == "base" and given.get("href") and not self._based:
            self._based = True
            self.head.base = _joined(self.head.base, given["href"]) or self.head.base
        elif (
            tag == "a"
            and "nofollow" not in relation
            and (link := _joined(self.head.base, given.get("href", "")))
        ):
            self.head.links.append(link)
        elif tag == "link" and "canonical" in relation:
            self.head.canonical = _joined(self.head.base, given.get("href", ""))
        elif tag == "meta":
            self._meta(given)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._unseen:
            del self._unseen[self._unseen.index(tag) :]

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self._words += len(data.split())
        elif "noscript" in self._unseen and "javascript" in data.lower():
            self._asks_for_scripts = True

    def _meta(self, given: Mapping[str, str]) -> None:
        content = given.get("content", "")
        if given.get("name", "").lower() in {"robots", "docent"}:
            index, follow = told(content)
            self.head.index = self.head.index and index
            self.head.follow = self.head.follow and follow
        elif given.get("http-equiv", "").lower() == "refresh":
            found = _REFRESH.match(content)
            if found and found[2].strip() and float(found[1]) <= _AT_ONCE:
                self.head.refresh = _joined(self.head.base, found[2])


def _joined(base: str, link: str) -> str:
    try:
        return cleaned(urljoin(base, link.strip())) if link.strip() else ""
    except ValueError:
        return ""
