"""Writes with any chat model: waits for its turn, keeps its deadlines, and makes follow-ups stand alone."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

from bot.backends.shared.usage import UsageCounter
from bot.backends.shared.writing import prompts
from bot.backends.shared.writing.detached_stream import DetachedStream
from bot.backends.shared.writing.messages import Message
from bot.model import Question, Usage
from bot.ports import Brief, Cited, Finished, Rejected, Unavailable, Waiting, Wrote
from bot.runtime.turns import Turns
from bot.runtime.usage_meter import spend

PART = "the writer"
_QUESTION_TOKENS = 200
_PICTURE_TOKENS = 800
# Each costs time and money, and an answer is hardly ever in the later ones; who only quotes looks at more.
_PASSAGES = 10

Event = Wrote | Cited | Finished | Waiting


@runtime_checkable
class Looks(Protocol):
    """A chat model that may look at pictures; whether this one does, its service says."""

    async def look(
        self, picture: bytes, media_type: str, words: str, *, max_tokens: int, part: str, seconds: float
    ) -> tuple[str, Usage]:
        """Return what it says of the picture. Raises BackendError."""
        ...


class ChatModel(Protocol):
    """One chat model of one service: what a further vendor brings. Raises BackendError."""

    @property
    def model(self) -> str:
        """The model's name, for usage and prices."""
        ...

    @property
    def service(self) -> str:
        """The name of who serves it, for sentences."""
        ...

    async def say(
        self, messages: Sequence[Message], *, max_tokens: int, part: str, seconds: float
    ) -> tuple[str, Usage]:
        """Return one short answer, whole."""
        ...

    def answer(self, brief: Brief) -> AsyncGenerator[Event, None]:
        """Give an answer's events, up to Finished; without that it was cut off. Waiting(0) means that the model thinks.

        There is no deadline: whoever reads it has one.
        """
        ...

    async def window(self) -> int | None:
        """Return the model's window in tokens; None if nobody knows."""
        ...

    async def models(self) -> list[str] | None:
        """Return the models that its server says it has; None if it doesn't say."""
        ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds to the first sign of life, between two, for a whole answer, and for rewriting a follow-up."""

    first_token: float = 8.0
    between_tokens: float = 15.0
    answer: float = 60.0
    rewrite: float = 5.0


class ChatWriter:
    """Implements ports.Writer with a chat model. `calls_at_once` None: as many as there are questions."""

    def __init__(self, model: ChatModel, pace: Pace, *, calls_at_once: int | None = None) -> None:
        self._model = model
        self._pace = pace
        self._tally = UsageCounter(model.model)
        self._queue = Turns(calls_at_once)
        self._left: set[asyncio.Task[None]] = set()

    @property
    def chat(self) -> ChatModel:
        """The model, for whoever looks at what it can do."""
        return self._model

    async def standalone(self, question: Question) -> str:
        """Have the question rewritten.

        Returns it unchanged if it has no history, or if what came back can't be a question.
        """
        if not question.history:
            return question.text
        await self._queue.entered()
        try:
            text, used = await self._model.say(
                prompts.rewriting(question),
                max_tokens=_QUESTION_TOKENS,
                part=PART,
                seconds=self._pace.rewrite,
            )
        finally:
            self._queue.leave()
        spend(self._count(used))
        rewritten = " ".join(text.split()).strip("\"'“”")
        return rewritten if prompts.is_rewriting(rewritten, question) else question.text

    async def described(self, picture: bytes, media_type: str) -> str:
        if not isinstance(self._model, Looks):
            raise Rejected(PART, f"{self._model.service}'s models aren't shown pictures.")
        await self._queue.entered()
        try:
            text, used = await self._model.look(
                picture,
                media_type,
                prompts.LOOK,
                max_tokens=_PICTURE_TOKENS,
                part=PART,
                seconds=self._pace.answer,
            )
        finally:
            self._queue.leave()
        spend(self._count(used))
        return text.strip()

    async def write(self, brief: Brief) -> AsyncIterator[Event]:
        async with aclosing(self._queue.enter()) as places:
            async for ahead in places:
                yield Waiting(ahead)
        brief = replace(brief, passages=brief.passages[:_PASSAGES])
        stream = DetachedStream(self._model.answer(brief), self._queue.leave)
        clock = asyncio.get_running_loop().time
        last = clock() + self._pace.answer
        limit = clock() + self._pace.first_token
        try:
            while True:
                event = await self._next(stream, min(limit, last))
                limit = clock() + self._pace.between_tokens
                if isinstance(event, Finished):
                    self._count(event.usage)
                yield event
                if isinstance(event, Finished):
                    return
        finally:
            await self._leave(stream)

    def usage(self) -> Usage:
        return self._tally.usage

    async def close(self) -> None:
        for task in self._left:
            task.cancel()
        await asyncio.gather(*self._left, return_exceptions=True)
        await self._model.close()

    async def _next(self, stream: DetachedStream[Event], until: float) -> Event:
        timeout = asyncio.timeout_at(until)
        try:
            async with timeout:
                event = await stream.next()
        except TimeoutError:
            if not timeout.expired():
                raise
            raise Unavailable(PART, f"{self._model.service} stopped answering.") from None
        if event is None:
            raise Unavailable(PART, f"{self._model.service}'s answer was cut off.")
        return event

    async def _leave(self, stream: DetachedStream[Event]) -> None:
        self._left.add(stream.task)
        stream.task.add_done_callback(self._left.discard)
        await stream.leave(patience=self._pace.first_token if self._queue.is_limited else 0.0)

    def _count(self, usage: Usage) -> Usage:
        return self._tally.add(
            calls=usage.calls, input_tokens=usage.input_tokens, output_tokens=usage.output_tokens
        )
