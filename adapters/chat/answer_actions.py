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
        question_service: QuestionService,
        journal: Journal,
        helping: HumanHelp,
        complained: Complained | None = None,
        summaries: Callable[[str], Shown | None] = lambda _: None,
        *,
        heard: Callable[[Rating], None] = lambda _: None,
    ) -> None:
        self._question_service = question_service
        self._help = helping
        self._complained = complained
        self._summaries = summaries
        self._journal = journal
        self._heard = heard

    async def feedback(
        self, context: PressContext, answer_id: str, verdict: Rating, complaint: str = "", comment: str = ""
    ) -> bool:
        """Store a rating: one for each person and answer, the latest counts.

        Return False if it couldn't be stored; the person has been told.
        """
        with working_on("answer", answer_id):
            return await self._feedback(context, answer_id, verdict, complaint, comment)

    async def _feedback(
        self, context: PressContext, answer_id: str, verdict: Rating, complaint: str, comment: str
    ) -> bool:
        reason = COMPLAINTS.get(complaint, "")
        given = Feedback(answer_id, context.person, verdict, reason, comment[:2000], context.tenant)
        try:
            await self._journal.give_feedback(given)
        except BackendError as error:
            log.warning("feedback on %s was lost: %s", answer_id, error)
            await context.tell(messages.BROKEN.format(id=answer_id))
            return False
        if not complaint and not comment:  # a reason or comment follows a rating that counts already
            self._heard(verdict)
        if given.complaint and self._complained is not None:
            await self._complained(answer_id, given.complaint)
        return True

    async def press(self, context: PressContext, press: Press, answer_id: str) -> None:
        """Handle a press of the button `press` under an answer."""
        with working_on("answer", answer_id):
            try:
                await self._press(context, press, answer_id)
            except BackendError as error:
                log.warning("%s for answer %s can't be done: %s", press, answer_id, error)
                await context.tell(messages.BROKEN.format(id=answer_id))

    async def _press(self, context: PressContext, press: Press, answer_id: str) -> None:
        if press is Press.SHARE and (summary := self._summaries(answer_id)) is not None:
            await self._share_summary(context, summary)
            return
        found = await self._question_service.again(answer_id)
        if found is None:
            await context.tell(messages.ANSWER_GONE)
            return
        recorded, answer = found
        if press is Press.SHARE:
            context = context.where_asked(recorded)
        if press is Press.MORE:
            if refused := NOT_TAKEN.get(await self._question_service.take(*context.more(recorded))):
                await context.tell(refused)
        elif press is Press.HUMAN:
            await self._help.ask(context, recorded)
        elif not await self._may_see(context, recorded, alone=press is Press.SOURCES):
            await context.tell(messages.NOT_FOR_ALL if press is Press.SHARE else messages.ANSWER_GONE)
        elif press is Press.SOURCES:
            await context.show_sources(answer)
        elif press is Press.SHARE:
            await self._share(context, recorded, answer)

    async def _may_see(self, context: PressContext, recorded: Recorded, *, alone: bool) -> bool:
        return await self._question_service.may_see(recorded, await context.audience(alone=alone))

    async def _share_summary(self, context: PressContext, summary: Shown) -> None:
        """Share a summary: only the person who got it may, and only in the channel that it sums up."""
        if (context.person, context.place) != (summary.person, summary.place):
            await context.tell(messages.NOT_YOURS)
            return
        lead = messages.SHARED_SUMMARY.format(person=await context.name())
        shared = replace(summary.view, text=f"{lead}\n\n{summary.view.text}")
        await self._shared(context, shared, summary.view.answer_id)

    async def _share(self, context: PressContext, recorded: Recorded, answer: AnswerView) -> None:
        """Share a private answer: only its asker may, and once for each place."""
        if context.person != recorded.asked.person:
            await context.tell(messages.NOT_YOURS)
            return
        lead = messages.SHARED.format(person=await context.name())
        question = quoted(recorded.asked.question.text)
        shared = f"{lead}\n\n> {question}\n\n{answer.text}"
        await self._shared(context, replace(answer, text=shared, see_also=()), recorded.asked.id)

    async def _shared(self, context: PressContext, answer: AnswerView, answer_id: str) -> None:
        """Post the answer for everybody in the place, once."""
        key = f"share {answer_id} {context.place}"
        if not await self._journal.claim(key):
            await context.tell(messages.SHARED_ALREADY)
            return
        try:
            await context.share(answer)
        except Undeliverable as error:
            log.warning("answer %s can't be shared: %s", answer_id, error)
            await self._journal.release(key)
            barred = isinstance(error, Barred)
            await context.tell(messages.BARRED if barred else messages.BROKEN.format(id=answer_id))
