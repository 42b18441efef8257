"""What an index knows of languages: counted by the server, remembered for a minute."""

import time
from collections.abc import Callable
from typing import Final

from bot.backends.weaviate.index import Index
from bot.backends.weaviate.server.sdk_types import aggregate

REMEMBERED: Final = 60.0


class VocabularyCache:
    """Of one index at a time; another one makes it forget."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._of = ""
        self._at = float("-inf")
        self._languages: tuple[str, ...] = ()

    async def languages(self, index: Index) -> tuple[str, ...]:
        """Of the pages, the most usual first."""
        await self._refresh(index)
        return self._languages or ("en",)

    async def _refresh(self, index: Index) -> None:
        name = index.generation.chunks
        fresh = self._clock() - self._at < REMEMBERED
        # An index that was empty is asked again.
        if name == self._of and fresh and self._languages:
            return
        # In groups: a plain total waits for a node that has just died.
        found = await index.pages.aggregate.over_all(
            group_by=aggregate.GroupByAggregate(prop="language"),
            total_count=True,
        )
        pages = {str(each.grouped_by.value): each.total_count or 0 for each in found.groups}
        self._languages = tuple(sorted(filter(None, pages), key=lambda language: -pages[language]))
        self._of, self._at = name, self._clock()
