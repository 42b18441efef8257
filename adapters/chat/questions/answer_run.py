"""Takes one question from the gate to an answer that is shown and recorded."""

import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final, Protocol

from adapters.chat import answer_view, messages
from adapters.chat.answer_view import AnswerView
from adapters.chat.incoming.attachments import Attachment, AttachmentReader
from adapters.chat.questions.gate import Gate
from adapters.chat.questions.journal_log import JournalLog
from adapters.chat.questions.reply import Context, Reply, Undeliverable
from adapters.chat.questions.stages import StageTeller
from bot.model import Answer, Outcome, Question, Stage, Usage
from bot.ports import Asked, BackendError, Scope
from bot.runtime.observers import Observers
from bot.runtime.usage_meter import metered
from bot.runtime.work_context import Work, span, working_on
from bot.text.questions.question_text import says_nothing

log = logging.getLogger(__name__)

EDITED: Final = ":edited:"  # in the key of a question that is an edit of an earlier one


class Answers(Protocol):
    """Answers questions: the port to the answering core."""

    async def answer(
        self,
        question: Question,
        *,
        id: str | None = None,  # noqa: A002 - the port's word
        on_text: Callable[[str], Awaitable[None]] | None = None,
        on_stage: Callable[[Stage], Awaitable[None]] | None = None,
    ) -> Answer: ...


@dataclass(frozen=True, slots=True)
class AnswerPolicy:
    """How answers are shown: at what age a page counts as stale, and whether a human can be asked.

    After `tell_after` seconds people are told what is being done: a quick answer needs no stages.
    """

    stale_after: timedelta
    can_ask_human: bool
    tell_after: float = 2.0


def unanswered(asked: Asked, why: str) -> Answer:
    """Return what stands in place of an answer that there is none of."""
    return Answer(asked.id, Outcome.UNAVAILABLE, why)


