"""What is found follows docent.yaml as it is now, whatever the index holds from before."""

import asyncio
from pathlib import Path

import pytest

from bot.backends.sqlite import SqliteStore
from bot.bootstrap import open_app
from bot.config.loader import load
from bot.model import Outcome, Question
from bot.ports import IndexedChunk, IndexedDocument, IndexFormat, SearchQuery
from bot.visibility.configured_sources import Configured
from indexer.reading.chunker import CHUNKING
from indexer.service import Indexer
from indexer.sources.base import Entry
from tests.support.command_line import CommandLine
from tests.support.fakes import FakeStore
from tests.support.opened_sources import sources_of
from tests.support.pages import page, put, settings
from tests.support.store_contract import FORMAT
from tests.support.store_contract import page as stored
from tests.support.waiting import until

PAGES = {
    "hr/pay.md": "# Pay\n\nThe pay of the keeper is 4711 crowns.\n",
    "owl.md": "# Owl\n\nThe owl is called Tamsin.\n",
}
PAY, OWL = "What is the pay of the keeper?", "What is the owl called?"


def source(rest: str = "", name: str = "docs") -> str:
    return f"sources: [{{name: {name}, type: folder, path: docs, audience: [everyone]{rest}}}]\n"


@pytest.fixture
def docent(tmp_path: Path) -> CommandLine:
    put(tmp_path / "docs", PAGES)
    made = CommandLine(tmp_path, source())
    assert "2 added" in made("index").stdout
    return made


@pytest.mark.slow
def test_audience_of_is_obeyed_before_the_next_sync(docent: CommandLine) -> None:
    """A folder that is narrowed in docent.yaml is narrowed from then on."""
    assert "4711" in docent("ask", PAY).stdout
    docent.config.write_text(source(", audience_of: {'hr/**': [managers]}"))
    assert "4711" not in docent("ask", PAY).stdout
    assert "Tamsin" in docent("ask", OWL).stdout


@pytest.mark.slow
def test_audience_is_obeyed_before_the_next_sync(docent: CommandLine) -> None:
    """A source that is narrowed in docent.yaml is narrowed from then on."""
    docent.config.write_text(source().replace("everyone", "staff"))
    assert "Tamsin" not in docent("ask", OWL).stdout


@pytest.mark.slow
def test_a_wider_audience_waits_for_a_sync(docent: CommandLine) -> None:
    """What the index says may only narrow: a page is not shown to more people than it was stored for."""
    docent.config.write_text(source(", audience_of: {'hr/**': [managers]}"))
    docent("index")
    docent.config.write_text(source())
    assert "4711" not in docent("ask", PAY).stdout
    docent("index")
    assert "4711" in docent("ask", PAY).stdout


@pytest.mark.slow
def test_a_source_that_left(docent: CommandLine) -> None:
    """Pages of a source that is no longer in docent.yaml are shown to nobody, and `status` says that they are there."""
    docent.config.write_text(source(name="others").replace("path: docs", "path: other"))
    assert "Tamsin" not in docent("ask", OWL).stdout
    said = "docs is no longer in docent.yaml: its 2 pages are shown to nobody"
    assert said in docent("status").stdout


@pytest.mark.slow
async def test_the_indexer_forgets_it(docent: CommandLine) -> None:
    """The leading indexer deletes them at its start."""
    other = source(name="others").partition("[")[2]
    docent.config.write_text(source().rstrip()[:-1] + ", " + other)
    await asyncio.to_thread(docent, "index")
    docent.config.write_text(source())
    async with open_app(load(docent.config)) as app:
        assert set((await app.store.stats()).sources) == {"docs", "others"}
        stop = asyncio.Event()
        leading = asyncio.create_task(Indexer(app, sources_of(app)).run(stop))

        async def forgotten() -> bool:
            return set((await app.store.stats()).sources) == {"docs"}

        try:
            await until(forgotten)
        finally:
            stop.set()
            await leading


async def test_permissions_and_configuration_both_count() -> None:
    """A page that its source restricts to others is for those alone who are in both audiences."""
    staff = settings(audience=["staff"])
    built = page(
        "The pay is 4711.", entry=Entry("pay.md", "1", audience=frozenset({"hr"})), audience=["staff"]
    )
    store = FakeStore()
    await (await store.rebuild(IndexFormat("", 0, CHUNKING))).swap(IndexFormat("", 0, CHUNKING))
    chunks = tuple(IndexedChunk(piece.chunk, piece.text_hash, None, piece.terms) for piece in built.pieces)
    await store.replace([IndexedDocument(built.document, chunks)])
    sources = [staff]
    shown = Configured(store, lambda: sources)
    for audience, found in (({"staff"}, 0), ({"hr"}, 0), ({"staff", "hr"}, 1)):
        hits = await shown.search(SearchQuery("pay", None, frozenset(audience)))
        assert len(hits) == found, audience


async def test_words_of_a_source_that_was_narrowed(tmp_path: Path) -> None:
    """Before the next sync, too, a source that docent.yaml narrows has no words for whoever lost it."""
    store = SqliteStore(tmp_path / "index.db")
    built = await store.rebuild(FORMAT)
    await built.replace([stored("docs:owl.md", "The owl is called Tamsin.")])
    asker = frozenset({"everyone"})
    for audience, known in (("everyone", {"tamsin"}), ("staff", set())):
        sources = [settings(name="docs", audience=[audience])]
        found = Configured(store, lambda sources=sources: sources)
        assert set((await found.vocabulary(["tamsin"], asker)).holding) == known
        assert bool(await found.search(SearchQuery("tamsin", None, asker))) == bool(known)
    await store.close()


@pytest.mark.slow
async def test_a_running_one_closes_at_once(docent: CommandLine) -> None:
    """What docent.yaml closes is closed for who runs already, before any sync; what it opens waits for one."""
    await asyncio.to_thread(docent, "index")
    everyone = frozenset({"everyone"})
    async with open_app(load(docent.config)) as app:
        assert (await app.answerer.answer(Question(PAY, everyone))).outcome is Outcome.ANSWERED
        docent.config.write_text(source(", audience_of: {'hr/**': [managers]}"))
        assert not await app.live.look()
        assert await app.live.look()
        for audience, outcome in ((everyone, Outcome.NOT_FOUND), (everyone | {"managers"}, Outcome.ANSWERED)):
            assert (await app.answerer.answer(Question(PAY, audience))).outcome is outcome
