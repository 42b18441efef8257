"""Streams chat completions within the model's window, and makes citations of their `[n]` markers."""

import asyncio
from base64 import b64encode
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final, Literal

from bot.backends.openai.client import OpenAIClient, field, limited, tokens
from bot.backends.openai.errors import refused
from bot.backends.openai.options import ChatOptions
from bot.backends.openai.server import ServerFacts
from bot.backends.shared.service_calls import twice
from bot.backends.shared.writing import numbered_prompt
from bot.backends.shared.writing.chat_writer import PART, Event
from bot.backends.shared.writing.context_window import ContextExceeded, within
from bot.backends.shared.writing.messages import Message
from bot.backends.shared.writing.thinking import ThinkingFilter, may_think
from bot.backends.shared.writing.transcript import MarkedTranscript
from bot.model import Usage
from bot.ports import BackendError, Brief, Rejected, Unavailable

_REST_SECONDS: Final = 0.3  # for the usage that may follow the last word

Reason = Literal["complete", "length"]


@dataclass(slots=True)
class _Piece:
    """A chunk of a stream, read liberally."""

    text: str = ""
    thought: bool = False
    finish: str = ""
    usage: Any = None


class OpenAIChat:
    """A model behind OpenAI's API.

    If it may think, thinking that nothing opened is watched for until an answer had none.
    """

    def __init__(self, client: OpenAIClient, options: ChatOptions) -> None:
        self._client = client.use()
        self._options = options
        self.server = ServerFacts(client, options.model, options.context)
        self.model = options.model
        self._unopened = may_think(options.model)

    @property
    def service(self) -> str:
        return self._client.service.name

    async def say(
        self, messages: Sequence[Message], *, max_tokens: int, part: str, seconds: float
    ) -> tuple[str, Usage]:
        async def call() -> tuple[str, Usage]:
            thinking = ThinkingFilter(unopened=self._unopened)
            said, used = "", (0, 0)
            # Thinking takes its share, too.
            room_for = max(max_tokens, self._options.max_tokens) if may_think(self.model) else max_tokens
            async for piece in self._pieces(messages, room_for, part, temperature=0.0):
                said += thinking.feed(piece.text)
                used = tokens(piece.usage) if piece.usage is not None else used
            text = (said + thinking.finish()).strip()
            return text, Usage(self.model, calls=1, input_tokens=used[0], output_tokens=used[1])

        try:
            async with limited(self._client.service, part, seconds):
                return await twice(call)
        except ContextExceeded:
            raise Rejected(part, "the request is too long for the model's window.") from None

    async def look(
        self, picture: bytes, media_type: str, words: str, *, max_tokens: int, part: str, seconds: float
    ) -> tuple[str, Usage]:
        shown = {
            "type": "image_url",
            "image_url": {"url": f"data:{media_type};base64,{b64encode(picture).decode()}"},
        }
        content: Any = [{"type": "text", "text": words}, shown]
        return await self.say(
            [{"role": "user", "content": content}], max_tokens=max_tokens, part=part, seconds=seconds
        )

    async def window(self) -> int | None:
        """Return the window in tokens; None if nobody knows."""
        return await self.server.window()

    async def models(self) -> list[str] | None:
        """Return the models that the server says it has."""
        return await self.server.models()

    async def answer(self, brief: Brief) -> AsyncGenerator[Event, None]:
        events = within(
            brief,
            await self.server.window(),
            self._options.max_tokens,
            render=numbered_prompt.messages,
            write=self._written,
            learn=self.server.learn,
        )
        async with aclosing(events):
            async for event in events:
                yield event

    async def close(self) -> None:
        await self._client.release()

    async def _written(self, brief: Brief, max_tokens: int) -> AsyncGenerator[Event, None]:
        transcript = MarkedTranscript(self.service, numbered_prompt.chunks(brief), unopened=self._unopened)
        reason: Reason = "complete"
        used = (0, 0)
        pieces = self._pieces(numbered_prompt.messages(brief), max_tokens, PART)
        async with aclosing(pieces):
            async for piece in pieces:
                used = tokens(piece.usage) if piece.usage is not None else used
                if piece.thought:
                    for event in transcript.think():
                        yield event
                for event in transcript.write(piece.text) if piece.text else ():
                    yield event
                if transcript.orphaned and not self._unopened:
                    self._unopened = True
                    raise Unavailable(PART, f"{self.service} mixed its thinking into its answer.")
                reason = "length" if piece.finish == "length" else reason
        self._unopened = transcript.orphaned
        usage = Usage(self.model, calls=1, input_tokens=used[0], output_tokens=used[1])
        for event in transcript.end(reason, usage):
            yield event

    async def _pieces(
        self, messages: Sequence[Message], max_tokens: int, part: str, *, temperature: float | None = None
    ) -> AsyncGenerator[_Piece, None]:
        """Give the stream's pieces until its end, which a stream has to say. Raises Unavailable where it is cut off."""
        warm = self._options.temperature if temperature is None else temperature
        chunks = self._client.chat(
            messages,
            model=self.model,
            max_tokens=max_tokens,
            temperature=None if self._options.temperature is None else warm,
            part=part,
        )
        ended = False
        async with aclosing(chunks):
            while (chunk := await _after(chunks) if ended else await anext(chunks, None)) is not None:
                piece = _read(chunk)
                ended = ended or bool(piece.finish)
                self._check(piece, part)
                yield piece
        if not ended:
            raise Unavailable(part, f"{self.service}'s answer was cut off.")

    def _check(self, piece: _Piece, part: str) -> None:
        if piece.finish in ("content_filter", "refusal", "safety"):
            raise refused(part)
        if piece.finish in ("tool_calls", "function_call") and not piece.text:
            raise Unavailable(part, f"{self.service} asked for a tool instead of answering.")
        if piece.finish == "error":
            raise Unavailable(part, f"{self.service} failed while it wrote the answer.")


async def _after(chunks: AsyncIterator[Any]) -> Any:  # noqa: ANN401 - an SDK chunk
    """Return what follows the last word, if it comes soon: a server may keep the connection open behind it."""
    try:
        async with asyncio.timeout(_REST_SECONDS):
            return await anext(chunks, None)
    except (TimeoutError, BackendError):
        return None


def _read(chunk: Any) -> _Piece:  # noqa: ANN401 - the SDK checks nothing
    choices = field(chunk, "choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    delta = field(choice, "delta") or field(choice, "message")
    piece = _Piece(usage=field(chunk, "usage"), finish=str(field(choice, "finish_reason") or ""))
    for kind, text in _contents(field(delta, "content")):
        if kind == "thinking":
            piece.thought = True
        else:
            piece.text += text
    hidden = ("reasoning_content", "reasoning", "thinking", "reasoning_details")
    piece.thought = piece.thought or any(field(delta, name) for name in hidden)
    if field(delta, "refusal"):
        piece.finish = "refusal"
    return piece


def _contents(content: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401 - a text, or blocks
    if isinstance(content, str):
        yield "text", content
    for block in content if isinstance(content, list) else ():
        fields = block if isinstance(block, dict) else getattr(block, "__dict__", {})
        kind = (
            "thinking" if "thinking" in fields or fields.get("type") in ("thinking", "reasoning") else "text"
        )
        text = fields.get("text")
        yield kind, text if isinstance(text, str) else ""
