"""Tells admins of broken style guides, broken settings and deletions that wait for confirmation."""

import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256

from adapters.chat import messages
from adapters.chat.admin import admin_commands, sync_progress
from adapters.chat.answer_view import Press
from adapters.chat.background_tasks import Watches, again
from adapters.chat.markdown_text import shorten
from bot.config.live import LiveSettings
from bot.model import SyncReport
from bot.ports import Journal, Reader, Runs
from bot.style.hot_reload import StyleGuides

log = logging.getLogger(__name__)

# A text with buttons, each with the value that its press carries.
Tell = Callable[[str, Sequence[tuple[Press, str]]], Awaitable[None]]

# The same to one person, by their id on the platform.
TellOne = Callable[[str, str, Sequence[tuple[Press, str]]], Awaitable[None]]

_OF_SOURCE = "source-"


def to_all(admins: Callable[[], Iterable[str]], tell: TellOne, failed: type[Exception]) -> Tell:
    """Return a function that sends a message to every admin.

    `failed` is the exception that the platform raises when an admin can't be reached: it is logged.
    """

    async def tell_all(text: str, presses: Sequence[tuple[Press, str]]) -> None:
        for admin in sorted(admins()):
            try:
                await tell(admin, text, presses)
            except failed as error:
                log.warning("admin %s can't be told: %s", admin, error)

    return tell_all


def button_value(source: str) -> str:
    """Return the value of a button about a source: short, and only letters, digits and a hyphen."""
    return _OF_SOURCE + sha256(source.encode()).hexdigest()[:16]


def kept_key(report: SyncReport) -> str:
    """Return a key for exactly these deletions; other deletions of the same source have another."""
    digest = sha256("\n".join((str(report.held_back), *report.held)).encode()).hexdigest()[:16]
    return f"kept {report.source[:200]} {digest}"


class AdminNews:
    """Watches for news and tells it to admins.

    Of several processes, the one that claims a piece of news tells it.
    """

    def __init__(
        self,
        *,
        runs: Runs,
        journal: Journal,
        shown: Reader,
        guides: StyleGuides,
        sources: Callable[[], tuple[admin_commands.SourceCycle, ...]],
        live: LiveSettings | None = None,
        look_every: float = 60.0,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._runs = runs
        self._journal = journal
        self._shown = shown
        self._guides = guides
        self._sources = sources
        self._live = live
        self._look_every = look_every
        self._clock = clock
        self._watches = Watches()

    def keep_told(self, platform: str, tell: Tell) -> None:
        """Start telling admins of each broken edit of a style guide or docent.yaml, and of waiting deletions."""
        known: set[str] = set()
        guides = partial(self._guides_news, platform, tell, known)
        held = partial(self._held_back, platform, tell)
        self._watches.start(
            again("admins can't be told of the style guides", guides, self._guides.settings.reload),
            "watch the style guides",
        )
        if self._live is not None:
            settings = partial(self._settings_news, platform, tell, self._live, known)
            looking = again("admins can't be told of docent.yaml", settings, self._look_every / 12)
            self._watches.start(looking, "watch docent.yaml")
        self._watches.start(
            again("admins can't be told of deletions that wait", held, self._look_every),
            "watch for deletions that wait",
        )

    async def _guides_news(self, platform: str, tell: Tell, known: set[str]) -> None:
        for guide in await self._guides.state():
            key = f"guide {platform} {guide.name} {guide.seen}"
            if guide.problems and key not in known and await self._journal.claim(key):
                await tell(f"{messages.GUIDE_BROKEN}\n{admin_commands.guide_lines([guide])}", ())
            known.add(key)

    async def _settings_news(self, platform: str, tell: Tell, live: LiveSettings, known: set[str]) -> None:
        key = f"settings {platform} {live.version}"
        if not live.news or key in known:
            return
        if await self._journal.claim(key):
            await tell(f"⚠️ {shorten(live.news, 600)}", ())
        known.add(key)

    async def _held_back(self, platform: str, tell: Tell) -> None:
        """Tell admins once a day of deletions that wait: a scheduled sync has no admin who looks at its result."""
        for source in self._sources():
            report = await self._runs.last_report(source.name)
            if not report or not report.held_back or await self._journal.claimed(kept_key(report)):
                continue
            key = f"held back {platform} {source.name} {self._clock():%Y-%m-%d}"
            if await self._journal.claim(key):
                await self._ask(report, tell)

    async def _ask(self, report: SyncReport, tell: Tell) -> None:
        value = button_value(report.source)
        named = await sync_progress.held_for_all(report, self._shown)
        text = admin_commands.waiting_deletions(report, named)
        await tell(text, ((Press.CONFIRM, value), (Press.KEEP, value)))

    async def close(self) -> None:
        """Stop watching."""
        await self._watches.close()
