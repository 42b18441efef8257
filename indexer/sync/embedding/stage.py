"""Provides the vectors of pages: those that the index has are used again, only new texts are embedded."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice

from bot.model import Chunk, Document, Failure
from bot.ports import BackendError, Embedder, IndexedChunk, IndexedDocument, Store, Vector
from bot.revisions import WITHOUT_VECTORS
from indexer.reading.chunker import embedded_text
from indexer.reading.page_builder import Page
from indexer.sync.embedding.vector_cache import VectorCache

_log = logging.getLogger(__name__)

# Texts of one call, where the embedder says nothing else: the most that Cohere takes.
CALL = 96
# Calls that are made ready or read while as many as the embedder allows are under way.
_BESIDE = 2
# After so many calls in a row that failed, the rest of the sync goes on without the embedder.
_PATIENCE = 2


@dataclass(frozen=True, slots=True)
class Coming:
    """A page whose vectors are known or on their way, by text hash; one that couldn't be had becomes None."""

    page: Page
    vectors: Mapping[str, "asyncio.Future[Vector | None]"]

    @property
    def here(self) -> bool:
        """Whether every vector is there, or couldn't be had."""
        return all(vector.done() for vector in self.vectors.values())

    async def arrived(self) -> None:
        """Wait until every vector is there, or couldn't be had."""
        missing = [vector for vector in self.vectors.values() if not vector.done()]
        if missing:
            await asyncio.wait(missing)


