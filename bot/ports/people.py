"""Says who people are, and how they are taken out of what is written down."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Someone:
    """A person on a platform; without a platform, whoever has this id on any."""

    platform: str
    id: str

    def __str__(self) -> str:
        return f"{self.platform}:{self.id}" if self.platform else self.id


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What was taken out. `lessons` stay without a name; `files` are examples that may hold one of `names`."""

    questions: int = 0
    feedback: int = 0
    runs: int = 0
    lessons: int = 0
    files: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class Forgetting(Protocol):
    """Takes people out of what is written down."""

    async def forget(self, people: Collection[Someone], names: Collection[str] = ()) -> Forgotten:
        """Delete what they asked and judged, and their ids and names wherever else they stand. Raises BackendError.

        `names` are looked for in lessons that were saved before people's ids were.
        """
        ...
