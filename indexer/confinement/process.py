"""Reads pages in a process of its own: whatever a file does to that, the main process goes on.

The process gets pickled calls on stdin and answers with pickled results on stdout, each behind its length in 8 bytes.

Ours: pebble's processes inherit the environment with its secrets, and end by wall time, so that a busy machine
loses pages.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeVar

from indexer.confinement.limits import OUT_OF_TIME
from indexer.confinement.messages import LENGTH, ReaderDied, packed, unpacked

ResultT = TypeVar("ResultT")

# Most answers come in one piece.
_BUFFER = 1_000_000

# Of the processor's time; and of time as such, for what waits for something that doesn't come.
SECONDS_A_PAGE = 60.0
HANGS_AFTER = 1800.0


class ConfinedProcess:
    """Calls functions in a process, which the first call starts, as does the first one after it died.

    Calls may overlap: they are answered in the order in which they came, so that the process never waits for work. When
    it dies, all calls under way fail. `seconds` are processor time for each call, however busy the machine is.
    """

    def __init__(self, *, hangs_after: float = HANGS_AFTER) -> None:
        self._hangs_after = hangs_after
        self._process: asyncio.subprocess.Process | None = None
        self._asking = asyncio.Lock()
        self._answering = asyncio.Lock()  # first come, first served

    async def call(self, function: Callable[..., ResultT], *arguments: object) -> ResultT:
        """Call a module's function there, within 60 seconds of processor time. Raises ReaderDied, and what it raises."""
        return await self.within(SECONDS_A_PAGE, function, *arguments)

    async def within(self, seconds: float, function: Callable[..., ResultT], *arguments: object) -> ResultT:
        """Call it within so many seconds of processor time."""
        answer: ResultT = unpacked(await self.relay(packed(seconds, function, *arguments), seconds))
        return answer

    async def relay(self, request: bytes, seconds: float) -> bytes:
        """Pass on a call that `packed` made; the answer is for `unpacked`. Whoever relays needs to understand neither.

        Raises ReaderDied.
        """
        process: list[asyncio.subprocess.Process] = []
        try:
            async with asyncio.timeout(self._hangs_after):
                return await self._asked(process, request)
        except TimeoutError as error:
            raise ReaderDied("reading it hung") from error
        except (OSError, EOFError) as error:
            raise ReaderDied(_cause(process, seconds)) from error

    async def _asked(self, used: list[asyncio.subprocess.Process], request: bytes) -> bytes:
        process = None
        try:
            async with self._asking:
                process = self._process or await self._start()
                used.append(process)
                await _write(process, request)
            async with self._answering:
                return await _read(process)
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
            f"import sys; sys.path[:] = {sys.path!r}; from indexer.confinement.child import main; main()",
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
        """End the process."""
        if self._process is not None:
            await self._end(self._process)

    async def _end(self, process: asyncio.subprocess.Process) -> None:
        if self._process is process:
            self._process = None
        if process.returncode is None:
            # Not kill(): that would take the cause away from whoever asks for it.
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        async with self._answering:  # when nobody reads from it any more
            # Not wait(): what is left of an answer would keep it waiting for ever.
            await process.communicate()


def _cause(process: Sequence[asyncio.subprocess.Process], seconds: float) -> str:
    if process and process[0].returncode == -OUT_OF_TIME:
        return f"reading it took longer than {seconds:g} s of the processor's time"
    return "reading it ended the process that read it (too large for the memory?)"


class Apart:
    """Calls functions in one process; if one of them ends it, the calls are made again in another, one at a time."""

    def __init__(self) -> None:
        self._together = ConfinedProcess()
        self._alone = ConfinedProcess()
        self._one = asyncio.Lock()

    async def call(self, function: Callable[..., ResultT], *arguments: object) -> ResultT:
        """Call a module's function. Raises ReaderDied, and what the function raises."""
        try:
            return await self._together.call(function, *arguments)
        except ReaderDied:
            async with self._one:
                return await self._alone.call(function, *arguments)

    async def close(self) -> None:
        """End the processes."""
        await self._together.close()
        await self._alone.close()


async def _write(process: asyncio.subprocess.Process, data: bytes) -> None:
    if process.stdin is None:
        raise EOFError
    process.stdin.write(LENGTH.pack(len(data)) + data)
    await process.stdin.drain()


async def _read(process: asyncio.subprocess.Process) -> bytes:
    if process.stdout is None:
        raise EOFError
    (size,) = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))
    return await process.stdout.readexactly(size)
