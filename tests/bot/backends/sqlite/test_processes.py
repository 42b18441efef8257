"""The embedded store with real processes: killed in mid-write, reading side by side, on a full disk."""

import asyncio
import random
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.backends.sqlite import SqliteStore
from bot.ports import Span
from tests.support.embedded_children import PAGES, revision
from tests.support.store_contract import EVERYONE, FORMAT, OTHER, ask, begin, page

pytestmark = pytest.mark.slow

KILLS = 20


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    return tmp_path / "index.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(path)
    yield opened
    await opened.close()


async def start(role: str, path: Path) -> Process:
    command = (sys.executable, "-m", "tests.support.embedded_children", role, str(path))
    return await asyncio.create_subprocess_exec(
        *command, stdin=PIPE, stdout=PIPE, cwd=Path(__file__).parents[4]
    )


async def said(process: Process) -> str:
    assert process.stdout is not None
    return (await asyncio.wait_for(process.stdout.readline(), 30)).decode().rstrip("\n")


async def asked(process: Process, text: str) -> tuple[int, list[str]]:
    """Peak memory in KiB, and the texts that the process found."""
    assert process.stdin is not None
    process.stdin.write(f"{text}\n".encode())
    peak, _, texts = (await said(process)).partition("\t")
    return int(peak), [text for text in texts.split("|") if text]


async def kill_at_random(path: Path, rng: random.Random) -> int:
    """The last revision that a writer said it had committed before it was killed."""
    writer = await start("writer", path)
    committed = int(await said(writer))
    moment = time.monotonic() + rng.random() * 0.2
    while time.monotonic() < moment:
        committed = int(await said(writer))
    writer.kill()
    assert writer.stdout is not None
    rest = (await writer.stdout.read()).split(b"\n")[:-1]
    await writer.wait()
    return int(rest[-1]) if rest else committed


async def test_kill_9(path: Path, store: SqliteStore) -> None:
    """Killed in mid-write at random moments, a writer leaves all that it committed and nothing half-made."""
    rng = random.Random(11)  # noqa: S311 - moments, no secret
    for _ in range(KILLS):
        committed = await kill_at_random(path, rng)
        revisions = await store.revisions("wiki")
        numbers = set(revisions.values())
        assert len(numbers) <= 1, "half of a batch"
        hits = await store.search(ask("handbook part"))
        if not numbers:  # it died after the delete that follows each fourth revision
            assert committed % 5 == 4
            assert hits == []
            continue
        (number,) = map(int, numbers)
        assert number >= committed, "a commit was lost"
        assert len(revisions) == PAGES
        assert len(hits) == PAGES * 4
        assert {hit.passage.text.split()[-1] for hit in hits} == {f"rev{number}"}
        assert all(hit.keyword is not None and hit.vector is not None for hit in hits)
        spans = [Span(doc_id, 0, 9) for doc_id in revisions]
        assert len(await store.passages(spans, EVERYONE)) == PAGES * 4
    await store.check()
    assert await store.format() in (FORMAT, OTHER)


async def test_reader_processes(path: Path, store: SqliteStore) -> None:
    """Several reading processes see each change and each swap with their next question."""
    await begin(store)
    readers = [await start("asker", path) for _ in range(3)]
    for number in range(1, 6):
        await store.replace(revision(number))
        for reader in readers:
            _, texts = await asked(reader, "handbook part")
            assert len(texts) == PAGES * 4
            assert {text.split()[-1] for text in texts} == {f"rev{number}"}
    beside = await store.rebuild(OTHER)
    await beside.replace([page("wiki:0.md", "handbook anew")])
    await store.swap(OTHER)
    for reader in readers:
        assert (await asked(reader, "handbook part"))[1] == ["handbook anew"]
    for reader in readers:
        await reader.communicate(b"")
        assert reader.returncode == 0


async def test_all_begin_at_once(path: Path) -> None:
    """Processes that open a file that isn't there yet, all at the same time, all get to work."""
    readers = await asyncio.gather(*(start("asker", path) for _ in range(5)))
    answers = await asyncio.gather(*(asked(reader, "anything") for reader in readers))
    assert [texts for _, texts in answers] == [[]] * 5
    for reader in readers:
        await reader.communicate(b"")
        assert reader.returncode == 0


async def test_memory_stays(path: Path, store: SqliteStore) -> None:
    """A reader's memory doesn't grow with the questions and the changes that it sees."""
    await begin(store)
    for start_at in range(0, 600, 100):
        pages = [page(f"wiki:{n}.md", *[f"guide {n} {part}" for part in range(5)]) for n in range(100)]
        await store.replace(
            [page(f"s{start_at}:{n}.md", *(c.chunk.text for c in p.chunks)) for n, p in enumerate(pages)]
        )
    reader = await start("asker", path)
    for turn in range(40):
        early, _ = await asked(reader, f"guide {turn}")
    for turn in range(80):
        await store.replace([page("s0:1.md", f"guide anew {turn}")])
        late, _ = await asked(reader, f"guide {turn}")
    await reader.communicate(b"")
    assert late - early < 16 * 1024, "KiB more than before"


async def test_full_disk(path: Path) -> None:
    """On a full disk the write is told as ReadOnly, nothing of before is lost, and searches go on."""
    process = await start("full", path)
    kind, reason, hits, whole = (await said(process)).split("\t")
    await process.communicate(b"")
    assert kind == "ReadOnly"
    assert str(path.parent) in reason
    assert int(hits) >= PAGES * 4
    assert whole == "True"
