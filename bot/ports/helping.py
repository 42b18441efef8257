"""Where questions go that a human shall answer."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class HelpRequest:
    """A question that the docs don't answer. `where` leads to the conversation; "" where others don't see it."""

    id: str
    question: str
    platform: str
    where: str
    on_call: str
    at: datetime


class Tickets(Protocol):
    """A tracker, or whatever takes such questions. `name` is its name for people."""

    name: str

    async def open(self, request: HelpRequest) -> str:
        """The address of what was opened; "" if it has none. Raises BackendError.

        It isn't tried twice: what got through and wasn't heard of would stand there twice.
        """
        ...

    async def reachable(self) -> str:
        """Where tickets go, in words, once that has been looked up; nothing is opened. Raises BackendError."""
        ...

    async def close(self) -> None: ...
