"""Stand-ins for our own ports, shared by all tests. Add to it; keep each small."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

from bot.model import Candidate, Chunk, Citation, Passage, Question, Usage, narrower
from bot.ports import (
    BackendError,
    Brief,
    Cited,
    Finished,
    Hit,
    IndexedDocument,
    IndexFormat,
    Narrowing,
    Nearest,
    SearchQuery,
    SourceStats,
    Span,
    StoredPage,
    StoreStats,
    Vector,
    Vocabulary,
    Wrote,
)
from bot.text.analyzer import query_terms, tokens
from bot.text.chunk_terms import lines


class FakeClock:
    """A clock that moves only when told to."""

    def __init__(self, now: float = 1_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += seconds


def make_passage(text: str, *, page: str = "time-off.md", title: str = "Time off", **fields) -> Passage:
    """A passage of the page `handbook:page`."""
    return Passage(
        **{
            "chunk_id": f"{page}#{fields.get('ordinal', 0)}",
            "doc_id": f"handbook:{page}",
            "source": "handbook",
            "ordinal": 0,
            "title": title,
            "heading": "",
            "url": f"https://docs.example/{page}",
            "text": text,
            "score": 1.0,
            "updated_at": datetime(2026, 1, 2, tzinfo=UTC),
            **fields,
        }
    )


@dataclass
class FakeRetrieval:
    """What bot.retrieval.retriever would have found."""

    passages: Sequence[Passage] = ()
    candidates: Sequence[Candidate] = ()
    enough: bool = True
    strong: bool = False
    nearest: Sequence[Citation] = ()
    degraded: Sequence[str] = ()
    queries: Sequence[str] = ()
    evidence: Mapping[str, float] = field(default_factory=dict)
    decision: str = ""
    hidden: bool = False


class FakeRetriever:
    """Gives what it was made with, after raising `failing`, one error a call."""

    def __init__(self, found: FakeRetrieval, *, failing: Sequence[BackendError] = ()) -> None:
        self.found = found
        self.failing = list(failing)
        self.asked: list[tuple[Question, str]] = []

    async def retrieve(self, question: Question, standalone: str) -> FakeRetrieval:
        self.asked.append((question, standalone))
        if self.failing:
            raise self.failing.pop(0)
        return self.found


@dataclass(frozen=True)
class Says:
    """A piece of a fake writer's answer, and the passages (by their number in the brief) it rests on."""

    text: str
    on: tuple[int, ...] = ()


@dataclass(frozen=True)
class Hangs:
    """The fake writer says nothing more."""


Script = Sequence[Says | BackendError | Hangs]


class FakeWriter:
    """Writes one script a call (the last one again and again). A script without `ends` is cut off."""

    def __init__(self, *scripts: Script, ends: bool = True, standalone: str | BackendError = "") -> None:
        self.scripts = list(scripts)
        self.ends = ends
        self.rewritten = standalone
        self.briefs: list[Brief] = []
        self.closed = False

    async def standalone(self, question: Question) -> str:
        if isinstance(self.rewritten, BackendError):
            raise self.rewritten
        return self.rewritten

    async def write(self, brief: Brief) -> AsyncIterator[Wrote | Cited | Finished]:
        self.briefs.append(brief)
        script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
        at = 0
        for step in script:
            if isinstance(step, BackendError):
                raise step
            if isinstance(step, Hangs):
                await asyncio.Event().wait()
                continue
            yield Wrote(step.text)
            end = at + len(step.text)
            if step.on:
                yield Cited(at, end, tuple(brief.passages[n].chunk_id for n in step.on))
            at = end
        if self.ends:
            yield Finished("complete", Usage("fake", calls=1, output_tokens=at))

    def usage(self) -> Usage:
        return Usage("fake", calls=len(self.briefs))

    async def close(self) -> None:
        self.closed = True


class FakeReranker:
    """Relevance by a table from text to score, else `otherwise`; raises `failing` instead if set."""

    def __init__(
        self,
        scores: Mapping[str, float] | None = None,
        *,
        otherwise: float = 0.5,
        failing: BackendError | None = None,
    ) -> None:
        self.scores = dict(scores or {})
        self.otherwise = otherwise
        self.failing = failing
        self.calls = 0

    async def rerank(self, question: str, texts: Sequence[str]) -> list[float]:
        self.calls += 1
        if self.failing is not None:
            raise self.failing
        return [self.scores.get(text, self.otherwise) for text in texts]

    def usage(self) -> Usage:
        return Usage("fake-reranker", calls=self.calls)

    async def close(self) -> None: ...


@dataclass
class _Index:
    """One index of a FakeStore: what a rebuild makes beside the live one."""

    format: IndexFormat
    documents: dict[str, IndexedDocument] = field(default_factory=dict)


