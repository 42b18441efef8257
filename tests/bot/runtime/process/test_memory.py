"""The memory of a process that runs for months."""

import json
import platform
import subprocess
import sys

import pytest

_COUNT = """
import ctypes, sys, threading
from bot.runtime.process.memory import one_heap

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


_BURST = """
import asyncio, json, os, sys
from bot.runtime.process.memory import give_back, one_heap

def megabytes():
    return int(open("/proc/self/statm").read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6

async def main():
    before = megabytes()
    burst = [bytearray(2_000) for _ in range(30_000)]
    lasting = burst[::1000]
    during = megabytes()
    del burst
    after = megabytes()
    giving = asyncio.create_task(give_back(every=0.01))
    async with asyncio.timeout(120):
        while megabytes() - before > 10:
            await asyncio.sleep(0.01)
    print(json.dumps([during - before, after - before, megabytes() - before]))
    giving.cancel()

one_heap()
asyncio.run(main())
"""

glibc = pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is about glibc's heap")


@glibc
def test_a_burst_leaves_no_memory_behind() -> None:
    """What a burst used goes back to the system although some of what came with it lives on."""
    done = subprocess.run([sys.executable, "-c", _BURST], capture_output=True, text=True, check=True)
    during, kept, given_back = json.loads(done.stdout)
    assert during > 50
    assert kept > 40
    assert given_back < 10


@glibc
def test_all_threads_share_one_heap() -> None:
    """A process that asked for one heap has one, however many threads it runs."""
    assert (heaps("as it comes") > 1, heaps("one")) == (True, 1)
