"""Checks each part as it is configured: what is right, what isn't, and what to do about it.

Adapters and sources add their own checks with `Check`; `docent doctor` puts them together.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Final, Protocol, runtime_checkable

from bot.bootstrap import App
from bot.config.loader import Settings
from bot.diagnostics.findings import Check, error, ok, warning
from bot.diagnostics.models import check_embedder, check_judge, check_reranker, check_writer
from bot.opened_models import writer_pace
from bot.opened_records import Records
from bot.ports import BackendError, Store, StoreStats, Tickets
from bot.runtime.process.private_files import open_to_others

_DEADLINE: Final = 30.0
_LEAST_FREE: Final = 500_000_000
_MANY_CHUNKS: Final = 300_000
_NONE_FREE: Final = 1_000_000
_STEP: Final = 1000
_MANY_GB: Final = 10


async def tried(part: str, check: Callable[[], Awaitable[Check]], *, seconds: float = _DEADLINE) -> Check:
    """Return the check's finding, or an error where it fails or takes too long."""
    try:
        async with asyncio.timeout(seconds):
            return await check()
    except BackendError as failed:
        return error(part, failed.reason, failed.remedy)
    except TimeoutError:
        return error(part, f"no answer within {seconds:.0f} seconds.", "Check the connection to it.")


@runtime_checkable
class Served(Protocol):
    """A store on a server of its own: tells who that is, how the index differs from the settings, and who is down."""

    async def about(self) -> str: ...

    async def advice(self) -> list[str]: ...

    async def missing(self) -> list[str]: ...


async def check_parts(app: App, records: Records) -> AsyncIterator[Check]:
    """Check the data folder, the journal, the index, and each model with one small call."""
    settings = app.settings
    data = await asyncio.to_thread(check_data, settings.data)
    yield data
    # What lies in a folder that can't be used has no fault of its own.
    if data.verdict != "error" or settings.journal.url is not None:
        yield await tried("journal", lambda: _journal(settings, records))
    if data.verdict != "error" or settings.weaviate.chosen:
        async for check in _indexed(app):
            yield check
    yield await tried("embedder", lambda: check_embedder(app.embedder))
    yield await tried("reranker", lambda: check_reranker(app.reranker))
    pace = writer_pace(settings)
    seconds = max(_DEADLINE, pace.first_token + pace.answer)
    yield await tried("writer", lambda: check_writer(settings, app.writer), seconds=seconds)
    for tickets in app.tickets:
        yield await tried(tickets.name, partial(_tickets, tickets))
    if settings.eval.judge is not None:
        yield await tried("judge", lambda: check_judge(settings), seconds=seconds)


async def _tickets(tickets: Tickets) -> Check:
    return ok(tickets.name, await tickets.reachable())


async def _indexed(app: App) -> AsyncIterator[Check]:
    index = await tried("index", lambda: _index(app))
    yield index
    if index.verdict != "error":
        yield await tried("index", lambda: _size(app.settings, app.store))
        if isinstance(app.store, Served):
            yield await tried("index", partial(_served, app.store))


def check_data(folder: Path) -> Check:
    """Check whether state can be written there, and how much more of it."""
    part = "data"
    remedy = "Choose a folder that can be written: DOCENT_DATA."
    existing = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    if not existing.is_dir():
        return error(part, f"{existing} is not a folder.", remedy)
    if not os.access(existing, os.W_OK | os.X_OK):
        return error(part, f"{existing} can't be written.", remedy)
    if folder.is_dir() and (seen := list(open_to_others(folder))):
        others = f" and {len(seen) - 1} more" if len(seen) > 1 else ""
        return warning(
            part, f"others can read {seen[0]}{others}.", f"Close it to them: chmod -R go= {folder}"
        )
    free = shutil.disk_usage(existing).free
    if free < _LEAST_FREE:
        remedy = "Make room: without some nothing can be written."
        return (error if free < _NONE_FREE else warning)(
            part, f"{folder}: only {_size_told(free)} left on its disk.", remedy
        )
    return ok(part, f"{folder}: {_size_told(free)} left")


def _size_told(size: float) -> str:
    for unit in ("bytes", "kB", "MB"):
        if size < _STEP:
            return f"{size:.0f} {unit}"
        size /= _STEP
    return f"{size:.1f} GB" if size < _MANY_GB else f"{size:.0f} GB"


async def _journal(settings: Settings, records: Records) -> Check:
    await records.check()
    texts = "" if settings.journal.questions else ", without the questions' texts"
    return ok("journal", f"{records.where}: kept for {settings.journal.keep_days} days{texts}")


async def _index(app: App) -> Check:
    await app.store.check()
    made = await app.store.format()
    if made is None:
        return warning("index", "there is none yet.", "Make it with: docent index")
    embedder = app.embedder
    wanted = (embedder.model, embedder.dimensions) if embedder else ("", 0)
    if (made.model, made.dimensions) != wanted:
        return warning(
            "index",
            f"it was made with {_model(made.model, made.dimensions)}, docent.yaml says {_model(*wanted)}.",
            "The next `docent index` makes it anew beside this one; until then questions are searched by"
            " keywords alone.",
        )
    return ok("index", f"can be read and written, made with {_model(made.model, made.dimensions)}")


async def _size(settings: Settings, store: Store) -> Check:
    stats: StoreStats = await store.stats()
    finding = f"{stats.documents:,} pages in {stats.chunks:,} chunks"
    if stats.chunks > _MANY_CHUNKS and not settings.weaviate.chosen:
        return warning("index", f"{finding}: much for one file.", "Use Weaviate: set WEAVIATE_URL.")
    return ok("index", finding)


async def _served(store: Served) -> Check:
    about, advice = await store.about(), await store.advice()
    if missing := await store.missing():
        return warning("index", f"{about}, but {'; '.join(missing)}.", "Start what doesn't run.")
    if not advice:
        return ok("index", about)
    return warning(
        "index",
        f"{about}: the index isn't as the settings say: {'; '.join(advice)}.",
        "It works. To change it, build it anew beside itself: docent index --rebuild",
    )


def _model(name: str, dimensions: int) -> str:
    return f"{name} ({dimensions} dimensions)" if name else "keywords alone"
