"""A worker's name, from which another process of the same machine can tell that it has died.

Whoever was killed leaves its questions and syncs behind: its heart has to be silent for a while before others
may take them, unless the machine itself says that the process is gone.
"""

import os
import uuid
from pathlib import Path

_PROC = Path("/proc")


def name(kind: str) -> str:
    """For this process; another one each time."""
    return f"{kind} {_machine()} {os.getpid()} {_started(os.getpid())} {uuid.uuid4().hex[:6]}"


def died(worker: str) -> bool:
    """Whether it was a process of this machine that is gone; False if that can't be known."""
    parts = worker.split(" ")
    if len(parts) != 5 or parts[1] != _machine() or parts[1] == _UNKNOWN:  # noqa: PLR2004 - as `name` has it
        return False
    return _started(int(parts[2])) != parts[3]


_UNKNOWN = "unknown"


def _machine() -> str:
    """This run of the machine and, in a container, its own numbering of processes."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{(_PROC / 'self/ns/pid').readlink()}"
    except OSError:
        return _UNKNOWN


def _started(process: int) -> str:
    """When it started, in the kernel's ticks; "" if there is none, or only what its parent has yet to bury."""
    try:
        fields = (_PROC / str(process) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]
