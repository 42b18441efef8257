"""The way of a question through any chat platform: accept once, show work, answer, leave nothing open.

A platform's adapter turns an event into `Asked` and a `Reply` and hands both to the desk. The desk knows no
platform; a `Reply` knows no journal. Whatever happens, an accepted question ends in `Reply.finish`.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from functools import partial
from typing import Final, Protocol

from adapters.chat import answer_view, messages
from adapters.chat.answer_view import AnswerView
from adapters.chat.gate import Gate, visible
from adapters.chat.incoming.attachments import Attachment, AttachmentReader
from adapters.chat.incoming.bots import BotTurns
from adapters.chat.journal_log import JournalLog
from adapters.chat.rate_limit import RateLimit
from adapters.chat.reply import Reply, Undeliverable
from adapters.chat.stages import StageTeller
from bot.model import Answer, Outcome, Question, Stage, Usage
from bot.ports import Asked, BackendError, Journal, Reader, Recorded, Scope
from bot.runtime import process_identity
from bot.runtime.observers import Observers
from bot.runtime.usage_meter import metered
from bot.runtime.work_context import Work, span, working_on
from bot.text.question_text import says_nothing

log = logging.getLogger(__name__)

# Seconds.
_MOMENT = 5.0
_ELSEWHERE = 90.0
_LOOK_EVERY = 1.0
EDITED: Final = ":edited:"  # in the key of a question that was asked in other words before


class Answers(Protocol):
    async def answer(
        self,
        question: Question,
        *,
        id: str | None = None,  # noqa: A002 - the port's word
        on_text: Callable[[str], Awaitable[None]] | None = None,
        on_stage: Callable[[Stage], Awaitable[None]] | None = None,
    ) -> Answer: ...


class Acceptance(Enum):
    """What became of an event."""

    YES = auto()
    KNOWN = auto()
    CLOSING = auto()


@dataclass(frozen=True, slots=True)
class ServicePolicy:
    """How the desk behaves. Times in seconds but for `stale_after`."""

    questions_per_minute: int = 10
    stale_after: timedelta = timedelta(days=365)
    can_ask_human: bool = False
    beat_every: float = 5.0
    silent_for: float = 15.0
    too_old_to_answer: float = 600.0


@dataclass(frozen=True, slots=True)
class _Running:
    asked: Asked
    reply: Reply
    task: asyncio.Task[None]


class QuestionService:
    """One for each platform and process. `revive` makes a reply for a question of a process that died."""

    def __init__(
        self,
        platform: str,
        answers: Answers,
        journal: Journal,
        store: Reader,
        manners: ServicePolicy,
        *,
        gate: Gate,
        files: AttachmentReader,
        revive: Callable[[Recorded], Reply],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        observers: Observers | None = None,
    ) -> None:
        self._platform = platform
        self._answers = answers
        self._journal = journal
        self._store = store
        self._manners = manners
        self._gate = gate
        self._files = files
        self._worker = process_identity.name(platform)
        self._revive = revive
        self._now = now
        self._closing = False
        self._running: dict[str, _Running] = {}
        self._heart: asyncio.Task[None] | None = None
        self._ledger = JournalLog(journal, self._worker)
        self._bots = BotTurns(journal)
        self._observers = observers or Observers()
        self._observers.count(platform, lambda: len(self._running))
        self._limit = RateLimit(manners.questions_per_minute, self._ledger)

    # --- questions --------------------------------------------------------------------------------

    async def take(self, asked: Asked, reply: Reply) -> Acceptance:
        """Accept a question and answer it in the background. Returns as soon as it can't be lost."""
        if self._closing:
            return Acceptance.CLOSING
        if not await self._accepted(asked, reply.bots_thread):
            return Acceptance.KNOWN
        self._start(asked, reply)
        return Acceptance.YES

    async def _accepted(self, asked: Asked, bots_thread: str) -> bool:
        if not bots_thread:
            return await self._ledger.accept(asked)
        async with self._bots.deciding:
            return await self._bots.allows(asked, bots_thread) and await self._ledger.accept(asked)

    def first(self, key: str) -> bool:
        """Whether this process hasn't seen the event yet: for what is not worth a line in the journal."""
        return self._ledger.first(key)

    async def knows(self, key: str) -> bool:
        """Whether a question with this key was accepted; not if the journal is down."""
        with suppress(BackendError):
            return await self._journal.recorded_by_key(key) is not None
        return False

    async def abandon(self, key: str) -> None:
        """Stop answering a message, in whichever words, or don't begin: its asker took it back."""
        self._ledger.first(key)  # its own event may come behind
        for running in self._answering(key):
            await self._cut(running, "The question was deleted.", running.reply.withdraw)

    def _answering(self, key: str) -> list[_Running]:
        """What is being answered of a message, also as it is since an edit."""
        return [one for one in self._running.values() if one.asked.key.partition(EDITED)[0] == key]

    async def stop(self, ending: Callable[[Reply], Callable[[], Awaitable[None]] | None]) -> None:
        """Stop answering where `ending` gives a way to end a reply: somebody pressed stop."""
        for running in list(self._running.values()):
            end = ending(running.reply)
            if end is not None:
                await self._cut(running, messages.STOPPED, end)

    async def _cut(self, running: _Running, why: str, end: Callable[[], Awaitable[None]]) -> None:
        running.task.cancel()
        await asyncio.wait([running.task])
        with suppress(Undeliverable):
            await end()
        answer = Answer(running.asked.id, Outcome.UNAVAILABLE, why)
        await self._ledger.record(running.asked, answer, 0.0)
        self._observers.question_ended(self._platform, "stopped", 0.0, answer)

    async def supersede(
        self, earlier: Recorded, asked: Asked, go_on: Callable[[Recorded, Asked], Reply]
    ) -> Acceptance:
        """Answer a question as it is now, in the place of its earlier answer, finished or not."""
        if self._closing:
            return Acceptance.CLOSING
        if not await self._ledger.accept(asked):
            return Acceptance.KNOWN
        mine = await self._dropped(asked.key.partition(EDITED)[0])
        earlier = mine or await self._ended_elsewhere(earlier)
        gone = earlier.answer or Answer(earlier.asked.id, Outcome.UNAVAILABLE, messages.EDITED_QUESTION)
        kept = replace(gone, gap=False, usage=())
        await self._ledger.record(earlier.asked, kept, earlier.seconds or 0.0, earlier.scope)
        if earlier.reply:
            for one in (earlier.asked, asked):
                await self._ledger.remember(one.id, earlier.reply)
        self._start(asked, go_on(earlier, asked))
        return Acceptance.YES

    async def _ended_elsewhere(self, recorded: Recorded) -> Recorded:
        """The question once whichever process answers it is done; as it is if that takes too long."""
        until = time.monotonic() + _ELSEWHERE
        while recorded.answer is None and time.monotonic() < until:
            await asyncio.sleep(_LOOK_EVERY)
            recorded = await self._journal.recorded(recorded.asked.id) or recorded
        return recorded

    async def _dropped(self, key: str) -> Recorded | None:
        """Stop answering a message, in whichever words; what stands of it stays."""
        found = None
        for running in self._answering(key):
            running.task.cancel()
            await asyncio.wait([running.task])
            address = await running.reply.leave()
            known = await self._journal.recorded(running.asked.id)
            found = replace(known, reply=address or known.reply) if known else found
        return found

    def _start(self, asked: Asked, reply: Reply) -> None:
        number = self._limit.number(asked.person)
        task = asyncio.create_task(self._answer(asked, reply, number), name=f"answer {asked.id}")
        self._running[asked.key] = _Running(asked, reply, task)
        task.add_done_callback(lambda _: self._running.pop(asked.key, None))

    async def _limited(self, asked: Asked, reply: Reply, number: int) -> bool:
        if not await self._limit.exceeded(asked, number):
            return False
        if not reply.unprompted and self._limit.tells(asked.person):
            with suppress(Undeliverable):
                await reply.say(messages.TOO_MANY.format(limit=self._limit.per_minute))
        answer = Answer(asked.id, Outcome.UNAVAILABLE, "Over the limit of questions.")
        await self._ledger.record(asked, answer, 0.0)
        self._observers.question_ended(self._platform, "limited", 0.0, answer)
        return True

    async def _turned_away(self, asked: Asked, reply: Reply) -> bool:
        """Whether the place isn't set up: nothing is looked up there, and who asked hears so."""
        if await self._gate.opens(asked):
            return False
        log.warning("question %s comes from a place that docent.yaml doesn't open", asked.id)
        if not reply.unprompted:
            with suppress(Undeliverable):
                await reply.say(messages.NOT_HERE)
        answer = Answer(asked.id, Outcome.UNAVAILABLE, messages.NOT_HERE, gap=False)
        await self._ledger.record(asked, answer, 0.0)
        self._observers.question_ended(self._platform, "turned_away", 0.0, answer)
        return True

    async def _answer(self, asked: Asked, reply: Reply, number: int) -> None:
        with working_on("answer", asked.id) as work:
            await self._work_on(asked, reply, number, work)

    async def _work_on(self, asked: Asked, reply: Reply, number: int, work: Work) -> None:
        started = time.monotonic()
        scope: Scope | None = None
        try:
            if await self._limited(asked, reply, number) or await self._turned_away(asked, reply):
                return
            if not reply.unprompted:
                await reply.show_working(partial(self._ledger.remember, asked.id))
            # The gate decides whom the answer is for before anything is searched.
            with span("admit"):
                admission = await self._gate.admit(asked)
            scope = admission.scope
            with span("recall"):
                context = await reply.recall()
            question = replace(
                asked.question,
                audience=admission.audience,
                places=admission.places,
                history=context.history,
                not_found=admission.not_found,
                unasked=reply.unprompted,
            )
            answer = await self._with_files(asked, question, reply, context.files)
        except Undeliverable as error:
            log.warning("question %s can't be answered where it was asked: %s", asked.id, error)
            answer = Answer(asked.id, Outcome.UNAVAILABLE, str(error))
            seconds = time.monotonic() - started
            await self._ledger.record(asked, answer, seconds, scope)
            self._observers.question_ended(self._platform, "undeliverable", seconds, answer, work)
            return
        except BackendError as error:
            log.warning("question %s can't be answered: %s", asked.id, error)
            answer = Answer(asked.id, Outcome.UNAVAILABLE, messages.BROKEN.format(id=asked.id))
        except Exception:  # the outermost loop: whatever went wrong, the asker hears of it
            log.exception("question %s failed", asked.id)
            answer = Answer(asked.id, Outcome.UNAVAILABLE, messages.BROKEN.format(id=asked.id))
        outcome = "silent"
        if not reply.unprompted or (answer.strong and answer.outcome is Outcome.ANSWERED):
            with span("deliver"):
                delivered = await self._deliver(asked, reply, answer)
            outcome = answer.outcome.lower() if delivered else "undeliverable"
        if reply.unprompted:
            answer = replace(answer, gap=False)  # nobody asked
        seconds = time.monotonic() - started
        await self._ledger.record(asked, answer, seconds, scope)
        self._observers.question_ended(self._platform, outcome, seconds, answer, work)

    async def _with_files(
        self, asked: Asked, question: Question, reply: Reply, files: tuple[Attachment, ...]
    ) -> Answer:
        """The answer, with a word on what of the files couldn't be read."""
        used: list[Usage] = []
        with metered(used):
            read = await self._files.read(files)
        question = replace(question, about=(*question.about, *read.texts))
        if read.notes and says_nothing(question.text) and not question.about:
            said = " ".join((*read.notes, messages.NOTHING_IN_WORDS))
            return Answer(asked.id, Outcome.NOT_FOUND, said, gap=False)
        answer = await self._answered(asked, question, reply)
        if read.texts:  # what was searched for holds words of the files, which aren't kept
            answer = replace(answer, trace=replace(answer.trace, queries=()))
        return replace(answer, degraded=(*answer.degraded, *read.notes), usage=(*answer.usage, *used))

    async def _answered(self, asked: Asked, question: Question, reply: Reply) -> Answer:
        """What is written is shown as it comes, and until then what is being done."""
        if reply.unprompted:
            return await self._answers.answer(question, id=asked.id)
        stages = StageTeller(reply.tell)

        async def write(text: str) -> None:
            await stages.stop()
            await reply.write(text)

        try:
            return await self._answers.answer(question, id=asked.id, on_text=write, on_stage=stages.hear)
        finally:
            await stages.stop()

    async def _deliver(self, asked: Asked, reply: Reply, answer: Answer) -> bool:
        """Whether it is shown."""
        try:
            if reply.unprompted:
                await reply.show_working(partial(self._ledger.remember, asked.id))
            await reply.finish(self._view(answer, private=reply.private, edited=EDITED in asked.key))
        except Undeliverable as error:
            log.warning("answer %s could not be delivered: %s", asked.id, error)
        except Exception:  # the outermost loop: the asker hears of it, if that at least works
            log.exception("answer %s could not be shown", asked.id)
            with suppress(Exception):
                await reply.say(messages.BROKEN.format(id=asked.id))
        else:
            return True
        return False

    def _view(self, answer: Answer, *, private: bool, edited: bool = False) -> AnswerView:
        view = answer_view.of_answer(
            answer,
            now=self._now(),
            private=private,
            stale_after=self._manners.stale_after,
            can_ask_human=self._manners.can_ask_human,
        )
        return replace(view, notes=(messages.EDITED_ANSWER, *view.notes)) if edited else view

    # --- what people do with an answer ------------------------------------------------------------

    async def again(self, answer_id: str, *, private: bool = False) -> tuple[Recorded, AnswerView] | None:
        """An earlier answer as it was shown; None if it is gone."""
        await self._settled(answer_id)
        recorded = await self._journal.recorded(answer_id)
        if recorded is None or recorded.answer is None:
            return None
        return recorded, self._view(recorded.answer, private=private)

    async def _settled(self, answer_id: str) -> None:
        """An answer is in the journal a moment after it is shown: who presses a button may be faster."""
        running = [one.task for one in self._running.values() if one.asked.id == answer_id]
        if running:
            await asyncio.wait(running, timeout=_MOMENT)

    async def may_see(self, recorded: Recorded, audience: frozenset[str]) -> bool:
        """Whether every page that an answer rests on, or names instead of one, is visible to the audience now.

        What names none is for whoever it was written or asked for, not for all. What it names beside an answer
        ("See also") is for the asker: it isn't shared.
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
        """Show that this process lives, and take over what others left open."""
        await self._tend()
        self._heart = asyncio.create_task(self._beat(), name=f"{self._platform} heartbeat")

    async def close(self, *, grace: float = 25.0) -> None:
        """Take nothing new, finish what runs within `grace` seconds, leave the rest to the next process."""
        self._closing = True
        running = [one.task for one in self._running.values()]
        if running:
            _, late = await asyncio.wait(running, timeout=grace)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=2)
        if self._heart:
            self._heart.cancel()
            with suppress(asyncio.CancelledError):
                await self._heart
        for last in (self._ledger.catch_up(), self._journal.give_back(self._worker)):
            with suppress(BackendError):
                await last

    @property
    def worker(self) -> str:
        """This process's name in the journal, where its heart beats."""
        return self._worker

    @property
    def running(self) -> int:
        """Questions that are being answered now."""
        return len(self._running)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._manners.beat_every)
            await self._tend()

    async def _tend(self) -> None:
        try:
            await self._journal.beat(self._worker)
            await self._ledger.catch_up()
            lost = await self._journal.adopt(
                self._platform,
                worker=self._worker,
                silent_for=self._manners.silent_for,
                died=process_identity.died,
            )
        except BackendError as error:
            log.warning("the journal can't be reached: %s", error)
            return
        for recorded in lost:
            try:
                await self._resume(recorded)
            except Exception:  # the outermost loop of what others left: the next one is taken up all the same
                log.exception("question %s of a lost process can't be taken up", recorded.asked.id)

    async def _resume(self, recorded: Recorded) -> None:
        asked = recorded.asked
        reply = self._revive(recorded)
        sorry = Answer(asked.id, Outcome.UNAVAILABLE, messages.LOST_ANSWER)
        too_old = (self._now() - recorded.asked_at).total_seconds() > self._manners.too_old_to_answer
        if too_old or not asked.question.text:
            if not reply.unprompted:
                await self._deliver(asked, reply, sorry)
            await self._ledger.record(asked, sorry, 0.0)
            self._observers.question_ended(self._platform, "lost", 0.0, sorry)
        else:
            log.info("question %s of a lost process is taken up again", asked.id)
            self._start(asked, reply)
