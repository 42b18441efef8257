"""Records in the journal what is asked in chat; questions are answered even while it is slow or down."""

import asyncio
import logging
from dataclasses import dataclass

from cachetools import FIFOCache

from bot.model import Answer
from bot.ports import Asked, BackendError, Journal, Scope

log = logging.getLogger(__name__)

_REMEMBERED_KEYS = 1000  # while the journal is down; else it knows all keys

# The journal's deadlines start when it is called: in a burst calls wait here, and what accepts a question
# doesn't wait behind what records an answer.
_ACCEPTING = 4
_RECORDING = 2


@dataclass(frozen=True, slots=True)
class _Answered:
    answer: Answer
    seconds: float
    scope: Scope | None


class JournalLog:
    """Records questions and answers.

    While the journal is down it keeps them until `catch_up`; only that raises.
    """

    def __init__(self, journal: Journal, worker: str) -> None:
        self._journal = journal
        self.worker = worker
        self._recent: FIFOCache[str, None] = FIFOCache(_REMEMBERED_KEYS)
        self._accepting = asyncio.Semaphore(_ACCEPTING)
        self._recording = asyncio.Semaphore(_RECORDING)
        self._unwritten: FIFOCache[str, Asked] = FIFOCache(_REMEMBERED_KEYS)  # accepted while it was down
        self._missed: FIFOCache[str, _Answered] = FIFOCache(_REMEMBERED_KEYS)
        self._addresses: FIFOCache[str, str] = FIFOCache(_REMEMBERED_KEYS)
        self._is_down = False

    def first(self, key: str) -> bool:
        """Return whether this process sees the event for the first time.

        For events not worth a journal entry.
        """
        if key in self._recent:
            return False
        self._recent[key] = None
        return True

    async def accept(self, asked: Asked) -> int | None:
        """Record a question, unless any process has it already.

        Return its number among the person's questions of the last minute; 0 if it was known; None while the
        journal is down and the question is new to this process.
        """
        if not self.first(asked.key):
            return 0
        try:
            async with self._accepting:
                return await self._journal.accept(asked, worker=self.worker)
        except BackendError as error:
            self._failed(error)
            self._unwritten[asked.id] = asked
            return None

    async def remember(self, question_id: str, address: str) -> None:
        """Record the address of the answer's message."""
        try:
            async with self._recording:
                await self._write_down(question_id)
                await self._journal.set_reply(question_id, address)
        except BackendError as error:  # until then it can't be revived; it is still answered
            self._failed(error)
            self._addresses[question_id] = address

    async def record(self, asked: Asked, answer: Answer, seconds: float, scope: Scope | None = None) -> None:
        """Record the answer."""
        try:
            async with self._recording:
                await self._write_down(asked.id)
                await self._journal.finish(asked.id, answer, seconds=seconds, scope=scope)
        except BackendError as error:
            self._failed(error)
            self._missed[asked.id] = _Answered(answer, seconds, scope)

    async def catch_up(self) -> None:
        """Record what the journal missed: a question it doesn't have could be answered twice.

        Raises BackendError.
        """
        for question_id in list(self._unwritten):
            await self._write_down(question_id)
        written = 0
        while self._missed:
            question_id, one = next(iter(self._missed.items()))
            await self._journal.finish(question_id, one.answer, seconds=one.seconds, scope=one.scope)
            self._missed.pop(question_id, None)
            written += 1
        while self._addresses:
            question_id, address = next(iter(self._addresses.items()))
            await self._journal.set_reply(question_id, address)
            self._addresses.pop(question_id, None)
        if self._is_down:
            log.info("the journal is back; answers written down now: %d", written)
            self._is_down = False

    async def _write_down(self, question_id: str) -> None:
        """Record a question that was accepted while the journal was down."""
        if (asked := self._unwritten.get(question_id)) is not None:
            await self._journal.accept(asked, worker=self.worker)
            self._unwritten.pop(question_id, None)

    def _failed(self, error: BackendError) -> None:
        """Log that the journal is down: as a warning the first time, then for debugging only."""
        level = logging.DEBUG if self._is_down else logging.WARNING
        log.log(
            level, "questions are answered without the journal, and written down when it is back: %s", error
        )
        self._is_down = True
