"""Finds when each file of a repository was last changed, by whom, and what it was called before.

One pass reads the whole history, later ones only what is new. A path's last change is the latest commit that touches
it and is no merge, so that passes in steps find the same as one. A date in the future is unknown; and where a shallow
repository ends, nobody knows what changed.
"""

import asyncio
import json
import logging
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bot.runtime.process.private_files import write_whole
from indexer.git.command import GitFailed, git

_log = logging.getLogger(__name__)

_VERSION = 3
_UNKNOWN = -1
_TOMORROW = 86_400
# What is before a commit in the log. A name may hold the first of it, but not all.
_RECORD = re.compile("\x01(?=[0-9a-f]{40,64} )")
_PASS_SECONDS = 600
_NAMES_KEPT = 5


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """A commit that changed a file. Changes are ordered by time, an unknown one (-1) first, then by commit id."""

    seconds: int
    commit: str
    author: str = field(compare=False)

    @property
    def moment(self) -> datetime | None:
        """The time of the change, in UTC; None if unknown."""
        return None if self.seconds == _UNKNOWN else datetime.fromtimestamp(self.seconds, UTC)


@dataclass(slots=True)
class GitHistory:
    """The history as of `commit`: each path's last change, and its earlier names, the latest first.

    `ends` are the commits at which a shallow repository ends; none for a whole one.
    """

    commit: str = ""
    ends: frozenset[str] = frozenset()
    changes: dict[str, Change] = field(default_factory=dict)
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)

    async def advance(self, repository: Path, commit: str) -> int:
        """Bring the history to this commit, and return how many commits were read. Raises GitFailed."""
        ends = await asyncio.to_thread(_ends, repository)
        if (self.commit, self.ends) == (commit, ends):
            return 0
        read = await self._step(repository, commit) if self.commit and self.ends == ends else 0
        self.ends = ends
        if not read:
            records = await _records(repository, commit)
            self.changes = {}
            self._take(records)
            read = len(records)
        self.commit = commit
        return read

    async def _step(self, repository: Path, commit: str) -> int:
        """Read only what is new since an ancestor of this commit; 0 where the old commit is none."""
        try:
            records = await _records(repository, f"{self.commit}..{commit}")
            if not any(self.commit in record.parents for record in records):
                return 0  # rewritten
            self._take(records)
            kinds = {kind for record in records for kind, _ in record.files}
            if {"A", "D"} <= kinds:
                await self._rename(repository, commit)
        except GitFailed:
            return 0  # the old commit is garbage by now
        return len(records)

    async def _rename(self, repository: Path, commit: str) -> None:
        arguments = ("--name-status", "-M", "-l3000", "--diff-filter=R", "-z", self.commit, commit)
        found = await git("diff", *arguments, at=repository)
        fields = found.decode(errors="surrogateescape").split("\0")
        for old, new in zip(fields[1::3], fields[2::3], strict=False):
            self.names[new] = (old, *self.names.pop(old, ()))[:_NAMES_KEPT]

    def _take(self, records: Sequence["_Record"]) -> None:
        for record in records:
            # Where the repository ends, git calls all that is there new.
            for _, path in record.files if record.change.commit not in self.ends else ():
                known = self.changes.get(path)
                if known is None or known < record.change:
                    self.changes[path] = record.change


@dataclass(frozen=True, slots=True)
class _Record:
    """A commit of the log: its change, its parents, and (A, M, D or T; path) for each file."""

    change: Change
    parents: tuple[str, ...]
    files: tuple[tuple[str, str], ...]


async def _records(repository: Path, commits: str) -> list[_Record]:
    arguments = ("--format=%x01%H %ct %P%n%an", "--name-status", "--no-renames", "-z")
    log = await git("log", *arguments, commits, "--", at=repository, seconds=_PASS_SECONDS)
    latest = int(time.time()) + _TOMORROW
    return [_record(text, latest) for text in _RECORD.split(log.decode(errors="surrogateescape"))[1:]]


def _record(text: str, latest: int) -> _Record:
    head, *fields = text.split("\0")
    numbers, _, author = head.partition("\n")
    commit, seconds, *parents = numbers.split()
    files = zip((kind.strip() for kind in fields[::2]), fields[1::2], strict=False)
    moment = int(seconds) if re.fullmatch(r"\d{1,18}", seconds) else _UNKNOWN
    change = Change(moment if 0 < moment <= latest else _UNKNOWN, commit, _text(author))
    return _Record(change, tuple(parents), tuple(files))


def _text(name: str) -> str:
    """Decode a person's name, in whichever encoding their git wrote it."""
    data = name.encode(errors="surrogateescape")
    try:
        found = data.decode()
    except UnicodeDecodeError:
        found = data.decode("cp1252", "replace")
    return "".join(filter(str.isprintable, found)).strip()


def _ends(repository: Path) -> frozenset[str]:
    try:
        return frozenset((repository / "shallow").read_text().split())
    except (OSError, UnicodeError):
        return frozenset()


def load(file: Path) -> GitHistory:
    """Read a kept history; an empty one if the file is missing or of another version."""
    try:
        kept = json.loads(file.read_text("utf-8", "surrogateescape"))
        if kept["version"] != _VERSION:
            return GitHistory()
        return GitHistory(
            kept["commit"],
            frozenset(kept["ends"]),
            {path: Change(*change) for path, change in kept["changes"].items()},
            {path: tuple(names) for path, names in kept["names"].items()},
        )
    except FileNotFoundError:
        return GitHistory()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        _log.warning("%s is not used: %s", file, error)
        return GitHistory()


def save(history: GitHistory, file: Path) -> None:
    """Keep the history in a file. Blocking."""
    kept = {
        "version": _VERSION,
        "commit": history.commit,
        "ends": sorted(history.ends),
        "changes": {path: [one.seconds, one.commit, one.author] for path, one in history.changes.items()},
        "names": history.names,
    }
    try:
        write_whole(file, json.dumps(kept).encode())
    except OSError as error:
        _log.warning("%s could not be kept: %s", file, error)
