"""Finds the page that a saved answer rests on: the one nearest to the question, or the one that somebody named."""

from collections.abc import Callable, Iterable
from typing import Protocol

from bot.model import Citation, Passage, Question
from bot.ports import Reader, Span


class Near(Protocol):
    """What is needed of bot.retrieval.retrieval_result.Retrieval."""

    @property
    def nearest(self) -> tuple[Citation, ...]: ...


class Retrieving(Protocol):
    """What is needed of bot.retrieval.retriever.Retriever."""

    async def retrieve(self, question: Question, standalone: str) -> Near: ...


class PagePicker:
    """Finds pages in the index. `sources` are the names of those that are configured."""

    def __init__(self, retriever: Retrieving, shown: Reader, sources: Callable[[], Iterable[str]]) -> None:
        self._retriever = retriever
        self._shown = shown
        self._sources = sources

    async def nearest(self, text: str, audience: frozenset[str]) -> tuple[Citation, ...]:
        """Return the pages closest to a text that the audience may see, best first. Raises BackendError."""
        if not text.strip() or not audience:
            return ()
        return (await self._retriever.retrieve(Question(text, audience), text)).nearest

    async def find(self, named: str, question: str, audience: frozenset[str]) -> Citation | None:
        """Return the page of this title, path, address or id that the audience may see. Raises BackendError."""
        wanted = named.strip().strip("<>").casefold()
        if not wanted:
            return None
        for text in (question, named):
            for page in await self.nearest(text, audience):
                if wanted in _names(page):
                    return page
        return await self._by_path(named.strip(), audience)

    async def _by_path(self, named: str, audience: frozenset[str]) -> Citation | None:
        ids = [named, *(f"{source}:{named.lstrip('/')}" for source in self._sources())]
        found = await self._shown.passages([Span(doc_id, 0, 0) for doc_id in ids], audience)
        return _citation(found[0]) if found else None


def _names(page: Citation) -> set[str]:
    url, path = page.url.partition("#")[0], page.doc_id.partition(":")[2]
    return {each.casefold() for each in (page.title, page.url, url, page.doc_id, path) if each}


def _citation(found: Passage) -> Citation:
    return Citation(
        number=1,
        doc_id=found.doc_id,
        title=found.title,
        heading="",
        url=found.url,
        quote="",
        updated_at=found.updated_at,
        owners=found.owners,
    )
