"""Reads a folder of files."""

import asyncio
import difflib
import hashlib
import os
import stat
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from bot.config.base import FilePath, Section
from bot.config.sources import SourceSettings
from bot.model import Failure
from bot.visibility.page_audience import configured_audience
from indexer.converters.formats import EVERY_FORMAT, is_leftover, pages
from indexer.sources.base import (
    Entry,
    Fetched,
    ListingFailed,
    PageFailed,
    PageGone,
    PageHidden,
    Source,
    Surroundings,
    Unlisted,
    too_large,
)
from indexer.sources.folder_links import may_lead, named_instead
from indexer.sources.path_names import PathNames, decoded, is_text, shown
from indexer.sources.site_software import software_of

# Bytes, up to which a file is known by its content; one that was changed just now may be changed again in the same moment.
_SMALL = 4_096
_RECENT_HASHED = 1_000_000
_RECENT = 10_000_000_000  # ns
# Folders that hold no pages, whatever is included.
_SKIPPED_FOLDERS = {".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv", ".docent"}


class FolderOptions(Section):
    """`path` is relative to docent.yaml. Links may lead to what lies below `links`, too."""

    path: FilePath
    links: FilePath | None = None
    include: tuple[str, ...] = EVERY_FORMAT
    exclude: tuple[str, ...] = ()


class FolderSource(Source):
    """Revisions are sizes and times; where times are set back, also the inode, the status's time, or the content.

    Links are followed to what lies below the root, in the git checkout that the root is a part of, or to the README
    beside it. A page that is a link is only for those who may see both places.
    """

    def __init__(self, settings: SourceSettings, surroundings: Surroundings) -> None:
        super().__init__(settings, surroundings)
        self._options = settings.parse(FolderOptions)
        self._root = self._options.path
        self._links = self._options.links.resolve() if self._options.links else None
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
            raise ListingFailed(
                f"the folder {self._root} can't be read: {_word(error)}{_beside(self._root)}"
            ) from error
        if not root.is_dir():
            raise ListingFailed(f"{self._root} is not a folder")
        self.selection.fold = _folds(root)
        software = software_of(_names_around(root))
        now = time.time_ns()
        found, entries = False, []
        self.warned = []
        for item in self._files(root, "", root):
            found = True
            if not is_text(item.path) or self.selection.takes(item.path):
                audience = self._audience_at(item.target, root) if item.target else None
                revision = _revision(item.target or root / item.path, item.status, now)
                entries.append(
                    Entry(item.path, revision, None, self.settings.owners, audience, anchors=software)
                )
        if not found:
            # An unmounted disk looks like this.
            why = "".join(f", and {each.name} {each.reason}" for each in self.unlisted[:1])
            raise ListingFailed(f"the folder {self._root} is empty{why}")
        yield from self._named(entries)

    def _files(self, folder: Path | str, prefix: str, root: Path) -> Iterator["_File"]:
        """Walk every regular file below a folder; what can't be read is noted. Raises ListingFailed for the root."""
        try:
            with os.scandir(folder) as items:
                inside = sorted(items, key=lambda item: item.name)
        except OSError as error:
            if not prefix:
                raise ListingFailed(f"the folder {root} can't be read: {_word(error)}") from error
            self._miss(prefix, error)
            return
        for item in inside:
            if is_leftover(item.name):
                continue
            found = self._found(item, prefix + item.name, root)
            if found is None:
                continue
            if stat.S_ISREG(found.status.st_mode):
                yield found
            elif not item.is_symlink():
                yield from self._files(item.path, f"{found.path}/", root)

    def _found(self, item: os.DirEntry[str], path: str, root: Path) -> "_File | None":
        """Look at an item of a folder; None for what is neither file nor folder, which is noted where it matters."""
        try:
            target = Path(item.path).resolve(strict=True) if item.is_symlink() else None
            status = item.stat()
            if target is None and (target := named_instead(Path(item.path), status)) is not None:
                status = target.stat()
        except (FileNotFoundError, NotADirectoryError, RuntimeError):
            if item.is_symlink():  # what is none vanished just now
                self._warn(path, "it is a link to nowhere, or round in a circle: mend it, or remove it")
            return None
        except OSError as error:
            self._miss(path, error)
            return None
        folder = stat.S_ISDIR(status.st_mode)
        if folder and item.name in _SKIPPED_FOLDERS:
            return None
        if target is not None and not may_lead(target, root, self._links):
            said = "it is a link to a place outside of the folder: not read; `links` says below which folder they may lead"
            self._warn(path, said, always=folder)
        elif not (folder or stat.S_ISREG(status.st_mode)):
            self._warn(path, "it is no file but a pipe, a socket or a device: not read")
        else:
            return _File(path, status, target)
        return None

    def _warn(self, path: str, reason: str, *, always: bool = False) -> None:
        """Note a problem of what would be a page by its name, or of anything if `always`."""
        name = shown(path)
        if always or self.selection.would_take(name):
            self.warned.append(Failure(name, reason))

    def _miss(self, path: str, error: OSError) -> None:
        name = shown(path)
        self.unlisted.append(
            Unlisted(name, f"can't be read ({_word(error)}): let Docent read it, or leave it out", (name,))
        )

    def _named(self, entries: list[Entry]) -> Iterator[Entry]:
        self._names = PathNames([entry.path for entry in entries])
        for entry in entries:
            path = self._names.text(entry.path)
            if path == entry.path:
                yield entry
            elif self.selection.takes(path):
                yield replace(entry, path=path)

    def _audience_at(self, target: Path, root: Path) -> frozenset[str] | None:
        """Find the audience that the settings give the place a link leads to; None where they give none."""
        if not target.is_relative_to(root):
            return None
        path = target.relative_to(root).as_posix()
        return configured_audience(self.settings, decoded(path) or path)

    @staticmethod
    def _content_of(path: Path) -> Path:
        """Find the file that a page is read from."""
        return (None if path.is_symlink() else named_instead(path, path.stat())) or path.resolve()

    def _read(self, entry: Entry) -> Fetched:
        path = self._root / self._names.raw(entry.path)
        try:
            target, root = self._content_of(path), self._root.resolve()
            if not may_lead(target, root, self._links):
                raise PageFailed("it is a link to a place outside of the folder")
            if target.is_relative_to(root) and self.selection.excludes(target.relative_to(root).as_posix()):
                raise PageHidden("it is a link to a page that is excluded")
            status = target.stat()
            if not stat.S_ISREG(status.st_mode):
                raise PageFailed("it is no file any more")
            if status.st_size > self.max_bytes:
                raise too_large(status.st_size, self.max_bytes)
            return Fetched(entry.path, target.read_bytes())
        except FileNotFoundError as error:
            raise PageGone("it vanished while it was read") from error
        except OSError as error:
            raise PageFailed(f"it can't be read: {_word(error)}") from error


