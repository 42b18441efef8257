"""Admin commands on every platform. Who asks is checked at the moment they act, also behind each button."""

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from functools import partial
from typing import Protocol

from adapters.chat import (
    admin_commands,
    messages,
)
from adapters.chat import (
    sync_progress as runs,
)
from adapters.chat.gate import visible
from adapters.chat.markdown_text import shorten
from bot.config.live import LiveSettings
from bot.ports import BackendError, Journal, Reader, Recorded, Rights, Runs, Store, SyncRequest, SyncRun
from bot.style.hot_reload import StyleGuides

log = logging.getLogger(__name__)

Tell = Callable[[str], Awaitable[None]]


class ProgressMessage(Protocol):
    """A message that is kept current. Raises Undeliverable when it can't be any more."""

    async def update(self, run: SyncRun) -> None: ...


class AdminConsole(Protocol):
    """Somebody at an admin command or button; `tenant` is the workspace or server where."""

    person: str
    tenant: str

    async def rights(self) -> Rights | None:
        """An admin's, as they are now; None for anybody else."""
        ...

    async def answer(self, text: str) -> None:
        """Markdown for the admin alone."""
        ...

    async def name(self) -> str:
        """The admin's name, for others to read."""
        ...

    async def offer(self, text: str, lesson_id: str) -> None:
        """Markdown for the admin alone, with the buttons of DECISIONS for what was saved."""
        ...

    async def audience(self) -> frozenset[str]:
        """What may be shown to all who read along where a run is shown."""
        ...

    async def show(self, run: SyncRun) -> ProgressMessage:
        """A message with the run, and with buttons to cancel it or to confirm its deletions."""
        ...


async def allowed(console: AdminConsole, what: str) -> Rights | None:
    """What an admin may read, now. Anybody else is told that they are none, and the attempt is logged."""
    rights = await console.rights()
    if rights is None:
        log.warning("admin command %r refused to %s", what[:80], console.person)
        await console.answer(messages.NOT_ADMIN)
    return rights


