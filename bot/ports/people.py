"""People, and taking them out of what is written down."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Someone:
    """A person on a platform; without one, whoever has this id."""

    platform: str
    id: str

    def __str__(self) -> str:
        return f"{self.platform}:{self.id}" if self.platform else self.id


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was taken out. `lessons` stay without a name; `files` are examples that may have one, `names` what it was."""

    questions: int = 0
    feedback: int = 0
    runs: int = 0
    lessons: int = 0
    files: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class Forgetting(Protocol):
    """Taking people out of what is written down."""

    async def forget(self, people: Collection[Someone], names: Collection[str] = ()) -> Forgotten:
        """Delete what they asked and judged, and their ids and names where else they stand.

        `names` are those that lessons of before have, which know no ids. Raises BackendError.
        """
        ...
