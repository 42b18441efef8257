"""Remembers of the index between searches: scopes, languages, term counts and vector codes."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock

import apsw

from bot.backends.sqlite import vectors
from bot.backends.sqlite.schema import Build

# Pages in so many of the most usual languages are found by their own stems.
LANGUAGES = 6
_MOST_PARTS = 64


class StaleError(Exception):
    """Another thread has read a later version of the index than this snapshot has: take a new snapshot."""


@dataclass(frozen=True, slots=True)
class Scope:
    """The pages of a source that the same people may see, and how many they are. `id` is the row's."""

    id: int
    source: str
    audience: frozenset[str]
    documents: int
    chunks: int


@dataclass(frozen=True, slots=True)
class SnapshotCatalog:
    """What a search needs to know beforehand: small, and read again when the index has changed."""

    version: tuple[int, int]
    scopes: tuple[Scope, ...]
    languages: tuple[str, ...]
    chunks: int
    frequencies: dict[str, int] = field(default_factory=dict)
    # By the scopes that an asker may see, where these aren't all.
    parts: dict[tuple[int, ...], "Part"] = field(default_factory=dict)

    def part(self, visible: Sequence[Scope]) -> "Part":
        """Return what is remembered of these scopes alone, as long as the index doesn't change."""
        if len(self.parts) > _MOST_PARTS:
            self.parts.clear()
        return self.parts.setdefault(tuple(scope.id for scope in visible), Part())

    def visible(self, audience: frozenset[str], sources: frozenset[str] | None) -> tuple[Scope, ...]:
        return tuple(
            scope
            for scope in self.scopes
            if scope.audience & audience and (sources is None or scope.source in sources)
        )


@dataclass(slots=True)
class Part:
    """Counts and languages of some scopes."""

    counts: dict[str, int] = field(default_factory=dict)
    languages: tuple[str, ...] | None = None


class IndexMemory:
    """What the process knows of the file, shared by its threads; each value is of one version.

    Its methods raise StaleError where it knows a later version than the connection's snapshot has.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._catalog: SnapshotCatalog | None = None
        self._codes: vectors.Codes | None = None

    def catalog(self, connection: apsw.Connection, build: Build) -> SnapshotCatalog:
        version = (build.id, build.generation)
        with self._lock:
            known = self._catalog
            if known is None or known.version < version:
                self._catalog = known = _read_catalog(connection, build, known)
        if known.version > version:
            raise StaleError
        return known

    def codes(self, connection: apsw.Connection, build: Build) -> vectors.Codes:
        version = (build.id, build.generation)
        with self._lock:
            known = self._codes
            if known is None or known.version < version:
                self._codes = known = vectors.load(connection, build, known)
        if known.version > version:
            raise StaleError
        return known


def _read_catalog(
    connection: apsw.Connection, build: Build, known: SnapshotCatalog | None
) -> SnapshotCatalog:
    rows = connection.execute(
        f"select id, source, audience, documents, chunks from scopes_{build.id} where documents > 0"
    )
    scopes = tuple(Scope(n, source, frozenset(json.loads(names)), d, c) for n, source, names, d, c in rows)
    languages = connection.execute(
        f"select language from languages_{build.id} where documents > 0 order by documents desc limit ?",
        (LANGUAGES,),
    )
    chunks = sum(scope.chunks for scope in scopes)
    frequencies: dict[str, int] = {}
    if known is not None and known.version[0] == build.id and abs(known.chunks - chunks) * 10 < chunks:
        frequencies = known.frequencies  # still about right
    return SnapshotCatalog(
        (build.id, build.generation), scopes, tuple(row[0] for row in languages), chunks, frequencies
    )
