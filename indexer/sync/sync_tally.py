"""Counts what one sync has done so far: its progress while it runs, and its report at the end."""

import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from typing import Literal

from bot.model import Failure, Progress, SyncReport, WordsKept
from indexer.reading.page_builder import Page
from indexer.sources.base import Misfit, Source
from indexer.sync import strict_audiences
from indexer.sync.embedding.stage import EmbeddingStage

ShowProgress = Callable[[Progress], Awaitable[None]]
Stage = Literal["listing", "indexing", "deleting", "done"]

HELD_NAMED = 20
_PROGRESS_EVERY = 0.2  # seconds


class SyncTally:
    """Counts pages by what became of them, seconds by stage, failures and warnings. `show` is told the progress.

    `total` is how many pages are to be read, None while that isn't known; `held` are the paths of pages whose
    deletion waits for somebody's word.
    """

    def __init__(self, source: Source, show: ShowProgress | None) -> None:
        self.counts: Counter[str] = Counter()
        self.seconds: defaultdict[str, float] = defaultdict(float)
        self.failed: list[Failure] = []
        self.misfits: list[Misfit] = []
        self.held: list[str] = []
        self.total: int | None = None
        self._source = source
        self._show = show
        self._shown_at = 0.0
        self._began = time.monotonic()
        self._warned: list[Failure] = []
        self._words: defaultdict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))

    def add(self, page: Page) -> None:
        """Count a stored page's words by its format, and note what of it could not be had."""
        words = page.words
        if words is not None and words.held:
            held, kept = self._words[words.format]
            self._words[words.format] = (held + words.held, kept + words.kept)
        if page.problem:
            self._warned.append(Failure(page.document.path, page.problem))

    def listed(self, unchanged: int, total: int) -> None:
        """End the listing: so many pages are as they were, so many are to be read."""
        self.seconds["listing"] = time.monotonic() - self._began
        self.counts["unchanged"] = unchanged
        self.total = total

    async def show(self, stage: Stage, *, listed: int = 0, now: bool = False) -> None:
        """Tell how far it is, a few times a second at the most, or `now`. `listed` are the entries found so far."""
        moment = time.monotonic()
        if self._show is None or not (now or moment - self._shown_at >= _PROGRESS_EVERY):
            return
        self._shown_at = moment
        done = listed if stage == "listing" else self.counts["read"]
        await self._show(Progress(self._source.name, stage, done, self.total, moment - self._began))

    def report(self, embedding: EmbeddingStage, trouble: str, *, error: str, cancelled: bool) -> SyncReport:
        """Report what has been done until now. `trouble` is what readers on other machines had."""
        return SyncReport(
            source=self._source.name,
            added=self.counts["added"],
            changed=self.counts["changed"],
            renamed=self.counts["renamed"],
            deleted=self.counts["deleted"],
            unchanged=self.counts["unchanged"],
            failed=tuple(self.failed),
            held_back=len(self.held),
            held=tuple(self.held[:HELD_NAMED]),
            chunks=self.counts["chunks"],
            embedded=embedding.texts,
            tokens=embedding.tokens,
            model=embedding.model,
            seconds=time.monotonic() - self._began,
            stages=dict(self.seconds),
            error=error,
            cancelled=cancelled,
            warnings=(*self._source.warned, *self._warned, *embedding.warnings),
            untaken=dict(self._source.selection.untaken),
            unfit=tuple(strict_audiences.told(misfit) for misfit in self.misfits),
            left_out=self.counts["left out"],
            drafts=self.counts["drafts"],
            words=tuple(WordsKept(kind, *counts) for kind, counts in sorted(self._words.items())),
            empty=self.counts["empty"],
            machines=trouble if self.counts["read"] else "",
        )
