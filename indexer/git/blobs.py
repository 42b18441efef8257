"""Reads the content of blobs with one `git cat-file --batch` for all of them."""

import asyncio
from pathlib import Path

from indexer.git.command import end, start

_SECONDS = 60


class BlobMissing(Exception):
    """The repository has no such blob any more."""


class BlobTooLarge(Exception):
    """`size` in bytes is more than was asked for."""

    def __init__(self, size: int) -> None:
        super().__init__(f"{size} bytes")
        self.size = size


class BlobReader:
    """Reads one blob at a time of a repository; git is started by the first, and again after a failure."""

    def __init__(self, repository: Path) -> None:
        self._repository = repository
        self._git: asyncio.subprocess.Process | None = None

    async def read(self, blob: str, max_bytes: int) -> bytes:
        """Read a blob by its id.

        Raises BlobMissing, BlobTooLarge, GitFailed, EOFError where git breaks off, OSError, TimeoutError, ValueError.
        """
        try:
            async with asyncio.timeout(_SECONDS):
                return await self._asked(blob, max_bytes)
        except BaseException:
            # What is left of an answer would be taken for the next one's.
            await self.close()
            raise

    async def close(self) -> None:
        """End git, if it runs."""
        running, self._git = self._git, None
        if running is not None:
            await end(running)

    async def _asked(self, blob: str, max_bytes: int) -> bytes:
        if self._git is None:
            self._git = await start("cat-file", "--batch", at=self._repository, asked=True)
        if self._git.stdin is None or self._git.stdout is None:
            raise EOFError
        self._git.stdin.write(f"{blob}\n".encode())
        head = (await self._git.stdout.readline()).decode().split()
        if head[1:] == ["missing"]:
            raise BlobMissing
        if len(head) != 3:  # noqa: PLR2004 - name, type, size
            raise EOFError("git could not give a blob's content")
        if (size := int(head[2])) > max_bytes:
            raise BlobTooLarge(size)
        return (await self._git.stdout.readexactly(size + 1))[:-1]
