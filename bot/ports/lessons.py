"""Says what admins save in chat."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from bot.model import Citation

LessonKind = Literal["example", "verified"]

LessonState = Literal["proposed", "accepted", "rejected", "review"]


@dataclass(frozen=True, slots=True)
class Lesson:
    """A question and answer that an admin saved: an example of style, or a verified answer.

    An example is `proposed` until an admin accepts it; a verified answer is accepted as it is saved. A lesson in
    `review` was withdrawn from use, for `reason`. `revisions` are those of the cited pages when it was saved,
    `tenant` is where that was, `audience` what could be shown there. `person` is the id of the person named in
    `by`.
    """

    id: str
    kind: LessonKind
    state: LessonState
    question: str
    answer: str
    by: str
    saved_at: datetime
    citations: tuple[Citation, ...] = ()
    revisions: Mapping[str, str] = field(default_factory=dict)
    audience: frozenset[str] = frozenset()
    answer_id: str = ""
    language: str = ""
    expires_at: datetime | None = None
    reason: str = ""
    file: str = ""
    tenant: str = ""
    person: str = ""


class Lessons(Protocol):
    """Keeps what was saved in chat."""

    async def add(self, lesson: Lesson) -> None: ...

    async def lesson(self, lesson_id: str) -> Lesson | None: ...

    async def lessons(
        self, *, kind: LessonKind | None = None, states: Sequence[LessonState] = ()
    ) -> list[Lesson]:
        """Return the lessons of this kind in these states, oldest first; all states if none is named."""
        ...

    async def change(self, lesson: Lesson, *, was: LessonState) -> bool:
        """Replace the lesson with the same id if that is still in state `was`; return whether it was."""
        ...
