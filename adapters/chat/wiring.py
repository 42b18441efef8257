"""Puts together what every platform's adapter consists of."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Protocol

from adapters.chat.admin import admin_commands
from adapters.chat.admin.admin_news import AdminNews
from adapters.chat.admin.admin_service import AdminService
from adapters.chat.admin.run_watches import ProgressMessage, RunWatches
from adapters.chat.admin.teaching import Teaching
from adapters.chat.answer_actions import AnswerActions
from adapters.chat.helping.human_help import HumanHelp
from adapters.chat.incoming.attachments import AttachmentReader
from adapters.chat.incoming.revision import Revisions
from adapters.chat.questions.gate import Gate
from adapters.chat.questions.question_service import QuestionService, ServicePolicy
from adapters.chat.questions.reply import Reply
from adapters.chat.summaries.summaries import Summaries
from bot.answering.summary import Summarizer
from bot.bootstrap import App
from bot.curation.open_gaps import GapReviewer
from bot.curation.page_picker import PagePicker
from bot.ports import Asked, PictureReader, Recorded


class PlatformInbound(Protocol):
    """What a platform knows of its own answers."""

    def revive(self, recorded: Recorded) -> Reply:
        """Return the reply of a question whose process died. Raises Undeliverable."""
        ...

    def go_on(self, earlier: Recorded, asked: Asked) -> Reply:
        """Return the reply that makes an earlier answer's message the answer to `asked`."""
        ...

    async def untouched(self, recorded: Recorded) -> bool:
        """Return whether nobody has written after the answer, as far as can be told."""
        ...

    def address_of(self, link: str) -> str:
        """Return the address of the answer's message that a link leads to; "" if it leads to none."""
        ...


@dataclass(frozen=True, slots=True)
class ChatServices:
    """The services of one platform.

    `find` turns a link to an answer's message into its record in the journal.
    """

    question_service: QuestionService
    revisions: Revisions
    presses: AnswerActions
    teaching: Teaching
    admins: AdminService
    find: Callable[[str], Awaitable[Recorded | None]]
    helping: HumanHelp
    summaries: Summaries


def assemble(
    platform: str,
    app: App,
    inbound: PlatformInbound,
    gate: Gate,
    *,
    can_ask_human: bool,
    run_message: Callable[[str], ProgressMessage],
) -> ChatServices:
    """Return all services that aren't the platform's own.

    `run_message` returns a run's message by its address.
    """

    async def find(link: str) -> Recorded | None:
        address = inbound.address_of(link)
        return await app.journal.recorded_by_reply(platform, address) if address else None

    limits = app.settings.limits
    manners = ServicePolicy(
        questions_per_minute=limits.questions_per_minute,
        stale_after=timedelta(seconds=limits.stale_after),
        can_ask_human=can_ask_human,
    )
    question_service = QuestionService(
        platform,
        app.answerer,
        app.journal,
        app.shown,
        manners,
        gate=gate,
        files=AttachmentReader(
            lambda: app.settings.attachments,
            app.writer if isinstance(app.writer, PictureReader) else None,
        ),
        revive=inbound.revive,
        observers=app.observers,
    )
    pages = PagePicker(app.retriever, app.shown, lambda: (one.name for one in app.settings.sources))
    teaching = Teaching(app.learning, app.journal.recorded, pages)

    def sources() -> tuple[admin_commands.SourceCycle, ...]:
        return admin_commands.cycles(app.settings)

    watches = RunWatches(
        platform,
        runs=app.runs,
        kept=app.records.run_messages,
        shown=app.shown,
        worker=question_service.worker,
        find=run_message,
    )
    news = AdminNews(
        runs=app.runs, journal=app.journal, shown=app.shown, guides=app.guides, sources=sources, live=app.live
    )
    admins = AdminService(
        runs=app.runs,
        journal=app.journal,
        lookback=app.records.lookback,
        store=app.store,
        shown=app.shown,
        guides=app.guides,
        sources=sources,
        live=app.live,
        gaps=GapReviewer(app.records.lookback, app.journal, app.answerer),
        watches=watches,
        news=news,
        find=find,
        review=teaching.review,
    )
    helping = HumanHelp(app.journal, app.tickets, lambda: app.settings.help)
    summaries = _summaries(app)
    presses = AnswerActions(
        question_service,
        app.journal,
        helping,
        teaching.complained,
        summaries.shown,
        heard=partial(app.observers.feedback_given, platform),
    )
    revisions = Revisions(question_service, app.journal, go_on=inbound.go_on, untouched=inbound.untouched)
    return ChatServices(question_service, revisions, presses, teaching, admins, find, helping, summaries)


def _summaries(app: App) -> Summaries:
    """Return the summaries; without a model there are none, as quotes of what people said are no summary."""
    limits = app.settings.limits
    writes = app.settings.writer_choice.kind != "extractive"
    summarizer = Summarizer(app.writer, seconds=limits.answer_deadline) if writes else None
    return Summaries(summarizer, app.journal, tokens=limits.passage_tokens)
