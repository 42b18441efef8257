"""Streams answers of Cohere's chat, from documents, with its own citations."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, suppress
from typing import Any

from bot.backends.cohere.documents import documents
from bot.backends.cohere.options import ChatOptions
from bot.backends.cohere.stream_events import StreamEvents
from bot.backends.cohere.transport.client import CohereClient
from bot.backends.shared.writing import prompts
from bot.backends.shared.writing.chat_writer import PART, Event
from bot.backends.shared.writing.messages import Message
from bot.model import Usage
from bot.ports import BackendError, Brief, Finished, Waiting

_REST_SECONDS = 0.1  # for what follows the last event: nothing, from most servers


class CohereChat:
    service = "Cohere"

    def __init__(self, client: CohereClient, options: ChatOptions) -> None:
        self._client = client.use()
        self._options = options
        self.model = options.model

    async def say(
        self, messages: Sequence[Message], *, max_tokens: int, part: str, seconds: float
    ) -> tuple[str, Usage]:
        text, billed = await self._client.chat(
            messages, model=self.model, max_tokens=max_tokens, part=part, seconds=seconds
        )
        tokens = {"input_tokens": billed.input_tokens, "output_tokens": billed.output_tokens}
        return text, Usage(self.model, calls=1, **tokens)

    async def answer(self, brief: Brief) -> AsyncGenerator[Event, None]:
        sent, chunks = documents(brief.passages)
        transcript = StreamEvents(PART, chunks, self.model)
        events = self._client.chat_events(
            prompts.messages(brief),
            sent,
            model=self.model,
            max_tokens=self._options.max_tokens,
            temperature=self._options.temperature,
            citations=self._options.citations,
            part=PART,
        )
        async with aclosing(events):  # type: ignore[type-var] # an async generator
            async for event in events:
                began = transcript.begun
                said = False
                for ours in transcript.feed(event):
                    if isinstance(ours, Finished):
                        await _read_out(events)
                    said = True
                    yield ours
                if transcript.ended:
                    return
                if transcript.begun and not said and (began or not transcript.text):
                    yield Waiting()

    async def window(self) -> int | None:
        """Return None: Cohere's windows are large."""
        return None

    async def models(self) -> list[str] | None:
        """Return None: nobody has to ask, because a model that isn't there is refused."""
        return None

    async def close(self) -> None:
        await self._client.release()


async def _read_out(events: AsyncIterator[Any]) -> None:
    """Read the rest of a stream that is over, so that its connection is used again."""
    with suppress(TimeoutError, BackendError):
        async with asyncio.timeout(_REST_SECONDS):
            while await anext(events, None) is not None:
                pass
