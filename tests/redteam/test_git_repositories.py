"""A repository on this machine is data: nothing that its configuration names is run."""

import shlex
from pathlib import Path

import pytest

from indexer.sources import open_source
from indexer.sources.base import Entry, ListingFailed, PageFailed, Source, Surroundings
from tests.indexer.sources.test_git import Repository
from tests.support.pages import settings


class Trap:
    """A repository, and a program that leaves a mark when it runs."""

    def __init__(self, folder: Path) -> None:
        self.mark = folder / "it-ran"
        self.program = folder / "program"
        self.program.write_text(f"#!/bin/sh\ntouch {shlex.quote(str(self.mark))}\nexit 1\n")
        self.program.chmod(0o700)
        self.repository = Repository(folder / "docs")
        self.repository.commit({"a.md": "The owl is called Tamsin.", "b.md": "Other."})
        self.data = folder / "data"

    def source(self, address: str = "") -> Source:
        given = settings(name="docs", type="git", repo=address or str(self.repository.path))
        return open_source(given, Surroundings(self.data))

    def lose(self, name: str) -> None:
        """The page's content is elsewhere, as in a partial clone."""
        blob = self.repository.git("rev-parse", f"HEAD:{name}")
        (self.repository.path / ".git/objects" / blob[:2] / blob[2:]).unlink()
        for key, value in {
            "core.repositoryFormatVersion": "1",
            "extensions.partialClone": "origin",
            "remote.origin.promisor": "true",
            "remote.origin.partialCloneFilter": "blob:none",
        }.items():
            self.repository.git("config", key, value)


@pytest.fixture
def trap(tmp_path: Path) -> Trap:
    return Trap(tmp_path)


async def read(source: Source) -> dict[str, str]:
    """What of its pages can be read."""
    found = {}
    entries: list[Entry] = [entry async for entry in source.entries()]
    for entry in entries:
        try:
            found[entry.path] = (await source.fetch(entry)).data.decode()
        except PageFailed:
            found[entry.path] = ""
    await source.close()
    return found


async def test_program_that_checks_signatures(trap: Trap) -> None:
    """`gpg.program` isn't run for signed commits."""
    head = trap.repository.git("cat-file", "commit", "HEAD")
    first, _, rest = head.partition("\n\n")
    signed = f"{first}\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----\n\n{rest}\n"
    (trap.repository.path / "commit").write_text(signed)
    commit = trap.repository.git("hash-object", "-t", "commit", "-w", "commit")
    trap.repository.git("update-ref", "refs/heads/main", commit)
    trap.repository.git("config", "gpg.program", str(trap.program))
    trap.repository.git("config", "log.showSignature", "true")
    assert (await read(trap.source()))["a.md"] == "The owl is called Tamsin."
    assert not trap.mark.exists()


async def test_program_that_brings_missing_objects(trap: Trap) -> None:
    """A promisor's `uploadpack` isn't run for what is missing."""
    trap.lose("b.md")
    trap.repository.git("config", "remote.origin.url", str(trap.repository.path))
    trap.repository.git("config", "remote.origin.uploadpack", str(trap.program))
    assert await read(trap.source()) == {"a.md": "The owl is called Tamsin.", "b.md": ""}
    assert not trap.mark.exists()
    with pytest.raises(ListingFailed):
        await read(trap.source(f"file://{trap.repository.path}"))
    assert not trap.mark.exists()


async def test_program_that_connects(trap: Trap) -> None:
    """`core.sshCommand` isn't run for what is missing."""
    trap.lose("b.md")
    trap.repository.git("config", "remote.origin.url", "ssh://git@docs.example.com/docs.git")
    trap.repository.git("config", "core.sshCommand", str(trap.program))
    assert await read(trap.source()) == {"a.md": "The owl is called Tamsin.", "b.md": ""}
    assert not trap.mark.exists()


async def test_configuration_that_comes_later(trap: Trap) -> None:
    """What the repository's configuration says after the first sync isn't obeyed either."""
    source = trap.source()
    await read(source)
    trap.repository.git("config", "core.fsmonitor", str(trap.program))
    trap.repository.git("config", "core.hooksPath", str(trap.program.parent))
    trap.repository.git("config", "diff.external", str(trap.program))
    trap.repository.git("config", "core.pager", str(trap.program))
    trap.repository.commit({"c.md": "New."})
    assert (await read(source))["c.md"] == "New."
    trap.mark.unlink(missing_ok=True)  # `git add` itself asks the monitor
    assert (await read(source))["c.md"] == "New."
    assert not trap.mark.exists()
