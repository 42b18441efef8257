"""Defines what every source of pages offers. A new one is a `Source` in a file of its own, named in an entry point.

SourceError
├── ListingFailed    the source can't be listed whole: nothing is deleted, its pages stay as they were
└── PageFailed       one page can't be had: its old version stays, and the report names it
    ├── PageHidden   nobody can tell who may see it: it is taken out of the index
    └── PageGone     it vanished between listing and fetching: the next sync deletes it
"""

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from bot.model import Failure, narrower
from bot.text.globs import Selection
from bot.visibility.page_audience import configured_audience

if TYPE_CHECKING:  # pydantic takes as long to import as reading a page does
    from bot.config.sources import SourceSettings

# Of what indexer.plugin declares: raised when a source that was written for it would break.
PLUGIN_API: Final = 1


class SourceError(Exception):
    """A source failed. `str(error)` is for people, without secrets."""


class ListingFailed(SourceError): ...


class PageFailed(SourceError): ...


class PageHidden(PageFailed): ...


class PageGone(PageFailed): ...


@dataclass(frozen=True, slots=True)
class Entry:
    """A page in a listing. `path` is its lasting name within the source, its parts divided by `/`.

    `revision` changes whenever the content does, and is known without fetching it. `audience` is what the source's own
    permissions say, None where they say nothing. `url` "" means that the settings' template makes it. `previous` are
    paths that the page had before, as far as the source knows. `anchors` names the software whose rule makes its
    headings' anchors, "" if unknown.
    """

    path: str
    revision: str
    updated_at: datetime | None = None
    owners: tuple[str, ...] = ()
    audience: frozenset[str] | None = None
    url: str = ""
    title: str = ""
    previous: tuple[str, ...] = ()
    anchors: str = ""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A page's bytes. The ending of `name` tells the format: a source that makes Markdown itself says `x.md`.

    Title, address, time and owners override the listing's where they are given; `audience` narrows it. `missing` tells
    an admin what of the page could not be had, and `again` that the next sync may have it.
    """

    name: str
    data: bytes
    title: str = ""
    url: str = ""
    updated_at: datetime | None = None
    owners: tuple[str, ...] = ()
    audience: frozenset[str] | None = None
    missing: str = ""
    again: bool = False


@dataclass(frozen=True, slots=True)
class Unlisted:
    """A part of a source that a listing could not tell of: its name for people, and why.

    No page is deleted whose path begins with one of `below` and ends with `ending`, since it may lie there; `("",)` covers
    all pages, `()` none. `passing`: the server failed or was busy, which may be over at the next sync.
    """

    name: str
    reason: str
    below: tuple[str, ...] = ("",)
    ending: str = ""
    passing: bool = False


@dataclass(frozen=True, slots=True)
class Misfit:
    """A pattern of `setting` that fits no page.

    `words` is the audience that it would have narrowed its pages to; None where it narrows nothing.
    """

    setting: str
    pattern: str
    words: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every source is given beside its settings: `data`, a folder for caches, and the largest page in bytes."""

    data: Path
    max_bytes: int = 20_000_000


class Source(ABC):
    """A place where pages are kept. It keeps nothing from one sync to the next but caches."""

    # How many pages are fetched side by side: what its server puts up with.
    fetches_at_once = 8
    # The version of indexer.plugin that it was written for.
    plugin_api = PLUGIN_API

    def __init__(self, settings: "SourceSettings", surroundings: Surroundings) -> None:
        """Read the settings, and connect to nothing yet. Raises ConfigError (see `SourceSettings.parse`)."""
        self.settings = settings
        self.surroundings = surroundings
        self.selection = Selection(watched=settings.audience_of)
        # What the last listing left out, and why.
        self.warned: list[Failure] = []
        # What the last listing could not tell of: the rest of it counts.
        self.unlisted: list[Unlisted] = []

    @property
    def name(self) -> str:
        return self.settings.name

    @property
    def max_bytes(self) -> int:
        return self.settings.max_bytes or self.surroundings.max_bytes

    @abstractmethod
    def entries(self) -> AsyncIterator[Entry]:
        """List every page, one by one; what can't be told of goes to `unlisted`.

        Raises ListingFailed where nobody could say which pages are missing: such a listing must delete nothing.
        """

    @abstractmethod
    async def fetch(self, entry: Entry) -> Fetched:
        """Fetch a page's bytes. Raises PageFailed for this page, ListingFailed if the whole source is out of reach."""

    def misfits(self) -> list[Misfit]:
        """Find the patterns of the settings that fitted no page of the last whole listing."""
        unseen = (glob for glob in self.settings.audience_of if glob in self.selection.unseen)
        found = [self.misfit("audience_of", glob, self.settings.audience_of[glob]) for glob in unseen]
        return found + [Misfit("exclude", glob) for glob in sorted(self.selection.unfit)]

    def misfit(self, setting: str, pattern: str, words: frozenset[str]) -> Misfit:
        """Describe a pattern that gives pages the audience `words`: it narrows, unless all who see the source are among them."""
        opens = narrower(self.settings.audience, words) == self.settings.audience
        return Misfit(setting, pattern, None if opens else words)

    def may_still_have(self, path: str) -> bool:
        """Tell whether a page that wasn't listed may lie behind something that could not be listed."""
        return any(path.startswith(item.below) and path.endswith(item.ending) for item in self.unlisted)

    async def forget(self) -> None:  # noqa: B027 (most sources keep nothing)
        """Drop what is kept of earlier listings: the next sync reads everything anew."""

    async def close(self) -> None:  # noqa: B027 (most sources hold nothing)
        """Close connections and processes."""


def too_large(size: int, limit: int) -> PageFailed:
    """Make the error for a page of `size` bytes where `limit` are allowed."""
    return PageFailed(f"it has {size / 1e6:.1f} MB; the limit (max_bytes) is {limit / 1e6:.1f} MB")


def audience_of(settings: "SourceSettings", entry: Entry) -> frozenset[str]:
    """Find who may see a page: those whom both the configuration and the source's own permissions allow.

    Where the two have no word in common, the permissions' words are kept: the search asks for one of the configuration's
    words besides (`bot.visibility.configured_sources`).
    """
    audience = configured_audience(settings, entry.path)
    if entry.audience is None:
        return audience
    return narrower(audience, entry.audience) or entry.audience
