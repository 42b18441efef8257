"""Read → embed → write, side by side, with short queues between: each stage works while the others do."""

import asyncio
import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence

from bot.ports import IndexedDocument
from indexer.embed import Embedding
from indexer.page import NoPage, Page, raw_page
from indexer.readers import Readers
from indexer.sources.base import Entry, Fetched, PageFailed, PageGone, Source

# How many pages are fetched at once and read together.
_GROUP = 8
_GROUPS_AT_ONCE = 4
_WAITING_GROUPS = 4

# A batch is what a crash may lose: about so many texts to embed, or pages that need none.
BATCH_TEXTS = 96
BATCH_PAGES = 64

Pages = list[Page]
# A batch and its documents, which may still be on their way from the embedder.
Coming = tuple[Pages, asyncio.Task[list[IndexedDocument]]]


class Pipeline:
    """`write` stores a batch and may raise to end it all; `skip` hears of each page that came to nothing."""

    def __init__(
        self,
        source: Source,
        readers: Readers,
        embedding: Embedding,
        write: Callable[[Sequence[Page], Sequence[IndexedDocument]], Awaitable[None]],
        skip: Callable[[NoPage], Awaitable[None]],
    ) -> None:
        self._source = source
        self._readers = readers
        self._embedding = embedding
        self._write = write
        self._skip = skip
        self._fetching = asyncio.Semaphore(source.fetches_at_once)
        self.seconds: defaultdict[str, float] = defaultdict(float)
        # Batches with the embedder, or on their way from it to the store: what a crash loses.
        self._under_way = asyncio.Semaphore(embedding.batches)
        self._embedded = 0
        self._embedding_since = 0.0

    async def run(self, entries: Sequence[Entry]) -> None:
        read: asyncio.Queue[Pages | None] = asyncio.Queue(_WAITING_GROUPS)
        ready: asyncio.Queue[Coming | None] = asyncio.Queue()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read_all(entries, read, tasks))
                tasks.create_task(self._embed_all(read, ready, tasks))
                tasks.create_task(self._write_all(ready))
        except BaseExceptionGroup as errors:
            # One stage failed and the group ended the others: its error is the whole's.
            raise _first(errors) from None

    async def _read_all(
        self, entries: Sequence[Entry], read: asyncio.Queue[Pages | None], tasks: asyncio.TaskGroup
    ) -> None:
        """Some groups at once, but in their order."""
        under_way: deque[asyncio.Task[Pages]] = deque()
        for start in range(0, len(entries), _GROUP):
            under_way.append(tasks.create_task(self._read(entries[start : start + _GROUP])))
            if len(under_way) > _GROUPS_AT_ONCE:
                await read.put(await under_way.popleft())
        for group in under_way:
            await read.put(await group)
        await read.put(None)

    async def _read(self, entries: Sequence[Entry]) -> Pages:
        began = time.monotonic()
        fetched = await asyncio.gather(*map(self._fetch, entries))
        self.seconds["fetching"] += time.monotonic() - began
        began = time.monotonic()
        settings = self._source.settings
        raw = [raw_page(settings, entry, page) for entry, page in fetched if isinstance(page, Fetched)]
        built = await self._readers.read(raw)
        self.seconds["reading"] += time.monotonic() - began
        for none in (page for page in (*(page for _, page in fetched), *built) if isinstance(page, NoPage)):
            await self._skip(none)
        return [page for page in built if isinstance(page, Page)]

    async def _fetch(self, entry: Entry) -> tuple[Entry, Fetched | NoPage]:
        try:
            async with self._fetching:
                return entry, await self._source.fetch(entry)
        except PageGone as error:
            return entry, NoPage(entry.path, str(error), gone=True)
        except PageFailed as error:
            return entry, NoPage(entry.path, str(error))

    async def _embed_all(
        self,
        read: asyncio.Queue[Pages | None],
        ready: asyncio.Queue[Coming | None],
        tasks: asyncio.TaskGroup,
    ) -> None:
        """Several batches at once, so that an embedder that is called over a network is never idle."""
        waiting: Pages = []
        texts = 0
        while True:
            pages = await read.get()
            for page in pages or ():
                waiting.append(page)
                texts += len(page.pieces)
                if len(waiting) >= BATCH_PAGES or (texts >= BATCH_TEXTS and self._embedding.possible):
                    await self._begin(waiting, ready, tasks)
                    waiting, texts = [], 0
            if pages is None:
                break
        if waiting:
            await self._begin(waiting, ready, tasks)
        await ready.put(None)

    async def _begin(
        self, pages: Pages, ready: asyncio.Queue[Coming | None], tasks: asyncio.TaskGroup
    ) -> None:
        await self._under_way.acquire()
        await ready.put((pages, tasks.create_task(self._indexed(pages))))

    async def _indexed(self, pages: Pages) -> list[IndexedDocument]:
        if not self._embedded:
            self._embedding_since = time.monotonic()
        self._embedded += 1
        try:
            return await self._embedding.indexed(pages)
        finally:
            self._embedded -= 1
            if not self._embedded:
                self.seconds["embedding"] += time.monotonic() - self._embedding_since

    async def _write_all(self, ready: asyncio.Queue[Coming | None]) -> None:
        while (batch := await ready.get()) is not None:
            pages, coming = batch
            documents = await coming
            began = time.monotonic()
            await self._write(pages, documents)
            self.seconds["writing"] += time.monotonic() - began
            self._under_way.release()


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    first = errors.exceptions[0]
    return _first(first) if isinstance(first, BaseExceptionGroup) else first
