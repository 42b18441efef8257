"""What a sync sends to Cohere: only what is new, in full calls, several at once."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.bootstrap import App
from tests.support.cohere_docent import asked, opened, synced, write_handbook
from tests.support.cohere_server import CohereServer, Hang, Status
from tests.support.waiting import patience

PAGE = "# Rules\n\n" + "\n\n".join(
    f"## Rule {number}\n\nRule number {number} is about the {number}th thing that people do here. "
    f"Whoever does it asks the lead of room {number} before, and tells floor {number} after."
    for number in range(50)
)


@pytest.fixture
async def server() -> AsyncIterator[CohereServer]:
    async with CohereServer() as running:
        yield running


@pytest.fixture
async def app(server: CohereServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[App]:
    write_handbook(tmp_path, pages={"rules.md": PAGE})
    async with opened(tmp_path, server.url, monkeypatch) as made:
        report = await synced(made)
        assert (report.chunks, report.embedded) == (50, 50)
        server.texts.clear()
        yield made


@pytest.mark.slow
async def test_a_changed_paragraph_sends_at_most_two_texts(app, server, tmp_path):
    """Of a page of 50 chunks only what changed is embedded."""
    (tmp_path / "docs/rules.md").write_text(PAGE.replace("room 17 before", "room 99 before"))

    report = await synced(app)

    assert report.changed == 1
    assert 1 <= len(server.texts) <= 2
    assert "room 99" in server.texts[0]


@pytest.mark.slow
async def test_a_renamed_page_sends_none(app, server, tmp_path):
    """A new path has the old vectors."""
    (tmp_path / "docs/rules.md").rename(tmp_path / "docs/house-rules.md")

    report = await synced(app)

    assert (report.renamed, report.deleted) == (1, 0)
    assert server.texts == []


@pytest.mark.slow
async def test_another_audience_sends_none(app, server, tmp_path):
    """Who may see a page is not embedded."""
    (tmp_path / "docs/rules.md").write_text(f"---\naudience: [leads]\n---\n{PAGE}")

    report = await synced(app)
    sent = list(server.texts)
    answer, _ = await asked(app, "What is rule number 17 about?")

    assert report.changed == 1
    assert sent == []
    assert "17th" not in answer.text


async def test_an_unchanged_page_sends_none(app, server):
    """Nothing is fetched or embedded twice."""
    report = await synced(app)

    assert report.unchanged == 1
    assert server.texts == []


@pytest.mark.slow
async def test_pages_share_calls_and_calls_run_at_once(server, tmp_path, monkeypatch):
    """Many small pages are sent in full calls, several at once, each text once."""
    server.latency = 0.5
    pages = {
        f"p{n}.md": f"# Page {n}\n\nThe page {n} tells of thing {n}.\n\n## Same\n\nAs ever.\n"
        for n in range(300)
    }
    write_handbook(tmp_path, pages=pages)
    async with opened(tmp_path, server.url, monkeypatch) as app:
        report = await synced(app)
        tokens = app.embedder.usage().input_tokens if app.embedder else 0

    assert report.added == 300
    assert len(server.texts) == len(set(server.texts)) == report.embedded
    assert report.tokens == tokens > 0
    assert len(server.calls("embed")) <= -(-len(server.texts) // 96) + 2
    assert server.busiest > 1


@pytest.mark.slow
async def test_pages_without_vectors_get_them_later(server, tmp_path, monkeypatch):
    """While Cohere is down pages are indexed for keywords; the next sync embeds them, once."""
    server.always["embed"] = Status(401)
    write_handbook(tmp_path)
    async with opened(tmp_path, server.url, monkeypatch) as app:
        first = await synced(app)
        server.always.clear()
        second = await synced(app)
        third = await synced(app)

    assert (first.added, first.embedded) == (3, 0)
    assert "COHERE_API_KEY" in first.warnings[0].reason
    assert (second.embedded, second.warnings) == (4, ())
    assert third.embedded == 0
    assert len(server.texts) == 4


@pytest.mark.slow
async def test_rate_limits_lose_nothing(tmp_path, monkeypatch):
    """A server that allows 200 texts in half a second gets all of them, no more than it allows at once."""
    async with CohereServer(texts_per_minute=200, minute=0.5, retry_after="1") as server:
        pages = {f"p{n}.md": f"# Page {n}\n\nThe page {n} tells of thing {n}.\n" for n in range(500)}
        write_handbook(tmp_path, pages=pages)
        async with opened(tmp_path, server.url, monkeypatch) as app:
            report = await synced(app)

    assert (report.added, report.embedded, report.warnings) == (500, 500, ())
    assert len(server.texts) == 500
    assert server.refused <= 8


async def test_a_hanging_server_does_not_hold_a_sync(server, tmp_path, monkeypatch):
    """Batches that get no answer are given up; their pages are found by keywords."""
    server.always["embed"] = Hang()
    write_handbook(tmp_path, batch="200ms")
    async with opened(tmp_path, server.url, monkeypatch) as app:
        report = await synced(app)

    assert (report.added, report.embedded) == (3, 0)
    assert report.seconds < 15 * patience()