@dataclass
class FakeStorage:
    """What lasts when a FakeStore is closed and opened again, as a disk would."""

    live: _Index | None = None
    beside: _Index | None = None


class FakeStore:
    """An index in memory: words counted, vectors multiplied. Strict about what it is given.

    `failing` errors are raised one a write. `writes` counts the calls of replace and delete.
    """

    def __init__(
        self,
        storage: FakeStorage | None = None,
        *,
        beside: bool = False,
        failing: Sequence[BackendError] = (),
    ) -> None:
        self.storage = storage or FakeStorage()
        self.failing = list(failing)
        self.writes: list[tuple[str, ...]] = []
        self._beside = beside

    @property
    def documents(self) -> dict[str, IndexedDocument]:
        index = self._index()
        return {} if index is None else index.documents

    def _index(self) -> _Index | None:
        if self._beside and self.storage.beside is not None:
            return self.storage.beside
        return self.storage.live

    def _write(self, doc_ids: Sequence[str]) -> _Index:
        if self.failing:
            raise self.failing.pop(0)
        index = self._index()
        assert index is not None, "written to before there is an index"
        self.writes.append(tuple(doc_ids))
        return index

    async def replace(self, documents: Sequence[IndexedDocument]) -> None:
        index = self._write([indexed.document.id for indexed in documents])
        for indexed in documents:
            document = indexed.document
            assert document.id.startswith(f"{document.source}:"), document.id
            assert [one.chunk.ordinal for one in indexed.chunks] == list(range(len(indexed.chunks)))
            for one in indexed.chunks:
                assert one.chunk.text, "an empty chunk"
                assert one.vector is None or one.vector.shape == (index.format.dimensions,)
        await asyncio.sleep(0)
        index.documents |= {indexed.document.id: indexed for indexed in documents}

    async def delete(self, doc_ids: Sequence[str]) -> None:
        index = self._write(doc_ids)
        await asyncio.sleep(0)
        for doc_id in doc_ids:
            index.documents.pop(doc_id, None)

    async def narrow(self, narrowings: Sequence[Narrowing]) -> None:
        index = self._write([each.doc_id for each in narrowings])
        await asyncio.sleep(0)
        for each in narrowings:
            if (indexed := index.documents.get(each.doc_id)) is None:
                continue
            document = indexed.document
            audience = narrower(document.audience, each.audience)
            if audience != document.audience:
                less = replace(document, audience=audience, revision=each.revision)
                index.documents[each.doc_id] = IndexedDocument(less, indexed.chunks)

    async def revisions(self, source: str) -> dict[str, str]:
        return {
            doc_id: indexed.document.revision
            for doc_id, indexed in self.documents.items()
            if indexed.document.source == source
        }

    async def vectors(self, text_hashes: Sequence[str]) -> dict[str, Vector]:
        wanted = set(text_hashes)
        chunks = (chunk for indexed in self.documents.values() for chunk in indexed.chunks)
        return {
            chunk.text_hash: chunk.vector
            for chunk in chunks
            if chunk.text_hash in wanted and chunk.vector is not None
        }

    async def search(self, query: SearchQuery) -> list[Hit]:
        await asyncio.sleep(0)
        found = []
        languages = {indexed.document.language for indexed in self.documents.values()}
        words = query_terms(query.text, sorted(languages) or ["en"])
        for indexed in list(self.documents.values()):
            document = indexed.document
            hidden = not (document.audience & query.audience)
            if hidden or (query.sources is not None and document.source not in query.sources):
                continue
            for one in indexed.chunks:
                text = f"{document.title} {document.title} {one.chunk.heading} {one.chunk.text}"
                counted = Counter(tokens(text, document.language))
                keyword = float(sum(min(counted[word], 3) for word in words))
                similar = None
                if query.vector is not None and one.vector is not None:
                    similar = float(query.vector @ one.vector)
                if keyword or similar is not None:
                    found.append((indexed, one.chunk, keyword, similar))
        most = max((keyword for _, _, keyword, _ in found), default=1.0) or 1.0
        alpha = query.alpha if query.vector is not None else 0.0
        hits = []
        for indexed, chunk, keyword, similar in found:
            score = (1 - alpha) * keyword / most + alpha * (similar or 0.0)
            terms = lines(indexed.document, chunk)
            hits.append(Hit(_passage(indexed, chunk, score), keyword or None, similar, terms))
        return sorted(hits, key=lambda hit: -hit.passage.score)[: query.limit]

    async def nearest(
        self, vectors: Sequence[Vector], audience: frozenset[str], sources: frozenset[str] | None = None
    ) -> Nearest | None:
        chunks = [
            (indexed.document.id, one.vector)
            for indexed in self.documents.values()
            for one in indexed.chunks
            if indexed.document.audience & audience
            and (sources is None or indexed.document.source in sources)
            and one.vector is not None
        ]
        if not chunks or not vectors:
            return None
        doc_id, best = max(chunks, key=lambda chunk: max(float(chunk[1] @ each) for each in vectors))
        return Nearest(doc_id, tuple(float(best @ each) for each in vectors))

    async def vocabulary(
        self, terms: Sequence[str], audience: frozenset[str], sources: frozenset[str] | None = None
    ) -> Vocabulary:
        return Vocabulary()

    async def passages(self, spans: Sequence[Span], audience: frozenset[str]) -> list[Passage]:
        found = [
            _passage(indexed, one.chunk, 0.0)
            for span in spans
            if (indexed := self.documents.get(span.doc_id)) and indexed.document.audience & audience
            for one in indexed.chunks
            if span.first <= one.chunk.ordinal <= span.last
        ]
        return list({passage.chunk_id: passage for passage in found}.values())

    async def stored(self, doc_ids: Sequence[str]) -> list[StoredPage]:
        return [
            StoredPage(
                doc_id,
                indexed.document.audience,
                tuple(_passage(indexed, one.chunk, 0.0) for one in indexed.chunks),
            )
            for doc_id in dict.fromkeys(doc_ids)
            if (indexed := self.documents.get(doc_id))
        ]

    async def format(self) -> IndexFormat | None:
        return self.storage.live.format if self.storage.live else None

    async def rebuild(self, wanted: IndexFormat) -> "FakeStore":
        if self.storage.live is not None and self.storage.live.format == wanted:
            return FakeStore(self.storage)
        if self.storage.beside is None or self.storage.beside.format != wanted:
            self.storage.beside = _Index(wanted)
        beside = FakeStore(self.storage, beside=True, failing=self.failing)
        beside.writes = self.writes
        return beside

    async def swap(self, wanted: IndexFormat) -> None:
        if self.storage.beside is not None and self.storage.beside.format == wanted:
            self.storage.live, self.storage.beside = self.storage.beside, None

    async def settle(self) -> None: ...

    async def stats(self) -> StoreStats:
        sources: dict[str, SourceStats] = {}
        for indexed in self.documents.values():
            before = sources.get(indexed.document.source, SourceStats(0, 0))
            sources[indexed.document.source] = SourceStats(
                before.documents + 1, before.chunks + len(indexed.chunks)
            )
        chunks = sum(one.chunks for one in sources.values())
        return StoreStats(len(self.documents), chunks, None, sources)

    async def check(self) -> None: ...

    async def close(self) -> None: ...


