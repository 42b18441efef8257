"""A folder of files."""

import asyncio
import os
import stat
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from bot.settings.base import FilePath, Section
from bot.settings.sources import SourceSettings
from indexer.formats import EVERY_FORMAT, pages
from indexer.names import Names, is_text
from indexer.sources.base import (
    Entry,
    Fetched,
    ListingFailed,
    PageFailed,
    PageGone,
    Source,
    Surroundings,
    too_large,
)

# Folders that hold no pages, whatever is included.
_SKIPPED_FOLDERS = {".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv", ".docent"}


class FolderOptions(Section):
    """`path` is relative to docent.yaml."""

    path: FilePath
    include: tuple[str, ...] = EVERY_FORMAT
    exclude: tuple[str, ...] = ()


class FolderSource(Source):
    """Revisions are size and time of change; links are followed only to what lies below the root."""

    def __init__(self, settings: SourceSettings, surroundings: Surroundings) -> None:
        super().__init__(settings, surroundings)
        self._options = settings.parse(FolderOptions)
        self._root = self._options.path
        self._names = Names()
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
        for raw, status in _files(root, "", root):
            found = True
            if not is_text(raw) or self.selection.takes(raw):
                moment = datetime.fromtimestamp(status.st_mtime, UTC)
                revision = f"{status.st_size}-{status.st_mtime_ns}"
                entries.append(Entry(raw, revision, moment, self.settings.owners))
        if not found:
            # An unmounted disk looks like this.
            raise ListingFailed(f"the folder {self._root} is empty")
        self._names = Names([entry.path for entry in entries])
        for entry in entries:
            path = self._names.text(entry.path)
            if path == entry.path:
                yield entry
            elif self.selection.takes(path):
                yield replace(entry, path=path)

    def _read(self, entry: Entry) -> Fetched:
        path = self._root / self._names.raw(entry.path)
        try:
            if not path.resolve().is_relative_to(self._root.resolve()):
                raise PageFailed("it is a link to a place outside of the folder")
            if (size := path.stat().st_size) > self.max_bytes:
                raise too_large(size, self.max_bytes)
            return Fetched(entry.path, path.read_bytes())
        except FileNotFoundError as error:
            raise PageGone("it vanished while it was read") from error
        except OSError as error:
            raise PageFailed(f"it can't be read: {_word(error)}") from error


def _files(folder: Path | str, prefix: str, root: Path) -> Iterator[tuple[str, os.stat_result]]:
    """(path below the root, its status) of every regular file. A folder that can't be read fails it all."""
    try:
        with os.scandir(folder) as items:
            inside = sorted(items, key=lambda item: item.name)
    except OSError as error:
        raise ListingFailed(f"the folder {prefix or root} can't be read: {_word(error)}") from error
    for item in inside:
        path = prefix + item.name
        try:
            if item.is_symlink() and not _stays_below(item.path, root):
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
            yield path, status


def _folds(root: Path) -> bool:
    """Whether its file system takes names that differ in case for the same."""
    other = root.with_name(root.name.swapcase())
    try:
        return other != root and other.samefile(root)
    except OSError:
        return False


def _stays_below(path: str, root: Path) -> bool:
    try:
        return Path(path).resolve(strict=True).is_relative_to(root)
    except (OSError, RuntimeError):
        return False


def _word(error: BaseException) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()
