"""Decides which places are served, what may be shown where, and what each person may see.

Each platform has a gate. It stands before events, commands, menus, buttons, forms and direct messages, and
the question service asks it before anything is searched.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from bot.ports import Asked, Reader, Scope, Span


@dataclass(frozen=True, slots=True)
class Admission:
    """What a question may be answered from: the audience that its asker *and* its place have.

    `tenant` is its workspace or server. `places` are the ids and names of the channel and what it belongs to.
    `not_found` is said where nothing is found because less may be used here than the docs hold.
    """

    tenant: str
    audience: frozenset[str]
    places: frozenset[str] = frozenset()
    not_found: str = ""

    @property
    def scope(self) -> Scope:
        """The tenant and audience as the journal keeps them."""
        return Scope(self.tenant, self.audience)


class Gate(Protocol):
    """Decides by the configuration and the platform's current state. What isn't known is denied."""

    async def opens(self, asked: Asked) -> bool:
        """Return whether the place is one that the bot is set up for."""
        ...

    async def admit(self, asked: Asked) -> Admission:
        """Return the audience of the question's answer.

        Raises BackendError while the platform can't be asked.
        """
        ...


async def visible(store: Reader, pages: Iterable[str], audience: frozenset[str]) -> set[str]:
    """Return those of the pages that the audience may see now. Raises BackendError."""
    spans = [Span(page, 0, 0) for page in sorted(set(pages))]
    return {passage.doc_id for passage in await store.passages(spans, audience)} if spans else set()