def _passage(indexed: IndexedDocument, chunk: Chunk, score: float) -> Passage:
    document = indexed.document
    return Passage(
        chunk_id=f"{document.id}#{chunk.ordinal}",
        doc_id=document.id,
        source=document.source,
        ordinal=chunk.ordinal,
        title=document.title,
        heading=chunk.heading,
        url=document.url + (f"#{chunk.anchor}" if chunk.anchor and document.url else ""),
        text=chunk.text,
        score=score,
        updated_at=document.updated_at,
        owners=document.owners,
    )


class FakeEmbedder:
    """The same vector for the same text, and a list of all that it was given. Strict, as paid ones are.

    `failing` errors are raised one a call of embed_documents, before anything is embedded.
    """

    def __init__(
        self, *, model: str = "fake", dimensions: int = 16, failing: Sequence[BackendError] = ()
    ) -> None:
        self.model = model
        self.dimensions = dimensions
        self.failing = list(failing)
        self.embedded: list[str] = []
        self.calls = 0

    async def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        assert texts, "called with nothing to embed"
        assert all(text.strip() for text in texts), "an empty text"
        assert len(set(texts)) == len(texts), "the same text twice in one call"
        self.calls += 1
        await asyncio.sleep(0)
        if self.failing:
            raise self.failing.pop(0)
        self.embedded += texts
        return np.stack([self._vector(text) for text in texts])

    async def embed_query(self, text: str) -> Vector:
        return self._vector(text)

    def _vector(self, text: str) -> Vector:
        seed = hashlib.blake2b(f"{self.model}\n{text}".encode(errors="replace"), digest_size=8).digest()
        row = np.random.default_rng(int.from_bytes(seed, "big")).standard_normal(self.dimensions)
        vector: Vector = (row / np.linalg.norm(row)).astype(np.float32)
        return vector

    def usage(self) -> Usage:
        tokens = sum(len(text.split()) for text in self.embedded)
        return Usage(self.model, calls=self.calls, texts=len(self.embedded), input_tokens=tokens)

    async def close(self) -> None: ...
