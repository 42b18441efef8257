"""Reads the docs as they are now for checks, whoever may see them: an admin's command asks."""

from collections.abc import Sequence

from bot.config.loader import Settings
from bot.model import Question
from bot.ports import BackendError, Reader, Span
from bot.retrieval.retriever import Retriever

_WHOLE = 100_000


class IndexedPages:
    """Implements lint.Pages with the index."""

    def __init__(self, settings: Settings, store: Reader, retriever: Retriever) -> None:
        self._sources: Sequence[str] = [source.name for source in settings.sources]
        self._audience = everyone(settings)
        self._store = store
        self._retriever = retriever

    async def text(self, page: str) -> str | None:
        spans = [Span(f"{source}:{page}", 0, _WHOLE) for source in self._sources]
        found = await self._store.passages(spans, self._audience)
        return "\n".join(f"{p.title}\n{p.heading}\n{p.text}" for p in found) if found else None

    async def open_to(self, page: str, audience: frozenset[str]) -> bool:
        spans = [Span(f"{source}:{page}", 0, 0) for source in self._sources]
        return bool(await self._store.passages(spans, audience))

    async def about(self, question: str) -> str:
        try:
            found = await self._retriever.retrieve(Question(question, self._audience), question)
        except BackendError:
            return ""
        return "\n".join(f"{p.title}\n{p.heading}\n{p.text}" for p in found.passages)


def everyone(settings: Settings) -> frozenset[str]:
    """Return all audiences that the settings name: an admin's view."""
    named = frozenset(settings.audiences) | settings.default_audience
    return named.union(*(source.audience for source in settings.sources))
