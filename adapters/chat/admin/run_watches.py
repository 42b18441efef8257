"""Keeps the messages that show a reindex current until it has ended, whichever process posted them."""

import logging
from collections.abc import Awaitable, Callable
from typing import Protocol

from adapters.chat.admin import sync_progress
from adapters.chat.background_tasks import Watches, again
from bot.ports import BackendError, Reader, RunMessage, RunMessages, Runs, SyncRun
from bot.runtime.process import process_identity

log = logging.getLogger(__name__)

_SILENT_FOR = 15.0  # seconds, as for questions


class ProgressMessage(Protocol):
    """A message that shows a run. Raises BackendError when it can't be updated any more."""

    @property
    def address(self) -> str:
        """Where the message is, so that another process can find it."""
        ...

    async def update(self, run: SyncRun) -> None: ...


class RunWatches:
    """Keeps run messages current.

    `find` returns a message by its address, after a restart. `worker` is this process's name in the journal.
    """

    def __init__(
        self,
        platform: str,
        *,
        runs: Runs,
        kept: RunMessages,
        shown: Reader,
        worker: str,
        find: Callable[[str], ProgressMessage],
        update_every: float = 3.0,
    ) -> None:
        self._platform = platform
        self._runs = runs
        self._kept = kept
        self._shown = shown
        self._worker = worker
        self._find = find
        self._update_every = update_every
        self._watches = Watches()

    async def follow(
        self, run: SyncRun, show: Callable[[SyncRun], Awaitable[ProgressMessage]], audience: frozenset[str]
    ) -> None:
        """Show the run until it has ended, in the background.

        `audience` is what may be shown in that place.
        """
        message = await show(await sync_progress.shown_to(run, audience, self._shown))
        self._start(run, message, audience)

    def open(self) -> None:
        """Start to take up the run messages of processes that died."""
        looking = again("messages of earlier reindexes are not kept current", self._take_up, _SILENT_FOR)
        self._watches.start(looking, "watch for messages of reindexes")

    async def _take_up(self) -> None:
        """Take up the messages of processes that died.

        Their pages are not named: it isn't known who can read there.
        """
        left = await self._kept.adopt(
            self._platform, worker=self._worker, silent_for=_SILENT_FOR, died=process_identity.died
        )
        for one in left:
            run = await self._runs.run(one.run_id)
            if run is None:
                await self._kept.drop(one)
                continue
            log.info("the message of run %s is taken up again", run.id)
            self._start(run, self._find(one.address), frozenset(), anew=True)

    def _start(
        self, run: SyncRun, message: ProgressMessage, audience: frozenset[str], *, anew: bool = False
    ) -> None:
        self._watches.start(self._watch(run, message, audience, anew=anew), f"watch {run.id}")

    async def _watch(
        self, run: SyncRun, message: ProgressMessage, audience: frozenset[str], *, anew: bool
    ) -> None:
        last = None if anew else run
        kept = ""
        try:
            async for now in sync_progress.watch(self._runs, run.id, every=self._update_every):
                kept = await self._keep(run, message, kept)
                if now != last:
                    await message.update(await sync_progress.shown_to(now, audience, self._shown))
                last = now
            await self._kept.drop(RunMessage(run.id, self._platform, kept))
        except BackendError as error:
            log.warning("the progress of run %s is no longer shown: %s", run.id, error)
        except Exception:  # the outermost loop of a watch: the run itself goes on
            log.exception("the progress of run %s is no longer shown", run.id)

    async def _keep(self, run: SyncRun, message: ProgressMessage, kept: str) -> str:
        """Return the message's current address, and store it: a deleted message is posted again elsewhere."""
        if message.address != kept:
            await self._kept.keep(RunMessage(run.id, self._platform, message.address), worker=self._worker)
            if kept:
                await self._kept.drop(RunMessage(run.id, self._platform, kept))
        return message.address

    async def close(self) -> None:
        """Stop showing progress. The runs go on, and the next process takes their messages up."""
        await self._watches.close()
