"""Saves answers that admins teach, as examples or verified answers; reviews them; withdraws those that turn out bad."""

import asyncio
import logging
import uuid
from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from bot.config.models import StyleSettings
from bot.curation.example_folder import ExampleFolder
from bot.curation.lesson_citations import cited
from bot.curation.question_similarity import same
from bot.curation.verified_answers import VerifiedAnswers
from bot.model import Citation
from bot.ports import Complaint, Lesson, LessonKind, Lessons, LessonState, Recorded, Rights, Scope
from bot.style.example_files import NotKept
from bot.style.guide import Cites, Example
from bot.style.hot_reload import StyleGuides
from bot.style.lint import example_problems
from bot.text.sanitize import as_name, clean, defuse

log = logging.getLogger(__name__)

_STATES: dict[LessonState, str] = {
    "proposed": "a proposal",
    "review": "withdrawn already",
    "rejected": "rejected",
    "accepted": "in use",
}
BAD: frozenset[Complaint] = frozenset({"wrong", "outdated"})
PRIVATE = (
    "It cites a page that not everybody may see, and examples go along with everybody's questions. Save it as a "
    "verified answer instead: that is given only to those who may see its pages."
)
UNKNOWN = "It cites no page, and nobody could see anything where it was saved: whom to tell it isn't known."
NO_PAGE = (
    "it names no page that says so. Edit it and name one, or write it into a page first: a verified answer is given "
    "to those who may see its page, for as long as that stays as it is"
)


class Unteachable(Exception):
    """It can't be saved or accepted as it is; the message is a sentence for the admin."""


