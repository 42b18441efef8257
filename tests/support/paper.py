"""A chat platform on paper, for what answers questions on any: who may ask, what is answered, where it is shown."""

from typing import Any

from adapters.chat.answer_view import AnswerView
from adapters.chat.questions.gate import Admission
from adapters.chat.questions.reply import Context
from bot.model import Answer, Outcome, Question
from bot.ports import Asked


class OpenGate:
    """A gate that lets everybody in, for what everyone may see."""

    async def opens(self, asked: Asked) -> bool:
        return True

    async def admit(self, asked: Asked) -> Admission:
        return Admission("slack:T1", frozenset({"everyone"}))


class FourWeeks:
    """A core that answers everything alike."""

    async def answer(
        self,
        question: Question,
        *,
        id: str | None = None,  # noqa: A002 - the real one's
        on_text: Any = None,
        on_stage: Any = None,
    ) -> Answer:
        return Answer(id or "", Outcome.ANSWERED, "Four weeks. [1]")


class Paper:
    """A reply on paper: a test says what it keeps of what is written there."""

    private = unprompted = owed = False

    async def recall(self) -> Context:
        return Context()

    async def show_working(self, remember: Any) -> None: ...

    async def tell(self, doing: str) -> None: ...

    async def write(self, text: str) -> None: ...

    async def finish(self, answer: AnswerView) -> None: ...

    async def say(self, text: str) -> None: ...

    async def leave(self) -> str:
        return ""

    async def withdraw(self) -> None: ...
