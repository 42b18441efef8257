"""A sync that is killed loses the calls that were under way at most, and the next one mends the rest."""

import random
import subprocess
import sys
from pathlib import Path

import pytest

from bot.backends.sqlite import SqliteStore
from bot.ports import Span
from indexer.sync.embedding.stage import CALL
from tests.support.pages import put

KILLS = 6


def start(folder: Path, data: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "tests.support.syncing_child", str(folder), str(data)])


async def content(data: Path) -> dict[str, object]:
    store = SqliteStore(data / "index.db")
    revisions = await store.revisions("handbook")
    spans = [Span(doc_id, 0, 99) for doc_id in sorted(revisions)]
    passages = await store.passages(spans, frozenset({"everyone"}))
    await store.close()
    return {"revisions": revisions, "texts": [(one.doc_id, one.ordinal, one.text) for one in passages]}


@pytest.mark.slow
async def test_killed_at_random_moments(tmp_path: Path) -> None:
    """After kills at random moments the next sync ends with the index that one sync would have made."""
    rng = random.Random(3)  # noqa: S311 - a repeatable run
    folder, data, fresh = tmp_path / "docs", tmp_path / "data", tmp_path / "fresh"
    data.mkdir()
    fresh.mkdir()
    sections = "\n\n".join(f"## Part {n}\n\nWhat part {n} of it says." for n in range(6))
    put(folder, {f"{n}.md": f"# Page {n}\n\n{sections}" for n in range(600)})
    killed = 0
    for _ in range(KILLS):
        process = start(folder, data)
        try:
            process.wait(timeout=rng.uniform(1.0, 3.0))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            killed += 1
    assert start(folder, data).wait(timeout=120) == 0
    assert start(folder, fresh).wait(timeout=120) == 0
    assert await content(data) == await content(fresh)
    told = (data / "embedded").read_text().splitlines()
    embedded = [line for line in told if len(line) > 1 and line[0] == line[-1] == "'"]  # a kill may tear one
    assert len(set(embedded)) == 3600
    assert len(embedded) - 3600 <= killed * CALL
