"""Says what an index is, and what finds in it: the store, the embedder, the reranker."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from bot.model import Chunk, Document, Passage, Usage

# float32, of the embedder's dimensions and of length 1.
if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Vector = NDArray[np.float32]
else:
    Vector = Any  # processes that only read pages start a fifth faster without numpy


@dataclass(frozen=True, slots=True)
class IndexFormat:
    """What an index was made with; with another one it is rebuilt. `model` is "" for keywords alone."""

    model: str
    dimensions: int
    chunking: str


@dataclass(frozen=True, slots=True)
class IndexedChunk:
    """A chunk ready to be stored. `text_hash` is of the text that was embedded.

    `terms` is what `bot.text.chunk_terms.lines` makes of it; "" where the store makes it.
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
    """Shows a stored document to no more people than `audience`, and gives it this revision."""

    doc_id: str
    audience: frozenset[str]
    revision: str


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """A question to a store. `alpha` is the weight of vectors, from 0 (keywords alone) to 1; without a vector it is 0."""

    text: str
    vector: Vector | None
    audience: frozenset[str]
    sources: frozenset[str] | None = None
    alpha: float = 0.5
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that was found. `keyword` is BM25, `vector` cosine similarity; None where that search didn't score it.

    `terms` is what `bot.text.chunk_terms.lines` made of the chunk; None if the store doesn't keep it.
    `passage.score` is the relative-score fusion of the two: good for ordering, never for a threshold.
    """

    passage: Passage
    keyword: float | None
    vector: float | None
    terms: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """The chunks `first` to `last` of a document, both included."""

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
    """In how many chunks that an asker may see each of some terms (`bot.text.analyzer`) stands.

    Terms that stand nowhere are left out. `languages` are the pages', the usual ones first. `chunks` is how many
    chunks there are, None where the store can't count.
    """

    chunks: int | None = None
    holding: Mapping[str, int] = field(default_factory=dict)
    languages: tuple[str, ...] = ("en",)


@dataclass(frozen=True, slots=True)
class Nearest:
    """The document that the nearest chunk is of, and the chunk's cosine similarity to each of the vectors."""

    doc_id: str
    similarities: tuple[float, ...]


class Reader(Protocol):
    """Finds in an index, for an audience."""

    async def search(self, query: SearchQuery) -> list[Hit]:
        """Return the best `limit` chunks by fused score that the audience may see; none for no audience."""
        ...

    async def nearest(
        self, vectors: Sequence[Vector], audience: frozenset[str], sources: frozenset[str] | None = None
    ) -> Nearest | None:
        """Return the visible chunk that is nearest to any of the vectors; None if none is visible."""
        ...

    async def vocabulary(
        self, terms: Sequence[str], audience: frozenset[str], sources: frozenset[str] | None = None
    ) -> Vocabulary:
        """Return how common the terms are in what the audience may see of these sources, and its pages' languages.

        A word that stands only on pages that the audience may not see is unknown: to know it would tell of them.
        """
        ...

    async def passages(self, spans: Sequence[Span], audience: frozenset[str]) -> list[Passage]:
        """Return the chunks of the spans in their documents' order, without those that are gone or not visible."""
        ...

    async def revisions(self, source: str) -> dict[str, str]:
        """Return the revisions of the source's documents that are stored whole, by document id."""
        ...


class Store(Reader, Protocol):
    """Keeps an index. Every store passes tests/support/store_contract.py, which says the rest."""

    async def replace(self, documents: Sequence[IndexedDocument]) -> None:
        """Replace each document's older revision: readers see the old or the new one whole."""
        ...

    async def delete(self, doc_ids: Sequence[str]) -> None:
        """Delete the documents. Unknown ids are no error."""
        ...

    async def stored(self, doc_ids: Sequence[str]) -> list[StoredPage]:
        """Return the documents whole, whoever may see them: for who runs Docent, never for an answer.

        They come in the order of the ids, without unknown ones.
        """
        ...

    async def narrow(self, narrowings: Sequence[Narrowing]) -> None:
        """Show documents to fewer people, by `bot.model.narrower`; all else that is stored of them stays.

        A document whose audience stays the same keeps its revision, too. Unknown ids are no error.
        """
        ...

    async def vectors(self, text_hashes: Sequence[str]) -> dict[str, Vector]:
        """Return the vectors of those texts that this index's model has embedded already, by hash."""
        ...

    async def format(self) -> IndexFormat | None:
        """Return what the live index was made with; None while there is none."""
        ...

    async def rebuild(self, wanted: IndexFormat) -> "Store":
        """Return a store that writes a new index beside the live one, or goes on with one left half-way.

        With no live index yet, the new one may be the live one from the start.
        """
        ...

    async def swap(self, wanted: IndexFormat) -> None:
        """Make the rebuilt index the live one in one step, and drop the old one. Does nothing if it is live."""
        ...

    async def settle(self) -> None:
        """Put the index into the form that is quickest to search, where that takes work; called after a sync."""
        ...

    async def stats(self) -> StoreStats: ...

    async def check(self) -> None:
        """Return if reads and writes would work; raise what stands in the way."""
        ...

    async def close(self) -> None: ...


class Embedder(Protocol):
    """Makes vectors of texts. `model` names vendor, model and dimensions: embedders of one name give the same vectors."""

    @property
    def model(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    async def embed_documents(self, texts: Sequence[str]) -> "NDArray[np.float32]":
        """Return an array with one row for each text, of any number of texts; batches, limits and retries are done here."""
        ...

    async def embed_query(self, text: str) -> Vector: ...

    def usage(self) -> Usage:
        """Return what was used since the embedder was made."""
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
        """Return a relevance from 0 to 1 for each text, in the order of the texts."""
        ...

    def usage(self) -> Usage: ...

    async def close(self) -> None: ...
