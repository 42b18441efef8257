"""Looks up beforehand what a reader must know before it asks: which pages to doubt, and the vocabulary."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from bot.backends.weaviate.index import Index
from bot.backends.weaviate.reading.lexicon import Lexicon, Part
from bot.backends.weaviate.server.errors import VENDOR
from bot.backends.weaviate.writing import notes

# Pages that were being written are doubted for so many seconds longer.
DOUBTED: Final = 10.0
COUNTED: Final = 20.0
LOOK_SECONDS: Final = 0.8
# Where that was not told, it is asked for again after so long.
AGAIN_SECONDS: Final = 2.0


@dataclass(frozen=True, slots=True)
class Doubts:
    """Pages of which chunks may be found that don't count; `all` where it isn't known which."""

    pages: frozenset[str]
    all: bool = False

    def __contains__(self, doc_id: str) -> bool:
        return self.all or doc_id in self.pages

    @property
    def any(self) -> bool:
        return self.all or bool(self.pages)


EVERY_PAGE: Final = Doubts(frozenset(), all=True)


class Writes:
    """The writes that are under way, as they were at most `fresh` seconds ago."""

    def __init__(self, fresh: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._fresh = fresh
        self._clock = clock
        self._of = ""
        self._looked_at = float("-inf")
        self._failed_at = float("-inf")
        self._until: dict[str, float] = {}

    async def doubts(self, index: Index) -> Doubts:
        if self._clock() - self._failed_at < AGAIN_SECONDS:
            return EVERY_PAGE
        if self._of != index.generation.chunks or self._clock() - self._looked_at > self._fresh:
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self.look(index)
            except VENDOR:
                self._failed_at = self._clock()
                return EVERY_PAGE
        return Doubts(frozenset(self._until))

    async def look(self, index: Index) -> None:
        found = await notes.unfinished(index)
        now = self._clock()
        if self._of != index.generation.chunks:
            self._until = {}
        kept = {doc_id: until for doc_id, until in self._until.items() if until > now}
        under_way = {change.doc_id: now + DOUBTED for write in found for change in write.changes}
        self._of, self._looked_at, self._until = index.generation.chunks, now, kept | under_way


class Words:
    """The vocabulary of one index at a time, loaded in the background. Until it is there, nothing is known."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._of = ""
        self._looked_at = float("-inf")
        self._versions: dict[int, str] = {}
        self._lexicon: Lexicon | None = None
        self._lock = asyncio.Lock()

    def of(self, index: Index) -> Lexicon | None:
        return self._lexicon if self._of == index.generation.chunks else None

    @property
    def latest(self) -> Lexicon | None:
        """The vocabulary of whichever index it was loaded from."""
        return self._lexicon

    @property
    def outdated(self) -> bool:
        return self._clock() - self._looked_at > COUNTED

    async def look(self, index: Index) -> None:
        """Load what has been counted since."""
        async with self._lock:
            same = self._of == index.generation.chunks
            versions = await notes.part_versions(index)
            known = self._versions if same else {}
            new = [number for number, version in versions.items() if known.get(number) != version]
            loaded = await notes.parts(index, new)
            parts: dict[int, Part] = dict(self._lexicon.parts) if same and self._lexicon else {}
            parts |= {number: part for number, (_, part) in loaded.items()}
            self._versions = {**known, **{number: version for number, (version, _) in loaded.items()}}
            self._of, self._looked_at = index.generation.chunks, self._clock()
            if loaded or self._lexicon is None or not same:
                self._lexicon = Lexicon(parts)
