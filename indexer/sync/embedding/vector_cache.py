"""Saves vectors that were paid for and aren't stored yet in a file, so that a killed process doesn't lose them.

The file has a header that names the model, then a record for each vector: its text's hash, its numbers, a checksum.
"""

import hashlib
import logging
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np

from bot.ports import Vector
from bot.runtime.process.private_files import private_file, private_folder

log = logging.getLogger(__name__)

_HEAD = _NAME = 16  # bytes
_SUM = 4
# A file that is larger, and mostly of vectors that are stored by now, is made anew.
_LARGE = 32 * 2**20


class VectorCache:
    """The vectors of one source, whose syncs never overlap. Where the disk fails, nothing is saved, and the sync goes on.

    Its methods block. All but `get` must be called by one thread, one after the other.
    """

    def __init__(self, path: Path, model: str, dimensions: int) -> None:
        self._path = path
        self._head = hashlib.blake2b(model.encode(), digest_size=_HEAD).digest()
        self._numbers = 4 * dimensions
        self._held: dict[str, Vector] = {}
        self._file: BinaryIO | None = None
        self._failed = False

    def load(self) -> None:
        """Load what an earlier sync left behind."""
        try:
            data = self._path.read_bytes()
        except OSError:
            return
        if data[:_HEAD] != self._head:
            return
        size = _NAME + self._numbers
        for start in range(_HEAD, len(data) - size - _SUM + 1, size + _SUM):
            record = data[start : start + size]
            if _sum(record) != data[start + size : start + size + _SUM]:
                return  # torn, and so is what stands behind it
            self._held[record[:_NAME].hex()] = np.frombuffer(record[_NAME:], "<f4").astype(np.float32)

    def get(self, name: str) -> Vector | None:
        """Find a vector by its text's hash; None if it isn't here."""
        return self._held.get(name)

    def keep(self, vectors: Mapping[str, Vector]) -> None:
        """Save vectors by their texts' hashes (`indexer.reading.chunker.text_hash`)."""
        self._held |= vectors
        try:
            if self._file is None or self._is_mostly_stored(self._file):
                self._begin()
            else:
                self._append(self._file, vectors)
        except OSError as error:
            self._end()
            if not self._failed:
                log.warning("vectors can't be kept beside the index until they are in it: %s", error)
            self._failed = True

    def stored(self, names: Iterable[str]) -> None:
        """Note that the index has the vectors of these texts now."""
        for name in names:
            self._held.pop(name, None)

    def close(self, *, done: bool) -> None:
        """Close the file. `done`: the index has all vectors, and the file is deleted."""
        self._end()
        if done or not self._held:
            try:
                self._path.unlink(missing_ok=True)
            except OSError as error:
                log.debug("it stays: %s", error)

    def _is_mostly_stored(self, file: BinaryIO) -> bool:
        return file.tell() > max(_LARGE, 2 * len(self._held) * self._numbers)

    def _begin(self) -> None:
        """Write all that is held to a new file, which takes the old one's place when it is whole."""
        self._end()
        private_folder(self._path.parent)
        new = self._path.with_name(f"{self._path.name}.new")
        new.unlink(missing_ok=True)
        private_file(new)
        self._file = new.open("wb", buffering=0)
        self._file.write(self._head)
        self._append(self._file, self._held)
        new.replace(self._path)

    def _append(self, file: BinaryIO, vectors: Mapping[str, Vector]) -> None:
        data = bytearray()
        for name, vector in vectors.items():
            record = bytes.fromhex(name) + vector.astype("<f4").tobytes()
            data += record + _sum(record)
        if file.write(data) != len(data):
            raise OSError(f"{self._path} was not written whole")

    def _end(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _sum(record: bytes) -> bytes:
    return zlib.crc32(record).to_bytes(_SUM)
