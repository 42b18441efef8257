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

from indexer.reading.page_builder import NoPage, Page, RawPage, build

_LENGTH = struct.Struct(">Q")
# What a file may unpack to in memory. Above it the file fails, not the machine.
_MEMORY = 3_000_000_000
# Most answers come in one piece.
_BUFFER = 1_000_000


class ReaderDied(Exception):
    """The process ended, or was ended, while it read: `str(error)` says which, going on from a file's name."""


class ReaderProcess:
    """Starts its process when it is first used, and a new one after one that died.

    It may be given the next pages while it reads: it answers in the order in which it was asked, and never
    waits for work. When it dies, all that it was asked by then fails.
    """

    def __init__(self) -> None:
        self._process: asyncio.subprocess.Process | None = None
        self._asking = asyncio.Lock()
        self._answering = asyncio.Lock()  # first come, first served

    async def read(self, pages: Sequence[RawPage], *, seconds: float) -> list[Page | NoPage]:
        """Raises WorkerDied."""
        try:
            async with asyncio.timeout(seconds):
                return await self._asked(pages)
        except TimeoutError as error:
            raise ReaderDied(f"reading it took longer than {seconds:.0f} s") from error
        except (OSError, EOFError) as error:
            raise ReaderDied(
                "reading it ended the process that read it (too large for the memory?)"
            ) from error

    async def _asked(self, pages: Sequence[RawPage]) -> list[Page | NoPage]:
        process = None
        try:
            async with self._asking:
                process = self._process or await self._start()
                await _write(process, pickle.dumps(list(pages), pickle.HIGHEST_PROTOCOL))
            async with self._answering:
                answer: list[Page | NoPage] = pickle.loads(await _read(process))  # noqa: S301 (ours)
                return answer
        except BaseException:
            # An answer that nobody waits for would be taken for the next one's.
            if process is not None:
                await self._end(process)
            raise

    async def _start(self) -> asyncio.subprocess.Process:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-X",
            "utf8",
            "-c",
            f"import sys; sys.path[:] = {sys.path!r}; from indexer.reading.reader_process import main; main()",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            limit=_BUFFER,
            # What reads strangers' files has no business with the environment's secrets.
            env={},
            # Ctrl-C is the main process's to handle.
            start_new_session=True,
        )
        return self._process

    async def close(self) -> None:
        if self._process is not None:
            await self._end(self._process)

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        if self._process is process:
            self._process = None
        if process.returncode is None:
            process.kill()
        async with self._answering:  # when nobody reads from it any more
            # Not wait(): what is left of an answer would keep it waiting for ever.
            await process.communicate()


async def _write(process: asyncio.subprocess.Process, data: bytes) -> None:
    if process.stdin is None:
        raise EOFError
    process.stdin.write(_LENGTH.pack(len(data)) + data)
    await process.stdin.drain()


async def _read(process: asyncio.subprocess.Process) -> bytes:
    if process.stdout is None:
        raise EOFError
    (size,) = _LENGTH.unpack(await process.stdout.readexactly(_LENGTH.size))
    return await process.stdout.readexactly(size)


def main() -> None:
    """Answer until stdin ends."""
    _limit_memory()
    asked = sys.stdin.buffer
    # Whatever a library prints must not get between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    while (size := asked.read(_LENGTH.size)) and len(size) == _LENGTH.size:
        pages: list[RawPage] = pickle.loads(asked.read(_LENGTH.unpack(size)[0]))  # noqa: S301 (ours)
        _answer(answers, [_built(page) for page in pages])


def _built(page: RawPage) -> Page | NoPage:
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
