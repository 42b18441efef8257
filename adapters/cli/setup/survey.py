"""Surveys a folder of docs: formats, folders that seem restricted by their names, audiences, git."""

import asyncio
import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bot.text.sanitize import without_credentials
from indexer.converters.formats import HEAVY, MARKDOWN, TEXTS, ending
from indexer.converters.registry import to_markdown
from indexer.git.command import GitFailed, git

# Names of folders, and the audience that they suggest.
_RESTRICTED: Final = {
    "board": "board",
    "confidential": "confidential",
    "compensation": "compensation",
    "executives": "executives",
    "execs": "executives",
    "finance": "finance",
    "hr": "hr",
    "human-resources": "hr",
    "leadership": "leads",
    "leads": "leads",
    "legal": "legal",
    "management": "managers",
    "manager": "managers",
    "managers": "managers",
    "payroll": "payroll",
    "people-team": "people-team",
    "private": "private",
    "restricted": "restricted",
    "salaries": "salaries",
    "team-leads": "leads",
}
_SKIPPED: Final = {"node_modules", "__pycache__", "venv"}
_USUAL: Final = ("docs", "doc", "handbook", "wiki", "content", "pages", "knowledge-base")
_MOST_FILES: Final = 50_000
_MOST_HEADS: Final = 2_000
_HEAD_BYTES: Final = 20_000
_READABLE: Final = frozenset((*MARKDOWN, *TEXTS, *HEAVY))


@dataclass(frozen=True, slots=True)
class GitPlace:
    """The repository that a folder belongs to.

    `below` is the folder's path in it, `loose` how many docs have changes that aren't committed.
    """

    root: Path
    branch: str
    below: str = ""
    remote: str = ""
    loose: int = 0


@dataclass(slots=True)
class Survey:
    """What a folder holds. `pages` and `others` count files by their endings: readable ones, and the rest.

    `restricted` are folders with the audience that their names suggest, `audiences` those that pages name
    themselves.
    """

    folder: Path
    pages: Counter[str] = field(default_factory=Counter)
    others: Counter[str] = field(default_factory=Counter)
    restricted: dict[str, str] = field(default_factory=dict)
    audiences: Counter[str] = field(default_factory=Counter)
    drafts: int = 0
    git: GitPlace | None = None


def usual_folder(here: Path) -> Path | None:
    """Return the usual folder of docs, else this one if it holds any; None if there are no docs."""
    for name in _USUAL:
        if (here / name).is_dir() and any(_files(here / name)):
            return here / name
    return here if any(ending(path) in _READABLE for path in _files(here)) else None


async def survey(folder: Path) -> Survey:
    """Survey the folder, without changing it."""
    found = await asyncio.to_thread(_surveyed, folder)
    found.git = await _git(folder)
    return found


def _surveyed(folder: Path) -> Survey:
    found, heads = Survey(folder), 0
    for path in _files(folder):
        kind = ending(path)
        if kind not in _READABLE:
            found.others[kind] += 1
            continue
        found.pages[kind] += 1
        _note_folders(path, found)
        if kind in MARKDOWN and heads < _MOST_HEADS:
            heads += 1
            _note_head(folder / path, found)
    return found


def _files(folder: Path) -> Iterator[str]:
    """Yield the paths below the folder, with `/` between, except hidden ones and those of programs."""
    number = 0
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(one for one in folders if not one.startswith(".") and one not in _SKIPPED)
        for name in sorted(names):
            number += 1
            if number > _MOST_FILES:
                return
            if not name.startswith("."):
                yield (Path(place) / name).relative_to(folder).as_posix()


def _note_folders(path: str, found: Survey) -> None:
    parts = path.split("/")[:-1]
    for depth, name in enumerate(parts):
        word = _RESTRICTED.get(name.lower().replace("_", "-").replace(" ", "-"))
        if word:
            found.restricted.setdefault(f"{'/'.join(parts[: depth + 1])}/**", word)
            return


def _note_head(path: Path, found: Survey) -> None:
    try:
        with path.open("rb") as file:
            head, _ = to_markdown(path.name, file.read(_HEAD_BYTES))
    except Exception:  # noqa: BLE001 - whatever a page holds, the others are looked at
        return
    found.drafts += head.draft
    found.audiences.update(head.audience or ())


async def _git(folder: Path) -> GitPlace | None:
    """Return the repository, if any of the docs are committed there; None without git."""
    try:
        root = Path((await _said(folder, "rev-parse", "--show-toplevel")).strip())
        below = (await _said(folder, "rev-parse", "--show-prefix")).strip().strip("/")
        branch = (await _said(folder, "symbolic-ref", "--short", "-q", "HEAD")).strip()
        await _said(folder, "rev-parse", "--verify", "-q", "HEAD")
        known = (await _said(folder, "ls-files", "-z", "--", ".")).split("\0")
        changed = (await _said(folder, "status", "--porcelain", "-z", "--", ".")).split("\0")
    except (GitFailed, OSError):
        return None
    if not any(ending(path) in _READABLE for path in known):
        return None
    try:
        remote = without_credentials((await _said(folder, "remote", "get-url", "origin")).strip())
    except GitFailed:
        remote = ""
    loose = sum(ending(path) in _READABLE or path.endswith("/") for path in changed)
    return GitPlace(root, branch, below, remote, loose)


async def _said(folder: Path, *words: str) -> str:
    return (await git("-C", str(folder), *words)).decode(errors="surrogateescape")
