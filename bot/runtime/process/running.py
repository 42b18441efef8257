"""Tells the commands that are started beside them which processes run on a data folder: each has a file there."""

import json
import os
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from bot.runtime.process import process_identity
from bot.runtime.process.private_files import write_whole

_FOLDER: Final = "running"
# Of a process on another machine only its silence tells that it is gone.
TELLS_EVERY: Final = 30.0
_SILENT: Final = 4 * TELLS_EVERY


@dataclass(frozen=True, slots=True)
class Running:
    """A process that runs services.

    `version` is of the docent.yaml that it has read, `problem` says why that isn't in force, and `restart_for`
    names what was changed since its start and takes a restart.
    """

    process: str
    services: tuple[str, ...]
    version: str = ""
    problem: str = ""
    restart_for: tuple[str, ...] = ()
    pid: int = 0


class Announcement:
    """This process's file in the data folder, there until `withdraw`."""

    def __init__(self, data: Path, services: Sequence[str]) -> None:
        self._services = tuple(services)
        self._process = process_identity.name("docent")
        self._file = data / _FOLDER / f"{os.getpid()}-{self._process[-6:]}.json"

    def tell(self, *, version: str, problem: str, restart_for: tuple[str, ...]) -> None:
        """Write the present state. Raises OSError."""
        now = Running(self._process, self._services, version, problem, restart_for, os.getpid())
        write_whole(self._file, json.dumps(asdict(now)).encode())

    def withdraw(self) -> None:
        with suppress(OSError):
            self._file.unlink(missing_ok=True)


def running(data: Path) -> list[Running]:
    """Return the processes that run on the folder now, as their files tell."""
    found = []
    with suppress(OSError):
        for file in sorted((data / _FOLDER).glob("*.json")):
            told = _read(file)
            if told is None or process_identity.died(told.process):
                with suppress(OSError):
                    file.unlink(missing_ok=True)
            elif time.time() - file.stat().st_mtime < _SILENT:
                found.append(told)
    return found


def _read(file: Path) -> Running | None:
    try:
        told = json.loads(file.read_bytes())
        return Running(
            str(told["process"]),
            tuple(map(str, told["services"])),
            str(told["version"]),
            str(told["problem"]),
            tuple(map(str, told["restart_for"])),
            int(told["pid"]),
        )
    except (OSError, ValueError, TypeError, KeyError):
        return None
