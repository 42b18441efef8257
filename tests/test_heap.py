"""The memory of a process that runs for months."""

import platform
import subprocess
import sys

import pytest

_COUNT = """
import ctypes, sys, threading
from bot.heap import one_heap

if sys.argv[1] == "one":
    one_heap()
done, kept = threading.Barrier(9), []

def work():
    kept.append(bytearray(50_000))
    done.wait()
    done.wait()

threads = [threading.Thread(target=work) for _ in range(8)]
for each in threads:
    each.start()
done.wait()
libc = ctypes.CDLL(None)
libc.fdopen.restype = ctypes.c_void_p
libc.malloc_info(0, ctypes.c_void_p(libc.fdopen(1, b"w")))
libc.fflush(None)
done.wait()
"""


def heaps(how: str) -> int:
    done = subprocess.run([sys.executable, "-c", _COUNT, how], capture_output=True, text=True, check=True)
    return done.stdout.count("<heap nr=")


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs glibc, which has a heap for each thread")
def test_all_threads_share_one_heap() -> None:
    """A process that asked for one heap has one, however many threads it runs."""
    assert (heaps("as it comes") > 1, heaps("one")) == (True, 1)
