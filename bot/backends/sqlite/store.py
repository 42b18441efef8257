"""Implements the store on SQLite, with all work on threads."""

import asyncio
import shutil
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import apsw

from bot.backends.sqlite import file_errors, fts_merging, schema
from bot.backends.sqlite.connection_pool import ConnectionPool
from bot.backends.sqlite.index_memory import IndexMemory
from bot.backends.sqlite.schema import Build
from bot.backends.sqlite.snapshot import Snapshot
from bot.backends.sqlite.writer import SqliteWriter, prepare
from bot.model import Passage
from bot.ports import (
    Hit,
    IndexedDocument,
    IndexFormat,
    Narrowing,
    Nearest,
    ReadOnly,
    Rejected,
    SearchQuery,
    Span,
    StoredPage,
    StoreStats,
    Vector,
    Vocabulary,
)
from bot.runtime.process.private_files import put_back

T = TypeVar("T")

# Two would do for two cores; more lets a quick look-up pass a slow search.
_READERS = 4
_BACKUP_CACHE = 8_000
_LEAST_FREE = 16 * 2**20
# Up to this size the whole file is read by `check`.
_CHECKED_WHOLE = 512 * 2**20


class SqliteStore:
    """A Store in one SQLite file: `SqliteStore(settings.data / "index.db")`.

    Nothing is opened before the first call, so that making one never fails and costs nothing. Several processes may
    read beside one that writes; they see its changes and swaps with their next call. The file must lie on a local
    disk. After `Corrupt`, `discard` removes what can't be read.
    """

    def __init__(self, path: Path, *, busy_seconds: float = 10, build: int | None = None) -> None:
        """`busy_seconds` is how long a write waits for another process's.

        `build` is for `rebuild`: the number of the build to stay with, instead of the live one.
        """
        self.path = path
        self.build = build
        self._busy_seconds = busy_seconds
        self._pool = ConnectionPool(path, busy_seconds=busy_seconds)
        self._readers = ThreadPoolExecutor(_READERS, "search")
        self._writer = ThreadPoolExecutor(1, "index")
        self._beside: SqliteStore | None = None
        self.closed = False

    # --- reading ------------------------------------------------------------------------------------

    async def search(self, query: SearchQuery) -> list[Hit]:
        return await self._read(lambda snapshot: snapshot.search(query), [])

    async def nearest(
        self, vectors: Sequence[Vector], audience: frozenset[str], sources: frozenset[str] | None = None
    ) -> Nearest | None:
        return await self._read(lambda snapshot: snapshot.nearest(vectors, audience, sources), None)

    async def vocabulary(
        self, terms: Sequence[str], audience: frozenset[str], sources: frozenset[str] | None = None
    ) -> Vocabulary:
        return await self._read(lambda snapshot: snapshot.vocabulary(terms, audience, sources), Vocabulary(0))

    async def passages(self, spans: Sequence[Span], audience: frozenset[str]) -> list[Passage]:
        return await self._read(lambda snapshot: snapshot.passages(spans, audience), [])

    async def stored(self, doc_ids: Sequence[str]) -> list[StoredPage]:
        return await self._read(lambda snapshot: snapshot.stored(doc_ids), [])

    async def revisions(self, source: str) -> dict[str, str]:
        return await self._read(lambda snapshot: snapshot.revisions(source), {})

    async def vectors(self, text_hashes: Sequence[str]) -> dict[str, Vector]:
        """Return vectors, also those of the live index while one of the same model is built beside it."""

        def work(connection: apsw.Connection, memory: IndexMemory) -> dict[str, Vector]:
            mine, live = self._build(connection), schema.find(connection, state="live")
            found: dict[str, Vector] = {}
            for build in (live, mine):
                if build is not None and mine is not None and _same_vectors(build, mine):
                    found |= Snapshot(connection, build, memory).vectors(text_hashes)
            return found

        return await self._on(self._readers, lambda: self._pool.use(work))

    async def format(self) -> IndexFormat | None:
        """Return the format, which nobody wants if the text was analysed by another version of this program."""
        return await self._read(lambda snapshot: snapshot.build.told_format, None)

    async def stats(self) -> StoreStats:
        size = self.path.stat().st_size if self.path.exists() else 0
        return await self._read(lambda snapshot: snapshot.stats(size), StoreStats(0, 0, size, {}))

    async def back_up(self, folder: Path) -> dict[str, str]:
        """Copy the index as it is at one moment, while others write."""

        def work() -> None:
            source = file_errors.connect(self.path, cache_kib=_BACKUP_CACHE)
            target = file_errors.connect(folder / self.path.name, cache_kib=_BACKUP_CACHE)
            try:
                with (
                    file_errors.translated(folder / self.path.name),
                    target.backup("main", source, "main") as copy,
                ):
                    copy.step()
            finally:
                target.close()
                source.close()

        await self._on(self._readers, work)
        return {"file": self.path.name, "said": str(folder / self.path.name)}

    async def restore(self, folder: Path, told: Mapping[str, str], *, replace: bool) -> None:
        if "file" not in told:
            raise Rejected(
                file_errors.PART, "the backup is of an index in Weaviate.", remedy="Set WEAVIATE_URL."
            )
        await asyncio.to_thread(put_back, folder / told["file"], self.path, replace=replace)

    # --- writing ------------------------------------------------------------------------------------

    async def replace(self, documents: Sequence[IndexedDocument]) -> None:
        if not documents:
            return
        wanted = (await self._read(lambda snapshot: snapshot.build, None)) or _none_yet()

        def work() -> None:
            prepared = prepare(documents, wanted.format)
            self._change(lambda writer: writer.put(prepared))

        await self._on(self._writer, work)

    async def delete(self, doc_ids: Sequence[str]) -> None:
        if not doc_ids or await self._read(lambda snapshot: snapshot.build, None) is None:
            return

        def drop(writer: SqliteWriter) -> None:
            for doc_id in doc_ids:
                writer.drop(doc_id)

        await self._on(self._writer, lambda: self._change(drop))

    async def narrow(self, narrowings: Sequence[Narrowing]) -> None:
        if not narrowings or await self._read(lambda snapshot: snapshot.build, None) is None:
            return

        def narrow(writer: SqliteWriter) -> None:
            for each in narrowings:
                writer.narrow(each)

        await self._on(self._writer, lambda: self._change(narrow))

    async def settle(self) -> None:
        def work(connection: apsw.Connection, _memory: IndexMemory) -> None:
            build = self._build(connection)
            if build is not None:
                fts_merging.settle(connection, build.id)
                if self.build is None:  # a sync of the live index; `swap` ends a build
                    fts_merging.as_usual(connection, build.id)

        await self._on(self._writer, lambda: self._pool.use(work, write=True))
        await self._on(self._writer, self._pool.empty_journal)

    async def rebuild(self, wanted: IndexFormat) -> "SqliteStore":
        """Begin a build, or go on with one. Where no index is live yet, it is live from the start."""

        def work(connection: apsw.Connection, _memory: IndexMemory) -> int:
            if schema.find(connection, state="live") is None:
                return schema.create(connection, wanted, state="live").id
            half = schema.find(connection, state="building")
            if half is not None and half.format == wanted and half.current:
                return half.id
            if half is not None:
                schema.set_state(connection, half, "dead")
                schema.drop_dead(connection)
            return schema.create(connection, wanted, state="building").id

        number = await self._on(self._writer, lambda: self._pool.use(work, write=True))
        if self._beside is not None and (self._beside.build != number or self._beside.closed):
            await self._beside.close()
            self._beside = None
        if self._beside is None:
            self._beside = SqliteStore(self.path, busy_seconds=self._busy_seconds, build=number)
        return self._beside

    async def swap(self, wanted: IndexFormat) -> None:
        """Make the build live. Raises Rejected if no index of this format was built."""

        def work(connection: apsw.Connection, _memory: IndexMemory) -> None:
            live = schema.find(connection, state="live")
            ready = schema.find(connection, state="building")
            if ready is not None and ready.format == wanted:
                if live is not None:
                    schema.set_state(connection, live, "dead")
                schema.set_state(connection, ready, "live")
            elif live is None or live.format != wanted:
                raise Rejected(file_errors.PART, "there is no rebuilt index to put in place.")
            fts_merging.as_usual(connection, (schema.find(connection, state="live") or _none_yet()).id)

        def clean(connection: apsw.Connection, _memory: IndexMemory) -> None:
            schema.drop_dead(connection)

        await self._on(self._writer, lambda: self._pool.use(work, write=True))
        # Its own transaction: searches use the new index while the old one's space is given back.
        await self._on(self._writer, lambda: self._pool.use(clean, write=True))
        await self._on(self._writer, self._pool.empty_journal)

    # --- the rest -----------------------------------------------------------------------------------

    async def check(self) -> None:
        """Read the file through (a large one: its outline), write a mark, and look at the free space."""
        await self._on(self._writer, self._check)

    def discard(self) -> None:
        """Remove the file, whatever is in it: for a rebuild after `Corrupt`, with no search running."""
        self._pool.close()
        for suffix in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + suffix).unlink(missing_ok=True)

    async def close(self) -> None:
        self.closed = True
        if self._beside is not None:
            await self._beside.close()
        for executor in (self._readers, self._writer):
            await asyncio.to_thread(executor.shutdown)
        await asyncio.to_thread(self._pool.close)

    # --- on threads ---------------------------------------------------------------------------------

    async def _read(self, look: Callable[[Snapshot], T], nothing: T) -> T:
        """Look at this store's build in one snapshot; `nothing` if there is no such build."""

        def work(connection: apsw.Connection, memory: IndexMemory) -> T:
            build = self._build(connection)
            return nothing if build is None else look(Snapshot(connection, build, memory))

        return await self._on(self._readers, lambda: self._pool.use(work))

    def _change(self, change: Callable[[SqliteWriter], None]) -> None:
        def work(connection: apsw.Connection, _memory: IndexMemory) -> None:
            writer = SqliteWriter(connection, self._build(connection) or _none_yet())
            change(writer)
            writer.done()

        self._pool.use(work, write=True)

    def _check(self) -> None:
        def read(connection: apsw.Connection, _memory: IndexMemory) -> None:
            if self.path.stat().st_size <= _CHECKED_WHOLE:
                for (problem,) in connection.execute("pragma quick_check(1)"):
                    if problem != "ok":
                        raise file_errors.damaged(self.path, str(problem).partition("\n")[0])

        def write(connection: apsw.Connection, _memory: IndexMemory) -> None:
            build = self._build(connection)
            if build is not None:
                schema.set_state(connection, build, build.state)

        self._pool.use(read)
        if shutil.disk_usage(self.path.parent).free < _LEAST_FREE:
            raise ReadOnly(
                file_errors.PART, "the disk is full.", remedy=f"Free some space for {self.path.parent}."
            )
        self._pool.use(write, write=True)

    def _build(self, connection: apsw.Connection) -> Build | None:
        if self.build is not None:
            return schema.get(connection, self.build)
        return schema.find(connection, state="live")

    async def _on(self, executor: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(executor, work)


def _same_vectors(one: Build, other: Build) -> bool:
    return (one.format.model, one.format.dimensions) == (other.format.model, other.format.dimensions)


def _none_yet() -> Build:
    raise Rejected(file_errors.PART, "there is no index yet.", remedy="Run `docent index`.")
