"""Takes over the questions of processes that died, and records a heartbeat that shows this one lives."""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta

from adapters.chat import messages
from adapters.chat.questions.answer_run import AnswerRun, unanswered
from adapters.chat.questions.journal_log import JournalLog
from adapters.chat.questions.reply import Reply
from bot.ports import Asked, BackendError, Journal, Recorded
from bot.runtime.process import process_identity

log = logging.getLogger(__name__)


class Takeover:
    """Records this process's heartbeat in the journal and takes over questions of processes that died.

    `revive` makes a reply for such a question, `start` answers it. A process counts as dead after
    `silent_for` seconds without a heartbeat, or when this machine knows that it is gone. A question older
    than `too_old` isn't answered any more: its asker is told that it was lost.
    """

    def __init__(
        self,
        platform: str,
        journal: Journal,
        ledger: JournalLog,
        run: AnswerRun,
        *,
        revive: Callable[[Recorded], Reply],
        start: Callable[[Asked, Reply], None],
        beat_every: float,
        silent_for: float,
        too_old: timedelta,
        now: Callable[[], datetime],
    ) -> None:
        self._platform = platform
        self._journal = journal
        self._ledger = ledger
        self._run = run
        self._revive = revive
        self._start = start
        self._beat_every = beat_every
        self._silent_for = silent_for
        self._too_old = too_old
        self._now = now
        self._worker = ledger.worker
        self._heart: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Record a heartbeat and take over once, then go on with both in the background."""
        await self._tend()
        self._heart = asyncio.create_task(self._beat(), name=f"{self._platform} heartbeat")

    async def close(self) -> None:
        """Stop the heartbeat."""
        if self._heart:
            self._heart.cancel()
            with suppress(asyncio.CancelledError):
                await self._heart

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._beat_every)
            await self._tend()

    async def _tend(self) -> None:
        try:
            await self._journal.beat(self._worker)
            await self._ledger.catch_up()
            lost = await self._journal.adopt(
                self._platform,
                worker=self._worker,
                silent_for=self._silent_for,
                died=process_identity.died,
            )
        except BackendError as error:
            log.warning("the journal can't be reached: %s", error)
            return
        for recorded in lost:
            try:
                await self._resume(recorded)
            except Exception:  # the outermost loop: the next question is still taken over
                log.exception("question %s of a lost process can't be taken up", recorded.asked.id)

    async def _resume(self, recorded: Recorded) -> None:
        asked, reply = recorded.asked, self._revive(recorded)
        if self._now() - recorded.asked_at <= self._too_old and asked.question.text:
            log.info("question %s of a lost process is taken up again", asked.id)
            self._start(asked, reply)
            return
        if not reply.unprompted:
            await self._run.deliver(asked, reply, unanswered(asked, messages.LOST_ANSWER))
        await self._run.end(asked, "lost", messages.LOST_ANSWER)
