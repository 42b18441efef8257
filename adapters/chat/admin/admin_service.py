"""Runs admin commands and their buttons on every platform.

Rights are checked at each command and each press.
"""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Protocol

from adapters.chat import messages
from adapters.chat.admin import admin_commands
from adapters.chat.admin import sync_progress as progress
from adapters.chat.admin.admin_news import AdminNews, Tell, button_value, kept_key
from adapters.chat.admin.run_watches import ProgressMessage, RunWatches
from adapters.chat.answer_view import DECISIONS, Press
from adapters.chat.markdown_text import shorten
from adapters.chat.questions.gate import visible
from bot.config.live import LiveSettings
from bot.curation.open_gaps import GapReviewer
from bot.ports import (
    BackendError,
    Journal,
    Lookback,
    Reader,
    Recorded,
    Rights,
    Runs,
    Store,
    SyncRequest,
    SyncRun,
)
from bot.style.hot_reload import StyleGuides

log = logging.getLogger(__name__)

_GAPS = 10
_MOMENT = 2.0  # seconds, after which the admin is told what they wait for


class AdminConsole(Protocol):
    """An admin command or button press of `person`, in the workspace or server `tenant`."""

    person: str
    tenant: str

    async def rights(self) -> Rights | None:
        """Return the person's current admin rights; None if they are no admin."""
        ...

    async def answer(self, text: str) -> None:
        """Show Markdown to the admin alone."""
        ...

    async def name(self) -> str:
        """Return the admin's display name."""
        ...

    async def offer(self, text: str, lesson_id: str, presses: tuple[Press, ...] = DECISIONS) -> None:
        """Show Markdown to the admin alone, with the buttons `presses` for the saved answer `lesson_id`."""
        ...

    async def audience(self) -> frozenset[str]:
        """Return what may be shown to everybody who can read the place where a run is shown."""
        ...

    async def show(self, run: SyncRun) -> ProgressMessage:
        """Post a message that shows the run, with buttons to cancel it or to confirm its deletions."""
        ...


async def allowed(console: AdminConsole, what: str) -> Rights | None:
    """Return the person's current admin rights.

    Anybody else is told that they are no admin; the attempt is logged.
    """
    rights = await console.rights()
    if rights is None:
        log.warning("admin command %r refused to %s", what[:80], console.person)
        await console.answer(messages.NOT_ADMIN)
    return rights


