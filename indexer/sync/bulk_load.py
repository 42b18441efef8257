"""Indexes documents that need no source, such as an evaluation's set."""

import asyncio
from collections.abc import Callable, Sequence

from bot.model import Document
from bot.ports import Embedder, IndexedChunk, IndexedDocument, Store, Vector
from indexer.reading.chunker import chunk, embedded_text, text_hash
from indexer.sync.sync_all import wanted_format

_AT_ONCE = 64


async def index_documents(
    documents: Sequence[Document], store: Store, embedder: Embedder | None, on_done: Callable[[int], None]
) -> None:
    """Chunk, embed and store documents as a new index, and make that the live one. Raises BackendError.

    `on_done` is told how many are stored.
    """
    wanted = wanted_format(embedder)
    beside = await store.rebuild(wanted)
    for start in range(0, len(documents), _AT_ONCE):
        some = documents[start : start + _AT_ONCE]
        await beside.replace(await _indexed(some, embedder))
        on_done(start + len(some))
    await store.swap(wanted)


async def _indexed(documents: Sequence[Document], embedder: Embedder | None) -> list[IndexedDocument]:
    pieces = await asyncio.to_thread(lambda: [(document, chunk(document)) for document in documents])
    texts = {
        text_hash(text): text
        for document, chunks in pieces
        for text in (embedded_text(document, each) for each in chunks)
    }
    vectors: dict[str, Vector] = {}
    if embedder is not None and texts:
        rows = await embedder.embed_documents(list(texts.values()))
        vectors = dict(zip(texts, rows, strict=True))
    return [
        IndexedDocument(
            document,
            tuple(
                IndexedChunk(each, name, vectors.get(name))
                for each in chunks
                for name in [text_hash(embedded_text(document, each))]
            ),
        )
        for document, chunks in pieces
    ]
