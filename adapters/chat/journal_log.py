"""The journal of what is asked in chat. It may be slow or down: questions are answered all the same."""

import asyncio
import logging
from collections import OrderedDict

from bot.model import Answer
from bot.ports import Asked, BackendError, Journal, Scope

log = logging.getLogger(__name__)

_REMEMBERED_KEYS = 1000  # for as long as the journal is down; it remembers the rest

# The journal's deadlines start when it is called: in a burst calls wait here, and what accepts a question
# doesn't wait behind what records an answer.
_ACCEPTING = 4
_RECORDING = 2


class JournalLog:
    """Raises nothing when the journal is down."""

    def __init__(self, journal: Journal, worker: str) -> None:
        self._journal = journal
        self._worker = worker
        self._recent: OrderedDict[str, None] = OrderedDict()
        self._accepting = asyncio.Semaphore(_ACCEPTING)
        self._recording = asyncio.Semaphore(_RECORDING)

    def first(self, key: str) -> bool:
        """Whether this process hasn't seen the event yet: for what is not worth a line in the journal."""
        if key in self._recent:
            return False
        self._recent[key] = None
        if len(self._recent) > _REMEMBERED_KEYS:
            self._recent.popitem(last=False)
        return True

    async def accept(self, asked: Asked) -> bool:
        """Whether this question is new, to every process."""
        if not self.first(asked.key):
            return False
        try:
            async with self._accepting:
                return await self._journal.accept(asked, worker=self._worker)
        except BackendError as error:
            log.warning("question %s is answered without the journal: %s", asked.id, error)
            return True

    async def remember(self, question_id: str, address: str) -> None:
        """Keep where the answer stands."""
        try:
            async with self._recording:
                await self._journal.set_reply(question_id, address)
        except BackendError as error:  # then it can't be revived; it is still answered
            log.warning("the address of answer %s is not in the journal: %s", question_id, error)

    async def record(self, asked: Asked, answer: Answer, seconds: float, scope: Scope | None = None) -> None:
        """Keep the answer."""
        try:
            async with self._recording:
                await self._journal.finish(asked.id, answer, seconds=seconds, scope=scope)
        except BackendError as error:
            log.warning("answer %s is not in the journal: %s", asked.id, error)

    async def asked_by(self, asked: Asked, *, within: float) -> int | None:
        """How many questions this person asked within so many seconds, to any process; None while the journal is down."""
        try:
            async with self._recording:
                return await self._journal.asked_by(asked.platform, asked.person, within=within)
        except BackendError:
            return None
