"""Reads a branch of a git repository, on this machine or elsewhere."""

import asyncio
import hashlib
import logging
import posixpath
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import StringConstraints

from bot.config.base import Section
from bot.config.sources import SourceSettings
from bot.model import Failure
from bot.text.sanitize import without_credentials
from bot.visibility.page_audience import configured_audience
from indexer.converters.formats import EVERY_FORMAT, is_leftover, pages
from indexer.git import history as githistory
from indexer.git.blobs import BlobMissing, BlobReader, BlobTooLarge
from indexer.git.clone import Clone
from indexer.git.codeowners import PLACES, CodeOwners
from indexer.git.command import GitFailed, git
from indexer.git.local_repository import LocalCopy
from indexer.git.remote import Remote
from indexer.git.tree import blob_at, entries, names_around
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
from indexer.sources.path_names import PathNames, decoded, shown
from indexer.sources.site_software import software_of

_log = logging.getLogger(__name__)

_SAVED_EVERY = 50
_SHALLOW = (
    "it is a shallow clone: when its pages were changed, and by whom, isn't known before the commits that it has;"
    " `git fetch --unshallow` there brings the rest"
)
_LINK = "it is a link to no file of this repository: put the file itself there, or leave it out (exclude)"
_LINKS_DEEP = 10
_MODULE = "it is a submodule, a repository of its own: to index its pages, give it a source of its own"

# What git could take for an option is no address and no branch.
_Argument = Annotated[str, StringConstraints(pattern=r"^[^-\s].*$")]
# The commit, the blob of each path, their history and owners.
_Content = tuple[str, dict[str, str], githistory.GitHistory, CodeOwners]


class GitOptions(Section):
    """`repo` is an address that git knows, or a folder relative to docent.yaml.

    Without `branch` the one that is checked out there is read. Only what lies below `path` is read, and pages' paths
    start there.
    """

    repo: _Argument
    branch: _Argument | None = None
    path: str = ""
    include: tuple[str, ...] = EVERY_FORMAT
    exclude: tuple[str, ...] = ()


