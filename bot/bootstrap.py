"""The composition root: the only place that names backends. Each is imported only where it is chosen."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from bot.answer import Answerer
from bot.config import Settings
from bot.ports import Embedder, Journal, Leases, Reranker, Runs, Store, Writer


@dataclass(frozen=True, slots=True)
class App:
    """All parts, connected. They close with `open_app`'s block."""

    settings: Settings
    answerer: Answerer
    store: Store
    embedder: Embedder | None
    reranker: Reranker | None
    writer: Writer
    journal: Journal
    runs: Runs
    leases: Leases


@asynccontextmanager
async def open_app(settings: Settings) -> AsyncIterator[App]:
    """Everything that answering and indexing need. Raises BackendError for what can't be opened."""
    async with AsyncExitStack() as stack:
        yield await _app(settings, stack)


async def _app(settings: Settings, stack: AsyncExitStack) -> App:
    raise NotImplementedError
