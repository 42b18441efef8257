"""Accepts each question once, on any platform, answers it, and leaves none open.

A platform's adapter turns an event into `Asked` and a `Reply` and hands both over. The service knows no
platform; a `Reply` knows no journal. Whatever happens, an accepted question ends in `Reply.finish` or in
`Reply.say`.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from typing import Final

from adapters.chat import messages
from adapters.chat.answer_view import AnswerView
from adapters.chat.background_tasks import BackgroundTasks
from adapters.chat.incoming.attachments import AttachmentReader
from adapters.chat.incoming.bots import BotTurns
from adapters.chat.questions.answer_run import AnswerPolicy, AnswerRun, Answers, unanswered
from adapters.chat.questions.gate import Gate, visible
from adapters.chat.questions.journal_log import JournalLog
from adapters.chat.questions.rate_limit import RateLimit
from adapters.chat.questions.reply import Reply, Undeliverable
from adapters.chat.questions.running_answers import Running, RunningAnswers
from adapters.chat.questions.takeover import Takeover
from bot.model import Outcome
from bot.ports import Asked, BackendError, Journal, Reader, Recorded
from bot.runtime.observers import Observers
from bot.runtime.process import process_identity

log = logging.getLogger(__name__)


class Acceptance(Enum):
    """What became of an event. For LIMITED, the reply tells the asker where that is due."""

    YES = auto()
    KNOWN = auto()
    LIMITED = auto()
    CLOSING = auto()


# What the code that took the event tells the asker.
NOT_TAKEN: Final = {Acceptance.KNOWN: messages.KNOWN, Acceptance.CLOSING: messages.SHUTTING_DOWN}


@dataclass(frozen=True, slots=True)
class ServicePolicy:
    """How the service behaves. Times are in seconds, except `stale_after`."""

    questions_per_minute: int
    stale_after: timedelta
    can_ask_human: bool = False
    beat_every: float = 5.0
    silent_for: float = 15.0
    too_old_to_answer: float = 600.0
    wait_for_others: float = 90.0
    look_every: float = 1.0
    recorded_within: float = 5.0


class QuestionService:
    """Answers the questions of one platform in one process.

    `revive` makes a reply for a question of a process that died.
    """

    def __init__(
        self,
        platform: str,
        answers: Answers,
        journal: Journal,
        store: Reader,
        policy: ServicePolicy,
        *,
        gate: Gate,
        files: AttachmentReader,
        revive: Callable[[Recorded], Reply],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        observers: Observers | None = None,
    ) -> None:
        self._journal = journal
        self._store = store
        self._policy = policy
        self._worker = process_identity.name(platform)
        self._closing = False
        self._refusals = BackgroundTasks(platform, Undeliverable)
        self._ledger = JournalLog(journal, self._worker)
        self._bots = BotTurns(journal)
        self._limit = RateLimit(policy.questions_per_minute)
        observers = observers or Observers()
        self._run = AnswerRun(
            platform,
            answers,
            AnswerPolicy(policy.stale_after, policy.can_ask_human),
            gate=gate,
            files=files,
            ledger=self._ledger,
            observers=observers,
            now=now,
        )
        self._running = RunningAnswers(self._run)
        observers.count(platform, self._running.__len__)
        self._takeover = Takeover(
            platform,
            journal,
            self._ledger,
            self._run,
            revive=revive,
            start=self._running.start,
            beat_every=policy.beat_every,
            silent_for=policy.silent_for,
            too_old=timedelta(seconds=policy.too_old_to_answer),
            now=now,
        )

    # --- questions --------------------------------------------------------------------------------

    async def take(self, asked: Asked, reply: Reply) -> Acceptance:
        """Accept a question and answer it in the background. Return once it can't be lost."""
        taken = await self._accept(asked)
        if taken is Acceptance.YES:
            self._running.start(asked, reply)
        elif taken is Acceptance.LIMITED:
            self._refusals.later(self._end_over_limit(asked, reply))
        return taken

    async def _accept(self, asked: Asked) -> Acceptance:
        if self._closing:
            return Acceptance.CLOSING
        if asked.place.automated:
            async with self._bots.deciding:
                number = await self._ledger.accept(asked) if await self._bots.allows(asked) else 0
        else:
            number = await self._ledger.accept(asked)
        if number == 0:
            return Acceptance.KNOWN
        return Acceptance.LIMITED if self._limit.exceeded(asked.person, number) else Acceptance.YES

    async def _end_over_limit(self, asked: Asked, reply: Reply) -> None:
        """End a question over the limit.

        The asker is told once, and always where the platform shows that it waits for a response.
        """
        await self._run.end(asked, "limited", "Over the limit of questions.")
        tells = self._limit.tells(asked.person)
        if reply.owed or (tells and not reply.unprompted):
            await reply.say(messages.TOO_MANY.format(limit=self._limit.per_minute))

    def first(self, key: str) -> bool:
        """Return whether this process sees the event for the first time.

        For events not worth a journal entry.
        """
        return self._ledger.first(key)

    async def knows(self, key: str) -> bool:
        """Return whether a question with this key was accepted; False if the journal is down."""
        with suppress(BackendError):
            return await self._journal.recorded_by_key(key) is not None
        return False

    async def abandon(self, key: str) -> None:
        """Stop answering a deleted message and its edits, or don't begin."""
        self._ledger.first(key)  # the message's own event may come after its deletion
        for running in self._running.to_message(key):
            await self._cut(running, "The question was deleted.", running.reply.withdraw)

    async def stop(self, ending: Callable[[Reply], Callable[[], Awaitable[None]] | None]) -> None:
        """Stop each running answer for whose reply `ending` returns a way to end it."""
        for running in self._running.all():
            end = ending(running.reply)
            if end is not None:
                await self._cut(running, messages.STOPPED, end)

    async def _cut(self, running: Running, why: str, end: Callable[[], Awaitable[None]]) -> None:
        await self._running.cancel(running)
        with suppress(Undeliverable):
            await end()
        await self._run.end(running.asked, "stopped", why)

    async def supersede(
        self, earlier: Recorded, asked: Asked, go_on: Callable[[Recorded, Asked], Reply]
    ) -> Acceptance:
        """Answer an edited question in place of its earlier answer, finished or not."""
        taken = await self._accept(asked)
        if taken is Acceptance.LIMITED:
            self._refusals.later(self._end_over_limit(asked, go_on(earlier, asked)))
        if taken is not Acceptance.YES:
            return taken
        mine = self._running.to_message(asked.key)
        for running in mine:
            await self._running.cancel(running)
            address = await running.reply.leave()
            earlier = await self._newest(earlier)
            earlier = replace(earlier, reply=address or earlier.reply)
        if not mine:
            earlier = await self._ended_elsewhere(earlier)
        gone = earlier.answer or unanswered(earlier.asked, messages.EDITED_QUESTION)
        await self._ledger.record(earlier.asked, replace(gone, gap=False, usage=()), earlier.seconds or 0.0)
        if earlier.reply:
            for one in (earlier.asked, asked):
                await self._ledger.remember(one.id, earlier.reply)
        self._running.start(asked, go_on(earlier, asked))
        return Acceptance.YES

    async def _newest(self, recorded: Recorded) -> Recorded:
        """Return a question's record as it is now, or the one that is known while the journal is down."""
        with suppress(BackendError):
            return await self._journal.recorded(recorded.asked.id) or recorded
        return recorded

    async def _ended_elsewhere(self, recorded: Recorded) -> Recorded:
        """Return the question's record once another process has answered it, or after a time limit."""
        until = time.monotonic() + self._policy.wait_for_others
        while recorded.answer is None and time.monotonic() < until:
            await asyncio.sleep(self._policy.look_every)
            recorded = await self._newest(recorded)
        return recorded

    # --- what people do with an answer ------------------------------------------------------------

    async def again(self, answer_id: str) -> tuple[Recorded, AnswerView] | None:
        """Return an earlier answer as it was shown; None if it is gone.

        A button may be pressed before the journal has the answer.
        """
        await self._running.ended(answer_id, self._policy.recorded_within)
        recorded = await self._journal.recorded(answer_id)
        if recorded is None or recorded.answer is None:
            return None
        return recorded, self._run.view(recorded.answer, private=False)

    async def may_see(self, recorded: Recorded, audience: frozenset[str]) -> bool:
        """Return whether the audience may see every page that an answer cites, or names as nearest.

        An answer that names no page is only for the audience that it was written for. "See also" pages don't
        count: they aren't shared.
        """
        answer = recorded.answer
        if answer is None:
            return False
        beside = answer.nearest if answer.outcome is not Outcome.ANSWERED else ()
        named = {citation.doc_id for citation in (*answer.citations, *beside)}
        if named:
            return await visible(self._store, named, audience) == named
        told = recorded.scope.audience if answer.audience is None else answer.audience
        return told is not None and told <= audience

    # --- life -------------------------------------------------------------------------------------

    async def open(self) -> None:
        """Start this process's heartbeat, and take over questions that others left open."""
        await self._takeover.open()

    async def close(self, *, grace: float) -> None:
        """Accept nothing new, finish what runs within `grace` seconds, leave the rest to the next process."""
        self._closing = True
        await asyncio.gather(self._running.finish(grace), self._refusals.drain(grace))
        await self._takeover.close()
        for last in (self._ledger.catch_up(), self._journal.give_back(self._worker)):
            with suppress(BackendError):
                await last

    @property
    def worker(self) -> str:
        """This process's name in the journal, under which it records its heartbeat."""
        return self._worker

    @property
    def running(self) -> int:
        """How many questions are being answered now."""
        return len(self._running)
