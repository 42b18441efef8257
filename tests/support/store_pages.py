"""Made-up pages, vectors and questions for tests of stores."""

import hashlib
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from bot.model import Chunk, Document
from bot.ports import Hit, IndexedChunk, IndexedDocument, IndexFormat, SearchQuery, Store, Vector

OpenStore = Callable[[], Awaitable[Store]]

DIMENSIONS = 64
FORMAT = IndexFormat(model="hashed words 64", dimensions=DIMENSIONS, chunking="paragraphs 1")
OTHER = replace(FORMAT, model="hashed words 64 v2")
KEYWORDS = IndexFormat(model="", dimensions=0, chunking="paragraphs 1")
EVERYONE = frozenset({"everyone"})


def embed(text: str) -> Vector:
    """A bag of words as a vector: texts that share words are near each other."""
    total = np.zeros(DIMENSIONS, np.float32)
    for word in text.lower().split():
        seed = int.from_bytes(hashlib.blake2b(word.encode(errors="replace"), digest_size=8).digest(), "big")
        total += np.random.default_rng(seed).standard_normal(DIMENSIONS, dtype=np.float32)
    length = float(np.linalg.norm(total))
    vector: Vector = total / length if length else np.eye(1, DIMENSIONS, dtype=np.float32)[0]
    return vector


def text_hash(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def page(
    doc_id: str,
    *texts: str,
    revision: str = "1",
    audience: Iterable[str] = EVERYONE,
    title: str = "",
    headings: Iterable[str] = (),
    vectors: bool = True,
    language: str = "en",
) -> IndexedDocument:
    """A document of one chunk a text, ready to be stored."""
    source, _, path = doc_id.partition(":")
    document = Document(
        id=doc_id,
        source=source,
        revision=revision,
        title=title or path,
        url=f"https://docs.example.com/{path}",
        text="\n\n".join(texts),
        audience=frozenset(audience),
        updated_at=datetime(2024, 5, 17, 8, 30, tzinfo=UTC),
        owners=("Ada Lovelace", "facilities@example.com"),
        language=language,
    )
    names = [*headings, *[""] * len(texts)]
    chunks = tuple(
        IndexedChunk(
            Chunk(ordinal, names[ordinal], text, anchor=names[ordinal].lower().replace(" ", "-")),
            text_hash(text),
            embed(text) if vectors else None,
        )
        for ordinal, text in enumerate(texts)
    )
    return IndexedDocument(document, chunks)


async def begin(store: Store, wanted: IndexFormat = FORMAT) -> Store:
    """Make the first index live, as the first sync does, and go on with the store that it leaves."""
    built = await store.rebuild(wanted)
    await store.swap(wanted)
    assert built is not None
    return store


def ask(
    text: str,
    *,
    vector: bool = True,
    audience: Iterable[str] = EVERYONE,
    sources: Iterable[str] | None = None,
    alpha: float = 0.5,
    limit: int = 50,
) -> SearchQuery:
    return SearchQuery(
        text=text,
        vector=embed(text) if vector else None,
        audience=frozenset(audience),
        sources=None if sources is None else frozenset(sources),
        alpha=alpha,
        limit=limit,
    )


def ids(hits: list[Hit]) -> list[str]:
    return [hit.passage.doc_id for hit in hits]


class OpenStores:
    """The fixtures of a store's tests."""

    @pytest.fixture
    def open_store(self) -> OpenStore:
        raise NotImplementedError

    @pytest.fixture
    async def store(self, open_store: OpenStore) -> Store:
        return await begin(await open_store())
