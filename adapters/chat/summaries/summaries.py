"""Makes a summary on request, the same on every platform."""

import logging
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from cachetools import FIFOCache, LRUCache

from adapters.chat import answer_view, messages
from adapters.chat.answer_view import AnswerView, Press
from bot.answering.summary import Summarizer
from bot.model import Outcome, Passage
from bot.ports import BackendError, Journal

log = logging.getLogger(__name__)

DAY: Final = timedelta(days=1)
MESSAGES: Final = 200
_CHARACTERS_A_TOKEN: Final = 4
_MINUTE: Final = timedelta(minutes=1)
_REMEMBERED: Final = 1000  # people
_KEPT: Final = 200  # summaries, to be shared
_LEAST: Final = 2  # messages: one needs no summary


@dataclass(frozen=True, slots=True)
class Said:
    """A message to be summed up. `url` is a link to it."""

    id: str
    author: str
    text: str
    url: str
    at: datetime


class CannotRead(Exception):
    """Raised when the messages can't be read; its text is a sentence for whoever asked."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A summary that `person` got, of what was said in the channel `place`."""

    person: str
    place: str
    view: AnswerView


class SummaryRequest(Protocol):
    """A person's request for a summary. `place` is the channel's id."""

    platform: str
    person: str
    place: str

    async def messages(self) -> Sequence[Said]:
        """Return the messages that this person may read there, oldest first. Raises CannotRead."""
        ...

    async def show(self, summary: AnswerView) -> None:
        """Show the summary to this person alone."""
        ...

    async def tell(self, text: str) -> None:
        """Show a message to this person alone."""
        ...


class Summaries:
    """Makes summaries.

    `summarizer` is None where no model writes; it gets the latest `tokens` of messages.
    """

    def __init__(
        self,
        summarizer: Summarizer | None,
        journal: Journal,
        *,
        tokens: int,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._summarizer = summarizer
        self._journal = journal
        self._last: LRUCache[str, datetime] = LRUCache(_REMEMBERED)  # by person, kept nowhere else
        self._characters = tokens * _CHARACTERS_A_TOKEN
        self._clock = clock
        self._shown: FIFOCache[str, Shown] = FIFOCache(_KEPT)

    def shown(self, answer_id: str) -> Shown | None:
        """Return a recent summary of this process.

        Summaries are stored nowhere else: they hold people's conversations.
        """
        return self._shown.get(answer_id)

    async def summarize(self, request: SummaryRequest) -> None:
        """Read the messages, sum them up and show the summary. Once a minute for each person."""
        if self._summarizer is None:
            await request.tell(messages.NO_MODEL)
            return
        if not self._is_first(request):
            await request.tell(messages.SUMMARY_SOON)
            return
        try:
            said = await request.messages()
        except CannotRead as error:
            await request.tell(str(error))
            return
        except BackendError as error:
            log.warning("a summary can't be made: %s", error)
            await request.tell(messages.SUMMARY_FAILED)
            return
        kept = self._latest([one for one in said if one.text.strip()])
        if len(kept) < _LEAST:
            await request.tell(messages.NOTHING_SAID)
            return
        answer = await self._summarizer.summarize([_passage(one) for one in kept], id=uuid.uuid4().hex[:12])
        try:
            await self._journal.spend(answer.usage)
        except BackendError as error:
            log.warning("what a summary cost is not counted: %s", error)
        view = answer_view.of_answer(
            answer, now=self._clock(), private=True, stale_after=10 * 365 * DAY, can_ask_human=False
        )
        count = messages.SUMMED_UP.format(count=len(kept))
        left = len(said) - len(kept)
        notes = (count + (f" {messages.SUMMARY_CUT.format(count=left)}" if left else ""), *view.notes)
        made = replace(view, buttons=(), notes=notes, sources=tuple(map(_short, view.sources)))
        if answer.outcome is Outcome.ANSWERED:
            self._shown[answer.id] = Shown(request.person, request.place, made)
            made = replace(made, buttons=(Press.SHARE,))
        await request.show(made)

    def _is_first(self, request: SummaryRequest) -> bool:
        """Return whether it is this person's first request within a minute, in this process."""
        now, person = self._clock(), f"{request.platform} {request.person}"
        before = self._last.get(person)
        if before is not None and now - before < _MINUTE:
            return False
        self._last[person] = now
        return True

    def _latest(self, said: Sequence[Said]) -> list[Said]:
        kept: list[Said] = []
        room = self._characters
        for one in reversed(said[-MESSAGES:]):
            room -= len(one.text)
            if room < 0 and kept:
                break
            kept.append(replace(one, text=one.text[: self._characters]))
        return kept[::-1]


def _passage(one: Said) -> Passage:
    title = f"{one.author}, {one.at:%H:%M}"
    text = f"{one.author}: {one.text}"
    return Passage(f"{one.id}#0", one.id, "conversation", 0, title, "", one.url, text, updated_at=None)


def _short(line: answer_view.SourceLine) -> answer_view.SourceLine:
    """Return a source line without its age: a message is never stale."""
    return replace(line, age="", stale=False)
