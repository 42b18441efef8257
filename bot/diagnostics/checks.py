"""Checks of each part as it is configured: what is right, what isn't, and what to do about it.

Adapters and sources add their own checks with `Check`; `docent doctor` puts them together.
"""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, Literal, Protocol, runtime_checkable

from bot.bootstrap import App, Records
from bot.config.loader import Settings
from bot.model import Question, Turn
from bot.ports import BackendError, Embedder, Reranker, Store, StoreStats, Writer
from bot.runtime.private_files import open_to_others

CheckStatus = Literal["ok", "warning", "error"]

_DEADLINE: Final = 30.0
_LEAST_FREE: Final = 500_000_000
_MANY_CHUNKS: Final = 300_000
_GB: Final = 1e9


@dataclass(frozen=True, slots=True)
class Check:
    """One finding. `remedy` says what to do; empty where nothing needs to be done."""

    part: str
    verdict: CheckStatus
    finding: str
    remedy: str = ""


def ok(part: str, finding: str) -> Check:
    """All is well."""
    return Check(part, "ok", finding)


def warning(part: str, finding: str, remedy: str) -> Check:
    """It works, but."""
    return Check(part, "warning", finding, remedy)


def error(part: str, finding: str, remedy: str = "") -> Check:
    """It doesn't work."""
    return Check(part, "error", finding, remedy)


async def tried(part: str, check: Callable[[], Awaitable[Check]], *, seconds: float = _DEADLINE) -> Check:
    """The check's finding; an error where it fails or takes too long."""
    try:
        async with asyncio.timeout(seconds):
            return await check()
    except BackendError as failed:
        return error(part, failed.reason, failed.remedy)
    except TimeoutError:
        return error(part, f"no answer within {seconds:.0f} seconds.", "Check the connection to it.")


@runtime_checkable
class Served(Protocol):
    """A store on a server of its own: who that is, how the index differs from the settings, who is down."""

    async def about(self) -> str: ...

    async def advice(self) -> list[str]: ...

    async def missing(self) -> list[str]: ...


async def check_parts(app: App, records: Records) -> AsyncIterator[Check]:
    """The data folder, the journal, the index, and each model with one small call."""
    settings = app.settings
    yield await asyncio.to_thread(check_data, settings.data)
    yield await tried("journal", lambda: _journal(settings, records))
    index = await tried("index", lambda: _index(app))
    yield index
    if index.verdict != "error":
        yield await tried("index", lambda: _size(settings, app.store))
        if isinstance(app.store, Served):
            yield await tried("index", partial(_served, app.store))
    yield await tried("embedder", lambda: _embedder(app.embedder))
    yield await tried("reranker", lambda: _reranker(app.reranker))
    yield await tried("writer", lambda: _writer(settings, app.writer))


def check_data(folder: Path) -> Check:
    """Whether state can be written there, and how much more of it."""
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
        return warning(part, f"{folder}: only {free / _GB:.1f} GB left on its disk.", "Make room.")
    return ok(part, f"{folder}: {free / _GB:.0f} GB left")


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


async def _embedder(embedder: Embedder | None) -> Check:
    if embedder is None:
        return warning(
            "embedder",
            "none: pages are found by their words alone. On a real handbook that puts the right page among the"
            " first five for 60 of 100 questions, with an embedder for 86.",
            "Set `embedder: local` (a small model on this machine, downloaded once) or COHERE_API_KEY.",
        )
    vector = await embedder.embed_query("How many days off do I get?")
    if vector.shape != (embedder.dimensions,):
        return error("embedder", f"{embedder.model} makes vectors of {vector.shape[-1]} numbers.")
    return ok("embedder", f"{embedder.model}: answers, {embedder.dimensions} dimensions")


async def _reranker(reranker: Reranker | None) -> Check:
    if reranker is None:
        return ok("reranker", "none: passages stay in the search's order")
    scores = await reranker.rerank("How many days off?", ["You get 25 days off.", "Bring your dog."])
    finding = f"{reranker.usage().model}: answers"
    if len(scores) == 2 and scores[0] > scores[1]:  # noqa: PLR2004 - as many as were asked about
        return ok("reranker", finding)
    return warning("reranker", f"{finding}, but not sensibly: {scores}", "Check the model's name.")


async def _writer(settings: Settings, writer: Writer) -> Check:
    if settings.writer_choice.kind == "extractive":
        return ok("writer", "extractive: answers are quoted from the pages, no model is needed")
    history = (Turn("user", "How many days off do I get?"), Turn("assistant", "25 days."))
    await writer.standalone(Question("And contractors?", frozenset(), history))
    return ok("writer", f"{writer.usage().model}: answers")


def _model(name: str, dimensions: int) -> str:
    return f"{name} ({dimensions} dimensions)" if name else "keywords alone"
