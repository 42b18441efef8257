"""When each file of a repository was last changed, by whom, and what it was called before.

One pass over the whole history, then only over what is new. The last change of a path is the latest commit
that is no merge and touches it: whichever way the history is walked, in one go or in steps, it is the same.
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bot.runtime.private_files import write_whole
from indexer.git.command import GitFailed, git

_log = logging.getLogger(__name__)

_VERSION = 2
_PASS_SECONDS = 600
_NAMES_KEPT = 5


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """Ordered by time; the commit's id decides between two of one second."""

    seconds: int
    commit: str
    author: str = field(compare=False)

    @property
    def moment(self) -> datetime:
        return datetime.fromtimestamp(self.seconds, UTC)


@dataclass(slots=True)
class GitHistory:
    """As of `commit`. `names` are a path's earlier ones, the latest first."""

    commit: str = ""
    changes: dict[str, Change] = field(default_factory=dict)
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)

    async def advance(self, repository: Path, commit: str) -> int:
        """Bring it to this commit; how many commits were read. Raises GitFailed."""
        if self.commit == commit:
            return 0
        read = await self._step(repository, commit) if self.commit else 0
        if not read:
            records = await _records(repository, commit)
            self.changes = {}
            self._take(records)
            read = len(records)
        self.commit = commit
        return read

    async def _step(self, repository: Path, commit: str) -> int:
        """From a commit that the new one descends from; 0 if it doesn't."""
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
            for _, path in record.files:
                known = self.changes.get(path)
                if known is None or known < record.change:
                    self.changes[path] = record.change


@dataclass(frozen=True, slots=True)
class _Record:
    """One commit of the log: its change, its parents, and (A, M, D or T; path) of each file."""

    change: Change
    parents: tuple[str, ...]
    files: tuple[tuple[str, str], ...]


async def _records(repository: Path, commits: str) -> list[_Record]:
    arguments = ("--format=%x01%H %ct %P%n%an", "--name-status", "--no-renames", "-z")
    log = await git("log", *arguments, commits, "--", at=repository, seconds=_PASS_SECONDS)
    return [_record(text) for text in log.decode(errors="surrogateescape").split("\x01")[1:]]


def _record(text: str) -> _Record:
    head, *fields = text.split("\0")
    numbers, _, author = head.partition("\n")
    commit, seconds, *parents = numbers.split()
    files = zip((kind.strip() for kind in fields[::2]), fields[1::2], strict=False)
    return _Record(Change(int(seconds), commit, author.strip()), tuple(parents), tuple(files))


def load(file: Path) -> GitHistory:
    """An empty one if the file is missing or not ours: it is only a cache."""
    try:
        kept = json.loads(file.read_text("utf-8", "surrogateescape"))
        if kept["version"] != _VERSION:
            return GitHistory()
        return GitHistory(
            kept["commit"],
            {path: Change(*change) for path, change in kept["changes"].items()},
            {path: tuple(names) for path, names in kept["names"].items()},
        )
    except FileNotFoundError:
        return GitHistory()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        _log.warning("%s is not used: %s", file, error)
        return GitHistory()


def save(history: GitHistory, file: Path) -> None:
    kept = {
        "version": _VERSION,
        "commit": history.commit,
        "changes": {path: [one.seconds, one.commit, one.author] for path, one in history.changes.items()},
        "names": history.names,
    }
    try:
        write_whole(file, json.dumps(kept).encode())
    except OSError as error:
        _log.warning("%s could not be kept: %s", file, error)
