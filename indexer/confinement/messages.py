"""Packs what passes between the main process and one that reads for it: calls and answers, each behind its length in 8 bytes.

Kept light: the process that reads starts with it.
"""

import pickle
import struct
from collections.abc import Callable
from typing import Any, Final

LENGTH: Final = struct.Struct(">Q")


class ReaderDied(Exception):
    """The process ended, or was ended, while it read. `str(error)` continues a sentence that begins with a file's name."""


def packed(seconds: float, function: Callable[..., object], *arguments: object) -> bytes:
    """Pack a call of a module's function for `relay`, with its seconds of processor time."""
    return pickle.dumps((function, arguments, seconds), pickle.HIGHEST_PROTOCOL)


def unpacked(answer: bytes) -> Any:  # noqa: ANN401 - whatever was called
    """Unpack an answer: return what the function returned, or raise what it raised."""
    done, result = pickle.loads(answer)  # noqa: S301 (ours)
    if not done:
        raise result
    return result
