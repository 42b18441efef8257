"""Builds: the live index, and the one that is built beside it until they are swapped.

Each build has tables of its own, numbered; numbers are never used again, so that a reader with an older
build in memory can't mistake another one for it. A swap changes one word in `builds`.

    documents   one row a page                  scopes    source and audience, by number
    chunks      one row a chunk, with its text  keywords  FTS5 over analysed text, without content
    vectors     float16, for exact scores       codes     the signs of a vector's numbers, read into memory
    gone        chunks that were deleted        languages how many pages are in which
    terms       the analysed text of a chunk    words     how many chunks hold a term, a view of `keywords`
"""

from dataclasses import dataclass, replace
from typing import Literal

import apsw

from bot.backends.sqlite import fts_merging
from bot.backends.sqlite.file_errors import newer
from bot.ports import IndexFormat
from bot.text import analyzer

State = Literal["live", "building", "dead"]

_TABLES = """
create table documents_{n}(
    id integer primary key, doc_id text unique not null, source text not null, revision text not null,
    scope integer not null, language text not null, title text not null, url text not null,
    updated_at text, owners text not null);
create index documents_source_{n} on documents_{n}(source);
create table chunks_{n}(
    id integer primary key autoincrement, document integer not null, ordinal integer not null,
    heading text not null, anchor text not null, text text not null, text_hash text not null);
create unique index chunks_place_{n} on chunks_{n}(document, ordinal);
create virtual table keywords_{n} using fts5(
    title, heading, body, scope, content='', contentless_delete=1, tokenize="ascii tokenchars '-_.+#'");
create virtual table words_{n} using fts5vocab(keywords_{n}, row);
create table terms_{n}(id integer primary key, terms text not null);
create table vectors_{n}(id integer primary key, vector blob not null);
create table codes_{n}(
    id integer primary key, generation integer not null, scope integer not null, bits blob not null);
create index codes_generation_{n} on codes_{n}(generation);
create table gone_{n}(generation integer not null, id integer not null, primary key(generation, id))
    without rowid;
create table scopes_{n}(
    id integer primary key, source text not null, audience text not null, documents integer not null,
    chunks integer not null, unique(source, audience));
create table languages_{n}(language text primary key, documents integer not null) without rowid;
"""
# Vectors are looked up by it. Without any, it would be a fifth of all writing: hashes lie anywhere in it.
_HASHES = "create index chunks_hash_{n} on chunks_{n}(text_hash)"
_NAMES = (
    "documents",
    "chunks",
    "words",
    "keywords",
    "terms",
    "vectors",
    "codes",
    "gone",
    "scopes",
    "languages",
)
_COLUMNS = "id, state, model, dimensions, chunking, analysis, generation, floor"


@dataclass(frozen=True, slots=True)
class Build:
    """One index of the file. `generation` counts its changes; deletions are known from `floor` on."""

    id: int
    state: State
    format: IndexFormat
    analysis: int
    generation: int
    floor: int

    @property
    def current(self) -> bool:
        """Whether its text was analysed as questions are now."""
        return self.analysis == analyzer.VERSION

    @property
    def told_format(self) -> IndexFormat:
        """Its format; made to differ from any wanted one where it must be built anew."""
        if self.current:
            return self.format
        return replace(self.format, chunking=f"{self.format.chunking} (older analysis {self.analysis})")


def find(connection: apsw.Connection, *, state: State) -> Build | None:
    return _one(connection, "state = ?", state)


def get(connection: apsw.Connection, build_id: int) -> Build | None:
    return _one(connection, "id = ?", build_id)


def create(connection: apsw.Connection, wanted: IndexFormat, *, state: State) -> Build:
    connection.execute(
        "insert into builds(state, model, dimensions, chunking, analysis) values(?, ?, ?, ?, ?)",
        (state, wanted.model, wanted.dimensions, wanted.chunking, analyzer.VERSION),
    )
    number = connection.last_insert_rowid()
    statements = f"{_TABLES}{_HASHES}" if wanted.dimensions else _TABLES
    for statement in statements.format(n=number).split(";\n"):
        connection.execute(statement)
    fts_merging.late(connection, number)
    return Build(number, state, wanted, analyzer.VERSION, generation=0, floor=0)


def set_state(connection: apsw.Connection, build: Build, state: State) -> None:
    connection.execute("update builds set state = ? where id = ?", (state, build.id))


def drop_dead(connection: apsw.Connection) -> None:
    """Give the space of builds that no reader can come to any more back to the file."""
    for (number,) in connection.execute("select id from builds where state = 'dead'").fetchall():
        for name in _NAMES:
            connection.execute(f"drop table if exists {name}_{number}")
        connection.execute("delete from builds where id = ?", (number,))


def _one(connection: apsw.Connection, where: str, value: int | str) -> Build | None:
    """Return a build. Raises Newer for one whose words this version would take for others."""
    row = connection.execute(
        f"select {_COLUMNS} from builds where {where} order by id desc limit 1",
        (value,),
    ).fetchone()
    if row is None:
        return None
    number, state, model, dimensions, chunking, analysis, generation, floor = row
    if analysis > analyzer.VERSION:
        raise newer(
            f"the index was analysed by a newer Docent (analysis {analysis}, this one knows {analyzer.VERSION})."
        )
    return Build(number, state, IndexFormat(model, dimensions, chunking), analysis, generation, floor)
