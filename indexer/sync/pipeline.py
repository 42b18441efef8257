"""Reads, embeds and writes pages side by side: each stage works while the others do."""

import asyncio
import logging
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bot.ports import BackendError, IndexedDocument
from indexer.reading.page_builder import NoPage, Page, raw_page
from indexer.reading.reader_pool import Readers
from indexer.sources.base import Entry, Fetched, PageFailed, PageGone, PageHidden, Source, SourceError
from indexer.sync.embedding.stage import Coming, EmbeddingStage

log = logging.getLogger(__name__)

# Groups of pages that are fetched at once.
_GROUPS_FETCHED_AT_ONCE = 5
_WAITING_GROUPS = 8

# One write: so many pages, or chunks, or what arrived within so many seconds.
BATCH_PAGES = 128
_BATCH_CHUNKS = 1_000
_BATCH_SECONDS = 5.0
# Chunks that may wait for their vectors or to be written: memory.
AHEAD = 1_500

Pages = list[Page]


@dataclass(frozen=True, slots=True)
class _Read:
    """A group's pages, and the bytes that they were made of."""

    pages: Pages
    size: int


class Pipeline:
    """Runs the stages. `write` stores a batch and may raise to end the run; `skip` is told of each page that can't be indexed."""

    def __init__(
        self,
        source: Source,
        readers: Readers,
        embedding: EmbeddingStage,
        write: Callable[[Sequence[Page], Sequence[IndexedDocument]], Awaitable[None]],
        skip: Callable[[NoPage], Awaitable[None]],
    ) -> None:
        self._source = source
        self._readers = readers
        self._embedding = embedding
        self._write = write
        self._skip = skip
        self._fetching = asyncio.Semaphore(source.fetches_at_once)
        self._groups_fetched = asyncio.Semaphore(_GROUPS_FETCHED_AT_ONCE)
        self._held = 0  # bytes that were fetched, of pages that weren't handed on
        self._ahead = max(AHEAD, embedding.texts_at_once * (embedding.calls_at_once + 2))
        self.seconds: defaultdict[str, float] = defaultdict(float)
        # Read, in their order, and not written yet; `_told` when that, or that there will be no more, changed.
        self._line: deque[Coming] = deque()
        self._chunks_in_line = 0
        self._is_last = False
        self._told = asyncio.Condition()

    async def run(self, entries: Sequence[Entry]) -> None:
        """Index the pages of these entries. Raises what a stage raises first."""
        read: asyncio.Queue[Pages | None] = asyncio.Queue(_WAITING_GROUPS)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read_all(entries, read, tasks))
                tasks.create_task(self._embed_all(read, tasks))
                tasks.create_task(self._write_all(tasks))
        except BaseExceptionGroup as errors:
            # One stage failed and the group ended the others: its error is the whole's.
            raise _first(errors) from None
        if self._embedding.seconds:
            self.seconds["embedding"] = self._embedding.seconds

    async def _read_all(
        self, entries: Sequence[Entry], read: asyncio.Queue[Pages | None], tasks: asyncio.TaskGroup
    ) -> None:
        """Read groups of pages, some at once, and hand them on in the listing's order."""
        under_way: deque[asyncio.Task[_Read]] = deque()
        size = self._readers.pages_at_once
        for start in range(0, len(entries), size):
            await self._groups_fetched.acquire()
            under_way.append(tasks.create_task(self._read(entries[start : start + size])))
            while under_way and self._is_full(len(under_way)):
                await self._hand_on(await under_way.popleft(), read)
        for group in under_way:
            await self._hand_on(await group, read)
        await read.put(None)

    def _is_full(self, groups: int) -> bool:
        return groups > self._readers.groups_at_once or self._held > self._readers.bytes_at_once

    async def _hand_on(self, done: _Read, read: asyncio.Queue[Pages | None]) -> None:
        await read.put(done.pages)
        self._held -= done.size

    async def _read(self, entries: Sequence[Entry]) -> _Read:
        began = time.monotonic()
        async with asyncio.TaskGroup() as fetching:  # where the whole source fails, none is left behind
            tasks = [fetching.create_task(self._fetch(entry)) for entry in entries]
        fetched = [task.result() for task in tasks]
        self._groups_fetched.release()
        self.seconds["fetching"] += time.monotonic() - began
        began = time.monotonic()
        settings = self._source.settings
        raw = [raw_page(settings, entry, page) for entry, page in fetched if isinstance(page, Fetched)]
        size = sum(len(page.fetched.data) for page in raw)
        self._held += size
        built = await self._readers.read(raw)
        self.seconds["reading"] += time.monotonic() - began
        for none in (page for page in (*(page for _, page in fetched), *built) if isinstance(page, NoPage)):
            await self._skip(none)
        return _Read([page for page in built if isinstance(page, Page)], size)

    async def _fetch(self, entry: Entry) -> tuple[Entry, Fetched | NoPage]:
        try:
            async with self._fetching:
                return entry, await self._source.fetch(entry)
        except PageGone as error:
            return entry, NoPage(entry.path, str(error), gone=True)
        except PageHidden as error:
            return entry, NoPage(entry.path, str(error), hidden=True)
        except PageFailed as error:
            return entry, NoPage(entry.path, str(error))
        except (SourceError, BackendError):
            raise
        except Exception as bug:  # the outermost loop of a page: the others are read all the same
            log.exception("%s of %s can't be fetched", entry.path, self._source.name)
            return entry, NoPage(
                entry.path, f"a bug in Docent stopped it ({type(bug).__name__}); the log has more"
            )

    async def _embed_all(self, read: asyncio.Queue[Pages | None], tasks: asyncio.TaskGroup) -> None:
        while (pages := await read.get()) is not None:
            coming = await self._embedding.add(pages, tasks)
            async with self._told:
                self._line += coming
                self._chunks_in_line += sum(len(page.pieces) for page in pages)
                self._told.notify_all()
            await self._push(tasks)
            async with self._told:
                await self._told.wait_for(lambda: self._chunks_in_line <= self._ahead)
        await self._embedding.flush(tasks)
        async with self._told:
            self._is_last = True
            self._told.notify_all()

    async def _push(self, tasks: asyncio.TaskGroup) -> None:
        """Send a call that isn't full where the next page to be written waits for it and reading has stopped, at `_ahead`.

        Otherwise each would wait for the other.
        """
        if self._chunks_in_line > self._ahead and self._line and self._embedding.holds_back(self._line[0]):
            await self._embedding.flush(tasks)

    async def _write_all(self, tasks: asyncio.TaskGroup) -> None:
        while batch := await self._batch(tasks):
            documents = [self._embedding.indexed(coming) for coming in batch]
            began = time.monotonic()
            await self._write([coming.page for coming in batch], documents)
            self.seconds["writing"] += time.monotonic() - began
            await self._embedding.stored(batch)
            async with self._told:
                self._chunks_in_line -= sum(len(coming.page.pieces) for coming in batch)
                self._told.notify_all()

    async def _batch(self, tasks: asyncio.TaskGroup) -> list[Coming]:
        """Wait for the next pages to write; [] at the end."""
        batch: list[Coming] = []
        chunks = 0
        try:
            async with asyncio.timeout(None) as limit:
                while len(batch) < BATCH_PAGES and chunks < _BATCH_CHUNKS:
                    if not self._line:
                        async with self._told:
                            await self._told.wait_for(lambda: self._line or self._is_last)
                        if not self._line:
                            break
                    if not self._line[0].here:
                        await self._push(tasks)
                        await self._line[0].arrived()
                    batch.append(self._line.popleft())
                    chunks += len(batch[-1].page.pieces)
                    if len(batch) == 1:
                        limit.reschedule(asyncio.get_running_loop().time() + _BATCH_SECONDS)
        except TimeoutError:
            pass  # it is worth a write by now
        return batch


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    first = errors.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
