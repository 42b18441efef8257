"""Opens all parts: the composition root, the only place that names backends. Each is imported only where it is chosen."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bot.answering.answerer import Answerer
from bot.config.live import LiveSettings
from bot.config.loader import Settings
from bot.curation.curation import Curation
from bot.curation.verified_answers import VerifiedAnswers
from bot.limits import AnswerLimits, RetrievalLimits
from bot.opened_models import OpenedModels, writer_pace
from bot.opened_records import LateLessons, Records, open_records
from bot.ports import (
    BackendError,
    Embedder,
    Journal,
    Leases,
    Lessons,
    Loadable,
    Reader,
    Rejected,
    Reranker,
    Runs,
    Store,
    Tickets,
    Writer,
)
from bot.retrieval.retriever import Retriever
from bot.runtime.circuit_breaker import CircuitBreaker
from bot.runtime.connections import Connections
from bot.runtime.observers import Observers
from bot.runtime.process.cores import cores
from bot.runtime.process.installed import needing_extras
from bot.runtime.process.private_files import close_to_others
from bot.style.embedding_similarity import EmbeddingSimilarity
from bot.style.hot_reload import StyleGuides
from bot.visibility.configured_sources import Configured

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class App:
    """All parts, connected. They close with `open_app`'s block.

    Opening loads no model and reaches for no server: `ready` does, for whoever answers soon.
    """

    live: LiveSettings
    answerer: Answerer
    retriever: Retriever
    store: Store
    shown: Reader
    embedder: Embedder | None
    reranker: Reranker | None
    writer: Writer
    records: Records
    guides: StyleGuides
    verified: VerifiedAnswers
    tickets: tuple[Tickets, ...] = ()
    observers: Observers = field(default_factory=Observers)
    connections: Connections = field(default_factory=Connections)

    @property
    def settings(self) -> Settings:
        """The settings as they are now: whoever keeps them doesn't hear of changes."""
        return self.live.now

    @property
    def breakers(self) -> tuple[CircuitBreaker, ...]:
        """The breakers of all that an answer needs and that can be down."""
        return *self.answerer.breakers, *self.retriever.breakers

    @property
    def journal(self) -> Journal:
        return self.records.journal

    @property
    def runs(self) -> Runs:
        return self.records.runs

    @property
    def leases(self) -> Leases:
        return self.records.leases

    @property
    def lessons(self) -> Lessons:
        return self.records.lessons

    @property
    def learning(self) -> Curation:
        """What keeps the lessons that admins save in chat."""
        return Curation(
            self.lessons,
            self.verified,
            self.guides,
            self.settings.style,
            characters=self.settings.limits.answer_characters,
            audience=self.settings.default_audience,
        )

    async def ready(self) -> None:
        """Load what takes long at its first use. What fails here is logged and tried again when it is used."""
        models: tuple[object, ...] = (self.embedder, self.reranker)
        for model in models:
            if isinstance(model, Loadable):
                try:
                    await model.load()
                except BackendError as error:
                    log.warning("%s", error)


@asynccontextmanager
async def open_app(settings: Settings) -> AsyncIterator[App]:
    """Open everything that answering and indexing need.

    Raises BackendError for what can never work as it is configured: a model's missing file, a wrong address. What
    is only down shows when it is used.
    """
    await asyncio.to_thread(check_folder, settings.data)
    await asyncio.to_thread(close_to_others, settings.data)
    async with AsyncExitStack() as stack:
        yield await _app(settings, stack)


def check_folder(data: Path) -> None:
    """Raise Rejected where state can never lie there: one word for all that would be in it."""
    existing = next(each for each in (data, *data.absolute().parents) if each.exists())
    if not existing.is_dir():
        remedy = "Choose another: data in docent.yaml, or DOCENT_DATA."
        raise Rejected("the data folder", f"{existing} is not a folder.", remedy=remedy)


async def open_store(settings: Settings) -> Store:
    """Open the index alone. Nothing is reached for before its first call; whoever opens it closes it."""
    if settings.weaviate.chosen:
        return await asyncio.to_thread(_weaviate, settings)
    from bot.backends.sqlite import SqliteStore

    return SqliteStore(settings.data / "index.db")


