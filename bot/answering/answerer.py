"""Answers a question, whatever is down: the core's one use case. Nothing here knows a platform."""

import logging
import time
import uuid
from dataclasses import replace
from typing import Protocol

from bot import decisions
from bot.answering.draft import Draft, OnStage, OnText
from bot.answering.writing import Writing
from bot.limits import AnswerLimits
from bot.model import Answer, Outcome, Question, Stage
from bot.ports import BackendError, Brief, Style, Unavailable, Writer
from bot.retrieval.retrieval_result import Retrieval
from bot.runtime.circuit_breaker import CircuitBreaker
from bot.runtime.deadline import Clock, Deadline
from bot.runtime.turns import Turns
from bot.runtime.usage_meter import metered
from bot.runtime.work_context import degraded
from bot.text.questions import question_text, small_talk

log = logging.getLogger(__name__)

NO_WORDS = "I need a question in words, for example “How many days of annual leave do I get?”"
NO_SUBJECT = "What would you like to know?"
WITHOUT_VERIFIED = "Answered without the verified answers, which can't be read right now."
SEARCH_DOWN = (
    "I can't search the docs right now ({why}). Please try again in a few minutes. Reference: `{id}`"
)
SEARCH_BROKEN = (
    "I can't search the docs ({why}). Waiting won't mend this: whoever runs me finds in the log what to do."
    " Reference: `{id}`"
)


class Retrieving(Protocol):
    """What the core needs of bot.retrieval.retriever.Retriever. Raises BackendError if the store is down."""

    async def retrieve(self, question: Question, standalone: str) -> Retrieval: ...


class GuideProvider(Protocol):
    """Chooses what of the style guide goes into the answer to a question. Doesn't fail."""

    async def style(self, question: Question, standalone: str) -> Style: ...


class VerifiedLookup(Protocol):
    """Looks for answers that people verified."""

    @property
    def any(self) -> bool:
        """Whether there are any, as far as is known: if so, an answer that was made without them says so."""
        ...

    async def find(self, question: Question, standalone: str) -> Answer | None:
        """Return the verified answer to this question, if there is one that all of its audience may see.

        Raises BackendError where they can't be looked at.
        """
        ...


class NoGuide:
    """Stands for a missing style guide: it gives the default limits of `Style` and nothing else."""

    async def style(self, question: Question, standalone: str) -> Style:  # noqa: ARG002 - the protocol's
        return Style(language=question.language or "")


