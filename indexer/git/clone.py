"""Keeps a bare clone of a branch elsewhere: only fetches from then on, and clones anew where it can't be used."""

import asyncio
import logging
import re
import shutil
import time
from contextlib import suppress
from pathlib import Path

from bot.runtime.process.private_files import private_folder
from indexer.git.command import GitFailed, GitStarved, GitTooSlow, git
from indexer.git.remote import Remote

_log = logging.getLogger(__name__)

_CLONE_SECONDS = 1800
_FETCH_SECONDS = 300
_LOCKED_SECONDS = 60
_PACK_SECONDS = 600
_LOOSE = 1_000  # objects: each small fetch leaves some as a file of its own


class Clone:
    """A clone in `folder`, of `branch` or of the branch that is checked out there. `fresh`: it was made since `update`."""

    def __init__(self, remote: Remote, branch: str | None, folder: Path) -> None:
        self._remote = remote
        self._branch = branch
        # The other end may run on this machine: it brings nothing that it lacks from elsewhere, by whatever program.
        address = remote.address
        is_here = address.lower().startswith("file:") or address.startswith("/")
        self._other_end = ("--upload-pack", "GIT_ALLOW_PROTOCOL=none git-upload-pack") if is_here else ()
        self.folder = folder
        self.fresh = False

    async def update(self) -> None:
        """Fetch what is new of the branch, or clone it. Raises GitFailed."""
        self.fresh = False
        if not await asyncio.to_thread((self.folder / "HEAD").is_file):
            await self._make()
            return
        await self._unlocked()
        try:
            if self._remote.is_secret:  # a clone of before kept it as well
                await git("config", "remote.origin.url", self._remote.address, at=self.folder)
            branch = self._branch or await self._checked_out_there()
            refs = f"+refs/heads/{branch}:refs/heads/{branch}"
            # A clone of a shallow repository is one, until that one is whole.
            deeper = ("--unshallow",) if (self.folder / "shallow").is_file() else ()
            how = ("--quiet", "--no-tags", *deeper, *self._other_end)
            await self._ask("fetch", *how, "origin", refs, at=self.folder)
            if not self._branch:
                await git("symbolic-ref", "HEAD", f"refs/heads/{branch}", at=self.folder)
            await self._pack()
        except GitFailed as error:
            if not await self.renewed(error):
                raise

    async def renewed(self, why: Exception) -> bool:
        """Clone anew if the clone may be what went wrong; False if not. Raises GitFailed, and keeps the old clone then.

        The clone isn't to blame where git was too slow, the disk is full, the branch can't be reached, or it is fresh.
        """
        if self.fresh or isinstance(why, GitTooSlow | GitStarved) or not await self._is_there():
            return False
        _log.warning("the clone %s can't be used (%s): it is cloned anew", self.folder.name, why)
        await self._make()
        return True

    async def _make(self) -> None:
        """Clone into another folder, which takes this one's place when it is whole."""
        part, old = self.folder.with_suffix(".part"), self.folder.with_suffix(".old")
        await asyncio.to_thread(_remove, part, old)
        try:
            private_folder(part.parent)
        except OSError as error:
            raise GitFailed(f"its clone can't be kept: {error.strerror}") from error
        branch = ("--branch", self._branch) if self._branch else ()
        how = ("--quiet", "--bare", "--single-branch", "--no-tags", *self._other_end, *branch)
        clone = ("clone", *how, "--", self._remote.address, str(part))
        await self._ask(*clone, seconds=_CLONE_SECONDS)
        with suppress(FileNotFoundError):
            self.folder.rename(old)
        part.rename(self.folder)
        await asyncio.to_thread(_remove, old)
        self.fresh = True

    async def _pack(self) -> None:
        """Pack the clone's many small files. Where that fails, the next fetch packs them."""
        told = (await git("count-objects", at=self.folder)).split()
        if told and int(told[0]) > _LOOSE:
            try:
                await git("gc", "--quiet", "--prune=1.hour.ago", at=self.folder, seconds=_PACK_SECONDS)
            except GitFailed as error:
                _log.warning("the clone %s can't be packed: %s", self.folder.name, error)

    async def _is_there(self) -> bool:
        """Tell whether the branch can be reached."""
        wanted = f"refs/heads/{self._branch}" if self._branch else "HEAD"
        try:
            how = ("--exit-code", *self._other_end)
            await self._ask("ls-remote", *how, "--", self._remote.address, wanted)
        except GitFailed:
            return False
        return True

    async def _checked_out_there(self) -> str:
        """Find the branch that HEAD means there now; the clone's own where it means none."""
        how = ("--symref", *self._other_end)
        told = await self._ask("ls-remote", *how, "origin", "HEAD", at=self.folder)
        found = re.match(rb"ref: refs/heads/(\S+)\tHEAD", told)
        name = found[1] if found else await git("symbolic-ref", "--short", "HEAD", at=self.folder)
        return name.decode().strip()

    async def _ask(self, *arguments: str, at: Path | None = None, seconds: float = _FETCH_SECONDS) -> bytes:
        """Run a git command that calls the repository elsewhere. Raises GitFailed."""
        return await git(*arguments, at=at, seconds=seconds, remote=self._remote)

    async def _unlocked(self) -> None:
        """Wait until no other git works in the clone; a lock that a killed git left is removed."""
        for _ in range(_LOCKED_SECONDS):
            if not await asyncio.to_thread(_locked, self.folder):
                return
            await asyncio.sleep(1)


def _locked(repository: Path) -> bool:
    """Tell whether there is a lock, and remove one that is too old to be anybody's."""
    held = False
    for lock in (*repository.glob("*.lock"), *repository.glob("refs/heads/**/*.lock")):
        with suppress(OSError):
            if time.time() - lock.stat().st_mtime > _LOCKED_SECONDS:
                lock.unlink()
            else:
                held = True
    return held


def _remove(*folders: Path) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