class Curation:
    """What admins do with lessons. `characters` is an answer's length where the guide says none.

    `audience` is the one that everybody has.
    """

    def __init__(
        self,
        lessons: Lessons,
        verified: VerifiedAnswers,
        guides: StyleGuides,
        settings: StyleSettings,
        *,
        characters: int,
        audience: frozenset[str],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._lessons = lessons
        self._verified = verified
        self._guides = guides
        self._settings = settings
        self._files = ExampleFolder(settings)
        self._characters = characters
        self._audience = audience
        self._now = now

    async def save(
        self,
        kind: LessonKind,
        *,
        question: str,
        answer: str,
        by: str,
        person: str = "",
        scope: Scope,
        source: Recorded | None = None,
        page: Citation | None = None,
    ) -> Lesson:
        """Save a proposal for an example, or a verified answer, which counts at once or, without a page, after a review.

        `scope` is where it is saved, and what may be shown there. `source` is the bot's answer that it was made of:
        its citations stay where the text still has their markers; a human's answer has no `source`. `page` is what
        the answer rests on where it cites nothing. Raises Unteachable, BackendError.
        """
        question, answer = _both(question, answer)
        said = source.answer.citations if source and source.answer else ()
        if kind == "verified" and page is None and said:
            page = said[0]  # whoever wrote it anew left the markers out
        text, citations = cited(answer, said, page)
        unfounded = kind == "verified" and not citations
        lesson = Lesson(
            id=uuid.uuid4().hex[:12],
            kind=kind,
            state="proposed" if kind == "example" else "review" if unfounded else "accepted",
            reason=NO_PAGE if unfounded else "",
            question=question,
            answer=defuse(text),
            by=as_name(by),
            person=person,
            saved_at=self._now(),
            citations=citations,
            audience=scope.audience or frozenset(),
            tenant=scope.tenant,
            answer_id=source.asked.id if source else "",
            language=(source.asked.question.language or "") if source else "",
        )
        if kind == "verified":
            lesson = await self._verified.stamped(lesson)
        if lesson.state == "accepted":
            await self._replace_older(lesson)
        await self._lessons.add(lesson)
        return lesson

    async def open(self) -> list[Lesson]:
        """Return all that waits for a decision: proposals, and what was withdrawn. Stale answers are withdrawn first."""
        await self._verified.check()
        return await self._lessons.lessons(states=("proposed", "review"))

    async def in_use(self) -> list[Lesson]:
        """Return all that is used now, the newest first. Stale answers are withdrawn first."""
        await self._verified.check()
        return (await self._lessons.lessons(states=("accepted",)))[::-1]

    async def withdraw(self, lesson: Lesson, *, by: str) -> None:
        """Stop using the lesson, and have it reviewed. Raises Unteachable."""
        if lesson.state != "accepted":
            raise Unteachable(f"It isn't in use: it is {_STATES[lesson.state]}.")
        if not await self._withdraw(lesson, f"{as_name(by)} withdrew it"):
            raise Unteachable("Somebody else was quicker: look at it again.")

    async def lesson(self, lesson_id: str) -> Lesson | None:
        """Return the lesson with this id."""
        return await self._lessons.lesson(lesson_id)

    async def readable(self, lesson: Lesson, rights: Rights) -> bool:
        """Tell whether this admin may read it: it is of their place, and of pages that they may see."""
        scope = Scope(lesson.tenant, lesson.audience)
        return rights.covers(scope) and await self._verified.readable(lesson, rights.audience)

    async def edit(
        self, lesson: Lesson, *, question: str, answer: str, page: Citation | None = None
    ) -> Lesson:
        """Change the words, and add a page where it cites none; its state stays. Raises Unteachable."""
        _check_open(lesson)
        question, answer = _both(question, answer)
        text, citations = cited(answer, lesson.citations, page)
        edited = replace(lesson, question=question, answer=defuse(text), citations=citations)
        if edited.reason == NO_PAGE and citations:
            edited = replace(edited, reason="")
        if not await self._lessons.change(edited, was=lesson.state):
            raise Unteachable("Somebody else was quicker: look at it again.")
        return edited

    async def accept(self, lesson: Lesson, *, by: str, person: str = "") -> Lesson:
        """Take it into use: an example as a file of the guide, a verified answer as it is. Raises Unteachable."""
        _check_open(lesson)
        if lesson.kind == "verified":
            if not lesson.citations:
                raise Unteachable(f"It can't be used yet: {NO_PAGE}.")
            renewed = await self._verified.stamped(
                replace(
                    lesson, state="accepted", reason="", by=as_name(by), person=person, saved_at=self._now()
                )
            )
            gone = [c.title for c in renewed.citations if c.doc_id not in renewed.revisions]
            if gone:
                raise Unteachable(f"It cites {gone[0]}, which is gone: save a new one instead.")
            await self._claim(renewed, lesson)
            return renewed
        if lesson.citations and not await self._verified.open_to(lesson, self._audience):
            raise Unteachable(PRIVATE)
        if not lesson.citations and not lesson.audience:
            raise Unteachable(UNKNOWN)
        await self._guides.refresh()
        example = self._example(lesson)
        taken = replace(lesson, state="accepted", reason="")
        await self._claim(taken, lesson)
        try:
            path = await asyncio.to_thread(self._files.write, example, by)
        except NotKept as error:
            await self._lessons.change(lesson, was="accepted")
            raise Unteachable(str(error)) from error
        kept = replace(taken, file=path.name)
        await self._lessons.change(kept, was="accepted")
        await self._guides.refresh(now=True)
        return kept

    async def reject(self, lesson: Lesson) -> None:
        """Never use it; the journal keeps it. Raises Unteachable."""
        _check_open(lesson)
        await self._claim(replace(lesson, state="rejected"), lesson)

    async def complained(self, recorded: Recorded, complaint: Complaint) -> list[Lesson]:
        """Withdraw the verified answer, or the example made of it, that somebody calls wrong or outdated."""
        if complaint not in BAD or recorded.answer is None:
            return []
        known = await self._lessons.lessons(states=("accepted",))
        asked = recorded.asked.question.text
        bad = [
            lesson
            for lesson in known
            if (lesson.kind == "verified" and lesson.id == recorded.answer.verified)
            or (
                lesson.kind == "example"
                and (lesson.answer_id == recorded.asked.id or same(asked, lesson.question, None))
            )
        ]
        return [lesson for lesson in bad if await self._withdraw(lesson, f"somebody says it is {complaint}")]

    async def _withdraw(self, lesson: Lesson, reason: str) -> bool:
        if lesson.kind == "verified":
            return await self._verified.withdraw(lesson, reason)
        log.warning("example %s is withdrawn for review: %s", lesson.file, reason)
        gone = await self._lessons.change(replace(lesson, state="review", reason=reason), was="accepted")
        if gone and self._settings.path and lesson.file:
            try:
                await asyncio.to_thread(self._files.remove, lesson)
            except NotKept as error:
                log.warning("the example's file stays: %s", error)
            await self._guides.refresh(now=True)
        return gone

    async def _claim(self, wanted: Lesson, lesson: Lesson) -> None:
        if not await self._lessons.change(wanted, was=lesson.state):
            raise Unteachable("Somebody else was quicker: look at it again.")

    async def _replace_older(self, lesson: Lesson) -> None:
        """Withdraw older verified answers to the same question."""
        for older in await self._lessons.lessons(kind="verified", states=("accepted",)):
            if same(lesson.question, older.question, None):
                await self._verified.withdraw(older, f"replaced by {lesson.id}")

    def _example(self, lesson: Lesson) -> Example:
        """Make an example that the guide's schema and rules allow. Raises Unteachable with what is wrong."""
        cites = [Cites(page=c.doc_id.partition(":")[2], quote=c.quote) for c in lesson.citations]
        try:
            example = Example(
                question=lesson.question,
                answer=lesson.answer,
                citations=tuple(cites),
                audience=frozenset() if lesson.citations else self._told(lesson),
                language=lesson.language,
                saved_by=lesson.by,
                saved_on=lesson.saved_at.date(),
            )
        except ValidationError as error:
            raise Unteachable(str(error.errors()[0]["msg"])) from error
        wrong = example_problems(
            example, self._guides.base, tokens=self._settings.tokens, most=self._characters
        )
        if wrong:
            raise Unteachable(f"It doesn't fit the guide yet: {'; '.join(wrong)}. Edit it first.")
        return example

    async def unsign(self, names: Collection[str]) -> list[Path]:
        """Take these names out of the guide's examples. Returns the files that it changed. Raises NotKept."""
        return await asyncio.to_thread(self._files.unsign, names)

    def _told(self, lesson: Lesson) -> frozenset[str]:
        """Return the audience for whose questions alone an example that cites nothing is used; empty: everybody."""
        return frozenset() if lesson.audience <= self._audience else lesson.audience


def _check_open(lesson: Lesson) -> None:
    if lesson.state not in ("proposed", "review"):
        raise Unteachable(f"It is {lesson.state} already.")


def _both(question: str, answer: str) -> tuple[str, str]:
    question, answer = clean(question).strip(), clean(answer).strip()
    if not question or not answer:
        raise Unteachable("It needs a question and an answer.")
    return question, answer
