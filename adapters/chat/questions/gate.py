"""The gate: what may be heard, what may be shown where, and who may see what of the instance.

Each platform has one. It stands before events, commands, menus, buttons, forms and direct messages, and the desk
asks it before anything is searched.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from bot.ports import Asked, Reader, Scope, Span


@dataclass(frozen=True, slots=True)
class Admission:
    """Where a question comes from and what it may be answered from: the words that its asker *and* its place have.

    `places` are the ids and names of the channel and what it stands in. `not_found` is said where nothing is found
    because less may be used here than the docs hold.
    """

    tenant: str
    audience: frozenset[str]
    places: frozenset[str] = frozenset()
    not_found: str = ""

    @property
    def scope(self) -> Scope:
        """As the journal keeps it."""
        return Scope(self.tenant, self.audience)


class Gate(Protocol):
    """Decides by the configuration and the platform's word, as they are now. What isn't known is closed."""

    async def opens(self, asked: Asked) -> bool:
        """Whether the place is one that the bot is set up for."""
        ...

    async def admit(self, asked: Asked) -> Admission:
        """Whom the answer is for. Raises BackendError while the platform doesn't say."""
        ...


async def visible(store: Reader, pages: Iterable[str], audience: frozenset[str]) -> set[str]:
    """Those of the pages that the audience may see now. Raises BackendError."""
    spans = [Span(page, 0, 0) for page in sorted(set(pages))]
    return {passage.doc_id for passage in await store.passages(spans, audience)} if spans else set()
