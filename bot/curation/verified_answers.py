"""Gives verified answers first when the same is asked, as long as the pages that they cite stay as they are."""

import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.curation.question_similarity import same, shared_words
from bot.model import Answer, Outcome, Question, Trace
from bot.ports import Lesson, Lessons, Reader, Span
from bot.revisions import content_of
from bot.style.embedding_similarity import EmbeddingSimilarity

log = logging.getLogger(__name__)

VERIFIED = "*Verified by {name} on {date}.*"
EXPIRED = "it has expired"
CHANGED = "{page} has changed"
GONE = "{page} is gone"


class VerifiedAnswers:
    """Implements bot.answering.answerer.VerifiedLookup. Answers that no longer hold are withdrawn when they are met."""

    def __init__(
        self,
        lessons: Lessons,
        store: Reader,
        likeness: EmbeddingSimilarity,
        *,
        days: int,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._lessons = lessons
        self._store = store
        self._likeness = likeness
        self._life = timedelta(days=days)
        self._now = now
        self._any = True

    @property
    def any(self) -> bool:
        """Whether there were any when they were last read; True as long as they weren't."""
        return self._any

    async def find(self, question: Question, standalone: str) -> Answer | None:
        """Return the first that asks the same, still holds, and that this audience may see whole.

        Raises BackendError.
        """
        known = await self._lessons.lessons(kind="verified", states=("accepted",))
        self._any = bool(known)
        for lesson in await self._alike(standalone, known):
            holds = await self._holds(lesson, await self._revisions([lesson]))
            if holds and await self._may_see(lesson, question):
                return _answer(lesson)
        return None

    async def stamped(self, lesson: Lesson) -> Lesson:
        """Return the lesson with its end of life, and the revisions of its pages as they are now."""
        pages = await self._revisions([lesson])
        revisions = {c.doc_id: pages[c.doc_id] for c in lesson.citations if c.doc_id in pages}
        return replace(lesson, revisions=revisions, expires_at=self._now() + self._life)

    async def check(self, sources: Collection[str] | None = None) -> list[Lesson]:
        """Withdraw what no longer holds, of all or of those that cite pages of `sources`, and return it."""
        known = await self._lessons.lessons(kind="verified", states=("accepted",))
        known = [one for one in known if sources is None or not _sources([one]).isdisjoint(sources)]
        pages = await self._revisions(known)
        return [lesson for lesson in known if not await self._holds(lesson, pages)]

    async def withdraw(self, lesson: Lesson, reason: str) -> bool:
        """Withdraw it for review. False if somebody else was quicker."""
        log.warning("verified answer %s is withdrawn for review: %s", lesson.id, reason)
        return await self._lessons.change(replace(lesson, state="review", reason=reason), was=lesson.state)

    async def _alike(self, asked: str, known: Sequence[Lesson]) -> list[Lesson]:
        likely = [lesson for lesson in known if same(asked, lesson.question, 1.0)]
        if not likely:
            return []
        found = await self._likeness.vectors(asked, [lesson.question for lesson in likely])
        cosines = [None] * len(likely) if found is None else [float(value) for value in found[1] @ found[0]]
        alike = [
            (shared_words(asked, lesson.question), lesson)
            for lesson, cosine in zip(likely, cosines, strict=True)
            if same(asked, lesson.question, cosine)
        ]
        return [lesson for _, lesson in sorted(alike, key=lambda one: (-one[0], one[1].id))]

    async def _holds(self, lesson: Lesson, pages: Mapping[str, str]) -> bool:
        expired = lesson.expires_at is not None and self._now() >= lesson.expires_at
        reason = EXPIRED if expired else _changed(lesson, pages)
        if reason:
            await self.withdraw(lesson, reason)
        return not reason

    async def _revisions(self, lessons: Sequence[Lesson]) -> dict[str, str]:
        """Return the revisions of all pages of the sources that these cite."""
        found: dict[str, str] = {}
        for source in sorted(_sources(lessons)):
            found |= await self._store.revisions(source)
        return found

    async def open_to(self, lesson: Lesson, audience: frozenset[str]) -> bool:
        """Tell whether this audience may see all pages that it cites or, if it cites none, was told it.

        Raises BackendError.
        """
        return await self._may_see(lesson, Question("", audience))

    async def readable(self, lesson: Lesson, audience: frozenset[str]) -> bool:
        """Tell whether this audience may see those of its pages that are still there. Raises BackendError."""
        there = await self._revisions([lesson])
        pages = {citation.doc_id for citation in lesson.citations if citation.doc_id in there}
        visible = await self._store.passages([Span(page, 0, 0) for page in sorted(pages)], audience)
        return {passage.doc_id for passage in visible} == pages

    async def _may_see(self, lesson: Lesson, question: Question) -> bool:
        """Tell whether the question's audience may see every cited page or, without any, was told the answer before."""
        if not lesson.citations:
            return bool(lesson.audience) and lesson.audience <= question.audience
        pages = {citation.doc_id for citation in lesson.citations}
        sources = {page.partition(":")[0] for page in pages}
        if question.sources is not None and not sources <= question.sources:
            return False
        spans = [Span(page, 0, 0) for page in sorted(pages)]
        visible = await self._store.passages(spans, question.audience)
        return {passage.doc_id for passage in visible} == pages


def _sources(lessons: Sequence[Lesson]) -> set[str]:
    return {citation.doc_id.partition(":")[0] for lesson in lessons for citation in lesson.citations}


def _changed(lesson: Lesson, now: Mapping[str, str]) -> str:
    for citation in lesson.citations:
        if citation.doc_id not in now:
            return GONE.format(page=citation.title)
        if content_of(now[citation.doc_id]) != content_of(lesson.revisions.get(citation.doc_id, "")):
            return CHANGED.format(page=citation.title)
    return ""


def _answer(lesson: Lesson) -> Answer:
    date = f"{lesson.saved_at.day} {lesson.saved_at:%B %Y}"
    mark = VERIFIED.format(name=lesson.by, date=date)
    return Answer(
        id="",
        outcome=Outcome.ANSWERED,
        text=f"{lesson.answer}\n\n{mark}",
        citations=lesson.citations,
        trace=Trace(decision=f"verified answer {lesson.id}"),
        verified=lesson.id,
        audience=None if lesson.citations else lesson.audience,
    )
