"""A branch of a git repository, on this machine or elsewhere."""

import asyncio
import hashlib
import logging
import re
import shutil
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import StringConstraints

from bot.safe import without_credentials
from bot.settings.base import Section
from bot.settings.sources import SourceSettings
from indexer import githistory
from indexer.codeowners import PLACES, CodeOwners
from indexer.formats import EVERY_FORMAT
from indexer.gitcommand import GitFailed, end, git, start
from indexer.globs import selects
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

_log = logging.getLogger(__name__)

_CLONE_SECONDS = 1800
_FETCH_SECONDS = 300
_BLOB_SECONDS = 60
_LOCKED_SECONDS = 60
_SAVED_EVERY = 50

# What git could take for an option is no address and no branch.
_Argument = Annotated[str, StringConstraints(pattern=r"^[^-\s].*$")]


class GitOptions(Section):
    """`repo` is an address that git knows, or a folder relative to docent.yaml.

    Without a `branch` it is the one that the repository has checked out. Only what lies below `path` is
    read, and pages' paths start there.
    """

    repo: _Argument
    branch: _Argument | None = None
    path: str = ""
    include: tuple[str, ...] = EVERY_FORMAT
    exclude: tuple[str, ...] = ()


class GitSource(Source):
    """Revisions are blobs. A repository elsewhere is kept as a bare clone, and only fetched from then on."""

    def __init__(self, settings: SourceSettings, surroundings: Surroundings) -> None:
        super().__init__(settings, surroundings)
        self._options = settings.parse(GitOptions)
        self._below = self._options.path.strip("/")
        self._below += "/" if self._below else ""
        self._address, self._is_local = _address(self._options.repo, settings.folder)
        key = hashlib.sha256(f"{self._options.repo}\n{self._options.branch}".encode()).hexdigest()[:12]
        self._cache = surroundings.data / "git" / f"{settings.name}-{key}"
        self._repository = self._cache
        self._history: githistory.History | None = None
        self._unsaved = 0
        self._owners = ("", CodeOwners(""))  # with the blob that it is of
        self._blobs: asyncio.subprocess.Process | None = None
        self._asking = asyncio.Lock()

    async def entries(self) -> AsyncIterator[Entry]:
        try:
            repository = await self._up_to_date()
            commit = await self._commit(repository)
            below = (self._below, *PLACES) if self._below else (".",)
            tree, history = await asyncio.gather(
                git("ls-tree", "-r", "-z", "--full-tree", commit, "--", *below, at=repository),
                self._history_at(repository, commit),
            )
            files = dict(_files(tree))
            owners = await self._owners_at(files)
        except GitFailed as error:
            raise ListingFailed(str(error)) from error
        found = False
        for path, blob in files.items():
            if not path.startswith(self._below):
                continue  # only there for CODEOWNERS
            found = True
            name = path.removeprefix(self._below)
            if selects(name, self._options.include, self._options.exclude):
                yield self._entry(name, path, blob, history, owners)
        if not found:
            where = f"the folder {self._options.path} of it" if self._below else "it"
            raise ListingFailed(f"there is nothing in {where} at {commit[:12]}")

    async def fetch(self, entry: Entry) -> Fetched:
        async with self._asking:
            try:
                async with asyncio.timeout(_BLOB_SECONDS):
                    return Fetched(entry.path, await self._blob(entry.revision))
            except (OSError, ValueError, EOFError) as error:
                await self._end_blobs()
                raise PageFailed("git could not give its content") from error
            except BaseException:
                # What is left of an answer would be taken for the next one's.
                await self._end_blobs()
                raise

    async def close(self) -> None:
        await self._end_blobs()

    def _entry(
        self, name: str, path: str, blob: str, history: githistory.History, owners: CodeOwners
    ) -> Entry:
        change = history.changes.get(path)
        names = (old.removeprefix(self._below) for old in history.names.get(path, ()))
        return Entry(
            name,
            blob,
            updated_at=change.moment if change else None,
            owners=self.settings.owners
            or owners.owners(path)
            or ((change.author,) if change and change.author else ()),
            previous=tuple(names),
        )

    # --- the repository -----------------------------------------------------------------------------

    async def _up_to_date(self) -> Path:
        """The folder to read from, as new as the repository is."""
        if self._is_local:
            if self._repository == self._cache:
                found = await git("-C", self._address, "rev-parse", "--absolute-git-dir")
                self._repository = Path(found.decode().strip())
            return self._repository
        if not await asyncio.to_thread((self._cache / "HEAD").is_file):
            await self._clone()
        else:
            await asyncio.to_thread(_unlock, self._cache)
            branch = self._options.branch or await self._checked_out_there()
            refs = f"+refs/heads/{branch}:refs/heads/{branch}"
            await git("fetch", "--quiet", "--no-tags", "origin", refs, at=self._cache, seconds=_FETCH_SECONDS)
            if not self._options.branch:
                await git("symbolic-ref", "HEAD", f"refs/heads/{branch}", at=self._cache)
        return self._cache

    async def _clone(self) -> None:
        """Whole or not at all."""
        part = self._cache.with_suffix(".part")
        await asyncio.to_thread(shutil.rmtree, part, ignore_errors=True)
        try:
            part.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ListingFailed(f"its clone can't be kept: {error.strerror}") from error
        branch = ("--branch", self._options.branch) if self._options.branch else ()
        what = (
            "--quiet",
            "--bare",
            "--single-branch",
            "--no-tags",
            *branch,
            "--",
            self._options.repo,
            str(part),
        )
        await git("clone", *what, seconds=_CLONE_SECONDS)
        part.rename(self._cache)

    async def _checked_out_there(self) -> str:
        """The branch that HEAD means elsewhere, by now; the clone's where it means none."""
        told = await git("ls-remote", "--symref", "origin", "HEAD", at=self._cache, seconds=_FETCH_SECONDS)
        found = re.match(rb"ref: refs/heads/(\S+)\tHEAD", told)
        return (
            (found[1] if found else await git("symbolic-ref", "--short", "HEAD", at=self._cache))
            .decode()
            .strip()
        )

    async def _commit(self, repository: Path) -> str:
        wanted = f"refs/heads/{self._options.branch}" if self._options.branch else "HEAD"
        try:
            return (
                (await git("rev-parse", "--verify", "--quiet", f"{wanted}^{{commit}}", at=repository))
                .decode()
                .strip()
            )
        except GitFailed as error:
            branch = f"branch {self._options.branch}" if self._options.branch else "commit"
            raise ListingFailed(
                f"there is no {branch} in {without_credentials(self._options.repo)}"
            ) from error

    async def _history_at(self, repository: Path, commit: str) -> githistory.History:
        file = self._cache.with_suffix(".history.json")
        if self._history is None:
            self._history = await asyncio.to_thread(githistory.load, file)
        self._unsaved += await self._history.advance(repository, commit)
        # Without the last few it is still a good start, and writing it takes longer than reading them.
        if self._unsaved >= _SAVED_EVERY:
            await asyncio.to_thread(githistory.save, self._history, file)
            self._unsaved = 0
        return self._history

    async def _owners_at(self, files: Mapping[str, str]) -> CodeOwners:
        """What CODEOWNERS says; nobody where it can't be read: that keeps no page out."""
        blob = next((files[place] for place in PLACES if place in files), "")
        if blob != self._owners[0]:
            text = ""
            try:
                text = (
                    (await self.fetch(Entry("CODEOWNERS", blob))).data.decode(errors="replace")
                    if blob
                    else ""
                )
            except PageFailed as error:
                _log.warning("the CODEOWNERS of %s is not used: %s", self.name, error)
            self._owners = (blob, CodeOwners(text))
        return self._owners[1]

    # --- blobs: one process answers for all -----------------------------------------------------------

    async def _blob(self, blob: str) -> bytes:
        if self._blobs is None:
            self._blobs = await start("cat-file", "--batch", at=self._repository, asked=True)
        if self._blobs.stdin is None or self._blobs.stdout is None:
            raise EOFError
        self._blobs.stdin.write(f"{blob}\n".encode())
        head = (await self._blobs.stdout.readline()).decode().split()
        if head[1:] == ["missing"]:
            raise PageGone("its content is no longer in the repository")
        size = int(head[2]) if len(head) > 2 else -1  # noqa: PLR2004 (name, type, size)
        if size > self.max_bytes:
            raise too_large(size, self.max_bytes)
        return (await self._blobs.stdout.readexactly(size + 1))[:-1]

    async def _end_blobs(self) -> None:
        blobs, self._blobs = self._blobs, None
        if blobs is not None:
            await end(blobs)


def _unlock(repository: Path) -> None:
    """Remove what a killed git left locked. Those locks are held for moments; others may be at work just now."""
    for lock in (*repository.glob("*.lock"), *repository.glob("refs/heads/**/*.lock")):
        with suppress(OSError):
            if time.time() - lock.stat().st_mtime > _LOCKED_SECONDS:
                lock.unlink()


def _files(tree: bytes) -> Iterator[tuple[str, str]]:
    """(path, blob) of the regular files: no links, no submodules, no names that are not UTF-8."""
    for line in tree.split(b"\0"):
        head, _, name = line.partition(b"\t")
        if head.startswith(b"100"):
            try:
                yield name.decode(), head.split()[2].decode()
            except UnicodeDecodeError:
                continue


def _address(repo: str, folder: Path) -> tuple[str, bool]:
    """What git is told, and whether it is a folder of this machine, read in place. A bundle gets cloned."""
    if urlsplit(repo).scheme or ("@" in repo and ":" in repo):
        return repo, False
    path = folder / Path(repo).expanduser()
    return str(path.absolute()), not path.is_file()
