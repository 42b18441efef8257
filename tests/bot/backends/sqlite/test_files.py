"""The embedded store and its file: damaged, foreign, locked, put back, another analysis."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import apsw
import pytest

from bot.backends.sqlite import SqliteStore
from bot.ports import Corrupt, Rejected, Unavailable
from tests.support.store_contract import FORMAT, ask, begin, embed, ids, page


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "index.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(path, busy_seconds=0.2)
    yield opened
    await opened.close()


async def fill(path: Path, text: str = "team offsite") -> None:
    """An index of some pages, closed, so that all of it lies in the one file."""
    store = await begin(SqliteStore(path))
    await store.replace(
        [page(f"wiki:{n}.md", *[f"{text} {n} {part} " * 20 for part in range(5)]) for n in range(40)]
    )
    await store.close()


def change(path: Path, statement: str) -> None:
    """What another program does to the file."""
    connection = apsw.Connection(str(path))
    connection.execute(statement)
    connection.close()


async def test_nothing_is_opened_early(path: Path) -> None:
    """Making a store touches no file, so that it can't fail and costs nothing."""
    store = SqliteStore(path)
    assert not path.parent.exists()
    await store.close()


async def test_no_database(path: Path, store: SqliteStore) -> None:
    """A file that is no database is Corrupt, with the command that makes it anew."""
    path.parent.mkdir()
    path.write_bytes(b"this is no database at all " * 400)
    for call in (store.search(ask("x")), store.check(), store.revisions("wiki"), store.rebuild(FORMAT)):
        with pytest.raises(Corrupt, match="docent index --rebuild"):
            await call


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("update documents_1 set updated_at = '2 26-05-27'", "a date in it is none"),
        ("update chunks_1 set text = cast(x'74e46d' as text)", "no UTF-8"),
    ],
)
async def test_damaged_values(path: Path, store: SqliteStore, statement: str, said: str) -> None:
    """A value that can't have been written so is told as damage, not as a bug."""
    await fill(path)
    change(path, statement)
    with pytest.raises(Corrupt, match=said):
        await store.search(ask("team offsite"))


@pytest.mark.slow
async def test_damaged_in_the_middle(path: Path, store: SqliteStore) -> None:
    """Pages that were overwritten are found by `check`, and told by whichever call comes upon them."""
    await fill(path)
    content = bytearray(path.read_bytes())
    for start in range(8192, len(content) - 4096, 8192):
        content[start : start + 2048] = b"\xa5" * 2048
    path.write_bytes(content)
    with pytest.raises(Corrupt):
        await store.check()
    with pytest.raises(Corrupt):
        await store.search(ask("team offsite"))


