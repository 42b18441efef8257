"""A process that reads pages: whatever a file does to it, the main process only loses this one.

It gets pickled lists of RawPage on stdin and answers with pickled lists of Page or NoPage on stdout, each
behind its length as 8 bytes.
"""

import asyncio
import os
import pickle
import struct
import sys
from collections.abc import Sequence
from typing import BinaryIO

from indexer.page import NoPage, Page, RawPage, build

_LENGTH = struct.Struct(">Q")
# What a file may unpack to in memory. Above it the file fails, not the machine.
_MEMORY = 3_000_000_000


class WorkerDied(Exception):
    """The process ended, or was ended, while it read: `str(error)` says which, going on from a file's name."""


class Worker:
    """Starts its process when it is first used, and a new one after one that died."""

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None

    async def read(self, pages: Sequence[RawPage], *, seconds: float) -> list[Page | NoPage]:
        """Raises WorkerDied."""
        try:
            async with asyncio.timeout(seconds):
                return await self._asked(pages)
        except TimeoutError as error:
            await self.close()
            raise WorkerDied(f"reading it took longer than {seconds:.0f} s") from error
        except (OSError, EOFError) as error:
            await self.close()
            raise WorkerDied(
                "reading it ended the process that read it (too large for the memory?)"
            ) from error
        except asyncio.CancelledError:
            # An answer that nobody waits for would be taken for the next one's.
            await self.close()
            raise

    async def _asked(self, pages: Sequence[RawPage]) -> list[Page | NoPage]:
        process = self._process or await self._start()
        if process.stdin is None or process.stdout is None:
            raise EOFError
        data = pickle.dumps(list(pages), pickle.HIGHEST_PROTOCOL)
        process.stdin.write(_LENGTH.pack(len(data)) + data)
        await process.stdin.drain()
        (size,) = _LENGTH.unpack(await process.stdout.readexactly(_LENGTH.size))
        answer: list[Page | NoPage] = pickle.loads(await process.stdout.readexactly(size))  # noqa: S301 (ours)
        return answer

    async def _start(self) -> asyncio.subprocess.Process:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-X",
            "utf8",
            "-c",
            f"import sys; sys.path[:] = {sys.path!r}; from indexer.worker import main; main()",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            # What reads strangers' files has no business with the environment's secrets.
            env={},
            # Ctrl-C is the main process's to handle.
            start_new_session=True,
        )
        return self._process

    async def close(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()
        # Not wait(): an answer that nobody reads would keep it waiting for ever.
        await process.communicate()


def main() -> None:
    """Answer until stdin ends."""
    _limit_memory()
    asked = sys.stdin.buffer
    # Whatever a library prints must not get between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    while (size := asked.read(_LENGTH.size)) and len(size) == _LENGTH.size:
        pages: list[RawPage] = pickle.loads(asked.read(_LENGTH.unpack(size)[0]))  # noqa: S301 (ours)
        _answer(answers, [_read(page) for page in pages])


def _read(page: RawPage) -> Page | NoPage:
    try:
        return build(page)
    except MemoryError:
        return NoPage(page.entry.path, "it takes too much memory to read")


def _answer(answers: BinaryIO, built: list[Page | NoPage]) -> None:
    data = pickle.dumps(built, pickle.HIGHEST_PROTOCOL)
    answers.write(_LENGTH.pack(len(data)) + data)
    answers.flush()


def _limit_memory() -> None:
    try:
        import resource  # noqa: PLC0415 (not on Windows)

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    except (ImportError, ValueError, OSError):
        return
