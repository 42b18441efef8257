"""Keeps connections for reading and one for writing, as long as the same file lies at the path."""

import queue
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import TypeVar

import apsw

from bot.backends.sqlite import file_errors
from bot.backends.sqlite.index_memory import IndexMemory, StaleError

T = TypeVar("T")

_CACHE_KIB = 8_000
_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class _Opened:
    connection: apsw.Connection
    file: file_errors.Identity | None


class ConnectionPool:
    """Lends connections to threads, one thread a connection, and opens them as they are needed.

    A file that was put in place of the known one is noticed by the next use.
    """

    def __init__(self, path: Path, *, busy_seconds: float) -> None:
        self.path = path
        self._busy_seconds = busy_seconds
        self._idle: queue.LifoQueue[_Opened] = queue.LifoQueue()
        self._lock = Lock()
        self._file: file_errors.Identity | None = None
        self._memory = IndexMemory()

    def use(self, work: Callable[[apsw.Connection, IndexMemory], T], *, write: bool = False) -> T:
        """Run the work in one transaction. Raises BackendError for what the file or the disk does."""
        for attempt in range(_ATTEMPTS):
            opened, shared = self._take()
            memory = shared if attempt + 1 < _ATTEMPTS else IndexMemory()  # slow, but nobody overtakes it
            try:
                with (
                    file_errors.translated(self.path),
                    file_errors.transaction(opened.connection, write=write),
                ):
                    result = work(opened.connection, memory)
            except StaleError:
                self._idle.put(opened)
            except BaseException:
                opened.connection.close()
                raise
            else:
                self._idle.put(opened)
                return result
        raise AssertionError

    def empty_journal(self) -> None:
        """Put what was written into the file itself, if nobody is in the way. Raises BackendError."""
        opened, _ = self._take()
        try:
            with file_errors.translated(self.path):
                file_errors.empty_journal(opened.connection, self._busy_seconds)
        except BaseException:
            opened.connection.close()
            raise
        self._idle.put(opened)

    def close(self) -> None:
        while True:
            try:
                self._idle.get_nowait().connection.close()
            except queue.Empty:
                return

    def _open(self) -> _Opened:
        connection = file_errors.connect(self.path, cache_kib=_CACHE_KIB, busy_seconds=self._busy_seconds)
        return _Opened(connection, file_errors.identity(self.path))

    def _take(self) -> tuple[_Opened, IndexMemory]:
        current = file_errors.identity(self.path)
        while True:
            try:
                opened = self._idle.get_nowait()
            except queue.Empty:
                opened = self._open()
                current = opened.file
                break
            if opened.file == current:
                break
            opened.connection.close()
        with self._lock:
            if current != self._file:
                self._file, self._memory = current, IndexMemory()
            return opened, self._memory
