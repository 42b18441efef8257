"""What every source of pages offers. A new one is one file with a `Source` and its name in an entry point.

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
    """`str(error)` is for people, without secrets."""


class ListingFailed(SourceError): ...


class PageFailed(SourceError): ...


class PageHidden(PageFailed): ...


class PageGone(PageFailed): ...


@dataclass(frozen=True, slots=True)
class Entry:
    """A page as a listing tells of it. `path` is its lasting name within the source, with `/`.

    `revision` is whatever changes when the page's content does, had without fetching it. `audience` is what
    the source's own permissions say (None: nothing). `url` "" means the template's. `previous` are paths that
    the page had before, as far as the source knows. `anchors`: whose rule makes its headings' anchors, "" if unknown.
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

    What only the body tells (a web page's title, its date) overrides the entry's where it is given; its `audience`
    narrows. `missing` says what of the page could not be had, for an admin; `again`: the next sync may have it.
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
    """What a listing can't tell of, by a name for people, and why.

    `below` are how the paths of those pages begin, and `ending` how they end, that may lie behind it: they aren't
    deleted for its sake. "" is every page's beginning; none at all: nothing that was ever indexed lies there. `passing`: its
    server failed, or had no time, which it may have at the next sync.
    """

    name: str
    reason: str
    below: tuple[str, ...] = ("",)
    ending: str = ""
    passing: bool = False


@dataclass(frozen=True, slots=True)
class Misfit:
    """A pattern of `setting` that fits no page. `words`: for whom alone it would have been; None: it gives nobody less."""

    setting: str
    pattern: str
    words: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a source gets beside its settings: a folder for caches, and how large a page may be."""

    data: Path
    max_bytes: int = 20_000_000


class Source(ABC):
    """One place where pages live. It keeps no state that another sync needs, except caches."""

    # How many pages are fetched side by side: what its server puts up with.
    fetches_at_once = 8
    # The version of indexer.plugin that it was written for.
    plugin_api = PLUGIN_API

    def __init__(self, settings: "SourceSettings", surroundings: Surroundings) -> None:
        """Read the settings; reach for nothing yet. Raises ConfigError (see `SourceSettings.parse`)."""
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
        """Every page, listed page by page; what can't be told of goes to `unlisted`.

        Raises ListingFailed where that is all of it: half a listing of which nobody knows what it lacks is none.
        """

    @abstractmethod
    async def fetch(self, entry: Entry) -> Fetched:
        """Raises PageFailed for this page, ListingFailed if the whole source is out of reach."""

    def misfits(self) -> list[Misfit]:
        """Patterns that fitted nothing of the last whole listing."""
        unseen = (glob for glob in self.settings.audience_of if glob in self.selection.unseen)
        found = [self.misfit("audience_of", glob, self.settings.audience_of[glob]) for glob in unseen]
        return found + [Misfit("exclude", glob) for glob in sorted(self.selection.unfit)]

    def misfit(self, setting: str, pattern: str, words: frozenset[str]) -> Misfit:
        """One that gives pages an audience: it narrows, unless whoever sees the source is among its words."""
        opens = narrower(self.settings.audience, words) == self.settings.audience
        return Misfit(setting, pattern, None if opens else words)

    def may_still_have(self, path: str) -> bool:
        """Whether a page that wasn't listed may lie behind what could not be."""
        return any(path.startswith(item.below) and path.endswith(item.ending) for item in self.unlisted)

    async def forget(self) -> None:  # noqa: B027 (most sources keep nothing)
        """Before a sync that reads everything anew: what is kept from earlier listings isn't trusted either."""

    async def close(self) -> None:  # noqa: B027 (most sources hold nothing)
        """Give back connections."""


def too_large(size: int, limit: int) -> PageFailed:
    return PageFailed(f"it has {size / 1e6:.1f} MB; the limit (max_bytes) is {limit / 1e6:.1f} MB")


def audience_of(settings: "SourceSettings", entry: Entry) -> frozenset[str]:
    """For whom the index has a page: whom both the configuration and the source's own permissions let see it.

    Where they have no word in common, it is the permissions' words: who asks needs one of the configuration's
    besides (`bot.visibility.configured_sources`).
    """
    audience = configured_audience(settings, entry.path)
    if entry.audience is None:
        return audience
    return narrower(audience, entry.audience) or entry.audience
