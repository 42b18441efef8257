"""Answers the calls of a ConfinedProcess: what runs inside of it. It starts for every sync, so asyncio is left out."""

import gc
import os
import pickle
import sys
from collections.abc import Callable, Sequence
from typing import BinaryIO, Final

from indexer.confinement.limits import confine, limit_time
from indexer.confinement.messages import LENGTH, ReaderDied

# What a file may unpack to in memory. Above it the file fails, not the machine.
_MEMORY: Final = 3_000_000_000


def main() -> None:
    """Answer calls until stdin ends."""
    _limit_memory()
    confine()
    # Pages leave hardly a cycle behind.
    gc.set_threshold(50_000, 20, 100)
    asked = sys.stdin.buffer
    # Whatever a library prints must not get between the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    while (size := asked.read(LENGTH.size)) and len(size) == LENGTH.size:
        function, arguments, seconds = pickle.loads(asked.read(LENGTH.unpack(size)[0]))  # noqa: S301 (ours)
        _answer(answers, _done(function, arguments, seconds))


def _done(
    function: Callable[..., object], arguments: Sequence[object], seconds: float
) -> tuple[bool, object]:
    limit_time(seconds)
    try:
        return True, function(*arguments)
    except Exception as error:  # noqa: BLE001 - it is raised where it was asked for
        return False, error


def _answer(answers: BinaryIO, done: tuple[bool, object]) -> None:
    try:
        data = pickle.dumps(done, pickle.HIGHEST_PROTOCOL)
    except MemoryError:
        data = pickle.dumps((False, ReaderDied("it takes too much memory to read")))
    answers.write(LENGTH.pack(len(data)) + data)
    answers.flush()


def _limit_memory() -> None:
    try:
        import resource  # noqa: PLC0415 (not on Windows)

        resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    except (ImportError, ValueError, OSError):
        return