async def _app(settings: Settings, stack: AsyncExitStack) -> App:
    store = await open_store(settings)
    stack.push_async_callback(store.close)
    models = OpenedModels(settings)
    embedder = await models.embedder()
    if embedder is not None:
        stack.push_async_callback(embedder.close)
    reranker = await models.reranker()
    if reranker is not None:
        stack.push_async_callback(reranker.close)
    writer, fallback = await models.writers(embedder, reranker)
    stack.push_async_callback(writer.close)
    live = LiveSettings(settings)
    shown = Configured(store, lambda: live.now.sources)
    retriever = _retriever(live, shown, embedder, reranker)
    records = open_records(settings)
    stack.push_async_callback(records.close)
    guides = open_guides(settings, embedder)
    verified = open_verified(settings, LateLessons(records), shown, embedder)
    return App(
        live=live,
        answerer=_answerer(settings, retriever, (writer, fallback), guides, verified),
        retriever=retriever,
        store=store,
        shown=shown,
        embedder=embedder,
        reranker=reranker,
        writer=writer,
        records=records,
        guides=guides,
        verified=verified,
        tickets=await _tickets(settings, stack),
    )


async def _tickets(settings: Settings, stack: AsyncExitStack) -> tuple[Tickets, ...]:
    """Open the trackers, loaded only where docent.yaml chooses one."""
    if not settings.help.has_tickets:
        return ()
    from bot.backends.tickets.trackers import open_tickets

    opened = open_tickets(settings.help)
    for one in opened:
        stack.push_async_callback(one.close)
    return opened


def open_verified(
    settings: Settings, lessons: Lessons, store: Reader, embedder: Embedder | None = None
) -> VerifiedAnswers:
    """Open the verified answers, served while they hold."""
    likeness = EmbeddingSimilarity(embedder, settings.data / "style", name="verified")
    return VerifiedAnswers(lessons, store, likeness, days=settings.style.verified_days)


def open_guides(settings: Settings, embedder: Embedder | None = None) -> StyleGuides:
    """Open the style guides; their files are read at the first use."""
    return StyleGuides(
        settings.style,
        EmbeddingSimilarity(embedder, settings.data / "style"),
        settings.limits.answer_characters,
    )


def _weaviate(settings: Settings) -> Store:
    with needing_extras("search"):
        from bot.backends.weaviate import open_store as open_weaviate

    return open_weaviate(settings.weaviate, settings.data)


def _answerer(
    settings: Settings,
    retriever: Retriever,
    writers: tuple[Writer, Writer | None],
    guides: StyleGuides,
    verified: VerifiedAnswers,
) -> Answerer:
    pace = writer_pace(settings)
    limits = AnswerLimits(
        question_characters=settings.limits.question_characters,
        answer=pace.answer,
        search=settings.limits.search_deadline,
        standalone=pace.rewrite,
        first_token=pace.first_token,
        between_tokens=pace.between_tokens,
        # One more than there are cores: while one waits for the store, another is worked on.
        at_once=settings.limits.questions_at_once or cores() + 1,
    )
    return Answerer(
        retriever=retriever,
        writer=writers[0],
        fallback=writers[1],
        quotes=settings.writer_choice.kind == "extractive",
        guide=guides,
        known=verified,
        limits=limits,
        breaker=_breaker(settings, "the writer"),
    )


def _retriever(
    live: LiveSettings, store: Reader, embedder: Embedder | None, reranker: Reranker | None
) -> Retriever:
    settings = live.now
    limits = RetrievalLimits(
        embed=settings.limits.embed_deadline,
        rerank=settings.limits.rerank_deadline,
        passage_tokens=settings.limits.passage_tokens,
    )
    choice = settings.reranker_choice
    enough = {"local": choice.local.enough, "cohere": choice.cohere.enough}.get(choice.kind)
    return Retriever(
        store=store,
        embedder=embedder,
        reranker=reranker,
        limits=limits,
        audiences=lambda: _audiences(live.now),
        relevance=enough,
    )


def _audiences(settings: Settings) -> frozenset[str]:
    """Return all audiences that the settings name."""
    return settings.source_audiences | settings.audiences.keys() | settings.default_audience


def _breaker(settings: Settings, part: str) -> CircuitBreaker:
    rule = settings.breaker
    return CircuitBreaker(part, failures=rule.failures, window=rule.window, probe_after=rule.pause)
