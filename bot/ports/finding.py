"""What an index is and who finds in it: the store, the embedder, the reranker."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from bot.model import Chunk, Document, Passage, Usage

# float32, of the embedder's dimensions and of length 1.
Vector = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class IndexFormat:
    """What an index was made with. Another one means a rebuild. `model` is "" for keywords alone."""

    model: str
    dimensions: int
    chunking: str


@dataclass(frozen=True, slots=True)
class IndexedChunk:
    """A chunk ready to be stored. `text_hash` is of the text that was embedded.

    `terms` is what `bot.text.chunk_terms.lines` makes of it; "" where the store shall make it itself.
    """

    chunk: Chunk
    text_hash: str
    vector: Vector | None
    terms: str = ""


@dataclass(frozen=True, slots=True)
class IndexedDocument:
    document: Document
    chunks: tuple[IndexedChunk, ...]


@dataclass(frozen=True, slots=True)
class Narrowing:
    """A stored document is shown to no more people than `audience`, and gets this revision."""

    doc_id: str
    audience: frozenset[str]
    revision: str


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """`alpha` is the vector leg's weight: 0 is keywords alone, 1 vectors alone. No vector: keywords."""

    text: str
    vector: Vector | None
    audience: frozenset[str]
    sources: frozenset[str] | None = None
    alpha: float = 0.5
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Hit:
    """`keyword` is BM25 and `vector` cosine similarity; None: that leg didn't score it.

    `terms` is what `bot.text.chunk_terms.lines` made of the chunk; None if the store doesn't keep it. `passage.score` is the relative-score fusion of the two: good for ordering, never for a threshold.
    """

    passage: Passage
    keyword: float | None
    vector: float | None
    terms: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """The chunks `first`..`last` (both included) of a document."""

    doc_id: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class SourceStats:
    documents: int
    chunks: int


@dataclass(frozen=True, slots=True)
class StoreStats:
    documents: int
    chunks: int
    bytes: int | None
    sources: Mapping[str, SourceStats]


@dataclass(frozen=True, slots=True)
class StoredPage:
    """A document as it stands in the index: who may see it, and all of its chunks in order."""

    doc_id: str
    audience: frozenset[str]
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What an asker's part of an index knows of some terms (`bot.text.analyzer`): in how many chunks each stands.

    Terms that stand nowhere are left out. `languages` are its pages', the usual ones first. `chunks` is
    None where the store can't count.
    """

    chunks: int | None = None
    holding: Mapping[str, int] = field(default_factory=dict)
    languages: tuple[str, ...] = ("en",)


@dataclass(frozen=True, slots=True)
class Nearest:
    """Of which document the nearest chunk is, and its cosine similarity to each of the vectors."""

    doc_id: str
    similarities: tuple[float, ...]


class Reader(Protocol):
    """What is found in an index, by whom."""

    async def search(self, query: SearchQuery) -> list[Hit]:
        """The best `limit` chunks by fused score that the audience may see; no audience: none."""
        ...

    async def nearest(
        self, vectors: Sequence[Vector], audience: frozenset[str], sources: frozenset[str] | None = None
    ) -> Nearest | None:
        """The visible chunk that is nearest to any of the vectors; None if none is visible."""
        ...

    async def vocabulary(
        self, terms: Sequence[str], audience: frozenset[str], sources: frozenset[str] | None = None
    ) -> Vocabulary:
        """How common the terms are in what the audience may see of these sources, and its pages' languages.

        A word that stands on hidden pages alone is unknown: that it is known would tell of them.
        """
        ...

    async def passages(self, spans: Sequence[Span], audience: frozenset[str]) -> list[Passage]:
        """The chunks of the spans in their documents' order; what is gone or not visible is left out."""
        ...

    async def revisions(self, source: str) -> dict[str, str]:
        """Document id → revision, of the documents that are stored whole."""
        ...


class Store(Reader, Protocol):
    """The index. Every store passes tests/support/store_contract.py, which says the rest."""

    async def replace(self, documents: Sequence[IndexedDocument]) -> None:
        """Put each document in place of its older revision: readers see the old or the new one whole."""
        ...

    async def delete(self, doc_ids: Sequence[str]) -> None:
        """Unknown ids are no error."""
        ...

    async def stored(self, doc_ids: Sequence[str]) -> list[StoredPage]:
        """The documents whole, whoever may see them: for who runs Docent, never for an answer.

        In the order of the ids; unknown ones are left out.
        """
        ...

    async def narrow(self, narrowings: Sequence[Narrowing]) -> None:
        """Show documents to fewer people, by `bot.model.narrower`, whatever else is stored of them.

        One that nobody loses stays as it is, with its revision. Unknown ids are no error.
        """
        ...

    async def vectors(self, text_hashes: Sequence[str]) -> dict[str, Vector]:
        """Those of the texts that were embedded already by this index's model."""
        ...

    async def format(self) -> IndexFormat | None:
        """What the live index was made with; None while there is none."""
        ...

    async def rebuild(self, wanted: IndexFormat) -> "Store":
        """A store that writes a new index beside the live one, or goes on with one left half-way.

        With no live index yet, the new one may be the live one from the start.
        """
        ...

    async def swap(self, wanted: IndexFormat) -> None:
        """Make the rebuilt index the live one in one step, and drop the old one. No-op if it is live."""
        ...

    async def settle(self) -> None:
        """After a sync: put the index into the form that is quickest to search, where that takes work."""
        ...

    async def stats(self) -> StoreStats: ...

    async def check(self) -> None:
        """Return if reads and writes would work; raise what stands in the way."""
        ...

    async def close(self) -> None: ...


class Embedder(Protocol):
    """`model` names vendor, model and dimensions: two embedders of one name give the same vectors."""

    @property
    def model(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    async def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row a text, any number of texts; batches, rate limits and retries are the embedder's."""
        ...

    async def embed_query(self, text: str) -> Vector: ...

    def usage(self) -> Usage:
        """Since it was made."""
        ...

    async def close(self) -> None: ...


@runtime_checkable
class Loadable(Protocol):
    """A model that takes long at its first use."""

    async def load(self) -> None:
        """Load it now. Raises BackendError."""
        ...


class Reranker(Protocol):
    async def rerank(self, question: str, texts: Sequence[str]) -> list[float]:
        """A relevance 0..1 for each text, in the order of the texts."""
        ...

    def usage(self) -> Usage: ...

    async def close(self) -> None: ...
