"""What a commit's folders hold."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from indexer.git.command import GitFailed, git


def entries(tree: bytes, mode: bytes) -> Iterator[tuple[str, str]]:
    """(path, blob) of the regular files (100...: no links), or (path, commit) of submodules (160...), or links (120...)."""
    for line in tree.split(b"\0"):
        head, _, name = line.partition(b"\t")
        if head.startswith(mode):
            yield name.decode(errors="surrogateescape"), head.split()[2].decode()


async def blob_at(repository: Path, commit: str, path: str) -> str:
    """The blob of a regular file; "" where there is none."""
    if path.startswith(("../", "/")):
        return ""
    try:
        tree = await git("ls-tree", "-z", "--full-tree", commit, "--", f":(literal){path}", at=repository)
    except GitFailed:
        return ""
    return dict(entries(tree, b"100")).get(path, "")


async def names_around(repository: Path, commit: str, folder: str) -> AsyncIterator[list[str]]:
    """What is in the folder, and in those above it, the nearest first."""
    while True:
        try:
            tree = await git("ls-tree", "-z", "--name-only", f"{commit}:{folder}", at=repository)
        except GitFailed:
            return
        yield [name.decode(errors="replace") for name in tree.split(b"\0")]
        if not folder:
            return
        folder = folder.rpartition("/")[0]
