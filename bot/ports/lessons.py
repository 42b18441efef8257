"""What admins saved in chat."""

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

    An example is `proposed` until an admin accepts it; a verified answer is accepted as it is saved. `review`:
    it was in use and was withdrawn, for `reason`. `revisions` are of the cited pages when it was saved;
    `tenant` is where that was, `audience` what could be shown there. `person` is the id of who is named in `by`.
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
    """What was saved in chat."""

    async def add(self, lesson: Lesson) -> None: ...

    async def lesson(self, lesson_id: str) -> Lesson | None: ...

    async def lessons(
        self, *, kind: LessonKind | None = None, states: Sequence[LessonState] = ()
    ) -> list[Lesson]:
        """Oldest first; no states: all."""
        ...

    async def change(self, lesson: Lesson, *, was: LessonState) -> bool:
        """Put it in place of the one with its id if that is still in state `was`; False if it isn't."""
        ...
