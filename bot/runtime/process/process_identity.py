"""Names a worker so that another process of the same machine can tell that it has died.

A worker that was killed leaves its questions and syncs behind. Others may take them once it has given no sign of
life for a while, or at once where the machine itself says that the process is gone.
"""

import os
import uuid
from pathlib import Path

_PROC = Path("/proc")


def name(kind: str) -> str:
    """Return a name for this process, another one at each call."""
    return f"{kind} {_machine()} {os.getpid()} {_started(os.getpid())} {uuid.uuid4().hex[:6]}"


def died(worker: str) -> bool:
    """Tell whether this is a process of this machine that is gone; False if that can't be known."""
    parts = worker.split(" ")
    if len(parts) != 5 or parts[1] != _machine() or parts[1] == _UNKNOWN:  # noqa: PLR2004 - as `name` has it
        return False
    return _started(int(parts[2])) != parts[3]


_UNKNOWN = "unknown"


def _machine() -> str:
    """Return what stands for the machine since it was booted and, in a container, for the container's process numbers."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{(_PROC / 'self/ns/pid').readlink()}"
    except OSError:
        return _UNKNOWN


def _started(process: int) -> str:
    """Return when the process started, in the kernel's ticks; "" if there is none, or only one that waits to be reaped."""
    try:
        fields = (_PROC / str(process) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if fields[0] == "Z" else fields[19]
