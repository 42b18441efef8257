"""How much of its pages' text one sync brought into the index."""

from collections import defaultdict

from bot.model import WordsKept
from indexer.reading.page_builder import Page


class WordsTally:
    def __init__(self) -> None:
        self._counts: defaultdict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))

    def add(self, page: Page) -> None:
        words = page.words
        if words is None or not words.held:
            return
        held, kept = self._counts[words.format]
        self._counts[words.format] = (held + words.held, kept + words.kept)

    def by_format(self) -> tuple[WordsKept, ...]:
        return tuple(WordsKept(kind, *counts) for kind, counts in sorted(self._counts.items()))
