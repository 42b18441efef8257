"""Answers an edited question again, in place of its earlier answer, while nobody has written after that."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final
from weakref import WeakValueDictionary

from adapters.chat.questions.answer_run import EDITED
from adapters.chat.questions.question_service import Acceptance, QuestionService
from adapters.chat.questions.reply import Reply
from bot.ports import Asked, BackendError, Journal, Recorded

log = logging.getLogger(__name__)

_WITHIN: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Edit:
    """An edited message. `asked` has the message's key; `number` differs for each of its edits.

    `reply` is used where the message wasn't a question before; it is then answered unless unprompted.
    """

    asked: Asked
    reply: Reply
    number: str
    said_at: datetime


class Revisions:
    """Answers edited questions again.

    `untouched` returns whether nobody wrote after an answer. `go_on` returns the reply that reuses its
    message.
    """

    def __init__(
        self,
        question_service: QuestionService,
        journal: Journal,
        *,
        go_on: Callable[[Recorded, Asked], Reply],
        untouched: Callable[[Recorded], Awaitable[bool]],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._question_service = question_service
        self._journal = journal
        self._go_on = go_on
        self._untouched = untouched
        self._now = now
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def take(self, edit: Edit) -> Acceptance:
        """Answer an edited question again within its first ten minutes; an unknown one for the first time."""
        if self._now() - edit.said_at > _WITHIN or not edit.asked.question.text:
            return Acceptance.KNOWN
        lock = self._locks.setdefault(edit.asked.key, asyncio.Lock())
        try:
            async with lock:  # edits in quick succession, one after the other
                return await self._take(edit)
        except BackendError as error:
            log.warning("an edited question is left as it was answered: %s", error)
            return Acceptance.KNOWN

    async def _take(self, edit: Edit) -> Acceptance:
        earlier = await self._journal.recorded_by_key(edit.asked.key, further=EDITED)
        if earlier is None:
            unprompted = edit.reply.unprompted
            return (
                Acceptance.KNOWN if unprompted else await self._question_service.take(edit.asked, edit.reply)
            )
        if edit.asked.place.automated:  # bots stream by editing: each edit would get an answer
            return Acceptance.KNOWN
        if earlier.asked.person != edit.asked.person or _same(earlier.asked, edit.asked):
            return Acceptance.KNOWN
        asked = replace(edit.asked, key=f"{edit.asked.key}{EDITED}{edit.number}")
        if earlier.reply and not await self._untouched(earlier):
            return Acceptance.KNOWN
        return await self._question_service.supersede(earlier, asked, self._go_on)


def _same(earlier: Asked, now: Asked) -> bool:
    before = earlier.question
    return (before.text, before.about) == (now.question.text, now.question.about)
