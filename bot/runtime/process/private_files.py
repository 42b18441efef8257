"""Writes files that nobody else can read, and that are there whole or not at all."""

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

PRIVATE: Final = 0o600
PUBLIC: Final = 0o644
OWN_UMASK: Final = 0o077  # of programs that write into the data folder
OTHERS: Final = 0o077
_STATE: Final = ("index.db", "journal.db")


def private_folder(folder: Path) -> None:
    """Make the folder, and those above it that are missing, closed to everybody else. Raises OSError."""
    for missing in reversed([one for one in (folder, *folder.parents) if not one.exists()]):
        missing.mkdir(mode=0o700, exist_ok=True)


def private_file(path: Path) -> None:
    """Make an empty file that nobody else can read, unless it is there. Raises OSError."""
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE))


def write_whole(path: Path, data: bytes, *, mode: int = PRIVATE) -> None:
    """Replace the file in one step: a reader finds the old one or the new one whole. Raises OSError."""
    private_folder(path.parent)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def close_to_others(folder: Path) -> None:
    """Take all rights to the data folder, and to all in it that is ours, from everybody else.

    A folder that also holds docent.yaml serves other ends, too: its own rights are left to its owner.
    """
    if (folder / "docent.yaml").exists() or not any((folder / name).exists() for name in _STATE):
        return
    for path in open_to_others(folder):
        with suppress(OSError):
            path.chmod(path.stat().st_mode & ~OTHERS)


def open_to_others(folder: Path) -> Iterator[Path]:
    """Give the folder and all in it that others can read, write or enter; links are left out."""
    pending = [folder]
    while pending:
        path = pending.pop()
        with suppress(OSError):
            if path.is_symlink():
                continue
            if path.stat().st_mode & OTHERS:
                yield path
            if path.is_dir():
                pending += path.iterdir()


def put_back(copy: Path, place: Path, *, replace: bool) -> None:
    """Put an SQLite file from a backup in its place, in one step. Raises FileExistsError and other OSError."""
    if place.exists() and not replace:
        raise FileExistsError(
            errno.EEXIST, "is there already: give --replace to put the backup in place", place
        )
    write_whole(place.with_name(f"{place.name}.restored"), copy.read_bytes())
    for rest in ("-wal", "-shm"):
        place.with_name(f"{place.name}{rest}").unlink(missing_ok=True)
    place.with_name(f"{place.name}.restored").replace(place)
