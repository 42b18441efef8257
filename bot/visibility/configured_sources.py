"""Shows the index as docent.yaml is now, without pages of removed sources and pages no longer meant for the asker.

What is stored tells for whom a page was meant at its last sync. That may only narrow what the settings say now.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache

from bot.config.sources import SourceSettings
from bot.model import Passage
from bot.ports import Hit, Nearest, Reader, SearchQuery, Span, Vector, Vocabulary
from bot.visibility.page_audience import configured_audience


class Configured:
    """Implements ports.Reader. Both the settings and the index must have the page for who asks.

    `sources` is called at each search: what docent.yaml closes while this runs is closed at once.
    """

    def __init__(self, store: Reader, sources: Callable[[], Sequence[SourceSettings]]) -> None:
        self._store = store
        self._given = sources
        self._known = _Known(sources())

    @property
    def _now(self) -> "_Known":
        given = self._given()
        if given is not self._known.given:
            self._known = _Known(given)
        return self._known

    async def search(self, query: SearchQuery) -> list[Hit]:
        sources = self._open_to(query.audience, query.sources)
        if not sources:
            return []
        hits = await self._store.search(replace(query, sources=sources))
        return [hit for hit in hits if self._shows(hit.passage.doc_id, query.audience)]

    async def nearest(
        self, vectors: Sequence[Vector], audience: frozenset[str], sources: frozenset[str] | None = None
    ) -> Nearest | None:
        near = await self._store.nearest(vectors, audience, self._open_to(audience, sources))
        return near if near is not None and self._shows(near.doc_id, audience) else None

    async def vocabulary(
        self, terms: Sequence[str], audience: frozenset[str], sources: frozenset[str] | None = None
    ) -> Vocabulary:
        return await self._store.vocabulary(terms, audience, self._open_to(audience, sources))

    async def passages(self, spans: Sequence[Span], audience: frozenset[str]) -> list[Passage]:
        return await self._store.passages(
            [span for span in spans if self._shows(span.doc_id, audience)], audience
        )

    async def revisions(self, source: str) -> dict[str, str]:
        return await self._store.revisions(source) if source in self._now.sources else {}

    def _open_to(self, audience: frozenset[str], wanted: frozenset[str] | None) -> frozenset[str]:
        """Return the sources that may have a page for them."""
        return frozenset(
            name
            for name, source in self._now.sources.items()
            if (wanted is None or name in wanted) and not audience.isdisjoint(source.audiences)
        )

    def _shows(self, doc_id: str, audience: frozenset[str]) -> bool:
        return not self._now.audience(doc_id).isdisjoint(audience)


class _Known:
    """Some settings' sources by name, and for whom they have a page."""

    def __init__(self, given: Sequence[SourceSettings]) -> None:
        self.given = given
        self.sources = {source.name: source for source in given}
        self.audience = lru_cache(maxsize=20_000)(self._audience_of)

    def _audience_of(self, doc_id: str) -> frozenset[str]:
        name, _, path = doc_id.partition(":")
        source = self.sources.get(name)
        return frozenset() if source is None else configured_audience(source, path)
