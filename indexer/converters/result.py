"""What converters give back."""

from dataclasses import dataclass


class Unreadable(Exception):
    """Why a file can't be indexed, in words that go on from its name."""


@dataclass(frozen=True, slots=True)
class Converted:
    """A file as Markdown. `problem` is a word for admins on what was left out; `title` what the file calls itself."""

    text: str
    problem: str = ""
    title: str = ""
