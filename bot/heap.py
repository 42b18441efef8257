"""The process's memory, for what runs for months."""

import ctypes
from typing import Final

_ARENA_MAX: Final = -8  # M_ARENA_MAX of <malloc.h>


def one_heap() -> None:
    """Keep glibc from giving each thread a heap of its own, which grows apart and gives nothing back.

    Beside Python's one lock they bring nothing. Other C libraries have one heap anyhow.
    """
    try:
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)
    except (AttributeError, OSError, TypeError):
        return
