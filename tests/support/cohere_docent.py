"""A whole Docent on a small handbook, with the real Cohere SDK pointed at tests/support/cohere_server.py.

`python -m tests.support.cohere_docent CONFIG` syncs it once, in a process that can be killed.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from bot.bootstrap import App, open_app
from bot.config.loader import load
from bot.model import Answer, Question, SyncReport, Turn
from indexer.sources import open_source
from indexer.sources.base import Surroundings
from indexer.sync.sync_all import sync_all
from tests.support.cohere_server import KEY
from tests.support.waiting import patience

PAGES = {
    "time-off.md": (
        "# Time off\n\n## Vacation\n\nEveryone has 25 vacation days a year. Ask Ann before you book a flight.\n\n"
        "## Sick days\n\nTell your lead before nine. A doctor's note is needed from the third day.\n"
    ),
    "dogs.md": "# Dogs\n\nDogs are welcome in the office on Fridays. Keep them on a leash near the kitchen.\n",
    "laptops.md": "# Laptops\n\nA broken laptop goes to the service desk in room 204. It lends you another.\n",
}
QUESTION = "How many vacation days does everyone have a year?"
FACT = "25 vacation days"

_CONFIG = """
sources:
  - {{name: handbook, type: folder, path: ./docs, include: ["**/*.md"], audience: [everyone],
      url: "https://docs.example/{{stem}}"}}
limits: {{search_deadline: {late}, embed_deadline: {soon}, rerank_deadline: {soon}, rewrite_deadline: {soon}, answer_deadline: {late}}}
cohere: {{first_token: {soon}, between_tokens: {soon}, batch_deadline: {batch}}}
{more}
"""


def write_handbook(
    folder: Path,
    *,
    pages: Mapping[str, str] = PAGES,
    more: str = "",
    batch: str = "20s",
    soon: float | None = None,
) -> Path:
    """The pages and a docent.yaml; its path. `soon` is how many seconds a part has: 1 on a quiet machine."""
    docs = folder / "docs"
    for name, text in pages.items():
        (docs / name).parent.mkdir(parents=True, exist_ok=True)
        (docs / name).write_text(text)
    config = folder / "docent.yaml"
    within = f"{1000 * (soon or patience()):.0f}ms"
    config.write_text(_CONFIG.format(more=more, batch=batch, soon=within, late=f"{15 * patience():.0f}s"))
    return config


@asynccontextmanager
async def opened(
    folder: Path, url: str, environment: pytest.MonkeyPatch, *, more: str = "", key: str = KEY
) -> AsyncIterator[App]:
    environment.setenv("COHERE_API_KEY", key)
    environment.setenv("COHERE_BASE_URL", url)
    environment.setenv("DOCENT_DATA", str(folder / "data"))
    config = write_handbook(folder, more=more) if not (folder / "docs").exists() else folder / "docent.yaml"
    async with open_app(load(config)) as app:
        yield app


async def synced(app: App) -> SyncReport:
    """Sync the only source."""
    source = open_source(app.settings.sources[0], Surroundings(app.settings.data))
    (report,) = await sync_all([source], app.store, app.embedder)
    return report


async def asked(app: App, text: str = QUESTION, *history: Turn) -> tuple[Answer, str]:
    """The answer, and what was streamed of it."""
    shown: list[str] = []

    async def on_text(piece: str) -> None:
        shown.append(piece)

    question = Question(text, frozenset({"everyone"}), tuple(history))
    return await app.answerer.answer(question, on_text=on_text), "".join(shown)


async def _once(config: Path) -> None:
    async with open_app(load(config)) as app:
        report = await synced(app)
    assert (report.error, report.failed, report.warnings) == ("", (), ())


if __name__ == "__main__":
    asyncio.run(_once(Path(sys.argv[1])))
