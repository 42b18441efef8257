"""Changes a build, each change in one transaction of the caller's."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import apsw
import numpy as np

from bot.backends.sqlite import fts_query, vectors
from bot.backends.sqlite.file_errors import PART
from bot.backends.sqlite.schema import Build
from bot.model import Document, narrower
from bot.ports import IndexedChunk, IndexedDocument, IndexFormat, Narrowing, Rejected, Vector
from bot.text.chunk_terms import lines

# For so many changes a reader needs to read only what changed; one that missed more reads all of it.
HISTORY = 1_000


class PreparedChunk(NamedTuple):
    indexed: IndexedChunk
    terms: str
    vector: bytes | None
    bits: bytes


@dataclass(frozen=True, slots=True)
class Prepared:
    """A document analysed: what costs time is done before the transaction begins."""

    document: Document
    chunks: tuple[PreparedChunk, ...]


def prepare(documents: Iterable[IndexedDocument], wanted: IndexFormat) -> list[Prepared]:
    """Analyse each document once; of two with one id the later is taken. Raises Rejected for a vector of another length."""
    chosen = {each.document.id: each for each in documents}.values()
    given = [chunk.vector for each in chosen for chunk in each.chunks if chunk.vector is not None]
    coded = iter(_encode(given, wanted.dimensions) if wanted.dimensions else [])
    nothing = (None, b"")
    return [
        Prepared(
            each.document,
            tuple(
                PreparedChunk(
                    chunk,
                    chunk.terms or lines(each.document, chunk.chunk),
                    *(nothing if chunk.vector is None else next(coded, nothing)),
                )
                for chunk in each.chunks
            ),
        )
        for each in chosen
    ]


def _encode(given: Sequence[Vector], dimensions: int) -> Iterator[tuple[bytes, bytes]]:
    """Give each vector's 16-bit floats and signs, made of all together: one by one takes five times as long."""
    for vector in given:
        if len(vector) != dimensions:
            raise Rejected(PART, f"a vector has {len(vector)} dimensions where the index has {dimensions}.")
    if not given:
        return iter(())
    rows = np.stack(given)
    return zip(vectors.to_halves(rows), vectors.pack_all(rows), strict=True)


class _Rows:
    """The rows of new chunks, by table; their ids follow `last`."""

    def __init__(self, last: int) -> None:
        self._last = last
        self.chunks: list[tuple[int | str, ...]] = []
        self.keywords: list[tuple[int | str, ...]] = []
        self.terms: list[tuple[int, str]] = []
        self.vectors: list[tuple[int, bytes]] = []
        self.codes: list[tuple[int, int, int, bytes]] = []

    def add(self, document: int, scope: int, generation: int, one: PreparedChunk) -> None:
        chunk = one.indexed.chunk
        self._last = key = self._last + 1
        heading, text = _clean(chunk.heading), _clean(chunk.text)
        self.chunks.append((key, document, chunk.ordinal, heading, chunk.anchor, text, one.indexed.text_hash))
        self.keywords.append(_keywords(key, one.terms, scope))
        self.terms.append((key, one.terms))
        if one.vector is not None:
            self.vectors.append((key, one.vector))
            self.codes.append((key, generation, scope, one.bits))