class AdminService:
    """Runs admin commands and their buttons.

    `find` turns a link to an answer's message into its record in the journal.
    """

    def __init__(
        self,
        *,
        runs: Runs,
        journal: Journal,
        lookback: Lookback,
        store: Store,
        shown: Reader,
        guides: StyleGuides,
        sources: Callable[[], tuple[admin_commands.SourceCycle, ...]],
        gaps: GapReviewer,
        watches: RunWatches,
        news: AdminNews,
        find: Callable[[str], Awaitable[Recorded | None]],
        review: Callable[[AdminConsole, Rights, bool], Awaitable[None]],
        live: LiveSettings | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._runs = runs
        self._journal = journal
        self._lookback = lookback
        self._store = store
        self._shown = shown
        self._guides = guides
        self._sources = sources
        self._gaps = gaps
        self._watches = watches
        self._news = news
        self._find = find
        self._review = review
        self._live = live
        self._clock = clock

    def open(self, platform: str, tell: Tell) -> None:
        """Take up the run messages of processes that died, and start telling admins the news."""
        self._watches.open()
        self._news.keep_told(platform, tell)

    async def command(self, text: str, console: AdminConsole) -> None:
        """Run the command that was typed."""
        rights = await allowed(console, text)
        if rights is None:
            return
        parsed = admin_commands.parse(text, tuple(one.name for one in self._sources()))
        if isinstance(parsed, admin_commands.Mistake):
            await console.answer(parsed.text)
            return
        try:
            await self._do(parsed, console, rights)
        except BackendError as error:
            await console.answer(f"⚠️ {error}")
        except Exception:  # the outermost loop of a command: the admin hears of it
            reference = uuid.uuid4().hex[:12]
            log.exception("admin command %s failed", reference)
            await console.answer(messages.BROKEN.format(id=reference))

    async def _do(self, parsed: admin_commands.Command, console: AdminConsole, rights: Rights) -> None:
        if parsed.name == "reindex":
            await self._reindex(parsed, console)
        elif parsed.name == "status":
            now = self._clock()
            text = await admin_commands.status(self._store, self._runs, self._sources(), now, rights)
            about = admin_commands.guide_lines(await self._guides.state())
            news = self._live.news if self._live else ""
            await console.answer("\n".join(filter(None, (text, about, news and f"⚠️ {shorten(news, 600)}"))))
        elif parsed.name == "sources":
            await console.answer(admin_commands.sources(self._sources()))
        elif parsed.name == "questions":
            wanted = parsed.questions(rights)
            found = await self._lookback.questions(wanted)
            await console.answer(admin_commands.questions(found, wanted.days))
        elif parsed.name == "gaps":
            await self._open_gaps(parsed, console, rights)
        elif parsed.name == "review":
            await self._review(console, rights, "--all" in parsed.flags)
        else:
            await console.answer(await self._why(parsed.target, rights))

    async def _reindex(self, parsed: admin_commands.Command, console: AdminConsole) -> None:
        if "--cancel" in parsed.flags:
            await self._cancel(parsed.target, console)
            return
        run, new = await self._runs.request(parsed.request(console.person))
        if not new:
            await console.answer("That is under way already: " + progress.describe(run))
        await self._follow(run, console)

    async def _cancel(self, source: str, console: AdminConsole) -> None:
        """Cancel the running and waiting reindexes of `source`, or all of them if it is ""."""
        found = [run for run in await self._runs.going_on() if source in ("", run.request.source)]
        for run in found:
            await self._runs.cancel(run.id)
        what = ", ".join(sorted({f"`{run.request.source or 'all sources'}`" for run in found}))
        await console.answer(messages.CANCELLING.format(what=what) if found else messages.NOTHING_RUNS)

    async def _open_gaps(self, parsed: admin_commands.Command, console: AdminConsole, rights: Rights) -> None:
        if "--dismiss" in parsed.flags:
            known = await self._gaps.dismiss(parsed.target, rights=rights)
            await console.answer(messages.DISMISSED if known else messages.NO_SUCH_GAP)
            return
        asking = asyncio.create_task(self._gaps.review(limit=_GAPS, rights=rights))
        try:
            await asyncio.wait([asking], timeout=_MOMENT)
            if not asking.done():
                await console.answer(messages.ASKING_AGAIN)
            await console.answer(admin_commands.gaps(await asking))
        finally:
            asking.cancel()

    async def _why(self, target: str, rights: Rights) -> str:
        """Return how an answer came about, with the titles that the admin may see.

        An answer outside the admin's rights is reported as unknown.
        """
        recorded = await self._journal.recorded(target) or await self._find(target)
        if recorded is None or not rights.covers(recorded.scope):
            return messages.NO_SUCH_ANSWER
        candidates = recorded.answer.trace.candidates if recorded.answer else ()
        found = {candidate.passage.doc_id for candidate in candidates}
        return admin_commands.why(recorded, await visible(self._shown, found, rights.audience))

    async def press(self, press: Press, value: str, console: AdminConsole) -> None:
        """Handle a button below a run (`value` is its id) or below a source's waiting deletions."""
        if await allowed(console, f"{press} {value}") is None:
            return
        try:
            if press is Press.CANCEL:
                await self._runs.cancel(value)
            elif press is Press.KEEP:
                await self._keep(value, console)
            else:
                await self._confirm(value, console)
        except BackendError as error:
            await console.answer(f"⚠️ {error}")

    async def _confirm(self, value: str, console: AdminConsole) -> None:
        """Run the deletions that were held back, once.

        A second press doesn't confirm deletions that came up later.
        """
        sources = await self._held(value)
        if not sources:
            await console.answer(messages.NOTHING_HELD)
            return
        key = f"confirm {' '.join(sources.values()) if self._source(value) else value}"
        if not await self._journal.claim(key):
            await console.answer(messages.CONFIRMED)
            return
        try:
            for source in sources:
                wanted = SyncRequest(source, confirm_deletes=True, asked_by=console.person)
                confirmed, _ = await self._runs.request(wanted)
                await self._follow(confirmed, console)
        except BackendError:
            await self._journal.release(key)
            raise

    async def _held(self, value: str) -> dict[str, str]:
        """Return the sources whose deletions a button is about, each with the key of these deletions."""
        source = self._source(value)
        if source:
            report = await self._runs.last_report(source)
            reports = [report] if report else []
        else:
            run = await self._runs.run(value)
            reports = list(run.reports) if run else []
        return {report.source: kept_key(report) for report in reports if report.held_back}

    def _source(self, value: str) -> str:
        """Return the source that a button is about; "" where it is about a run."""
        return next((one.name for one in self._sources() if button_value(one.name) == value), "")

    async def _keep(self, value: str, console: AdminConsole) -> None:
        """Keep these pages: nobody is asked about their deletion again, and it goes on waiting."""
        held = await self._held(value)
        for key in held.values():
            await self._journal.claim(key)
        await console.answer(messages.KEPT if held else messages.NOTHING_HELD)

    async def _follow(self, run: SyncRun, console: AdminConsole) -> None:
        """Show the run until it has ended, in the background."""
        await self._watches.follow(run, console.show, await self._heard_by(console))

    async def _heard_by(self, console: AdminConsole) -> frozenset[str]:
        """Return the audience of the place; nothing while the platform can't be asked."""
        try:
            return await console.audience()
        except BackendError:
            return frozenset()

    async def close(self) -> None:
        """Stop showing progress and telling news; the runs go on."""
        await self._watches.close()
        await self._news.close()
