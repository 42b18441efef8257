"""Keeps a process's memory small over months."""

import asyncio
import ctypes
import gc
from typing import Final

_ARENA_MAX: Final = -8  # M_ARENA_MAX of <malloc.h>


def one_heap() -> None:
    """Make all threads share one heap of glibc's: heaps of their own grow apart, and are never given back.

    They would gain nothing, because Python's threads run one at a time. Other C libraries have one heap anyhow.
    """
    try:
        ctypes.CDLL(None).mallopt(_ARENA_MAX, 1)
    except (AttributeError, OSError, TypeError):
        return


def settle() -> None:
    """Take all objects that exist now out of garbage collection; to be called once the process has started.

    Python runs its full collection only once a quarter of all objects are new. With the objects of thousands of
    modules counted in, tens of thousands of dead ones would be kept until then.
    """
    gc.collect()
    gc.freeze()


async def give_back(every: float = 2.0) -> None:
    """Return unused heap to the system every `every` seconds, for ever. One call takes well under 1 ms.

    glibc by itself returns only the end of its heap, and after a burst something usually still lives there.
    """
    while True:
        await asyncio.sleep(every)
        try:
            ctypes.CDLL(None).malloc_trim(0)
        except (AttributeError, OSError, TypeError):
            return