class SqliteWriter:
    """Makes one change of a build, within a transaction; `done` is its last step."""

    def __init__(self, connection: apsw.Connection, build: Build, *, history: int = HISTORY) -> None:
        self._run = connection.execute
        self._run_all = connection.executemany
        self._last_id = connection.last_insert_rowid
        self._n = build.id
        self._build = build
        self._history = history
        self._generation = build.generation + 1
        self._scopes: dict[tuple[str, frozenset[str]], int] = {}
        # What this change adds to the counts of scopes and languages, which are written once.
        self._documents: Counter[int] = Counter()
        self._chunks: Counter[int] = Counter()
        self._languages: Counter[str] = Counter()

    def put(self, prepared: Sequence[Prepared]) -> None:
        rows = _Rows(self._last_chunk())
        for one in prepared:
            self.drop(one.document.id)
            self._add(one, rows)
        n = self._n
        # One table after the other, by one statement each: row by row took an eighth more.
        self._run_all(
            f"insert into chunks_{n}(id, document, ordinal, heading, anchor, text, text_hash)"
            " values(?, ?, ?, ?, ?, ?, ?)",
            rows.chunks,
        )
        self._find_by(rows.keywords)
        self._run_all(f"insert into terms_{n} values(?, ?)", rows.terms)
        self._run_all(f"insert into vectors_{n} values(?, ?)", rows.vectors)
        self._run_all(f"insert into codes_{n} values(?, ?, ?, ?)", rows.codes)

    def drop(self, doc_id: str) -> None:
        row = self._run(
            f"select id, scope, language from documents_{self._n} where doc_id = ?", (doc_id,)
        ).fetchone()
        if row is None:
            return
        document, scope, language = row
        chunks = self._run(f"select id from chunks_{self._n} where document = ?", (document,)).fetchall()
        for key in chunks:
            self._run(f"delete from keywords_{self._n} where rowid = ?", key)
            self._run(f"delete from terms_{self._n} where id = ?", key)
            self._run(f"delete from vectors_{self._n} where id = ?", key)
            self._run(f"delete from codes_{self._n} where id = ?", key)
            self._run(f"insert into gone_{self._n} values(?, ?)", (self._generation, *key))
        self._run(f"delete from chunks_{self._n} where document = ?", (document,))
        self._run(f"delete from documents_{self._n} where id = ?", (document,))
        self._count(scope, language, documents=-1, chunks=-len(chunks))

    def narrow(self, wanted: Narrowing) -> None:
        row = self._run(
            f"select d.id, d.scope, d.language, d.source, s.audience from documents_{self._n} d"
            f" join scopes_{self._n} s on s.id = d.scope where d.doc_id = ?",
            (wanted.doc_id,),
        ).fetchone()
        if row is None:
            return
        document, former, language, source, stored = row
        before = frozenset(json.loads(stored))
        audience = narrower(before, wanted.audience)
        if audience == before:
            return
        scope = self._scope(source, audience)
        self._run(
            f"update documents_{self._n} set scope = ?, revision = ? where id = ?",
            (scope, wanted.revision, document),
        )
        chunks = self._run(
            f"select c.id, t.terms from chunks_{self._n} c join terms_{self._n} t on t.id = c.id"
            " where c.document = ?",
            (document,),
        ).fetchall()
        for key, terms in chunks:
            self._run(f"delete from keywords_{self._n} where rowid = ?", (key,))
            self._find_by([_keywords(int(str(key)), str(terms), scope)])
            # Readers that hold its code hear of both: that it is gone, and that it has come.
            self._run(f"insert or ignore into gone_{self._n} values(?, ?)", (self._generation, key))
            self._run(
                f"update codes_{self._n} set generation = ?, scope = ? where id = ?",
                (self._generation, scope, key),
            )
        self._count(former, language, documents=-1, chunks=-len(chunks))
        self._count(scope, language, documents=1, chunks=len(chunks))

    def done(self) -> None:
        if not self._documents:
            return
        self._run_all(
            f"update scopes_{self._n} set documents = documents + ?, chunks = chunks + ? where id = ?",
            [(count, self._chunks[scope], scope) for scope, count in self._documents.items()],
        )
        self._run_all(
            f"insert into languages_{self._n} values(?, ?)"
            " on conflict do update set documents = documents + excluded.documents",
            self._languages.items(),
        )
        floor = max(self._build.floor, self._generation - self._history)
        self._run(f"delete from gone_{self._n} where generation <= ?", (floor,))
        self._run(
            "update builds set generation = ?, floor = ? where id = ?", (self._generation, floor, self._n)
        )

    def _last_chunk(self) -> int:
        """Return the last chunk's id; none is ever used again."""
        row = self._run("select seq from sqlite_sequence where name = ?", (f"chunks_{self._n}",)).fetchone()
        return 0 if row is None else int(row[0])

    def _add(self, one: Prepared, rows: "_Rows") -> None:
        document = one.document
        scope = self._scope(document.source, document.audience)
        self._run(
            f"insert into documents_{self._n}(doc_id, source, revision, scope, language, title, url,"
            " updated_at, owners) values(?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                document.id,
                document.source,
                document.revision,
                scope,
                document.language,
                _clean(document.title),
                document.url,
                document.updated_at and document.updated_at.isoformat(),
                json.dumps(document.owners),
            ),
        )
        number = self._last_id()
        for chunk in one.chunks:
            rows.add(number, scope, self._generation, chunk)
        self._count(scope, document.language, documents=1, chunks=len(one.chunks))

    def _find_by(self, keywords: Iterable[tuple[int | str, ...]]) -> None:
        self._run_all(
            f"insert into keywords_{self._n}(rowid, title, heading, body, scope) values(?, ?, ?, ?, ?)",
            keywords,
        )

    def _scope(self, source: str, audience: frozenset[str]) -> int:
        """Return the number of this source and audience, a new one for a pair not seen before."""
        known = self._scopes.get((source, audience))
        if known is None:
            known = self._scopes[source, audience] = self._find_scope(source, audience)
        return known

    def _find_scope(self, source: str, audience: frozenset[str]) -> int:
        key = (source, json.dumps(sorted(audience)))
        self._run(f"insert or ignore into scopes_{self._n}(source, audience, documents, chunks)"
                  " values(?, ?, 0, 0)", key)  # fmt: skip
        row = self._run(f"select id from scopes_{self._n} where source = ? and audience = ?", key).fetchone()
        assert row is not None  # noqa: S101 - it was just put there
        return int(row[0])

    def _count(self, scope: int, language: str, *, documents: int, chunks: int) -> None:
        self._documents[scope] += documents
        self._chunks[scope] += chunks
        self._languages[language] += documents


def _keywords(chunk: int, terms: str, scope: int) -> tuple[int | str, ...]:
    """Return a chunk's row of the keyword index."""
    return (chunk, *terms.split("\n"), fts_query.scope_term(scope))


def _clean(text: str) -> str:
    """Replace halves of surrogate pairs, which broken files hold and which can't be stored."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode(errors="replace").decode()
    return text