class GitSource(Source):
    """Revisions are blob ids.

    A repository elsewhere is cloned bare once, and then only fetched; one of this machine is read through a bare
    repository of our own that shares its objects.
    """

    def __init__(self, settings: SourceSettings, surroundings: Surroundings) -> None:
        super().__init__(settings, surroundings)
        self._options = settings.parse(GitOptions)
        below = posixpath.normpath(self._options.path.strip("/") or ".")
        self._below = "" if below == "." else f"{below}/"
        self._address, is_local = _address(self._options.repo, settings.folder)
        folder = surroundings.data / "git"
        remote = Remote.of(self._options.repo)
        self._repository = folder / self._clone_name(remote.address)
        self._named_before = folder / self._clone_name(self._options.repo)  # with a password that it may have
        self._history_file = self._repository.with_suffix(".history.json")
        branch = self._options.branch
        self._clone = None if is_local else Clone(Remote.of(self._address), branch, self._repository)
        self._local = LocalCopy(self._address, branch, self._repository)
        self.selection = pages(self._options.include, self._options.exclude, settings, fold=False)
        self._names = PathNames()
        self._modules: list[str] = []
        self._software = ""
        self._links: dict[str, str] = {}
        self._history: githistory.GitHistory | None = None
        self._unsaved = 0
        self._owners = ("", CodeOwners(""))  # with the blob that it is of
        self._blobs = BlobReader(self._repository)
        self._asking = asyncio.Lock()

    def _clone_name(self, address: str) -> str:
        key = hashlib.sha256(f"{address}\n{self._options.branch}".encode()).hexdigest()[:12]
        return f"{self.settings.name}-{key}"

    async def entries(self) -> AsyncIterator[Entry]:
        commit, files, history, owners = await self._current()
        # What else there is was only listed for CODEOWNERS.
        below = {raw: blob for raw, blob in files.items() if raw.startswith(self._below)}
        self._names = PathNames(below)
        targets = {raw: await self._target(raw, below, commit) for raw in self._links}
        self.warned = self._unread(history, [raw for raw, (target, _) in targets.items() if not target])
        self._software = software_of(
            [names async for names in names_around(self._repository, commit, self._below.rstrip("/"))]
        )
        for raw, blob in below.items():
            name = self._names.text(raw).removeprefix(self._below)
            if not is_leftover(name) and self.selection.takes(name):
                yield self._entry(name, raw, blob, history, owners)
        for raw, (target, blob) in targets.items():
            name = shown(raw).removeprefix(self._below)
            if target and self.selection.takes(name):
                entry = self._entry(name, target, blob, history, owners)
                yield replace(entry, audience=self._audience_at(target), previous=())
        if not below:
            where = f"the folder {self._options.path} of it" if self._below else "it"
            raise ListingFailed(f"there is nothing in {where} at {commit[:12]}")

    async def _current(self) -> _Content:
        """Read the repository as it is now, from a new clone if the old one is damaged. Raises ListingFailed."""
        try:
            await self._update()
            try:
                return await self._read()
            except GitFailed as error:
                if not await self._made_anew(error):
                    raise
                return await self._read()
        except GitFailed as error:
            raise ListingFailed(str(error)) from error

    def _audience_at(self, target: str) -> frozenset[str] | None:
        """Find the audience of the place that a link leads to: a linked page is for those who may see both."""
        to = self._names.text(target)
        inside = to.startswith(self._below)
        return configured_audience(self.settings, to.removeprefix(self._below)) if inside else None

    async def _target(self, link: str, files: Mapping[str, str], commit: str) -> tuple[str, str]:
        """Follow a link to its file and blob, over other links if need be; "" for none of this repository's."""
        for _ in range(_LINKS_DEEP):
            try:
                data = (await self.fetch(Entry("", self._links[link]))).data
            except PageFailed:
                return "", ""
            text = data.decode(errors="surrogateescape")
            link = posixpath.normpath(posixpath.join(posixpath.dirname(link), text))
            if link not in self._links:
                excluded = self.selection.excludes(self._names.text(link).removeprefix(self._below))
                blob = files.get(link) or await blob_at(self._repository, commit, link)
                return (link, blob) if blob and not excluded else ("", "")
        return "", ""

    def _unread(self, history: githistory.GitHistory, lost: list[str]) -> list[Failure]:
        """List what of the repository isn't read: submodules, lost links, and the history that a shallow clone lacks."""
        found = [Failure(shown(raw).removeprefix(self._below), _MODULE) for raw in self._modules]
        links = (shown(raw).removeprefix(self._below) for raw in lost)
        found += [Failure(name, _LINK) for name in links if self.selection.would_take(name)]
        return [Failure(without_credentials(self._options.repo), _SHALLOW), *found] if history.ends else found

    async def fetch(self, entry: Entry) -> Fetched:
        self._names.raw(self._below + entry.path)
        async with self._asking:
            try:
                try:
                    return Fetched(entry.path, await self._blob(entry.revision))
                except (PageGone, EOFError) as error:  # of what a whole clone lists, nothing is missing
                    if not await self._made_anew(error):
                        raise
                    return Fetched(entry.path, await self._blob(entry.revision))
            except GitFailed as error:
                raise ListingFailed(str(error)) from error
            except (OSError, ValueError, EOFError) as error:
                raise PageFailed("git could not give its content") from error

    async def _blob(self, blob: str) -> bytes:
        try:
            return await self._blobs.read(blob, self.max_bytes)
        except BlobMissing as error:
            raise PageGone("its content is no longer in the repository") from error
        except BlobTooLarge as error:
            raise too_large(error.size, self.max_bytes) from error

    async def close(self) -> None:
        await self._blobs.close()

    def _entry(
        self, name: str, raw: str, blob: str, history: githistory.GitHistory, owners: CodeOwners
    ) -> Entry:
        change = history.changes.get(raw)
        names = ((decoded(old) or old).removeprefix(self._below) for old in history.names.get(raw, ()))
        return Entry(
            name,
            blob,
            updated_at=change.moment if change else None,
            owners=self.settings.owners
            or owners.owners(self._names.text(raw))
            or ((change.author,) if change and change.author else ()),
            previous=tuple(names),
            anchors=self._software,
        )

    # --- the repository -----------------------------------------------------------------------------

    async def _update(self) -> None:
        """Bring the repository that is read up to date. Raises GitFailed."""
        if self._clone is not None:
            await asyncio.to_thread(_moved, self._named_before, self._repository)
            await self._clone.update()
        else:
            await self._local.update()

    async def _made_anew(self, why: Exception) -> bool:
        """Replace a damaged clone; False where the repository was none."""
        await self._blobs.close()
        return self._clone is not None and await self._clone.renewed(why)

    async def _read(self) -> _Content:
        """Read the branch's last commit. Raises GitFailed."""
        commit = await self._commit()
        below = (self._below, *PLACES) if self._below else (".",)
        tree, history = await asyncio.gather(
            git("ls-tree", "-r", "-z", "--full-tree", commit, "--", *below, at=self._repository),
            self._history_at(commit),
            return_exceptions=True,  # neither is left behind
        )
        if isinstance(tree, BaseException):
            raise tree
        if isinstance(history, BaseException):
            raise history
        files = dict(entries(tree, b"100"))
        self._modules = [raw for raw, _ in entries(tree, b"160") if raw.startswith(self._below)]
        self._links = {raw: blob for raw, blob in entries(tree, b"120") if raw.startswith(self._below)}
        return commit, files, history, await self._owners_at(files)

    async def _commit(self) -> str:
        wanted = f"refs/heads/{self._options.branch}" if self._options.branch else "HEAD"
        try:
            found = await git("rev-parse", "--verify", "--quiet", f"{wanted}^{{commit}}", at=self._repository)
            return found.decode().strip()
        except GitFailed as error:
            branch = f"branch {self._options.branch}" if self._options.branch else "commit"
            raise GitFailed(f"there is no {branch} in {without_credentials(self._options.repo)}") from error

    async def _history_at(self, commit: str) -> githistory.GitHistory:
        if self._history is None:
            self._history = await asyncio.to_thread(githistory.load, self._history_file)
        self._unsaved += await self._history.advance(self._repository, commit)
        # Without the last few it is still a good start, and writing it takes longer than reading them.
        if self._unsaved >= _SAVED_EVERY:
            await asyncio.to_thread(githistory.save, self._history, self._history_file)
            self._unsaved = 0
        return self._history

    async def _owners_at(self, files: Mapping[str, str]) -> CodeOwners:
        """Read CODEOWNERS; where it can't be read nobody owns anything, and no page is lost."""
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


def _moved(before: Path, now: Path) -> None:
    """Rename a clone that an earlier version named otherwise."""
    if before != now and before.exists() and not now.exists():
        before.rename(now)


def _address(repo: str, folder: Path) -> tuple[str, bool]:
    """Make the address for git, and whether it is a folder of this machine, which is read in place. A bundle is cloned."""
    if urlsplit(repo).scheme or ("@" in repo and ":" in repo):
        return repo, False
    path = folder / Path(repo).expanduser()
    return str(path.absolute()), not path.is_file()
