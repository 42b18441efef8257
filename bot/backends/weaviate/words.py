"""What an index knows of terms and languages: counted by the server, remembered for a minute."""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final

from bot.backends.weaviate.index import Index
from bot.backends.weaviate.reader import chunks_in
from bot.backends.weaviate.schema import TERMS
from bot.backends.weaviate.vendor import aggregate, query
from bot.ports import Vocabulary

REMEMBERED: Final = 60.0
_MOST_TERMS: Final = 50_000
_AT_ONCE: Final = 16


class Words:
    """Of one index at a time; another one makes it forget. Counts are for weighing, so they may be old."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._of = ""
        self._at = float("-inf")
        self._languages: tuple[str, ...] = ()
        self._chunks = 0
        self._holding: dict[str, int] = {}

    async def languages(self, index: Index) -> tuple[str, ...]:
        """Of the pages, the most usual first."""
        await self._refresh(index)
        return self._languages or ("en",)

    async def vocabulary(self, index: Index, terms: Sequence[str]) -> Vocabulary:
        await self._refresh(index)
        new = [term for term in dict.fromkeys(terms) if term not in self._holding]
        slots = asyncio.Semaphore(_AT_ONCE)
        counts = await asyncio.gather(*(_count(index, term, slots) for term in new))
        self._holding |= dict(zip(new, counts, strict=True))
        holding = {term: self._holding[term] for term in terms if self._holding.get(term)}
        return Vocabulary(self._chunks, holding, self._languages or ("en",))

    async def _refresh(self, index: Index) -> None:
        name = index.generation.chunks
        fresh = self._clock() - self._at < REMEMBERED and len(self._holding) < _MOST_TERMS
        # An index that was empty is asked again.
        if name == self._of and fresh and self._chunks:
            return
        # In groups: a plain total waits for a node that has just died.
        found = await index.pages.aggregate.over_all(
            group_by=aggregate.GroupByAggregate(prop="language"),
            total_count=True,
            return_metrics=[aggregate.Metrics("chunks").integer(sum_=True)],
        )
        pages = {str(each.grouped_by.value): each.total_count or 0 for each in found.groups}
        self._languages = tuple(sorted(filter(None, pages), key=lambda language: -pages[language]))
        self._chunks = sum(chunks_in(each.properties) for each in found.groups)
        self._holding = {}
        self._of, self._at = name, self._clock()


async def _count(index: Index, term: str, slots: asyncio.Semaphore) -> int:
    where = query.Filter.any_of([query.Filter.by_property(name).equal(term) for name in TERMS])
    async with slots:
        return (await index.chunks.aggregate.over_all(total_count=True, filters=where)).total_count or 0
