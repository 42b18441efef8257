"""Defines what converters return."""

from dataclasses import dataclass


class Unreadable(Exception):
    """A file can't be indexed. `str(error)` continues a sentence that begins with its name."""


@dataclass(frozen=True, slots=True)
class Converted:
    """A file as Markdown. `problem` tells admins what was left out; `title` is the file's own."""

    text: str
    problem: str = ""
    title: str = ""
