"""A question that was edited: its answer is made anew in its place, while that is still what people look at."""

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
    """A message as it is now: `asked` has the key of the message, `number` is another for each of its edits.

    `reply` is for a question that wasn't one before, and is answered then unless it is unprompted.
    """

    asked: Asked
    reply: Reply
    number: str
    said_at: datetime


class Revisions:
    """`untouched` tells whether nobody wrote behind an answer. `go_on` makes the reply that goes on with its message."""

    def __init__(
        self,
        desk: QuestionService,
        journal: Journal,
        *,
        go_on: Callable[[Recorded, Asked], Reply],
        untouched: Callable[[Recorded], Awaitable[bool]],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._desk = desk
        self._journal = journal
        self._go_on = go_on
        self._untouched = untouched
        self._now = now
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def take(self, edit: Edit) -> Acceptance:
        """Answer it anew, if it is a question within its first ten minutes; for the first time if it wasn't known."""
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
            return Acceptance.KNOWN if unprompted else await self._desk.take(edit.asked, edit.reply)
        if edit.asked.place.automated:  # bots write by edits: each would be an answer more than they get
            return Acceptance.KNOWN
        if earlier.asked.person != edit.asked.person or _same(earlier.asked, edit.asked):
            return Acceptance.KNOWN
        asked = replace(edit.asked, key=f"{edit.asked.key}{EDITED}{edit.number}")
        if earlier.reply and not await self._untouched(earlier):
            return Acceptance.KNOWN
        return await self._desk.supersede(earlier, asked, self._go_on)


def _same(earlier: Asked, now: Asked) -> bool:
    before = earlier.question
    return (before.text, before.about) == (now.question.text, now.question.about)
