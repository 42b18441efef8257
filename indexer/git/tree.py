"""Lists what a commit's folders hold."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from indexer.git.command import GitFailed, git


def entries(tree: bytes, mode: bytes) -> Iterator[tuple[str, str]]:
    """Parse the output of `git ls-tree -z`: path and object id of each entry whose mode begins with `mode`.

    100 is a regular file, 120 a link, 160 a submodule, whose id is a commit.
    """
    for line in tree.split(b"\0"):
        head, _, name = line.partition(b"\t")
        if head.startswith(mode):
            yield name.decode(errors="surrogateescape"), head.split()[2].decode()


async def blob_at(repository: Path, commit: str, path: str) -> str:
    """Find the blob of a regular file; "" where there is none."""
    if path.startswith(("../", "/")):
        return ""
    try:
        tree = await git("ls-tree", "-z", "--full-tree", commit, "--", f":(literal){path}", at=repository)
    except GitFailed:
        return ""
    return dict(entries(tree, b"100")).get(path, "")


async def names_around(repository: Path, commit: str, folder: str) -> AsyncIterator[list[str]]:
    """List the names in a folder, and in each folder above it, the nearest first."""
    while True:
        try:
            tree = await git("ls-tree", "-z", "--name-only", f"{commit}:{folder}", at=repository)
        except GitFailed:
            return
        yield [name.decode(errors="replace") for name in tree.split(b"\0")]
        if not folder:
            return
        folder = folder.rpartition("/")[0]
