"""What an admin is told of syncs, on the command line and in chat."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from adapters.chat.admin import admin_commands
from adapters.chat.admin.admin_news import AdminNews
from adapters.chat.answer_view import Press
from adapters.cli.reports.status_report import gather, lines
from bot.bootstrap import App, open_app
from bot.config.loader import load
from bot.model import SyncReport
from bot.ports import Rights, SyncRequest
from indexer.service import Indexer
from tests.support.opened_sources import sources_of
from tests.support.pages import put
from tests.support.waiting import until

pytestmark = pytest.mark.slow

CONFIG = """
sources:
  - {name: docs, type: folder, path: ./docs, audience: [everyone], every: 1h}
  - {name: wiki, type: folder, path: ./wiki, audience: [everyone], every: "0 6 * * 1-5"}
"""


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    put(tmp_path, {f"docs/{n}.md": f"# Page {n}\n\nWhat page {n} says.\n" for n in range(10)})
    put(tmp_path, {"wiki/a.md": "# A\n\nWhat it says.\n"})
    (tmp_path / "docent.yaml").write_text(CONFIG)
    async with open_app(load(tmp_path / "docent.yaml")) as app:
        yield app


async def sync(app: App) -> None:
    await Indexer(app, sources_of(app)).once()


RIGHTS = Rights(None, frozenset({"everyone"}))


async def in_chat(app: App, *, later: timedelta = timedelta()) -> str:
    now = datetime.now(UTC) + later
    return await admin_commands.status(app.store, app.runs, admin_commands.cycles(app.settings), now, RIGHTS)


async def on_the_command_line(app: App) -> str:
    return "\n".join(lines(await gather(app.settings)))


async def test_all_well(app: App) -> None:
    """A good sync has its age, and no warning."""
    await sync(app)
    assert "⚠️" not in await in_chat(app)
    assert "(!)" not in await on_the_command_line(app)
    assert "**docs**: 10 pages, synced " in await in_chat(app)


async def test_never(app: App, tmp_path: Path) -> None:
    """A source that was never synced well is warned of, here as there, beside why."""
    for said in ((await in_chat(app)), (await on_the_command_line(app))):
        assert said.count("never synced") == 2
    (tmp_path / "docs").rename(tmp_path / "elsewhere")
    await sync(app)
    in_chat_said, said = await in_chat(app), await on_the_command_line(app)
    assert "⚠️ never synced" in in_chat_said
    assert "(!) docs: never synced" in said
    assert "⚠️ the last sync failed: docs can't be listed: " in in_chat_said
    assert "(!) docs: the last sync failed: docs can't be listed: " in said
    assert "wiki: never" not in said
    (docs, wiki) = (await gather(app.settings)).to_json()["sources"]  # type: ignore[misc, attr-defined]
    assert [warning.partition(":")[0] for warning in docs["warnings"]] == [
        "never synced",
        "the last sync failed",
    ]
    assert wiki["warnings"] == ()


async def test_late(app: App) -> None:
    """A source is late after three cycles; by a cron line, after three of its longest gaps."""
    await sync(app)
    assert "⚠️" not in await in_chat(app, later=timedelta(hours=2))
    docs, late, wiki = (await in_chat(app, later=timedelta(hours=4))).splitlines()[1:]
    assert docs.startswith("• **docs**: 10 pages, synced ")
    assert late == "   ⚠️ older than its cycles allow"
    assert wiki.startswith("• **wiki**: ")
    assert (await in_chat(app, later=timedelta(days=10))).count("⚠️") == 2


async def test_held_back(app: App, tmp_path: Path) -> None:
    """Deletions that wait are told with the words that do them, until they are done."""
    await sync(app)
    for n in range(5):
        (tmp_path / "docs" / f"{n}.md").unlink()
    await sync(app)
    assert (
        "5 pages are gone at once; they stay until `/docent reindex docs --confirm-deletes`"
        in await in_chat(app)
    )
    said = await on_the_command_line(app)
    assert (
        "(!) docs: 5 pages are gone at once; they stay until `docent reindex docs --confirm-deletes`" in said
    )
    assert (await app.store.stats()).documents == 11
    await app.runs.request(admin_commands.SyncRequest("docs", confirm_deletes=True))
    await sync(app)
    assert (await app.store.stats()).documents == 6
    assert "gone at once" not in await in_chat(app) + await on_the_command_line(app)


@asynccontextmanager
async def told(app: App, platform: str, day: int = 1) -> AsyncIterator[list[str]]:
    """What a bot's process tells admins who haven't asked, on a day of a month."""
    said: list[str] = []

    async def tell(text: str, presses: object) -> None:
        said.append(text)
        assert [press for press, _ in presses] == [Press.CONFIRM, Press.KEEP]

    news = AdminNews(
        runs=app.runs,
        journal=app.journal,
        shown=app.shown,
        guides=app.guides,
        sources=lambda: admin_commands.cycles(app.settings),
        look_every=0.05,
        clock=lambda: datetime(2026, 1, day, tzinfo=UTC),
    )
    news.keep_told(platform, tell)
    yield said
    await news.close()


async def test_held_back_is_told(app: App, tmp_path: Path) -> None:
    """Deletions that a sync of the schedule holds back are told to the admins of each platform, once a day."""
    await sync(app)
    async with told(app, "slack") as slack, told(app, "slack") as second, told(app, "discord") as discord:
        for n in range(5):
            (tmp_path / "docs" / f"{n}.md").unlink()
        assert slack == second == discord == []
        await sync(app)

        async def all_know() -> bool:
            return bool(slack or second) and bool(discord)

        await until(all_know)
        await sync(app)
        async with told(app, "slack") as restarted, told(app, "slack", day=2) as another:

            async def looked() -> bool:
                return bool(another)

            await until(looked)
    word = "⚠️ **docs**: 5 pages are gone at once; they stay until `/docent reindex docs --confirm-deletes`."
    word += "".join(f"\n• `{n}.md`" for n in range(5))
    assert (*slack, *second) == tuple(discord) == tuple(another) == (word,)
    assert restarted == []


async def test_source_out_of_reach(app: App, tmp_path: Path) -> None:
    """A source that can't be listed is told with the reason; its pages stay."""
    await sync(app)
    (tmp_path / "docs").rename(tmp_path / "elsewhere")
    await sync(app)
    for said in (await in_chat(app), await on_the_command_line(app)):
        assert "docs can't be listed" in said
    assert (await app.store.stats()).documents == 11


async def test_trouble_of_long_ago(app: App, tmp_path: Path) -> None:
    """What the last sync of a source came to is told however often others were synced since."""
    await sync(app)
    (tmp_path / "docs").rename(tmp_path / "elsewhere")
    await sync(app)
    report = SyncReport("wiki")
    for _ in range(120):
        run, _ = await app.runs.request(SyncRequest("wiki"))
        await app.runs.take("worker")
        await app.runs.end(run.id, "done", [report])
    run, _ = await app.runs.request(SyncRequest("docs", paths=("1.md",)))
    await app.runs.take("worker")
    await app.runs.end(run.id, "done", [SyncReport("docs")])
    for said in (await in_chat(app), await on_the_command_line(app)):
        assert "docs can't be listed" in said


async def test_failing_page(app: App, tmp_path: Path) -> None:
    """A page that can't be read is named with its reason and since when, and keeps its old version."""
    await sync(app)
    (tmp_path / "docs" / "1.md").write_bytes(b"\x00\x01 no text")
    await sync(app)
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    assert f"`1.md` fails since {today}" in await in_chat(app)
    said = await on_the_command_line(app)
    assert "docs: 1.md: " in said
    assert f"(since {today})" in said
    assert (await app.store.stats()).documents == 11
