"""Saves answers as examples or as verified, and reviews saved answers, on every platform."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from adapters.chat import messages
from adapters.chat.admin.admin_service import AdminConsole, allowed
from adapters.chat.answer_view import DECISIONS, IN_USE, Press
from adapters.chat.markdown_text import shorten
from bot.curation.curation import NO_PAGE, Curation, Unteachable
from bot.curation.page_picker import PagePicker
from bot.model import Citation, Outcome
from bot.ports import BackendError, Complaint, Lesson, LessonKind, Recorded, Rights, Scope

log = logging.getLogger(__name__)

_SHOWN = 5
_SUGGESTS_WITHIN = 1.0  # seconds
KINDS: dict[str, LessonKind] = {"example": "example", "verified": "verified"}
TITLES: dict[LessonKind, str] = {"example": messages.SAVE_EXAMPLE, "verified": messages.SAVE_VERIFIED}


@dataclass(frozen=True, slots=True)
class Form:
    """What an admin edits before it is saved, or (with `lesson_id`) before it is accepted.

    `answer_id` is "" for a human's answer. `page` is the page that supports it; None where the answer cites
    its pages.
    """

    kind: LessonKind
    answer_id: str
    question: str
    answer: str
    lesson_id: str = ""
    page: str | None = None

    @property
    def title(self) -> str:
        return messages.EDIT_TITLE if self.lesson_id else TITLES[self.kind]


class Teaching:
    """Saves and reviews answers for admins. `recorded` finds an answer of the bot by its id."""

    def __init__(
        self,
        learning: Curation,
        recorded: Callable[[str], Awaitable[Recorded | None]],
        pages: PagePicker,
    ) -> None:
        self._learning = learning
        self._recorded = recorded
        self._pages = pages

    async def form(
        self, console: AdminConsole, kind: LessonKind, recorded: Recorded | None, question: str, answer: str
    ) -> Form | None:
        """Return the form for saving a message; None if the person may not, which they have been told."""
        rights = await allowed(console, f"save as {kind}")
        if rights is None:
            return None
        form = Form(kind, "", question, answer)
        cites = False
        if recorded is not None and recorded.answer is not None:
            said = recorded.answer.text if recorded.answer.outcome is Outcome.ANSWERED else ""
            form = Form(kind, recorded.asked.id, recorded.asked.question.text, said)
            cites = bool(recorded.answer.citations)
        return form if kind == "example" or cites else await self._with_page(form, rights)

    async def _with_page(self, form: Form, rights: Rights) -> Form:
        """Return the form with the nearest page as a suggestion.

        The search is cut off after a second: platforms open a form within seconds or not at all.
        """
        try:
            async with asyncio.timeout(_SUGGESTS_WITHIN):
                near = await self._pages.nearest(form.question, rights.audience)
        except (BackendError, TimeoutError) as error:
            log.info("no page is suggested: %s", error)
            near = ()
        return replace(form, page=near[0].title if near else "")

    async def reopen(self, console: AdminConsole, lesson_id: str) -> Form | None:
        """Return the form for editing a saved answer; None if there is none, which the person has been told."""
        rights = await allowed(console, f"edit {lesson_id}")
        if rights is None:
            return None
        try:
            lesson = await self._theirs(lesson_id, rights)
        except BackendError as error:
            await console.answer(f"⚠️ {error}")
            return None
        if lesson is None:
            await console.answer(messages.ANSWER_GONE)
            return None
        form = Form(lesson.kind, lesson.answer_id, lesson.question, lesson.answer, lesson.id)
        founded = lesson.kind == "example" or lesson.citations
        return form if founded else await self._with_page(form, rights)

    async def submit(self, console: AdminConsole, form: Form, audience: frozenset[str]) -> None:
        """Save the form: a verified answer counts at once, an example is a proposal to be accepted."""
        rights = await allowed(console, f"save as {form.kind}")
        if rights is None:
            return
        try:
            if form.lesson_id:
                await self._edited(console, form, rights)
                return
            source = await self._recorded(form.answer_id) if form.answer_id else None
            lesson = await self._learning.save(
                form.kind,
                question=form.question,
                answer=form.answer,
                by=await console.name(),
                person=console.person,
                scope=Scope(console.tenant, audience),
                source=source,
                page=await self._page(form, rights),
            )
        except (Unteachable, BackendError) as error:
            await console.answer(f"⚠️ {error}")
            return
        if lesson.state == "review":
            await console.offer(f"{await self._pageless(form, rights)}\n\n{describe(lesson)}", lesson.id)
        elif form.kind == "verified":
            await console.answer(messages.SAVED_VERIFIED)
        else:
            await console.offer(f"{messages.SAVED_EXAMPLE}\n\n{describe(lesson)}", lesson.id)

    async def _page(self, form: Form, rights: Rights) -> Citation | None:
        """Return the page named in the form, if the admin may see it."""
        return await self._pages.find(form.page or "", form.question, rights.audience)

    async def _pageless(self, form: Form, rights: Rights) -> str:
        """Return why the saved answer isn't used yet, with pages that could support it."""
        near = [shorten(page.title, 80) for page in await self._pages.nearest(form.question, rights.audience)]
        named = messages.NO_SUCH_PAGE.format(page=shorten(form.page, 80)) if form.page else messages.NO_PAGE
        closest = messages.CLOSEST.format(pages=", ".join(near)) if near else ""
        return " ".join(filter(None, (named, closest)))

    async def _theirs(self, lesson_id: str, rights: Rights) -> Lesson | None:
        """Return the saved answer, if the admin may read it."""
        lesson = await self._learning.lesson(lesson_id)
        return lesson if lesson and await self._learning.readable(lesson, rights) else None

    async def _edited(self, console: AdminConsole, form: Form, rights: Rights) -> None:
        lesson = await self._theirs(form.lesson_id, rights)
        if lesson is None:
            await console.answer(messages.ANSWER_GONE)
            return
        page = await self._page(form, rights)
        edited = await self._learning.edit(lesson, question=form.question, answer=form.answer, page=page)
        founded = edited.kind == "example" or edited.citations
        said = messages.EDITED if founded else await self._pageless(form, rights)
        await console.offer(f"{said}\n\n{describe(edited)}", edited.id)

    async def review(self, console: AdminConsole, rights: Rights, in_use: bool) -> None:  # noqa: FBT001 - from a flag
        """Show the saved answers that wait for review, or those `in_use`, as far as the admin may read them."""
        found = await (self._learning.in_use() if in_use else self._learning.open())
        waiting = [one for one in found if await self._learning.readable(one, rights)]
        if not waiting:
            await console.answer(messages.NOTHING_IN_USE if in_use else messages.NOTHING_TO_REVIEW)
        for lesson in waiting[:_SHOWN]:
            await console.offer(describe(lesson), lesson.id, IN_USE if in_use else DECISIONS)
        if len(waiting) > _SHOWN:
            await console.answer(messages.MORE_TO_REVIEW.format(count=len(waiting) - _SHOWN))

    async def decide(self, console: AdminConsole, press: Press, lesson_id: str) -> None:
        """Accept, reject or withdraw a saved answer."""
        rights = await allowed(console, f"{press} {lesson_id}")
        if rights is None:
            return
        try:
            lesson = await self._theirs(lesson_id, rights)
            if lesson is None:
                await console.answer(messages.ANSWER_GONE)
            elif press is Press.WITHDRAW:
                await self._learning.withdraw(lesson, by=await console.name())
                await console.answer(messages.WITHDRAWN)
            elif press is Press.ACCEPT:
                kept = await self._learning.accept(lesson, by=await console.name(), person=console.person)
                where = f" `{kept.file}`" if kept.file else ""
                await console.answer(messages.ACCEPTED + where)
            else:
                await self._learning.reject(lesson)
                await console.answer(messages.REJECTED)
        except (Unteachable, BackendError) as error:
            await console.answer(f"⚠️ {error}")

    async def complained(self, answer_id: str, complaint: Complaint) -> None:
        """Withdraw the saved answers made of an answer that somebody calls wrong or outdated."""
        try:
            recorded = await self._recorded(answer_id)
            if recorded is not None:
                await self._learning.complained(recorded, complaint)
        except BackendError as error:
            log.warning("complaint about %s: nothing could be withdrawn: %s", answer_id, error)


def describe(lesson: Lesson) -> str:
    """Return a saved answer as Markdown."""
    kind = "Verified answer" if lesson.kind == "verified" else "Example"
    lines = [f"**{kind}**, saved by {lesson.by} on {lesson.saved_at:%Y-%m-%d}"]
    if lesson.reason:
        lines.append(f"⚠️ {'Not in use' if lesson.reason == NO_PAGE else 'Withdrawn'}: {lesson.reason}")
    lines += ["", f"> {shorten(' '.join(lesson.question.split()), 300)}", "", shorten(lesson.answer, 1200)]
    pages = ", ".join(dict.fromkeys(citation.title for citation in lesson.citations))
    return "\n".join([*lines, *(["", f"Cites: {pages}"] if pages else [])])
