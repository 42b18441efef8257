"""Reads a build in one transaction: one search never sees two states of the index."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import apsw

from bot.backends.sqlite import fts_query, vectors
from bot.backends.sqlite.index_memory import LANGUAGES, IndexMemory, Scope, SnapshotCatalog
from bot.backends.sqlite.relative_score_fusion import fuse
from bot.backends.sqlite.schema import Build
from bot.model import Passage
from bot.ports import Hit, Nearest, SearchQuery, SourceStats, Span, StoredPage, StoreStats, Vector, Vocabulary
from bot.text import analyzer

# Each leg brings so many candidates at least: the relative scores of a short list would say little.
LEG = 50
_BATCH = 500
_MOST_FREQUENCIES = 20_000
_LAST = 1 << 31  # no page has so many chunks
# A term in so many of an asker's chunks is as common as can be: it isn't counted further.
_COMMON, _COMMON_SHARE = fts_query.POSTINGS, 20
_PASSAGE = (
    "c.id, d.doc_id, d.source, c.ordinal, d.title, c.heading, d.url, c.anchor, c.text, d.updated_at, d.owners"
)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A build as it was when the transaction began."""

    connection: apsw.Connection
    build: Build
    memory: IndexMemory

    def search(self, query: SearchQuery) -> list[Hit]:
        catalog = self.memory.catalog(self.connection, self.build)
        visible = catalog.visible(query.audience, query.sources)
        if not visible or query.limit <= 0:
            return []
        vector = self._usable(query.vector)
        alpha = query.alpha if vector is not None else 0.0
        leg = max(query.limit, LEG)
        expression = self._expression(query.text, catalog, visible)
        by_word: dict[int, float] = {}
        by_sense: dict[int, float] = {}
        if expression and alpha < 1:
            by_word = fts_query.best(self.connection, self.build, expression, leg)
        if vector is not None and alpha > 0:
            codes = self.memory.codes(self.connection, self.build)
            allowed = None if len(visible) == len(catalog.scopes) else [scope.id for scope in visible]
            by_sense = vectors.nearest(self.connection, codes, vector, allowed, leg)
        fused = fuse(by_word, by_sense, alpha=alpha, limit=query.limit)
        ids = [chunk for chunk, _ in fused]
        missed = [chunk for chunk in ids if chunk not in by_sense]
        if vector is not None and missed:
            # The core decides by similarity: of what only the keywords found, too.
            by_sense.update(vectors.exact(self.connection, self.build.id, vector, missed))
        found = self._rows(ids)
        hits = []
        for chunk, score in fused:
            *row, terms = found[chunk]
            hits.append(Hit(_passage(row, score), by_word.get(chunk), by_sense.get(chunk), str(terms)))
        return hits

    def passages(self, spans: Sequence[Span], audience: frozenset[str]) -> list[Passage]:
        catalog = self.memory.catalog(self.connection, self.build)
        allowed = {scope.id for scope in catalog.visible(audience, None)}
        found: dict[object, Passage] = {}
        for scope, *row in self._in_spans(spans):
            if scope in allowed and row[0] not in found:
                found[row[0]] = _passage(row)
        return list(found.values())

    def stored(self, doc_ids: Sequence[str]) -> list[StoredPage]:
        audiences = {
            scope.id: scope.audience for scope in self.memory.catalog(self.connection, self.build).scopes
        }
        found: dict[str, tuple[frozenset[str], list[Passage]]] = {}
        for scope, *row in self._in_spans([Span(doc_id, 0, _LAST) for doc_id in dict.fromkeys(doc_ids)]):
            passage = _passage(row)
            found.setdefault(passage.doc_id, (audiences[int(str(scope))], []))[1].append(passage)
        return [
            StoredPage(doc_id, audience, tuple(passages)) for doc_id, (audience, passages) in found.items()
        ]

    def _in_spans(self, spans: Sequence[Span]) -> Iterable[Sequence[object]]:
        """Give each chunk's scope, and the columns that a passage is made of."""
        return self.connection.execute(
            f"select d.scope, {_PASSAGE} from json_each(?) span"
            f" cross join documents_{self.build.id} d on d.doc_id = span.value ->> 0"
            f" cross join chunks_{self.build.id} c on c.document = d.id"
            " and c.ordinal between span.value ->> 1 and span.value ->> 2 order by span.id, c.ordinal",
            (json.dumps([(span.doc_id, span.first, span.last) for span in spans]),),
        )

    def nearest(
        self, asked: Sequence[Vector], audience: frozenset[str], sources: frozenset[str] | None
    ) -> Nearest | None:
        catalog = self.memory.catalog(self.connection, self.build)
        visible = catalog.visible(audience, sources)
        if not visible or not all(self._usable(vector) is not None for vector in asked):
            return None
        codes = self.memory.codes(self.connection, self.build)
        allowed = None if len(visible) == len(catalog.scopes) else [scope.id for scope in visible]
        best: dict[int, float] = {}
        for vector in asked:
            for chunk, similarity in vectors.nearest(self.connection, codes, vector, allowed, 1).items():
                best[chunk] = max(similarity, best.get(chunk, -1.0))
        if not best:
            return None
        chunk = max(best, key=lambda each: best[each])
        exact = (vectors.exact(self.connection, self.build.id, vector, [chunk]) for vector in asked)
        passage = _passage(self._rows([chunk])[chunk][:-1])
        return Nearest(passage.doc_id, tuple(each.get(chunk, -1.0) for each in exact))

    def vocabulary(
        self, terms: Sequence[str], audience: frozenset[str], sources: frozenset[str] | None
    ) -> Vocabulary:
        catalog = self.memory.catalog(self.connection, self.build)
        visible = catalog.visible(audience, sources)
        chunks = sum(scope.chunks for scope in visible)
        counts = self._seen_counts(catalog, visible, terms)
        holding = {term: count for term, count in counts.items() if count}
        return Vocabulary(chunks, holding, self._languages(catalog, visible) or ("en",))

    def revisions(self, source: str) -> dict[str, str]:
        return dict(
            self.connection.execute(
                f"select doc_id, revision from documents_{self.build.id} where source = ?", (source,)
            )
        )

    def vectors(self, hashes: Sequence[str]) -> dict[str, Vector]:
        found: dict[str, Vector] = {}
        for start in range(0, len(hashes), _BATCH):
            for text_hash, blob in self.connection.execute(
                f"select c.text_hash, v.vector from chunks_{self.build.id} c"
                f" join vectors_{self.build.id} v on v.id = c.id"
                " where c.text_hash in (select value from json_each(?))",
                (json.dumps(hashes[start : start + _BATCH]),),
            ):
                found[text_hash] = vectors.from_half(blob)
        return found

    def stats(self, size: int | None) -> StoreStats:
        by_source: dict[str, SourceStats] = {}
        for scope in self.memory.catalog(self.connection, self.build).scopes:
            sofar = by_source.get(scope.source, SourceStats(0, 0))
            by_source[scope.source] = SourceStats(
                sofar.documents + scope.documents, sofar.chunks + scope.chunks
            )
        return StoreStats(
            documents=sum(each.documents for each in by_source.values()),
            chunks=sum(each.chunks for each in by_source.values()),
            bytes=size,
            sources=by_source,
        )

    def _usable(self, vector: Vector | None) -> Vector | None:
        """Return the vector, or None for one of a model that this build doesn't know: then keywords alone count."""
        return vector if vector is not None and len(vector) == self.build.format.dimensions else None

    def _expression(self, text: str, catalog: SnapshotCatalog, visible: Sequence[Scope]) -> str:
        terms = analyzer.query_terms(text, self._languages(catalog, visible) or ("en",))
        terms = fts_query.choose(terms, self._seen_counts(catalog, visible, terms))
        if not terms:
            return ""
        seen = {scope.id for scope in visible}
        hidden = [scope for scope in catalog.scopes if scope.id not in seen]
        if sum(scope.chunks for scope in hidden) < sum(scope.chunks for scope in visible):
            return fts_query.match(terms, never=[scope.id for scope in hidden])
        return fts_query.match(terms, only=sorted(seen))

    def _seen_counts(
        self, catalog: SnapshotCatalog, visible: Sequence[Scope], terms: Sequence[str]
    ) -> dict[str, int]:
        """Return in how many chunks that the asker may see each term stands: hidden ones change nothing that they find."""
        counts = self._counts(catalog, terms)
        if len(visible) == len(catalog.scopes):
            return counts
        return self._visible_counts(catalog, visible, [term for term in counts if counts[term]])

    def _counts(self, catalog: SnapshotCatalog, terms: Sequence[str]) -> dict[str, int]:
        known = catalog.frequencies
        counts = {term: count for term in terms if (count := known.get(term)) is not None}
        unknown = [term for term in dict.fromkeys(terms) if term not in counts]
        if unknown:
            counted = fts_query.counts(self.connection, self.build, unknown)
            fresh = {term: counted.get(term, 0) for term in unknown}
            if len(known) > _MOST_FREQUENCIES:
                known.clear()
            known.update(fresh)
            counts |= fresh
        return counts

    def _visible_counts(
        self, catalog: SnapshotCatalog, visible: Sequence[Scope], terms: Sequence[str]
    ) -> dict[str, int]:
        if not visible:
            return {}
        known = catalog.part(visible).counts
        unknown = [term for term in terms if term not in known]
        most = max(_COMMON, sum(scope.chunks for scope in visible) // _COMMON_SHARE)
        scopes = [scope.id for scope in visible]
        counted = fts_query.visible_counts(self.connection, self.build, unknown, scopes, most)
        counts = {term: count for term in terms if (count := known.get(term)) is not None}
        counts |= {term: counted.get(term, 0) for term in unknown}
        if len(known) > _MOST_FREQUENCIES:
            known.clear()
        known.update(counts)
        return counts

    def _languages(self, catalog: SnapshotCatalog, visible: Sequence[Scope]) -> tuple[str, ...]:
        """Return the usual languages of what these scopes hold."""
        if len(visible) == len(catalog.scopes):
            return catalog.languages
        part = catalog.part(visible)
        if part.languages is None:
            rows = self.connection.execute(
                f"select language, count(*) from documents_{self.build.id}"
                " where scope in (select value from json_each(?)) group by 1 order by 2 desc, 1 limit ?",
                (json.dumps([scope.id for scope in visible]), LANGUAGES),
            )
            part.languages = tuple(str(row[0]) for row in rows)
        return part.languages

    def _rows(self, ids: Sequence[int]) -> dict[object, Sequence[object]]:
        rows = self.connection.execute(
            f"select {_PASSAGE}, t.terms from chunks_{self.build.id} c"
            f" join documents_{self.build.id} d on d.id = c.document"
            f" join terms_{self.build.id} t on t.id = c.id"
            " where c.id in (select value from json_each(?))",
            (json.dumps(ids),),
        )
        return {row[0]: row for row in rows}


def _passage(row: Sequence[object], score: float = 0.0) -> Passage:
    _, doc_id, source, ordinal, title, heading, url, anchor, text, updated_at, owners = row
    return Passage(
        chunk_id=f"{doc_id}#{ordinal}",
        doc_id=str(doc_id),
        source=str(source),
        ordinal=int(str(ordinal)),
        title=str(title),
        heading=str(heading),
        url=f"{url}#{anchor}" if anchor and url and "#" not in str(url) else str(url),
        text=str(text),
        score=score,
        updated_at=_moment(str(updated_at)) if updated_at else None,
        owners=_names(str(owners)),
    )


# Many chunks of a few pages share these.
@lru_cache(1_024)
def _moment(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise apsw.CorruptError("a date in it is none") from None


@lru_cache(1_024)
def _names(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))
