"""Vectors for a batch of pages: those that the index has are used again, only new texts are embedded."""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from bot.model import WITHOUT_VECTORS, Failure
from bot.ports import BackendError, Embedder, IndexedChunk, IndexedDocument, Store, Vector
from indexer.page import Page

_log = logging.getLogger(__name__)

# After so many batches in a row that failed, the rest of the sync goes on without the embedder.
_PATIENCE = 2


class Embedding:
    """`spare` is an index of the same model that another one is built beside.

    `batches` may be under way at once. An embedder that has no `calls_at_once` works on one at a time, and
    gains nothing by several.
    """

    def __init__(self, store: Store, embedder: Embedder | None, spare: Store | None) -> None:
        self._store = store
        self._embedder = embedder
        self._spare = spare
        self._before = embedder.usage() if embedder is not None else None
        # While one batch is stored, each call that the embedder may have under way has another one.
        at_once = getattr(embedder, "calls_at_once", 1)
        self.batches = 2 * at_once if at_once > 1 else 1
        self._failures = 0
        self._waiting = 0
        self._reason = ""
        # Of the latest batches: a text that several have is embedded once, and may not be stored yet.
        self._coming: dict[str, asyncio.Future[Vector | None]] = {}
        self._batches: deque[list[str]] = deque()
        self.texts = 0

    @property
    def possible(self) -> bool:
        return self._embedder is not None

    @property
    def tokens(self) -> int:
        if self._embedder is None or self._before is None:
            return 0
        return self._embedder.usage().input_tokens - self._before.input_tokens

    @property
    def model(self) -> str:
        """Whom the texts were billed to; "" if nobody embeds."""
        return self._before.model if self._before is not None else ""

    @property
    def warnings(self) -> list[Failure]:
        if not self._waiting:
            return []
        words = f"{self._waiting} pages are found by keywords alone until the next sync: {self._reason}"
        return [Failure("embedder", words)]

    async def indexed(self, pages: Sequence[Page]) -> list[IndexedDocument]:
        """The pages ready to be stored. Where the embedder fails they have no vectors and are marked so."""
        if self._embedder is None:
            return [_with_vectors(page, {}) for page in pages]
        vectors = await self._vectors(self._embedder, pages)
        documents = [_with_vectors(page, vectors) for page in pages]
        return [self._marked(document) for document in documents]

    async def _vectors(self, embedder: Embedder, pages: Sequence[Page]) -> dict[str, Vector]:
        texts = {piece.text_hash: piece.text for page in pages for piece in page.pieces}
        others = {name: self._coming[name] for name in texts if name in self._coming}
        mine = self._claim([name for name in texts if name not in others])
        known: dict[str, Vector] = {}
        try:
            for store in (self._store, self._spare):
                missing = [name for name in mine if name not in known]
                if store is not None and missing:
                    known |= await store.vectors(missing)
            missing = [name for name in mine if name not in known]
            if missing and self._failures < _PATIENCE:
                known |= await self._embed(embedder, {name: texts[name] for name in missing})
        finally:
            for name, coming in mine.items():
                if not coming.done():
                    coming.set_result(known.get(name))
        for name, theirs in others.items():
            vector = await theirs
            if vector is not None:
                known[name] = vector
        return known

    def _claim(self, names: list[str]) -> dict[str, "asyncio.Future[Vector | None]"]:
        """Later batches wait for these; what is stored by now is forgotten."""
        loop = asyncio.get_running_loop()
        mine: dict[str, asyncio.Future[Vector | None]] = {name: loop.create_future() for name in names}
        self._coming |= mine
        self._batches.append(names)
        if len(self._batches) > self.batches:
            for name in self._batches.popleft():
                del self._coming[name]
        return mine

    async def _embed(self, embedder: Embedder, texts: dict[str, str]) -> dict[str, Vector]:
        try:
            rows = await embedder.embed_documents(list(texts.values()))
        except BackendError as error:
            self._failures += 1
            self._reason = str(error)
            _log.warning("embedding failed: %s", error)
            return {}
        self._failures = 0
        self.texts += len(texts)
        return dict(zip(texts, rows, strict=True))

    def _marked(self, indexed: IndexedDocument) -> IndexedDocument:
        if all(chunk.vector is not None for chunk in indexed.chunks):
            return indexed
        self._waiting += 1
        revision = WITHOUT_VECTORS + indexed.document.revision
        return replace(indexed, document=replace(indexed.document, revision=revision))


def _with_vectors(page: Page, vectors: dict[str, Vector]) -> IndexedDocument:
    chunks = (
        IndexedChunk(piece.chunk, piece.text_hash, vectors.get(piece.text_hash), piece.terms)
        for piece in page.pieces
    )
    return IndexedDocument(page.document, tuple(chunks))
