"""Holds Google Drive's files and folders, and keeps them on disk from one listing to the next."""

import json
from collections import defaultdict
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import Any

from bot.runtime.process.private_files import write_whole

FOLDER = "application/vnd.google-apps.folder"
SHORTCUT = "application/vnd.google-apps.shortcut"
_VERSION = 2
_DEEPEST = 50


@dataclass(frozen=True, slots=True)
class DriveFile:
    """A file, folder or shortcut. `changed` is an ISO time; `parent` and `target`, which a shortcut leads to, are ids.

    `allowed` names who may see it; None means whoever may see the folder that it lies in.
    """

    id: str
    name: str
    kind: str
    parent: str
    revision: str
    changed: str
    owner: str
    url: str
    allowed: tuple[str, ...] | None = None
    target: str = ""


class DriveTree:
    """The files below the folder `top`, whose own name is no part of any path.

    `loose`: a file in a folder that can't be seen counts as lying at the top; otherwise as lying elsewhere.
    """

    def __init__(self, top: str, files: Iterable[DriveFile] = (), *, loose: bool = False) -> None:
        self.top = top
        self.files = {file.id: file for file in files}
        self._loose = loose

    def put(self, file: DriveFile) -> None:
        """Add a file, or replace the one with its id."""
        self.files[file.id] = file

    def remove(self, key: str) -> None:
        """Remove a file or folder with all that lies below it."""
        self.empty(key)
        self.files.pop(key, None)

    def empty(self, key: str) -> None:
        """Remove all that lies below a folder."""
        inside: defaultdict[str, list[str]] = defaultdict(list)
        for file in self.files.values():
            inside[file.parent].append(file.id)
        waiting = [key]
        while waiting:
            below = inside.pop(waiting.pop(), [])
            waiting += below
            for each in below:
                self.files.pop(each, None)

    def above(self, file: DriveFile) -> list[DriveFile] | None:
        """Find the folders that a file lies in, the nearest first; None for a file that lies elsewhere."""
        found: list[DriveFile] = []
        parent = file.parent
        while parent != self.top:
            folder = self.files.get(parent)
            if folder is None or len(found) >= _DEEPEST:
                return found if self._loose else None
            found.append(folder)
            parent = folder.parent
        return found

    def folder(self, file: DriveFile) -> str | None:
        """Make the path of a file's folder, ending in `/`, "" at the top; None for a file that lies elsewhere."""
        above = self.above(file)
        return None if above is None else "".join(f"{path_part(each.name)}/" for each in reversed(above))

    def end(self, file: DriveFile) -> str:
        """Follow the folders up: the id of the top, or of the first folder that can't be seen."""
        parent = file.parent
        for _ in range(_DEEPEST):
            if parent == self.top or parent not in self.files:
                break
            parent = self.files[parent].parent
        return parent

    def prune(self) -> None:
        """Remove what lies elsewhere."""
        self.files = {key: file for key, file in self.files.items() if self.above(file) is not None}

    def allowed(self, file: DriveFile, otherwise: tuple[str, ...]) -> tuple[str, ...]:
        """Find who may see a file: its own or its nearest folder's permissions, else `otherwise`, the top's."""
        told = (each.allowed for each in (file, *(self.above(file) or ())))
        return next((names for names in told if names is not None), otherwise)


def path_part(name: str) -> str:
    """Make a name into a part of a path: Drive's may have a `/` in it, or be empty."""
    return name.replace("/", "_").strip() or "_"


@dataclass(frozen=True, slots=True)
class KeptListing:
    """A listing as of `token` of the change log `log`; `listed_at` is when it was last listed whole, in epoch seconds."""

    token: str
    log: str
    listed_at: float
    files: tuple[DriveFile, ...]


def load(cache: Path, place: str) -> KeptListing | None:
    """Read a kept listing; None where there is none of this place, or none that can be read. Blocking."""
    try:
        told = json.loads(cache.read_text(encoding="utf-8"))
        if (told["version"], told["place"]) != (_VERSION, place):
            return None
        files = tuple(map(_file, told["files"]))
        return KeptListing(str(told["token"]), str(told["log"]), float(told["listed_at"]), files)
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _file(told: Any) -> DriveFile:  # noqa: ANN401 - as `save` wrote it
    file = DriveFile(*told)
    return file if file.allowed is None else replace(file, allowed=tuple(file.allowed))


def save(cache: Path, place: str, kept: KeptListing) -> None:
    """Write a listing to the cache; where that fails, the next listing is a whole one. Blocking."""
    told = {
        "version": _VERSION,
        "place": place,
        "token": kept.token,
        "log": kept.log,
        "listed_at": kept.listed_at,
        "files": [astuple(file) for file in kept.files],
    }
    with suppress(OSError):
        write_whole(cache, json.dumps(told).encode())