class Answerer:
    """Answers questions with a writer, and with `fallback` when the writer fails.

    `fallback` is None where `writer` needs nothing that can be down. `quotes` says that the writer works on this
    machine and not on a server: writing then waits for its turn as the search does. `known` are verified answers,
    which go before all others.
    """

    def __init__(
        self,
        *,
        retriever: Retrieving,
        writer: Writer,
        fallback: Writer | None = None,
        quotes: bool = False,
        guide: GuideProvider | None = None,
        known: VerifiedLookup | None = None,
        limits: AnswerLimits | None = None,
        breaker: CircuitBreaker | None = None,
        clock: Clock = time.monotonic,
    ) -> None:
        self._retriever = retriever
        self._writer = writer
        self._fallback = fallback
        self._quotes = quotes
        self._guide = guide or NoGuide()
        self._known = known
        self._limits = limits or AnswerLimits()
        self._breaker = breaker or CircuitBreaker("the writer", clock=clock)
        self._search_breaker = CircuitBreaker("search", clock=clock)
        self._clock = clock
        self._turns = Turns(self._limits.at_once)
        self._writing = Writing(writer, fallback, self._limits, self._breaker, self._turns)

    @property
    def limits(self) -> AnswerLimits:
        return self._limits

    @property
    def breakers(self) -> tuple[CircuitBreaker, ...]:
        """The circuit breakers of the writer and of the search."""
        return self._breaker, self._search_breaker

    @property
    def waiting(self) -> int:
        """How many questions wait for their turn on this machine."""
        return self._turns.waiting

    @property
    def quoting(self) -> Writer:
        """The writer that answers without a model."""
        return self._fallback or self._writer

    async def answer(
        self,
        question: Question,
        *,
        id: str | None = None,  # noqa: A002 - the answer's own field
        on_text: OnText | None = None,
        on_stage: OnStage | None = None,
    ) -> Answer:
        """Answer the question. Every failure becomes an Answer; no BackendError is raised.

        `on_text` gets checked text as it is written, sentence by sentence; nothing that it got is taken back until
        the end. `Answer.text` is what counts: if it differs from what `on_text` got, it replaces that. `on_stage`
        is told what is being done before the first text.
        """
        deadline = Deadline(self._limits.answer, clock=self._clock)
        draft = Draft(id or uuid.uuid4().hex[:12], deadline, on_text, on_stage, question.not_found)
        with metered(draft.usage):
            answer = await self._answer(question, draft)
        # What isn't a question by itself is no gap in the docs.
        return replace(answer, gap=answer.gap and question_text.stands_alone(question))

    async def _answer(self, question: Question, draft: Draft) -> Answer:
        question = question_text.with_what_came_along(question)
        asked = question_text.prepare(question.text, self._limits.question_characters)
        if (line := small_talk.reply(asked.text)) is not None:
            return draft.refused(line, decisions.SMALL_TALK)
        if not asked.text or (question_text.is_vague(asked.text) and not question.history):
            said = NO_SUBJECT if asked.text else NO_WORDS
            return draft.end(Outcome.NOT_FOUND, said, decision=decisions.NO_SUBJECT, gap=False)
        if asked.note:
            draft.degraded.append(asked.note)
        question = replace(question, text=asked.text)
        standalone = await self._standalone(question, draft)
        if question_text.is_vague(standalone):
            return draft.end(Outcome.NOT_FOUND, NO_SUBJECT, decision=decisions.NO_SUBJECT, gap=False)
        async with draft.in_one_piece(), draft.turn(self._turns):
            found = await self._looked_up(question, standalone, draft)
            if isinstance(found, Answer):
                return found
            if self._quotes:
                return await self._writing.write(found, draft)
        return await self._writing.write(found, draft)

    async def _looked_up(self, question: Question, standalone: str, draft: Draft) -> Answer | Brief:
        """Return what to write the answer from, or the answer itself where nothing has to be written."""
        try:
            if (known := await self._verified(question, standalone, draft)) is not None:
                return await draft.known(known)
            found, standalone = await self._best(question, standalone, draft)
        except BackendError as error:
            log.warning("answer %s: search failed: %s", draft.id, error)
            degraded("search")
            text = SEARCH_DOWN if isinstance(error, Unavailable) else SEARCH_BROKEN
            text = text.format(why=f"{error.part}: {error.reason}".rstrip("."), id=draft.id)
            return draft.end(Outcome.UNAVAILABLE, text, decision=f"search failed: {error.reason}")
        draft.found = found
        draft.degraded += [line for line in found.degraded if line not in draft.degraded]
        with draft.timed("style"):
            style = draft.style = await self._guide.style(question, standalone)
        if style.refusal:
            return draft.refused(style.refusal, decisions.REFUSED)
        if not found.enough or not found.passages:
            return draft.not_found(found.decision or "too little evidence")
        if question.unasked and not found.strong:  # no model is asked for what nobody would see
            return draft.not_found(f"not strong enough to speak unasked: {found.decision}")
        draft.examples = tuple(example.id for example in style.examples)
        return Brief(
            standalone,
            tuple(found.passages),
            style,
            question.history,
            tuple(found.queries[1:]),
            detailed=question.detailed,
        )

    async def _standalone(self, question: Question, draft: Draft) -> str:
        if not question.history:
            return question_text.asked_in(question.text)
        if question.unasked:
            return question_text.merged(question)
        with draft.timed("standalone"):
            try:
                async with self._breaker.guard():
                    writing = self._writer.standalone(question)
                    text = await draft.deadline.wait("the writer", writing, seconds=self._limits.standalone)
            except BackendError as error:
                log.warning("answer %s: the follow-up was not rewritten: %s", draft.id, error)
                degraded("the writer")
                text = ""
        return question_text.prepare(text).text or question_text.merged(question)

    async def _verified(self, question: Question, standalone: str, draft: Draft) -> Answer | None:
        if self._known is None or question.detailed:
            return None
        with draft.timed("verified"):
            try:
                finding = self._known.find(question, standalone)
                return await draft.deadline.wait("verified answers", finding, seconds=self._limits.known)
            except BackendError as error:
                log.warning("answer %s: verified answers were not looked at: %s", draft.id, error)
                degraded("verified answers")
                if self._known.any:
                    draft.degraded.append(WITHOUT_VERIFIED)  # the reason is the admins', and in the log
                return None

    async def _best(self, question: Question, standalone: str, draft: Draft) -> tuple[Retrieval, str]:
        """Return what is found for the question, and the wording that it was found by.

        A follow-up may have several wordings, each with other words of the conversation; the one that most speaks
        for counts.
        """
        found = await self._search(question, standalone, draft)
        wordings = question_text.wordings(question)
        others = wordings[1:] if standalone == wordings[0] else ()
        for other in others:
            better = await self._search(question, other, draft)
            if _sureness(better) > _sureness(found):
                found, standalone = better, other
        return found, standalone

    async def _search(self, question: Question, standalone: str, draft: Draft) -> Retrieval:
        await draft.tell(Stage("searching"))
        with draft.timed("retrieve"):
            try:
                return await self._search_once(question, standalone, draft)
            except Unavailable as error:
                log.info("answer %s: search failed, trying again: %s", draft.id, error)
                return await self._search_once(question, standalone, draft)

    async def _search_once(self, question: Question, standalone: str, draft: Draft) -> Retrieval:
        async with self._search_breaker.guard():
            searching = self._retriever.retrieve(question, standalone)
            return await draft.deadline.wait("search", searching, seconds=self._limits.search)


def _sureness(found: Retrieval) -> tuple[bool, bool, float]:
    """Return how sure it is that the pages answer what was searched for, as a key to compare by."""
    measured = found.evidence
    told = measured.get("relevance", measured.get("similarity", 0.0) + measured.get("words", 0.0))
    return found.strong, found.enough, told
