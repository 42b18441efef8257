"""The way of a question through any chat platform: accept once, show work, answer, leave nothing open.

A platform's adapter turns an event into `Asked` and a `Reply` and hands both to the desk. The desk knows no
platform; a `Reply` knows no journal. Whatever happens, an accepted question ends in `Reply.finish`.
"""

import asyncio
import logging
import time
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from functools import partial
from typing import Protocol

from adapters import view, words
from adapters.view import AnswerView
from bot import worker
from bot.model import Answer, Outcome, Question
from bot.ports import Asked, BackendError, Journal, Recorded, Span, Store

log = logging.getLogger(__name__)

_REMEMBERED_KEYS = 1000  # for as long as the journal is down; it remembers the rest
_MINUTE = 60.0
_MOMENT = 5.0
_COUNTED = 1000  # people whose questions of the last minute are counted here as well

# The journal's deadlines start when it is called: in a burst calls wait here, and what accepts a question
# doesn't wait behind what records an answer.
_ACCEPTING = 4
_RECORDING = 2


class Undeliverable(Exception):
    """The platform won't take the answer anywhere: the channel is gone, the bot was removed."""


Remember = Callable[[str], Awaitable[None]]
Fill = Callable[[Question], Awaitable[Question]]


class Reply(Protocol):
    """The place of one answer. Methods retry, fall back and roll over as the platform demands.

    `private`: only the asker sees it. `unprompted`: nobody asked the bot, so nothing is shown unless
    the answer is strong. Whatever a reply shows it tells `remember` the address of, at once: from it
    another process revives the reply if this one dies.
    """

    private: bool
    unprompted: bool

    @property
    def fill(self) -> Fill:
        """The question with what takes a look at the platform: history, and who may see what now."""
        ...

    async def begin(self, remember: Remember) -> None:
        """Show that work goes on. Called once, also for an unprompted reply just before `finish`."""
        ...

    async def write(self, text: str) -> None:
        """Show more of the answer, or keep it for later."""
        ...

    async def finish(self, answer: AnswerView) -> None:
        """Show the whole answer in place of what was shown so far."""
        ...

    async def say(self, text: str) -> None:
        """A short word to the asker alone where the platform can."""
        ...

    async def withdraw(self) -> None:
        """Take back what was shown: the question is gone."""
        ...


class Answers(Protocol):
    async def answer(
        self,
        question: Question,
        *,
        id: str | None = None,  # noqa: A002 - the port's word
        on_text: Callable[[str], Awaitable[None]] | None = None,
    ) -> Answer: ...


class Taken(Enum):
    """What became of an event."""

    YES = auto()
    KNOWN = auto()
    CLOSING = auto()


@dataclass(frozen=True, slots=True)
class Manners:
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