class AdminService:
    """Commands and their buttons. `find` turns a link to an answer's message into what the journal has."""

    def __init__(
        self,
        *,
        runs: Runs,
        journal: Journal,
        store: Store,
        shown: Reader | None = None,
        guides: StyleGuides,
        sources: Callable[[], tuple[admin_commands.SourceCycle, ...]],
        find: Callable[[str], Awaitable[Recorded | None]],
        review: Callable[[AdminConsole, Rights], Awaitable[None]],
        live: LiveSettings | None = None,
        update_every: float = 3.0,
        look_every: float = 60.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._runs = runs
        self._journal = journal
        self._store = store
        self._shown = shown or store
        self._guides = guides
        self._sources = sources
        self._find = find
        self._review = review
        self._live = live
        self._update_every = update_every
        self._look_every = look_every
        self._clock = clock
        self._watches: set[asyncio.Task[None]] = set()

    async def command(self, text: str, console: AdminConsole) -> None:
        """Do what was typed."""
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
            run, new = await self._runs.request(parsed.request(console.person))
            if not new:
                await console.answer("That is under way already: " + runs.describe(run))
            await self._follow(run, console)
        elif parsed.name == "status":
            now = self._clock()
            text = await admin_commands.status(self._store, self._runs, self._sources(), now, rights)
            about = admin_commands.guide_lines(await self._guides.state())
            news = self._live.news if self._live else ""
            await console.answer("\n".join(filter(None, (text, about, news and f"⚠️ {shorten(news, 600)}"))))
        elif parsed.name == "sources":
            await console.answer(admin_commands.sources(self._sources()))
        elif parsed.name == "gaps":
            await console.answer(admin_commands.gaps(await self._journal.gaps(rights=rights)))
        elif parsed.name == "review":
            await self._review(console, rights)
        else:
            await console.answer(await self._why(parsed.target, rights))

    async def _why(self, target: str, rights: Rights) -> str:
        """With the titles that the admin may see; of others' questions not even that there are such."""
        recorded = await self._journal.recorded(target) or await self._find(target)
        if recorded is None or not rights.covers(recorded.scope):
            return messages.NO_SUCH_ANSWER
        candidates = recorded.answer.trace.candidates if recorded.answer else ()
        found = {candidate.passage.doc_id for candidate in candidates}
        return admin_commands.why(recorded, await visible(self._shown, found, rights.audience))

    async def cancel(self, run_id: str, console: AdminConsole) -> None:
        """Stop a run now, or after the write that is under way; what was done is kept."""
        if await allowed(console, f"cancel {run_id}") is not None:
            await self._runs.cancel(run_id)

    async def confirm(self, run_id: str, console: AdminConsole) -> None:
        """Do the deletions that a run held back, once: what is gone by the next press was not meant."""
        if await allowed(console, f"confirm {run_id}") is None:
            return
        key = f"confirm {run_id}"
        if not await self._journal.claim(key):
            await console.answer(messages.CONFIRMED)
            return
        try:
            await self._confirmed(run_id, console)
        except BackendError:
            await self._journal.release(key)
            raise

    async def _confirmed(self, run_id: str, console: AdminConsole) -> None:
        run = await self._runs.run(run_id)
        for report in run.reports if run else ():
            if report.held_back:
                wanted = SyncRequest(report.source, confirm_deletes=True, asked_by=console.person)
                confirmed, _ = await self._runs.request(wanted)
                await self._follow(confirmed, console)

    async def _follow(self, run: SyncRun, console: AdminConsole) -> None:
        """Show the run until it has ended, in the background."""
        audience = await self._heard_by(console)
        shown = await console.show(runs.shown_to(run, audience))
        self._start(self._watch(run, shown, audience), f"watch {run.id}")

    async def _heard_by(self, console: AdminConsole) -> frozenset[str]:
        """Nobody, while the platform doesn't say."""
        try:
            return await console.audience()
        except BackendError:
            return frozenset()

    async def _watch(self, run: SyncRun, shown: ProgressMessage, audience: frozenset[str]) -> None:
        try:
            async for now in runs.watch(self._runs, run.id, every=self._update_every):
                if now != run:
                    await shown.update(runs.shown_to(now, audience))
                run = now
        except BackendError as error:
            log.warning("the progress of run %s is no longer shown: %s", run.id, error)
        except Exception:  # the outermost loop of a watch: the run itself goes on
            log.exception("the progress of run %s is no longer shown", run.id)

    def keep_told(self, platform: str, tell: Tell) -> None:
        """From now on admins hear of each broken edit of a guide or of docent.yaml, and of deletions that wait.

        From one process of many.
        """
        known: set[str] = set()
        guides, held = (
            partial(self._guides_news, platform, tell, known),
            partial(self._held_back, platform, tell),
        )
        self._start(
            _again("the style guides", guides, self._guides.settings.reload), "watch the style guides"
        )
        if self._live is not None:
            settings = partial(self._settings_news, platform, tell, self._live, known)
            self._start(_again("docent.yaml", settings, self._look_every / 12), "watch docent.yaml")
        self._start(_again("deletions that wait", held, self._look_every), "watch for deletions that wait")

    async def _guides_news(self, platform: str, tell: Tell, known: set[str]) -> None:
        for guide in await self._guides.state():
            key = f"guide {platform} {guide.name} {guide.seen}"
            if guide.problems and key not in known and await self._journal.claim(key):
                await tell(f"{messages.GUIDE_BROKEN}\n{admin_commands.guide_lines([guide])}")
            known.add(key)

    async def _settings_news(self, platform: str, tell: Tell, live: LiveSettings, known: set[str]) -> None:
        key = f"settings {platform} {live.version}"
        if live.news and key not in known and await self._journal.claim(key):
            await tell(f"⚠️ {shorten(live.news, 600)}")
        known.add(key)

    async def _held_back(self, platform: str, tell: Tell) -> None:
        """Once a day as long as they wait: nobody may have looked since a sync of the schedule found them."""
        for source in self._sources():
            report = await self._runs.last_report(source.name)
            key = f"held back {platform} {source.name} {self._clock():%Y-%m-%d}"
            if report and report.held_back and await self._journal.claim(key):
                await tell(admin_commands.waiting_deletions(report))

    def _start(self, watch: Coroutine[None, None, None], name: str) -> None:
        task = asyncio.create_task(watch, name=name)
        self._watches.add(task)
        task.add_done_callback(self._watches.discard)

    async def close(self) -> None:
        """Stop showing progress; the runs go on."""
        for task in self._watches:
            task.cancel()
        await asyncio.gather(*self._watches, return_exceptions=True)


async def _again(what: str, look: Callable[[], Awaitable[None]], every: float) -> None:
    """Look, and look again after so many seconds, for ever."""
    while True:
        try:
            await look()
        except BackendError as error:
            log.warning("admins can't be told of %s: %s", what, error)
        except Exception:  # the outermost loop of a watch
            log.exception("admins can't be told of %s", what)
        await asyncio.sleep(every)
