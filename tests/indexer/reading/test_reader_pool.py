"""Answers go on while the index is made anew."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.bootstrap import App, open_app
from bot.config.loader import load
from bot.model import Outcome, Question
from bot.ports import SearchQuery, SyncRequest
from indexer.service import Indexer
from tests.support.opened_sources import sources_of
from tests.support.pages import put

pytestmark = pytest.mark.slow

EVERYONE = frozenset({"everyone"})
PAGES = 120
CONFIG = "sources: [{name: docs, type: folder, path: ./docs, audience: [everyone]}]\nindexer: {poll: 50ms}\n"


def text(number: int, revision: int) -> str:
    parts = "\n\n".join(
        f"## Part {part}\n\nThe quokka of page {number} has {part + 3} friends in revision {revision}."
        for part in range(4)
    )
    return f"# Page {number}\n\n{parts}\n"


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    put(tmp_path / "docs", {f"{n}.md": text(n, 1) for n in range(PAGES)})
    (tmp_path / "docent.yaml").write_text(CONFIG)
    async with open_app(load(tmp_path / "docent.yaml")) as app:
        yield app


async def look(app: App) -> None:
    """One search and one question: no error, nothing empty, no chunk twice, no page in two revisions."""
    hits = await app.store.search(SearchQuery("quokka friends", None, EVERYONE, limit=100))
    assert len(hits) == 100
    places = [(hit.passage.doc_id, hit.passage.ordinal) for hit in hits]
    assert len(set(places)) == len(places)
    revisions = {(hit.passage.doc_id, hit.passage.text.rpartition(" ")[2]) for hit in hits}
    assert len(revisions) == len({doc_id for doc_id, _ in revisions})
    answer = await app.answerer.answer(Question("How many friends has the quokka of page 7?", EVERYONE))
    assert answer.outcome is Outcome.ANSWERED
    assert answer.text


@pytest.mark.parametrize("changed", [False, True])
async def test_a_reader_during_a_full_reindex(app: App, tmp_path: Path, *, changed: bool) -> None:
    """Who asks all the time during `reindex --full` sees no error, no empty answer and no page twice."""
    await Indexer(app, sources_of(app)).once()
    if changed:
        put(tmp_path / "docs", {f"{n}.md": text(n, 2) for n in range(PAGES)})
    await app.runs.request(SyncRequest("docs", full=True))
    indexing = asyncio.create_task(Indexer(app, sources_of(app)).once())
    looked = 0
    while not indexing.done():
        await look(app)
        looked += 1
    (run,) = await indexing
    await look(app)
    assert looked >= 3
    assert run.request.full
    assert sum(report.changed + report.unchanged for report in run.reports) == PAGES