class Desk:
    """One for each platform and process. `revive` makes a reply for a question of a process that died."""

    def __init__(
        self,
        platform: str,
        answers: Answers,
        journal: Journal,
        store: Store,
        manners: Manners,
        *,
        revive: Callable[[Recorded], Reply],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._platform = platform
        self._answers = answers
        self._journal = journal
        self._store = store
        self._manners = manners
        self._worker = worker.name(platform)
        self._revive = revive
        self._now = now
        self._closing = False
        self._recent: OrderedDict[str, None] = OrderedDict()
        self._running: dict[str, _Running] = {}
        self._heart: asyncio.Task[None] | None = None
        self._accepting = asyncio.Semaphore(_ACCEPTING)
        self._recording = asyncio.Semaphore(_RECORDING)
        self._accepted: OrderedDict[str, deque[float]] = OrderedDict()
        self._told: OrderedDict[str, float] = OrderedDict()

    # --- questions --------------------------------------------------------------------------------

    async def take(self, asked: Asked, reply: Reply) -> Taken:
        """Accept a question and answer it in the background. Returns as soon as it can't be lost."""
        if self._closing:
            return Taken.CLOSING
        if not await self._accept(asked):
            return Taken.KNOWN
        self._start(asked, reply)
        return Taken.YES

    def first(self, key: str) -> bool:
        """Whether this process hasn't seen the event yet: for what is not worth a line in the journal."""
        if key in self._recent:
            return False
        self._recent[key] = None
        if len(self._recent) > _REMEMBERED_KEYS:
            self._recent.popitem(last=False)
        return True

    async def abandon(self, key: str) -> None:
        """Stop answering: the asker took the question back."""
        running = self._running.get(key)
        if running is not None:
            await self._cut(running, "The question was deleted.", running.reply.withdraw)

    async def stop(self, ending: Callable[[Reply], Callable[[], Awaitable[None]] | None]) -> None:
        """Stop answering where `ending` gives a way to end a reply: somebody pressed stop."""
        for running in list(self._running.values()):
            end = ending(running.reply)
            if end is not None:
                await self._cut(running, words.STOPPED, end)

    async def _cut(self, running: _Running, why: str, end: Callable[[], Awaitable[None]]) -> None:
        running.task.cancel()
        await asyncio.wait([running.task])
        with suppress(Undeliverable):
            await end()
        await self._record(running.asked, Answer(running.asked.id, Outcome.UNAVAILABLE, why), 0.0)

    def _start(self, asked: Asked, reply: Reply) -> None:
        number = self._number(asked.person)
        task = asyncio.create_task(self._answer(asked, reply, number), name=f"answer {asked.id}")
        self._running[asked.key] = _Running(asked, reply, task)
        task.add_done_callback(lambda _: self._running.pop(asked.key, None))

    async def _accept(self, asked: Asked) -> bool:
        if not self.first(asked.key):
            return False
        try:
            async with self._accepting:
                return await self._journal.accept(asked, worker=self._worker)
        except BackendError as error:
            log.warning("question %s is answered without the journal: %s", asked.id, error)
            return True

    async def _limited(self, asked: Asked, reply: Reply, number: int) -> bool:
        """Whether this question is one too many; `number` is its own among this person's here.

        The journal counts all processes' questions, among them those that came here after this one.
        """
        limit = self._manners.questions_per_minute
        try:
            async with self._recording:
                count = await self._journal.asked_by(asked.platform, asked.person, within=_MINUTE)
        except BackendError:
            return False
        elsewhere = max(0, count - len(self._minute(asked.person)))
        if number + elsewhere <= limit:
            return False
        if not reply.unprompted and self._tell(asked.person):
            with suppress(Undeliverable):
                await reply.say(words.TOO_MANY.format(limit=limit))
        await self._record(asked, Answer(asked.id, Outcome.UNAVAILABLE, "Over the limit of questions."), 0.0)
        return True

    def _minute(self, person: str) -> deque[float]:
        """When this process accepted a question of this person within the last minute."""
        times = self._accepted.get(person, deque())
        while times and times[0] < time.monotonic() - _MINUTE:
            times.popleft()
        return times

    def _number(self, person: str) -> int:
        """This question's number among the person's of the last minute."""
        times = self._minute(person)
        times.append(time.monotonic())
        self._accepted[person] = times
        self._accepted.move_to_end(person)
        if len(self._accepted) > _COUNTED:
            self._accepted.popitem(last=False)
        return len(times)

    def _tell(self, person: str) -> bool:
        """Whether this person is told of the limit: once, until a minute has gone by without."""
        now = time.monotonic()
        before = self._told.pop(person, -_MINUTE)
        self._told[person] = now
        if len(self._told) > _COUNTED:
            self._told.popitem(last=False)
        return now - before >= _MINUTE

    async def _answer(self, asked: Asked, reply: Reply, number: int) -> None:
        started = time.monotonic()
        if await self._limited(asked, reply, number):
            return
        try:
            if not reply.unprompted:
                await reply.begin(partial(self._remember, asked.id))
            question = await reply.fill(asked.question)
            answer = await self._answers.answer(
                question, id=asked.id, on_text=None if reply.unprompted else reply.write
            )
        except Undeliverable as error:
            log.warning("question %s can't be answered where it was asked: %s", asked.id, error)
            answer = Answer(asked.id, Outcome.UNAVAILABLE, str(error))
            await self._record(asked, answer, time.monotonic() - started)
            return
        except BackendError as error:
            log.warning("question %s can't be answered: %s", asked.id, error)
            answer = Answer(asked.id, Outcome.UNAVAILABLE, words.BROKEN.format(id=asked.id))
        except Exception:  # the outermost loop: whatever went wrong, the asker hears of it
            log.exception("question %s failed", asked.id)
            answer = Answer(asked.id, Outcome.UNAVAILABLE, words.BROKEN.format(id=asked.id))
        if not reply.unprompted or (answer.strong and answer.outcome is Outcome.ANSWERED):
            await self._deliver(asked, reply, answer)
        await self._record(asked, answer, time.monotonic() - started)

    async def _remember(self, question_id: str, address: str) -> None:
        try:
            async with self._recording:
                await self._journal.set_reply(question_id, address)
        except BackendError as error:  # then it can't be revived; it is still answered
            log.warning("the address of answer %s is not in the journal: %s", question_id, error)

    async def _deliver(self, asked: Asked, reply: Reply, answer: Answer) -> None:
        try:
            if reply.unprompted:
                await reply.begin(partial(self._remember, asked.id))
            await reply.finish(self._view(answer, private=reply.private))
        except Undeliverable as error:
            log.warning("answer %s could not be delivered: %s", asked.id, error)
        except Exception:  # the outermost loop: the asker hears of it, if that at least works
            log.exception("answer %s could not be shown", asked.id)
            with suppress(Exception):
                await reply.say(words.BROKEN.format(id=asked.id))

    def _view(self, answer: Answer, *, private: bool) -> AnswerView:
        return view.of_answer(
            answer,
            now=self._now(),
            private=private,
            stale_after=self._manners.stale_after,
            can_ask_human=self._manners.can_ask_human,
        )

    async def _record(self, asked: Asked, answer: Answer, seconds: float) -> None:
        try:
            async with self._recording:
                await self._journal.finish(asked.id, answer, seconds=seconds)
        except BackendError as error:
            log.warning("answer %s is not in the journal: %s", asked.id, error)

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

    async def may_see(self, answer: Answer, audience: frozenset[str]) -> bool:
        """Whether every page that the answer rests on is visible to the audience now."""
        wanted = {citation.doc_id for citation in answer.citations}
        spans: Sequence[Span] = [Span(doc_id, 0, 0) for doc_id in sorted(wanted)]
        return {p.doc_id for p in await self._store.passages(spans, audience)} == wanted

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
        with suppress(BackendError):
            await self._journal.give_back(self._worker)

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
            lost = await self._journal.adopt(
                self._platform, worker=self._worker, silent_for=self._manners.silent_for, died=worker.died
            )
        except BackendError as error:
            log.warning("the journal can't be reached: %s", error)
            return
        for recorded in lost:
            await self._resume(recorded)

    async def _resume(self, recorded: Recorded) -> None:
        asked = recorded.asked
        reply = self._revive(recorded)
        sorry = Answer(asked.id, Outcome.UNAVAILABLE, words.LOST_ANSWER)
        too_old = (self._now() - recorded.asked_at).total_seconds() > self._manners.too_old_to_answer
        if too_old or not asked.question.text:
            if not reply.unprompted:
                await self._deliver(asked, reply, sorry)
            await self._record(asked, sorry, 0.0)
        else:
            log.info("question %s of a lost process is taken up again", asked.id)
            self._start(asked, reply)