class EmbeddingStage:
    """Embeds new texts, each once, in full calls (of `texts_at_once`, if the embedder says so).

    As many calls are made at once as the embedder allows (`calls_at_once`, or one).

    Vectors are looked up in `store`, and in `spare`, an index of the same model beside which another one is built. Each
    call's vectors are saved in `vault` before they are used.
    """

    def __init__(
        self, store: Store, embedder: Embedder | None, spare: Store | None, vault: VectorCache | None
    ) -> None:
        self._stores = [store] if spare is None else [store, spare]
        self._embedder = embedder
        self._vault = vault
        # One thread: memory that several take and give back is given back to none of the others.
        self._vault_thread = ThreadPoolExecutor(1, "vault")
        self._before = embedder.usage() if embedder is not None else None
        self._calls = asyncio.Semaphore(1)
        self._under_way = 0
        self._failures = 0
        self._marks = 0
        self._reason = ""
        # Of pages that aren't stored yet: a text that several have is embedded once.
        self._coming: dict[str, asyncio.Future[Vector | None]] = {}
        self._waiting: dict[str, tuple[str, asyncio.Future[Vector | None]]] = {}
        self.texts = 0
        self.seconds = 0.0
        self._busy_since = 0.0

    @property
    def possible(self) -> bool:
        """Whether there is an embedder."""
        return self._embedder is not None

    @property
    def tokens(self) -> int:
        """How many tokens were embedded since this began."""
        if self._embedder is None or self._before is None:
            return 0
        return self._embedder.usage().input_tokens - self._before.input_tokens

    @property
    def model(self) -> str:
        """The model that the texts were billed to; "" without an embedder."""
        return self._before.model if self._before is not None else ""

    @property
    def warnings(self) -> list[Failure]:
        """One that counts the pages without vectors, or none."""
        if not self._marks:
            return []
        words = f"{self._marks} pages are found by keywords alone until the next sync: {self._reason}"
        return [Failure("embedder", words)]

    @property
    def calls_at_once(self) -> int:
        """How many calls the embedder allows at once now."""
        at_once: int = getattr(self._embedder, "calls_at_once", 1)
        return at_once

    @property
    def texts_at_once(self) -> int:
        """How many texts make a full call."""
        texts: int = getattr(self._embedder, "texts_at_once", CALL)
        return texts

    async def recall(self) -> None:
        """Load the vectors that an earlier sync left in the vault. Call it before the first page."""
        if self.calls_at_once > 1:
            self._calls = asyncio.Semaphore(self.calls_at_once + _BESIDE)
        if self._vault is not None:
            await self._in_vault(self._vault.load)

    async def end(self, *, done: bool) -> None:
        """Close the vault. `done`: all pages are stored."""
        if self._vault is not None:
            await self._in_vault(partial(self._vault.close, done=done))
        self._vault_thread.shutdown(wait=False)

    async def add(self, pages: Sequence[Page], tasks: asyncio.TaskGroup) -> list[Coming]:
        """Begin with these pages, and wait until every full call that their texts make has been sent."""
        if self._embedder is None:
            return [Coming(page, {}) for page in pages]
        texts = {piece.text_hash: (page.document, piece.chunk) for page in pages for piece in page.pieces}
        given = {
            piece.text_hash: row
            for page in pages
            if page.vectors is not None
            for piece, row in zip(page.pieces, page.vectors, strict=True)
        }
        vectors = await self._claim(texts, given)
        coming = [
            Coming(page, {piece.text_hash: vectors[piece.text_hash] for piece in page.pieces})
            for page in pages
        ]
        while len(self._waiting) >= self.texts_at_once:
            await self._send(self._embedder, tasks)
        return coming

    async def flush(self, tasks: asyncio.TaskGroup) -> None:
        """Send texts that don't fill a call."""
        if self._embedder is not None and self._waiting:
            await self._send(self._embedder, tasks)

    def holds_back(self, coming: Coming) -> bool:
        """Tell whether a text of the page waits for others to fill a call."""
        return any(name in self._waiting for name in coming.vectors)

    def indexed(self, coming: Coming) -> IndexedDocument:
        """Make a page whose vectors have arrived ready to be stored; one that lacks some is marked in its revision."""
        vectors = {name: vector.result() for name, vector in coming.vectors.items()}
        page = coming.page
        chunks = tuple(
            IndexedChunk(piece.chunk, piece.text_hash, vectors.get(piece.text_hash), piece.terms)
            for piece in page.pieces
        )
        if self._embedder is None or all(chunk.vector is not None for chunk in chunks):
            return IndexedDocument(page.document, chunks)
        self._marks += 1
        revision = WITHOUT_VECTORS + page.document.revision
        return IndexedDocument(replace(page.document, revision=revision), chunks)

    async def stored(self, pages: Sequence[Coming]) -> None:
        """Forget the vectors of pages that are stored now."""
        names = [name for page in pages for name in page.vectors]
        for name in names:
            self._coming.pop(name, None)
        if self._vault is not None and names:
            await self._in_vault(partial(self._vault.stored, names))

    async def _claim(
        self, texts: Mapping[str, tuple[Document, Chunk]], given: Mapping[str, Vector]
    ) -> "dict[str, asyncio.Future[Vector | None]]":
        """Find each text's vector by its hash, or the future of one that is on its way. `given` came with the pages.

        Futures of earlier pages are looked up first: while the store is asked, those pages may be stored and forgotten.
        """
        claimed = {name: self._coming[name] for name in texts if name in self._coming}
        new = [name for name in texts if name not in claimed]
        known: dict[str, Vector] = {}
        for store in self._stores:
            missing = [name for name in new if name not in known]
            if missing:
                known |= await store.vectors(missing)
        loop = asyncio.get_running_loop()
        for name in new:
            coming = claimed[name] = self._coming[name] = loop.create_future()
            vector = known.get(name)
            if vector is None and self._vault is not None:
                vector = self._vault.get(name)
            if vector is None and (vector := given.get(name)) is not None:
                self.texts += 1
            if vector is None:
                self._waiting[name] = embedded_text(*texts[name]), coming
            else:
                coming.set_result(vector)
        return claimed

    async def _send(self, embedder: Embedder, tasks: asyncio.TaskGroup) -> None:
        """Send the next call, as soon as another one may be made."""
        await self._calls.acquire()
        names = list(islice(self._waiting, self.texts_at_once))
        if not names:  # somebody else sent them meanwhile
            self._calls.release()
            return
        tasks.create_task(self._call(embedder, {name: self._waiting.pop(name) for name in names}))

    async def _call(
        self, embedder: Embedder, wanted: Mapping[str, tuple[str, "asyncio.Future[Vector | None]"]]
    ) -> None:
        if not self._under_way:
            self._busy_since = time.monotonic()
        self._under_way += 1
        vectors: Mapping[str, Vector] = {}
        try:
            if self._failures < _PATIENCE:
                vectors = await self._embedded(embedder, {name: text for name, (text, _) in wanted.items()})
        finally:
            self._calls.release()
            self._under_way -= 1
            if not self._under_way:
                self.seconds += time.monotonic() - self._busy_since
        for name, (_, coming) in wanted.items():
            coming.set_result(vectors.get(name))

    async def _embedded(self, embedder: Embedder, texts: Mapping[str, str]) -> Mapping[str, Vector]:
        try:
            rows = await embedder.embed_documents(list(texts.values()))
        except BackendError as error:
            self._failures += 1
            self._reason = str(error)
            _log.warning("embedding failed: %s", error)
            return {}
        self._failures = 0
        self.texts += len(texts)
        vectors: dict[str, Vector] = dict(zip(texts, rows, strict=True))
        if self._vault is not None:
            await self._in_vault(partial(self._vault.keep, vectors))
        return vectors

    async def _in_vault(self, work: Callable[[], None]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._vault_thread, work)