class AnswerRun:
    """Answers a platform's questions, one for each call of `run`.

    Raises only CancelledError: of every other failure the asker is told.
    """

    def __init__(
        self,
        platform: str,
        answers: Answers,
        policy: AnswerPolicy,
        *,
        gate: Gate,
        files: AttachmentReader,
        ledger: JournalLog,
        observers: Observers,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._platform = platform
        self._answers = answers
        self._policy = policy
        self._gate = gate
        self._files = files
        self._ledger = ledger
        self._observers = observers
        self._now = now

    async def run(self, asked: Asked, reply: Reply) -> None:
        """Admit the question, answer it, show the answer and record it."""
        started = time.monotonic()
        with working_on("answer", asked.id) as work:
            scope: Scope | None = None
            try:
                if await self._turned_away(asked, reply):
                    return
                if not reply.unprompted:
                    await reply.show_working(partial(self._ledger.remember, asked.id))
                question, scope, context = await self._admitted(asked, reply)
                answer = await self._with_files(asked, question, reply, context.files)
            except Undeliverable as error:
                log.warning("question %s can't be answered where it was asked: %s", asked.id, error)
                answer = unanswered(asked, str(error))
                await self._record(asked, answer, "undeliverable", work, scope=scope, started=started)
                return
            except BackendError as error:
                log.warning("question %s can't be answered: %s", asked.id, error)
                answer = unanswered(asked, messages.BROKEN.format(id=asked.id))
            except Exception:  # the outermost loop: the asker is told of any failure
                log.exception("question %s failed", asked.id)
                answer = unanswered(asked, messages.BROKEN.format(id=asked.id))
            outcome = "silent"
            if not reply.unprompted or (answer.strong and answer.outcome is Outcome.ANSWERED):
                with span("deliver"):
                    delivered = await self.deliver(asked, reply, answer)
                outcome = answer.outcome.lower() if delivered else "undeliverable"
            if reply.unprompted:
                answer = replace(answer, gap=False)  # nobody asked
            await self._record(asked, answer, outcome, work, scope=scope, started=started)

    async def end(self, asked: Asked, outcome: str, why: str, *, gap: bool = True) -> None:
        """Record that a question got no answer. `outcome` is its label in the metrics."""
        answer = replace(unanswered(asked, why), gap=gap)
        await self._ledger.record(asked, answer, 0.0)
        self._observers.question_ended(self._platform, outcome, 0.0, answer)

    async def deliver(self, asked: Asked, reply: Reply, answer: Answer) -> bool:
        """Show an answer. Return whether it is shown."""
        try:
            if reply.unprompted:
                await reply.show_working(partial(self._ledger.remember, asked.id))
            await reply.finish(self.view(answer, private=reply.private, edited=EDITED in asked.key))
        except Undeliverable as error:
            log.warning("answer %s could not be delivered: %s", asked.id, error)
        except Exception:  # the outermost loop: the asker is told, if that works
            log.exception("answer %s could not be shown", asked.id)
            with suppress(Exception):
                await reply.say(messages.BROKEN.format(id=asked.id))
        else:
            return True
        return False

    def view(self, answer: Answer, *, private: bool, edited: bool = False) -> AnswerView:
        """Return the answer as people see it: `private` to one person, or `edited` where its question was."""
        view = answer_view.of_answer(
            answer,
            now=self._now(),
            private=private,
            stale_after=self._policy.stale_after,
            can_ask_human=self._policy.can_ask_human,
        )
        return replace(view, notes=(messages.EDITED_ANSWER, *view.notes)) if edited else view

    async def _turned_away(self, asked: Asked, reply: Reply) -> bool:
        """Return whether the bot isn't set up for the place.

        The asker is then told so, and nothing is searched.
        """
        if await self._gate.opens(asked):
            return False
        log.warning("question %s comes from a place that docent.yaml doesn't open", asked.id)
        if not reply.unprompted:
            with suppress(Undeliverable):
                await reply.say(messages.NOT_HERE)
        await self.end(asked, "turned_away", messages.NOT_HERE, gap=False)
        return True

    async def _admitted(self, asked: Asked, reply: Reply) -> tuple[Question, Scope, Context]:
        """Return the question with the audience that the gate allows, before anything is searched."""
        with span("admit"):
            admission = await self._gate.admit(asked)
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
        return question, admission.scope, context

    async def _with_files(
        self, asked: Asked, question: Question, reply: Reply, files: tuple[Attachment, ...]
    ) -> Answer:
        """Return the answer, with a note on each file that couldn't be read."""
        used: list[Usage] = []
        with metered(used):
            read = await self._files.read(files)
        question = replace(question, about=(*question.about, *read.texts))
        if read.notes and says_nothing(question.text) and not question.about:
            said = " ".join((*read.notes, messages.NOTHING_IN_WORDS))
            return Answer(asked.id, Outcome.NOT_FOUND, said, gap=False)
        answer = await self._answered(asked, question, reply)
        if read.texts:  # the queries hold words of the files, which aren't stored
            answer = replace(answer, trace=replace(answer.trace, queries=()))
        return replace(answer, degraded=(*answer.degraded, *read.notes), usage=(*answer.usage, *used))

    async def _answered(self, asked: Asked, question: Question, reply: Reply) -> Answer:
        """Answer the question, and show its stages and then its text as they come."""
        if reply.unprompted:
            return await self._answers.answer(question, id=asked.id)
        stages = StageTeller(reply.tell, after=self._policy.tell_after)

        async def write(text: str) -> None:
            await stages.stop()
            await reply.write(text)

        try:
            return await self._answers.answer(question, id=asked.id, on_text=write, on_stage=stages.hear)
        finally:
            await stages.stop()

    async def _record(
        self, asked: Asked, answer: Answer, outcome: str, work: Work, *, scope: Scope | None, started: float
    ) -> None:
        seconds = time.monotonic() - started
        await self._ledger.record(asked, answer, seconds, scope)
        self._observers.question_ended(self._platform, outcome, seconds, answer, work)
