"""When each file of a repository was last changed, by whom, and what it was called before.

One pass over the whole history, then only over what is new. The last change of a path is the latest commit
that is no merge and touches it: whichever way the history is walked, in one go or in steps, it is the same.
"""

import asyncio
import json
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from indexer.gitcommand import GitFailed, git

_log = logging.getLogger(__name__)

_VERSION = 1
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
class History:
    """As of `commit`. `names` are a path's earlier ones, the latest first."""

    commit: str = ""
    changes: dict[str, Change] = field(default_factory=dict)
    names: dict[str, tuple[str, ...]] = field(default_factory=dict)

    async def advance(self, repository: Path, commit: str) -> bool:
        """Bring it to this commit; whether there was anything to do. Raises GitFailed."""
        if self.commit == commit:
            return False
        if not (self.commit and await self._step(repository, commit)):
            self.changes = {}
            self._take(await _log_of(repository, commit))
        self.commit = commit
        return True

    async def _step(self, repository: Path, commit: str) -> bool:
        """From a commit that the new one descends from; False if it doesn't."""
        try:
            _, log, renames = await asyncio.gather(
                git("merge-base", "--is-ancestor", self.commit, commit, at=repository),
                _log_of(repository, f"{self.commit}..{commit}"),
                git(
                    "diff",
                    "--name-status",
                    "-M",
                    "-l3000",
                    "--diff-filter=R",
                    "-z",
                    self.commit,
                    commit,
                    at=repository,
                ),
            )
        except GitFailed:
            return False  # rewritten, or garbage by now
        self._take(log)
        fields = renames.decode(errors="surrogateescape").split("\0")
        for old, new in zip(fields[1::3], fields[2::3], strict=False):
            self.names[new] = (old, *self.names.pop(old, ()))[:_NAMES_KEPT]
        return True

    def _take(self, log: bytes) -> None:
        for change, path in _changes(log.decode(errors="surrogateescape")):
            known = self.changes.get(path)
            if known is None or known < change:
                self.changes[path] = change


async def _log_of(repository: Path, commits: str) -> bytes:
    arguments = ("--format=%x01%H %ct %an", "--name-only", "--no-renames", "-z")
    return await git("log", *arguments, commits, "--", at=repository, seconds=_PASS_SECONDS)


def _changes(log: str) -> Iterator[tuple[Change, str]]:
    for record in log.split("\x01")[1:]:
        head, *paths = record.split("\0")
        commit, seconds, author = head.split(" ", 2)
        change = Change(int(seconds), commit, author.strip())
        for path in paths:
            if name := path.removeprefix("\n"):
                yield change, name


def load(file: Path) -> History:
    """An empty one if the file is missing or not ours: it is only a cache."""
    try:
        kept = json.loads(file.read_text("utf-8", "surrogateescape"))
        if kept["version"] != _VERSION:
            return History()
        return History(
            kept["commit"],
            {path: Change(*change) for path, change in kept["changes"].items()},
            {path: tuple(names) for path, names in kept["names"].items()},
        )
    except FileNotFoundError:
        return History()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        _log.warning("%s is not used: %s", file, error)
        return History()


def save(history: History, file: Path) -> None:
    kept = {
        "version": _VERSION,
        "commit": history.commit,
        "changes": {path: [one.seconds, one.commit, one.author] for path, one in history.changes.items()},
        "names": history.names,
    }
    part = file.with_suffix(".part")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(kept), "utf-8", "surrogateescape")
        os.replace(part, file)  # noqa: PTH105 (atomic, and over what is there)
    except OSError as error:
        _log.warning("%s could not be kept: %s", file, error)
