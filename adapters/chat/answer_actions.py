"""Handles the buttons under an answer, on every platform."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Protocol

from adapters.chat import messages
from adapters.chat.answer_view import AnswerView, Press
from adapters.chat.helping.human_help import AskerContext, HumanHelp
from adapters.chat.markdown_text import quoted
from adapters.chat.questions.question_service import NOT_TAKEN, QuestionService
from adapters.chat.questions.reply import Barred, Reply, Undeliverable
from adapters.chat.summaries.summaries import Shown
from bot.ports import Asked, BackendError, Complaint, Feedback, Journal, Rating, Recorded
from bot.runtime.work_context import working_on

log = logging.getLogger(__name__)

COMPLAINTS: dict[str, Complaint] = {
    "wrong": "wrong",
    "outdated": "outdated",
    "incomplete": "incomplete",
    "not my question": "not my question",
}


# Called when an answer is called wrong: it withdraws what was saved of it.
Complained = Callable[[str, Complaint], Awaitable[None]]


class PressContext(AskerContext, Protocol):
    """A press of a button by `person`, in the channel `place` of the workspace or server `tenant`."""

    person: str
    place: str
    tenant: str

    async def audience(self, *, alone: bool) -> frozenset[str]:
        """Return what the person may see now; unless `alone`, only what the place may see as well."""
        ...

    async def show_sources(self, answer: AnswerView) -> None:
        """Show the sources with their quotes to the person alone."""
        ...

    def where_asked(self, recorded: Recorded) -> "PressContext":
        """Return the same press in the place where the private answer was asked for and may be shared."""
        ...

    async def share(self, answer: AnswerView) -> None:
        """Post the answer for everybody in the place. Raises Undeliverable."""
        ...

    def more(self, recorded: Recorded) -> tuple[Asked, Reply]:
        """Return the same question, to be answered at more length and as privately as the first time."""
        ...


class AnswerActions:
    """Handles feedback, "Longer answer", "Show sources", "Share in channel" and "Ask a human"."""

    def __init__(
        self,
        desk: QuestionService,
        journal: Journal,
        helping: HumanHelp,
        complained: Complained | None = None,
        summaries: Callable[[str], Shown | None] = lambda _: None,
        *,
        heard: Callable[[Rating], None] = lambda _: None,
    ) -> None:
        self._desk = desk
        self._help = helping
        self._complained = complained
        self._summaries = summaries
        self._journal = journal
        self._heard = heard

    async def feedback(
        self, stage: PressContext, answer_id: str, verdict: Rating, complaint: str = "", comment: str = ""
    ) -> bool:
        """Store a rating: one for each person and answer, the latest counts.

        Return False if it couldn't be stored; the person has been told.
        """
        with working_on("answer", answer_id):
            return await self._feedback(stage, answer_id, verdict, complaint, comment)

    async def _feedback(
        self, stage: PressContext, answer_id: str, verdict: Rating, complaint: str, comment: str
    ) -> bool:
        reason = COMPLAINTS.get(complaint, "")
        given = Feedback(answer_id, stage.person, verdict, reason, comment[:2000], stage.tenant)
        try:
            await self._journal.give_feedback(given)
        except BackendError as error:
            log.warning("feedback on %s was lost: %s", answer_id, error)
            await stage.tell(messages.BROKEN.format(id=answer_id))
            return False
        if not complaint and not comment:  # a reason or comment follows a rating that counts already
            self._heard(verdict)
        if given.complaint and self._complained is not None:
            await self._complained(answer_id, given.complaint)
        return True

    async def press(self, stage: PressContext, press: Press, answer_id: str) -> None:
        """Handle a press of the button `press` under an answer."""
        with working_on("answer", answer_id):
            try:
                await self._press(stage, press, answer_id)
            except BackendError as error:
                log.warning("%s for answer %s can't be done: %s", press, answer_id, error)
                await stage.tell(messages.BROKEN.format(id=answer_id))

    async def _press(self, stage: PressContext, press: Press, answer_id: str) -> None:
        if press is Press.SHARE and (summary := self._summaries(answer_id)) is not None:
            await self._share_summary(stage, summary)
            return
        found = await self._desk.again(answer_id)
        if found is None:
            await stage.tell(messages.ANSWER_GONE)
            return
        recorded, answer = found
        if press is Press.SHARE:
            stage = stage.where_asked(recorded)
        if press is Press.MORE:
            if refused := NOT_TAKEN.get(await self._desk.take(*stage.more(recorded))):
                await stage.tell(refused)
        elif press is Press.HUMAN:
            await self._help.ask(stage, recorded)
        elif not await self._may_see(stage, recorded, alone=press is Press.SOURCES):
            await stage.tell(messages.NOT_FOR_ALL if press is Press.SHARE else messages.ANSWER_GONE)
        elif press is Press.SOURCES:
            await stage.show_sources(answer)
        elif press is Press.SHARE:
            await self._share(stage, recorded, answer)

    async def _may_see(self, stage: PressContext, recorded: Recorded, *, alone: bool) -> bool:
        return await self._desk.may_see(recorded, await stage.audience(alone=alone))

    async def _share_summary(self, stage: PressContext, summary: Shown) -> None:
        """Share a summary: only the person who got it may, and only in the channel that it sums up."""
        if (stage.person, stage.place) != (summary.person, summary.place):
            await stage.tell(messages.NOT_YOURS)
            return
        lead = messages.SHARED_SUMMARY.format(person=await stage.name())
        shared = replace(summary.view, text=f"{lead}\n\n{summary.view.text}")
        await self._shared(stage, shared, summary.view.answer_id)

    async def _share(self, stage: PressContext, recorded: Recorded, answer: AnswerView) -> None:
        """Share a private answer: only its asker may, and once for each place."""
        if stage.person != recorded.asked.person:
            await stage.tell(messages.NOT_YOURS)
            return
        lead = messages.SHARED.format(person=await stage.name())
        question = quoted(recorded.asked.question.text)
        shared = f"{lead}\n\n> {question}\n\n{answer.text}"
        await self._shared(stage, replace(answer, text=shared, see_also=()), recorded.asked.id)

    async def _shared(self, stage: PressContext, answer: AnswerView, answer_id: str) -> None:
        """Post the answer for everybody in the place, once."""
        key = f"share {answer_id} {stage.place}"
        if not await self._journal.claim(key):
            await stage.tell(messages.SHARED_ALREADY)
            return
        try:
            await stage.share(answer)
        except Undeliverable as error:
            log.warning("answer %s can't be shared: %s", answer_id, error)
            await self._journal.release(key)
            barred = isinstance(error, Barred)
            await stage.tell(messages.BARRED if barred else messages.BROKEN.format(id=answer_id))
