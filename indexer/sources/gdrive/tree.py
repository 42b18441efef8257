"""Google Drive's files and folders, kept from one listing to the next: the changes feed brings them up to date."""

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
    """`changed` is an ISO time. `allowed` are those who may see it, None for whoever may see what it lies in.

    `target` is the id of what a shortcut leads to.
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
    """What lies below the folder `top`, whose own name is no part of any path.

    `loose`: what lies in a folder that can't be seen counts as lying at the top, otherwise as lying elsewhere.
    """

    def __init__(self, top: str, files: Iterable[DriveFile] = (), *, loose: bool = False) -> None:
        self.top = top
        self.files = {file.id: file for file in files}
        self._loose = loose

    def put(self, file: DriveFile) -> None:
        self.files[file.id] = file

    def remove(self, key: str) -> None:
        """With all that lies below it."""
        self.empty(key)
        self.files.pop(key, None)

    def empty(self, key: str) -> None:
        """All that lies below it."""
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
        """The folders that it lies in, the nearest first; None for what lies elsewhere."""
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
        """The path of the folder that it lies in, with a `/` at its end, "" at the top; None for what lies elsewhere."""
        above = self.above(file)
        return None if above is None else "".join(f"{path_part(each.name)}/" for each in reversed(above))

    def end(self, file: DriveFile) -> str:
        """The id of what its row of folders ends in: the top's, or that of a folder that can't be seen."""
        parent = file.parent
        for _ in range(_DEEPEST):
            if parent == self.top or parent not in self.files:
                break
            parent = self.files[parent].parent
        return parent

    def prune(self) -> None:
        """Forget what lies elsewhere."""
        self.files = {key: file for key, file in self.files.items() if self.above(file) is not None}

    def allowed(self, file: DriveFile, otherwise: tuple[str, ...]) -> tuple[str, ...]:
        """Who may see it; `otherwise` are those who may see the top."""
        told = (each.allowed for each in (file, *(self.above(file) or ())))
        return next((names for names in told if names is not None), otherwise)


def path_part(name: str) -> str:
    """A name as a part of a path: Drive's may have a `/` in it, or be empty."""
    return name.replace("/", "_").strip() or "_"


@dataclass(frozen=True, slots=True)
class KeptListing:
    """A listing as of `token` of the log `log`, and when it was last a complete one (seconds of the epoch)."""

    token: str
    log: str
    listed_at: float
    files: tuple[DriveFile, ...]


def load(cache: Path, place: str) -> KeptListing | None:
    """None where nothing is kept of this place, or nothing that can be read. Blocking."""
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
    """A cache: where it can't be written, the next listing is a complete one. Blocking."""
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
