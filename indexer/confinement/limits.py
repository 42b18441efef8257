"""Bounds a process that reads strangers' files: in time, and it may open no other file, connect nowhere, start nothing."""

import mimetypes
import os
import signal
import site
import sys
import sysconfig
from pathlib import Path

import bot
import indexer

_FORBIDDEN = ("socket.connect", "socket.bind", "socket.sendto", "subprocess.Popen", "os.system", "os.exec",
              "os.posix_spawn", "os.spawn", "os.fork", "os.remove", "os.rename", "os.rmdir", "os.mkdir", "os.symlink",
              "os.link", "os.chmod", "os.chown", "shutil.", "ftplib.connect", "http.client.connect")  # fmt: skip
# What the standard library itself looks at, and libraries that ask for the machine's clock and processor.
_HARMLESS = ("/dev/null", "/dev/urandom", "/proc/self/", "/proc/cpuinfo", "/proc/meminfo", "/sys/", "/etc/localtime",
             "/usr/share/zoneinfo/", "/usr/lib/", "/lib/", *map(str, mimetypes.knownfiles))  # fmt: skip


# How a process ends whose time is up.
OUT_OF_TIME = getattr(signal, "SIGPROF", 0)


def limit_time(seconds: float) -> None:
    """Have the system end this process after so many seconds of processor time, counted from now."""
    if hasattr(signal, "setitimer"):  # not on Windows
        signal.setitimer(signal.ITIMER_PROF, seconds)


def confine() -> None:
    """Refuse, for the rest of this process's life, every call of Python's but those that read its libraries' files."""
    places = (
        *sysconfig.get_paths().values(),
        *site.getsitepackages(),
        site.getusersitepackages(),
        sys.prefix,
    )
    own = [str(Path(each.__file__ or "").resolve().parent) for each in (bot, indexer)]
    libraries = [os.path.realpath(place) + os.sep for place in (*places, *own, *_of_path()) if place]
    readable = (*libraries, *_HARMLESS)

    def refuse(event: str, arguments: tuple[object, ...]) -> None:
        if event == "open":
            path = arguments[0]
            if isinstance(path, str | bytes) and not _may_open(os.fsdecode(path), arguments[1], readable):
                raise PermissionError(f"a page's reader has no business with {path!r}")
        elif event.startswith(_FORBIDDEN):
            raise PermissionError(f"a page's reader may not: {event}")

    sys.dont_write_bytecode = True
    sys.addaudithook(refuse)


def _of_path() -> list[str]:
    """List where modules come from, without the folder that the process was started in."""
    return [place for place in sys.path if place.endswith(("site-packages", "dist-packages", ".zip"))]


def _may_open(path: str, mode: object, readable: tuple[str, ...]) -> bool:
    if isinstance(mode, str) and set(mode) & set("wax+"):
        return False
    return os.path.realpath(path).startswith(readable) or path.startswith(_HARMLESS)
