"""Extracts a web page's main text: trafilatura chooses the parts, our own converter writes them as Markdown."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final
from urllib.parse import urljoin

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString, PreformattedString

from bot.text.dates import moment
from indexer.converters import html_pages
from indexer.converters.html_tabs import label_tabs

if TYPE_CHECKING:
    from lxml.etree import _Element

_NEVER_TEXT: Final = ("script", "style", "iframe", "noscript", "svg", "template", "title")
_HEADINGS: Final = frozenset({"h1", "h2", "h3", "h4", "h5", "h6"})
# Of these there is all or nothing.
_UNDIVIDED: Final = _HEADINGS | {"table", "pre", "dl", "ul", "ol", "p"}
_AROUND: Final = ("nav", "footer")
_BREAK: Final = "\x1f"  # no XML may hold it
# All others stand in a line of their own.
_INLINE: Final = frozenset({
    "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "data", "dfn", "em", "font", "i", "img", "ins", "kbd", "mark",
    "q", "ruby", "rt", "rp", "samp", "small", "span", "strong", "sub", "sup", "time", "tt", "u", "var", "wbr",
})  # fmt: skip
_CHOSEN_INLINE: Final = frozenset({"hi", "ref", "code", "graphic", "span", "del"})
_WORD: Final = re.compile(r"\w+")
_ALIKE: Final = 3  # words in a row that make it the same text
_MOST: Final = 0.9  # of the chosen words: what holds them is the page itself


@dataclass(frozen=True, slots=True)
class MainText:
    """A page's main text as Markdown, with the title, author and time that the page gives; "" or None where it doesn't."""

    markdown: str
    title: str = ""
    author: str = ""
    updated_at: datetime | None = None


def main_text(html: str, url: str, base: str) -> MainText | None:
    """Extract the text without menus, footers and cookie notices; None where there is none. Slow: for a process.

    `url` is where the page is, `base` what its links are joined to.
    """
    import trafilatura  # noqa: PLC0415 - half a second, and only for this

    soup = html_pages.parsed(html)
    label_tabs(soup, as_parts=False)
    html_pages.leave_shown(soup)
    shown = str(soup)
    found = trafilatura.bare_extraction(shown, url=url, include_links=True, favor_recall=True)
    if found is None or isinstance(found, dict):
        return None
    chosen = _Chosen()
    for part in (found.body, found.commentsbody):
        if part is not None:
            chosen.add(_lines(_text_of_chosen(part)))
    for tag in soup.find_all(_NEVER_TEXT):
        if not tag.decomposed:
            tag.decompose()
    if not _Choice(soup, chosen).prune():
        return None
    _mend_links(soup, base)
    text = html_pages.markdown(soup.body or soup)
    if not text.strip():
        return None
    told = trafilatura.extract_metadata(shown, default_url=url)
    return MainText(text, told.title or "", told.author or "", moment(told.date))


def _mend_links(soup: BeautifulSoup, base: str) -> None:
    """Make links absolute, and part links that stand in a row, so that they read as separate words."""
    for link in soup.find_all("a", href=True):
        link["href"] = _absolute(base, str(link["href"]))
        if isinstance(link.next_sibling, Tag) and link.next_sibling.name == "a":
            link.insert_after("\n")


def _absolute(base: str, link: str) -> str:
    try:
        return urljoin(base, link.strip())
    except ValueError:
        return link


def _lines(pieces: Iterable[str]) -> Iterator[list[str]]:
    """Collect the words between two breaks."""
    for line in "".join(pieces).split(_BREAK):
        words = _WORD.findall(line.lower())
        if words:
            yield words


def _text_of_chosen(part: "_Element") -> Iterator[str]:
    inline = part.tag in _CHOSEN_INLINE
    if not inline:
        yield _BREAK
    # Where it finds no parts, it gives all lines as one.
    yield (part.text or "").replace("\n", _BREAK if part.tag == "p" else "\n")
    for child in part:
        yield from _text_of_chosen(child)
        yield child.tail or ""
    if not inline:
        yield _BREAK


@dataclass
class _Chosen:
    """The text that was chosen: its lines, and each few words in a row, as converters break lines differently."""

    lines: set[tuple[str, ...]] = field(default_factory=set)
    runs: set[tuple[str, ...]] = field(default_factory=set)

    def add(self, lines: Iterable[list[str]]) -> None:
        """Add the words of further lines."""
        for line in lines:
            self.lines.add(tuple(line))
            self.runs.update(_runs(line))

    def share(self, line: list[str]) -> float:
        """Tell how much of a line was chosen, from 0 to 1."""
        if tuple(line) in self.lines:
            return 1.0
        runs = list(_runs(line))
        return sum(run in self.runs for run in runs) / len(runs) if runs else 0.0


def _runs(line: list[str]) -> Iterator[tuple[str, ...]]:
    return (tuple(line[at : at + _ALIKE]) for at in range(len(line) - _ALIKE + 1))


@dataclass
class _Weight:
    words: float = 0
    chosen: float = 0
    in_links: float = 0


class _Choice:
    """Removes from a page what wasn't chosen; inside the page itself, only what stands apart from its text."""

    def __init__(self, soup: BeautifulSoup, chosen: _Chosen) -> None:
        self._soup = soup
        self._chosen = chosen
        self._weights: dict[int, _Weight] = {}
        self._line: list[NavigableString] = []

    def prune(self) -> bool:
        """Remove it; False where nothing of what was chosen is found."""
        self._weigh(self._soup)
        self._end_line()
        whole = self._of(self._soup).chosen
        for tag in self._soup.find_all(_AROUND):
            if not tag.decomposed and self._of(tag).chosen < whole / 2:
                tag.decompose()
        self._prune(self._soup, self._page_itself(whole), inside=False)
        return whole > 0

    def _of(self, tag: Tag) -> _Weight:
        return self._weights.setdefault(id(tag), _Weight())

    def _weigh(self, tag: Tag) -> None:
        for child in tag.children:
            if isinstance(child, Tag):
                block = child.name not in _INLINE
                if block:
                    self._end_line()
                self._weigh(child)
                if block:
                    self._end_line()
            elif isinstance(child, NavigableString) and not isinstance(child, PreformattedString):
                self._line.append(child)

    def _end_line(self) -> None:
        strings, self._line = self._line, []
        share = self._chosen.share(_WORD.findall("".join(strings).lower()))
        for string in strings:
            words = len(_WORD.findall(string))
            linked = False
            for tag in string.parents if words else ():
                weight = self._of(tag)
                linked = linked or tag.name == "a"
                weight.words += words
                weight.chosen += words * share
                weight.in_links += words * linked

    def _page_itself(self, whole: float) -> Tag | None:
        """Find the innermost element that holds nearly all that was chosen; None where that is the whole page."""
        page: Tag = self._soup
        while inner := next(
            (tag for tag in page.find_all(recursive=False) if self._of(tag).chosen >= _MOST * whole),
            None,
        ):
            page = inner
        return None if page.name in {"body", "html", self._soup.name} else page

    def _prune(self, tag: Tag, page: Tag | None, *, inside: bool) -> None:
        inside = inside or tag is page
        own = self._of(tag)
        mostly = inside and 2 * own.chosen > own.words
        kept = False
        for child in reversed(tag.find_all(recursive=False)):
            weight = self._of(child)
            if not weight.words or child.name in _INLINE:
                continue
            # A heading goes with what it stands above.
            stays = kept if child.name in _HEADINGS else mostly and 2 * weight.in_links <= weight.words
            kept = bool(weight.chosen) or stays
            if not kept:
                child.decompose()
            elif weight.chosen and child.name not in _UNDIVIDED:
                self._prune(child, page, inside=inside)