@dataclass(frozen=True, slots=True)
class _File:
    """A file of a listing: `path` is below the root; `target` is where it leads to if it is a link."""

    path: str
    status: os.stat_result
    target: Path | None


def _folds(root: Path) -> bool:
    """Tell whether the root's file system treats names that differ in case as the same."""
    other = root.with_name(root.name.swapcase())
    try:
        return other != root and other.samefile(root)
    except OSError:
        return False


def _revision(path: Path, status: os.stat_result, now: int) -> str:
    """Make a revision that changes with the content, even where times are set back, as rsync and container images do."""
    seen = f"{status.st_size}-{status.st_mtime_ns}"
    recent = now - max(status.st_mtime_ns, status.st_ctime_ns) < _RECENT
    if status.st_size <= (_RECENT_HASHED if recent else _SMALL):
        try:
            return f"{seen}-{hashlib.blake2b(path.read_bytes(), digest_size=8).hexdigest()}"
        except OSError:
            pass  # reading it will say why
    return f"{seen}-{status.st_ctime_ns}-{status.st_ino}"


def _names_around(root: Path) -> Iterator[list[str]]:
    """Names in the folder and in those above it, up to the top of its checkout or one further."""
    above = list(root.parents)
    top = next((at for at, folder in enumerate([root, *above]) if (folder / ".git").exists()), 1)
    for folder in [root, *above][: top + 1]:
        try:
            yield [path.name for path in folder.iterdir()]
        except OSError:
            continue


def _beside(root: Path) -> str:
    """Say `; there is docs beside it` where the folder's name looks like a slip."""
    try:
        names = [one.name for one in root.parent.iterdir() if one.is_dir()] if not root.exists() else []
    except OSError:
        return ""
    near = difflib.get_close_matches(root.name, names, n=1, cutoff=0.6)
    return f"; there is {root.with_name(near[0])}" if near else ""


def _word(error: BaseException) -> str:
    return (getattr(error, "strerror", None) or str(error)).lower()
