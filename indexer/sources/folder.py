"""A folder of files."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bot.config.base import FilePath, Section
from bot.config.sources import SourceSettings
from bot.model import Failure
from bot.visibility.page_audience import configured_audience
from indexer.converters.formats import EVERY_FORMAT, pages
from indexer.sources.base import (
    Entry,
    Fetched,
    ListingFailed,
    PageFailed,
    PageGone,
    PageHidden,
    Source,
    Surroundings,
    too_large,
)
from indexer.sources.path_names import PathNames, decoded, is_text

# Folders that hold no pages, whatever is included.
_SKIPPED_FOLDERS = {".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv", ".docent"}


class FolderOptions(Section):
    """`path` is relative to docent.yaml."""

    path: FilePath
    include: tuple[str, ...] = EVERY_FORMAT
    exclude: tuple[str, ...] = ()


class FolderSource(Source):
    """Revisions are size and time of change.

    Links are followed to what lies below the root, or in the git checkout that the root is a part of; a page that
    is a link is for whom both places are.
    """

    def __init__(self, settings: SourceSettings, surroundings: Surroundings) -> None:
        super().__init__(settings, surroundings)
        self._options = settings.parse(FolderOptions)
        self._root = self._options.path
        self._names = PathNames()
        self.selection = pages(self._options.include, self._options.exclude, settings, fold=False)

    async def entries(self) -> AsyncIterator[Entry]:
        for entry in await asyncio.to_thread(lambda: list(self._walk())):
            yield entry

    async def fetch(self, entry: Entry) -> Fetched:
        return await asyncio.to_thread(self._read, entry)

    def _walk(self) -> Iterator[Entry]:
        try:
            root = self._root.resolve(strict=True)
        except (OSError, RuntimeError) as error:
            raise ListingFailed(f"the folder {self._root} can't be read: {_word(error)}") from error
        if not root.is_dir():
            raise ListingFailed(f"{self._root} is not a folder")
        self.selection.fold = _folds(root)
        found, entries = False, []
        self.warned = []
        for raw, status, target in _files(root, "", root):
            found = True
            if status is None:
                if self.selection.would_take(raw):
                    self.warned.append(
                        Failure(raw, "it is a link to a place outside of the folder: not read")
                    )
            elif not is_text(raw) or self.selection.takes(raw):
                moment = datetime.fromtimestamp(status.st_mtime, UTC)
                revision = f"{status.st_size}-{status.st_mtime_ns}"
                audience = self._audience_at(target, root) if target else None
                entries.append(Entry(raw, revision, moment, self.settings.owners, audience))
        if not found:
            # An unmounted disk looks like this.
            raise ListingFailed(f"the folder {self._root} is empty")
        yield from self._named(entries)

    def _named(self, entries: list[Entry]) -> Iterator[Entry]:
        self._names = PathNames([entry.path for entry in entries])
        for entry in entries:
            path = self._names.text(entry.path)
            if path == entry.path:
                yield entry
            elif self.selection.takes(path):
                yield replace(entry, path=path)

    def _audience_at(self, target: Path, root: Path) -> frozenset[str] | None:
        """What the settings say of the place that a link leads to; None where they say nothing."""
        if not target.is_relative_to(root):
            return None
        path = target.relative_to(root).as_posix()
        return configured_audience(self.settings, decoded(path) or path)

    def _read(self, entry: Entry) -> Fetched:
        path = self._root / self._names.raw(entry.path)
        try:
            target, root = path.resolve(), self._root.resolve()
            if not _may_lead(target, root):
                raise PageFailed("it is a link to a place outside of the folder")
            if target.is_relative_to(root) and self.selection.excludes(target.relative_to(root).as_posix()):
                raise PageHidden("it is a link to a page that is excluded")
            if (size := path.stat().st_size) > self.max_bytes:
                raise too_large(size, self.max_bytes)
            return Fetched(entry.path, path.read_bytes())
        except FileNotFoundError as error:
            raise PageGone("it vanished while it was read") from error
        except OSError as error:
            raise PageFailed(f"it can't be read: {_word(error)}") from error


Found = tuple[str, os.stat_result | None, Path | None]


def _files(folder: Path | str, prefix: str, root: Path) -> Iterator[Found]:
    """(path below the root, its status, where it leads to if it is a link) of every regular file.

    No status: it is a link that leads outside. A folder that can't be read fails it all.
    """
    try:
        with os.scandir(folder) as items:
            inside = sorted(items, key=lambda item: item.name)
    except OSError as error:
        raise ListingFailed(f"the folder {prefix or root} can't be read: {_word(error)}") from error
    for item in inside:
        path = prefix + item.name
        try:
            target = _target(item)
            if target is not None and not _may_lead(target, root):
                if not target.is_dir():
                    yield path, None, target
                continue
            status = item.stat()
        except FileNotFoundError:
            continue  # deleted, or a link to nowhere
        except OSError as error:
            raise ListingFailed(f"{path} can't be read: {_word(error)}") from error
        if stat.S_ISDIR(status.st_mode):
            if item.name not in _SKIPPED_FOLDERS and not item.is_symlink():
                yield from _files(item.path, f"{path}/", root)
        elif stat.S_ISREG(status.st_mode):
            yield path, status, target


def _folds(root: Path) -> bool:
    """Whether its file system takes names that differ in case for the same."""
    other = root.with_name(root.name.swapcase())
    try:
        return other != root and other.samefile(root)
    except OSError:
        return False


def _target(item: os.DirEntry[str]) -> Path | None:
    """Raises FileNotFoundError for a link to nowhere, or round in a circle."""
    try:
        return Path(item.path).resolve(strict=True) if item.is_symlink() else None
    except (OSError, RuntimeError) as error:
        raise FileNotFoundError(item.path) from error


def _may_lead(target: Path, root: Path) -> bool:
    """Whether a link may lead there: below the root, or into the checkout that it is a part of."""
    if target.is_relative_to(root):
        return True
    checkout = next((above for above in root.parents if (above / ".git").exists()), None)
    if checkout is None or (root / ".git").exists() or not target.is_relative_to(checkout):
        return False
    return ".git" not in target.relative_to(checkout).parts


def _word(error: BaseException) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()
