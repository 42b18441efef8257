"""Says where questions go that a human shall answer."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class HelpRequest:
    """A question that the docs don't answer. `where` leads to the conversation; "" where others can't see it."""

    id: str
    question: str
    platform: str
    where: str
    on_call: str
    at: datetime


class Tickets(Protocol):
    """Opens tickets in a tracker or the like. `name` is its name for people."""

    name: str

    async def open(self, request: HelpRequest) -> str:
        """Open a ticket, and return its address; "" if it has none. Raises BackendError.

        A call that fails isn't repeated: it may have got through, and there would be two tickets.
        """
        ...

    async def reachable(self) -> str:
        """Look up where tickets go, and say so in words; nothing is opened. Raises BackendError."""
        ...

    async def close(self) -> None: ...
