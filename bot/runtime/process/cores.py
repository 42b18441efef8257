"""Counts the processors that this process may use."""

import os
from pathlib import Path
from typing import Final

# "200000 100000": so many microseconds of CPU in so many; "max" where there is no limit.
_QUOTA: Final = Path("/sys/fs/cgroup/cpu.max")


def cores(quota: Path = _QUOTA) -> int:
    """Return the number of processors, at least 1: the affinity mask's, or a container's limit where that is lower."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        limit, period = quota.read_text(encoding="ascii").split()
        return max(1, min(allowed, -(-int(limit) // int(period))))
    except (OSError, ValueError):
        return allowed
