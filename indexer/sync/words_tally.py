"""How much of its pages' text one sync brought into the index."""

from collections import defaultdict

from bot.model import WordsKept
from indexer.reading.page_builder import Page
from indexer.reading.words_kept import loss


class WordsTally:
    """`lossy` are the pages that lack most of their words."""

    def __init__(self) -> None:
        self._counts: defaultdict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
        self.lossy: list[str] = []

    def add(self, page: Page) -> None:
        words = page.words
        if words is None or not words.held:
            return
        held, kept = self._counts[words.format]
        self._counts[words.format] = (held + words.held, kept + words.kept)
        if loss(words):
            self.lossy.append(page.document.path)

    def by_format(self) -> tuple[WordsKept, ...]:
        return tuple(WordsKept(kind, *counts) for kind, counts in sorted(self._counts.items()))