async def test_cut_short(path: Path, store: SqliteStore) -> None:
    """Half a file is Corrupt."""
    await fill(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(Corrupt):
        await store.check()


async def test_discard_and_begin_anew(path: Path, store: SqliteStore) -> None:
    """What can't be read can be thrown away, and the index is made anew by the same store."""
    await fill(path)
    path.write_bytes(b"\0" * 50_000)
    with pytest.raises(Corrupt):
        await store.search(ask("offsite"))
    store.discard()
    assert await store.format() is None
    await begin(store)
    await store.replace([page("wiki:a.md", "offsite again")])
    assert ids(await store.search(ask("offsite"))) == ["wiki:a.md"]


@pytest.mark.slow
async def test_another_file_in_its_place(path: Path, store: SqliteStore, tmp_path: Path) -> None:
    """A file put back from elsewhere is noticed by the next search."""
    await fill(path)
    assert await store.search(ask("offsite"))
    await fill(tmp_path / "other.db", text="winter gala")
    store.discard()
    (tmp_path / "other.db").rename(path)
    assert await store.search(ask("gala", vector=False))
    assert not await store.search(ask("offsite", vector=False))


async def test_foreign_database(path: Path, store: SqliteStore) -> None:
    """A database of something else is left alone."""
    path.parent.mkdir()
    change(path, "create table customers(name text)")
    with pytest.raises(Rejected, match="something else"):
        await store.search(ask("x"))


async def test_newer_version(path: Path, store: SqliteStore) -> None:
    """A file of a newer Docent is left alone."""
    await fill(path)
    change(path, "pragma user_version=99")
    with pytest.raises(Rejected, match="newer"):
        await store.search(ask("x"))


@pytest.mark.slow
async def test_locked(path: Path, store: SqliteStore) -> None:
    """While another process holds the write lock, writing is Unavailable and reading goes on."""
    await fill(path)
    other = apsw.Connection(str(path))
    other.execute("begin immediate")
    with pytest.raises(Unavailable, match="locked"):
        await store.replace([page("wiki:a.md", "text")])
    assert await store.search(ask("offsite"))
    other.execute("rollback")
    other.close()
    await store.replace([page("wiki:a.md", "text")])


async def test_folder_in_its_place(path: Path, store: SqliteStore) -> None:
    """A path that can't be a file is Unavailable."""
    path.mkdir(parents=True)
    with pytest.raises(Unavailable, match="can't be opened"):
        await store.search(ask("x"))


async def test_no_index_to_write(store: SqliteStore) -> None:
    """Writing before any index was begun says what to run."""
    with pytest.raises(Rejected, match="docent index"):
        await store.replace([page("wiki:a.md", "text")])
    await store.delete(["wiki:a.md"])
    with pytest.raises(Rejected):
        await store.swap(FORMAT)


async def test_older_analysis(path: Path, store: SqliteStore) -> None:
    """An index whose text was analysed otherwise is told as of another format, so that it is made anew."""
    await fill(path)
    change(path, "update builds set analysis = analysis - 1")
    assert await store.format() != FORMAT
    beside = await store.rebuild(FORMAT)
    await beside.replace([page("wiki:a.md", "offsite")])
    await store.swap(FORMAT)
    assert await store.format() == FORMAT
    assert ids(await store.search(ask("offsite"))) == ["wiki:a.md"]


async def test_rebuild_in_the_same_format(store: SqliteStore) -> None:
    """The same format can be built anew beside the live index, with its vectors at hand."""
    await begin(store)
    await store.replace([page("wiki:a.md", "offsite in may"), page("wiki:b.md", "offsite in june")])
    beside = await store.rebuild(FORMAT)
    hashes = [chunk.text_hash for chunk in page("wiki:a.md", "offsite in may").chunks]
    assert set(await beside.vectors(hashes)) == set(hashes)
    await beside.replace([page("wiki:a.md", "offsite in may")])
    await store.swap(FORMAT)
    assert ids(await store.search(ask("offsite"))) == ["wiki:a.md"]


async def test_wrong_dimensions(store: SqliteStore) -> None:
    """A vector that doesn't fit is rejected when stored, and left aside when searched with."""
    await begin(store)
    await store.replace([page("wiki:a.md", "offsite")])
    wrong = page("wiki:b.md", "offsite")
    short = wrong.chunks[0].vector
    assert short is not None
    with pytest.raises(Rejected, match="dimensions"):
        await store.replace([replace(wrong, chunks=(replace(wrong.chunks[0], vector=short[:32]),))])
    (hit,) = await store.search(replace(ask("offsite"), vector=short[:32]))
    assert hit.vector is None


async def test_batch_that_fails_changes_nothing(store: SqliteStore) -> None:
    """If one page of a batch can't be stored, none of the batch is."""
    await begin(store)
    await store.replace([page("wiki:a.md", "offsite")])
    (chunk,) = page("wiki:b.md", "bad").chunks
    bad = replace(page("wiki:b.md", "bad"), chunks=(replace(chunk, vector=embed("x")[:8]),))
    with pytest.raises(Rejected):
        await store.replace([page("wiki:a.md", "offsite anew", revision="2"), bad])
    assert await store.revisions("wiki") == {"wiki:a.md": "1"}
    assert [hit.passage.text for hit in await store.search(ask("offsite"))] == ["offsite"]


async def test_half_a_surrogate_pair(store: SqliteStore) -> None:
    """Text of a broken file, which can't be encoded, is stored all the same."""
    await begin(store)
    await store.replace([page("wiki:a.md", "broken \ud83d text", title="bad \udc80 title")])
    (hit,) = await store.search(ask("broken"))
    assert hit.passage.text == "broken ? text"


@pytest.mark.slow
async def test_settle(path: Path, store: SqliteStore) -> None:
    """After many small writes the keywords lie in one segment again, and the same is found."""

    def segments() -> int:
        connection = apsw.Connection(str(path))
        found = connection.execute("select count(distinct segid) from keywords_1_idx").fetchone()
        connection.close()
        assert found is not None
        return int(found[0])

    await begin(store)
    for n in range(60):
        await store.replace([page(f"wiki:{n}.md", *[f"team offsite {n} {part} " * 20 for part in range(5)])])
    before = await store.search(ask("offsite 7"))
    assert segments() > 1
    await store.settle()
    assert segments() == 1
    assert await store.search(ask("offsite 7")) == before


async def test_a_build_is_merged_late(path: Path, store: SqliteStore) -> None:
    """FTS5 merges as by itself once a build is in place, or once a sync has gone on with one that was left half-way."""

    def merging(number: int) -> list[int]:
        connection = apsw.Connection(str(path))
        query = f"select v from keywords_{number}_config where k in ('automerge', 'crisismerge') order by k"  # noqa: S608 - a number of ours
        found = [int(str(value)) for (value,) in connection.execute(query)]
        connection.close()
        return found

    await begin(store)
    assert merging(1) == [4, 16]
    other = replace(FORMAT, chunking="another")
    beside = await store.rebuild(other)
    await beside.replace([page("wiki:a.md", "offsite")])
    await beside.settle()
    assert merging(2) == [0, 64]
    await store.swap(other)
    assert merging(2) == [4, 16]
    left = SqliteStore(path.with_name("left.db"))
    path = left.path
    await (await left.rebuild(FORMAT)).replace([page("wiki:a.md", "offsite")])
    await left.close()
    assert merging(1) == [0, 64]
    again = SqliteStore(path)
    await again.settle()
    await again.close()
    assert merging(1) == [4, 16]


async def test_a_sync_leaves_no_journal(path: Path) -> None:
    """A sync's end leaves all that was written in the file itself. It waits for nobody who reads; the next one will do."""
    store = await begin(SqliteStore(path, busy_seconds=120))
    await store.replace([page("wiki:a.md", "offsite")])
    reader = apsw.Connection(str(path))
    reader.execute("begin")
    assert reader.execute("select count(*) from documents_1").fetchall() == [(1,)]
    await store.replace([page("wiki:b.md", "offsite")])
    async with asyncio.timeout(60):
        await store.settle()
    reader.execute("rollback")
    await store.settle()
    assert path.with_name(f"{path.name}-wal").stat().st_size == 0
    reader.close()
    await store.close()


async def test_settle_without_an_index(store: SqliteStore) -> None:
    """There is nothing to do before the first sync."""
    await store.settle()
