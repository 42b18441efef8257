"""Reads a repository on this machine through a bare one of our own that shares its objects.

A repository's configuration names programs: for signatures, for ssh, for objects that are elsewhere. Our bare one has
no such configuration, so that none of them runs; objects that the repository lacks stay missing.
"""

import asyncio
from pathlib import Path

from bot.runtime.process.private_files import private_file, private_folder
from indexer.git.command import GitFailed, git

_CONFIG = "[core]\n\trepositoryformatversion = {version}\n\tbare = true\n{extensions}"
_OBJECTS = "[extensions]\n\tobjectFormat = {form}\n"


class LocalCopy:
    """A bare repository in `folder` over the one at `address`, of its `branch` or of what is checked out there."""

    def __init__(self, address: str, branch: str | None, folder: Path) -> None:
        self._address = address
        self._branch = branch
        self.folder = folder

    async def update(self) -> None:
        """Bring it up to date with the branch. Raises GitFailed."""
        # Neither of these looks at an object.
        told = await git(
            *("-C", self._address, "rev-parse", "--path-format=absolute", "--show-object-format"),
            *("--git-path", "objects", "--git-path", "shallow"),
        )
        form, objects, shallow = told.decode(errors="surrogateescape").splitlines()
        wanted = f"refs/heads/{self._branch}" if self._branch else "HEAD"
        try:
            found = await git("-C", self._address, "rev-parse", "--verify", "--quiet", wanted)
        except GitFailed as error:
            what = f"branch {self._branch}" if self._branch else "commit"
            raise GitFailed(f"there is no {what} in it") from error
        try:
            await asyncio.to_thread(self._made, form, objects, Path(shallow), wanted, found.decode().strip())
        except OSError as error:
            raise GitFailed(f"what is known of it can't be kept: {error.strerror}") from error

    def _made(self, form: str, objects: str, shallow: Path, wanted: str, commit: str) -> None:
        for below in ("objects/info", "refs/heads"):
            private_folder(self.folder / below)
        sha1 = form == "sha1"
        extensions = "" if sha1 else _OBJECTS.format(form=form)
        self._write("config", _CONFIG.format(version=0 if sha1 else 1, extensions=extensions))
        self._write("objects/info/alternates", f"{objects}\n")
        if shallow.is_file():
            self._write("shallow", shallow.read_text())
        else:
            (self.folder / "shallow").unlink(missing_ok=True)
        if wanted != "HEAD":
            private_folder((self.folder / wanted).parent)
            self._write(wanted, f"{commit}\n")
        self._write("HEAD", f"{commit}\n")

    def _write(self, name: str, text: str) -> None:
        private_file(self.folder / name)
        (self.folder / name).write_text(text, encoding="utf-8", errors="surrogateescape")
