"""The process's memory, for what runs for months."""

import asyncio
import ctypes
import gc
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


def settle() -> None:
    """After the start: what was loaded stays, and isn't looked at whenever garbage is collected.

    Python looks at all only once new objects are a quarter of all: with thousands of modules' objects in the
    count, tens of thousands that are gone would be kept till then.
    """
    gc.collect()
    gc.freeze()


async def give_back(every: float = 2.0) -> None:
    """For ever: return what a burst left unused to the system, each `every` seconds, in well under 1 ms.

    glibc by itself returns only the end of its heap, and after a burst something always lives near the end.
    """
    while True:
        await asyncio.sleep(every)
        try:
            ctypes.CDLL(None).malloc_trim(0)
        except (AttributeError, OSError, TypeError):
            return
