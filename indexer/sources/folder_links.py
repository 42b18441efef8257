"""Decides where links within a folder of files may lead."""

import os
import re
import stat
from pathlib import Path
from typing import Final

# What stands beside a folder of docs for all to read: MkDocs' `docs/index.md` is often a link to `../README.md`.
# With a language or a number, and nothing else: README.de, CHANGELOG-2.1; README-passwords isn't one.
_FRONT_PAGE: Final = re.compile(
    r"[\W\d_]*(?:readme|changelog|changes|history|contributing|code[_-]of[_-]conduct|security|licen[cs]e)"
    r"(?:[._-][a-z]{2}(?:[_-][a-z]{2})?)?[\W\d_]*",
    re.IGNORECASE,
)
_LONGEST: Final = 255  # bytes of a path
_RELATIVE: Final = re.compile(rb"\.{1,2}/[\w./ -]+")


def may_lead(target: Path, root: Path, besides: Path | None) -> bool:
    """Allow a link to lead below the root or one of `besides`, into the checkout that the root is a part of, or to its README."""
    if target.is_relative_to(root) or (besides is not None and target.is_relative_to(besides)):
        return ".git" not in target.parts or target.is_relative_to(root)
    if target.parent == root.parent and _FRONT_PAGE.fullmatch(target.stem):
        return target.is_file()
    checkout = next((above for above in root.parents if (above / ".git").exists()), None)
    if checkout is None or (root / ".git").exists() or not target.is_relative_to(checkout):
        return False
    return ".git" not in target.relative_to(checkout).parts


def named_instead(path: Path, status: os.stat_result) -> Path | None:
    """Find the target of a file that stands in a link's place: git writes the path into it where it may make no link.

    None for any other file. Raises OSError.
    """
    if not (stat.S_ISREG(status.st_mode) and 0 < status.st_size <= _LONGEST and path.suffix):
        return None
    said = path.read_bytes()
    if not _RELATIVE.fullmatch(said):
        return None
    target = (path.parent / os.fsdecode(said)).resolve()
    return target if target.is_file() and target.suffix == path.suffix else None
