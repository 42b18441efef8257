"""Answers by Cohere's chat, streamed, with its own citations."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress
from typing import Any

from bot.backends.cohere import prompts
from bot.backends.cohere.options import ChatOptions
from bot.backends.cohere.stream_events import StreamEvents
from bot.backends.cohere.transport.client import CohereClient
from bot.backends.cohere.usage import UsageCounter
from bot.model import Question, Usage
from bot.ports import BackendError, Brief, Cited, Finished, Unavailable, Wrote
from bot.runtime.usage_meter import spend

PART = "the writer"
_QUESTION_TOKENS = 200
_REST_SECONDS = 0.1  # for what follows the last event: nothing, from most servers


class CohereWriter:
    def __init__(self, client: CohereClient, options: ChatOptions) -> None:
        self._client = client.use()
        self._options = options
        self._tally = UsageCounter(options.model)

    async def standalone(self, question: Question) -> str:
        """The question itself if it has no history, or if what came back can't be a question."""
        if not question.history:
            return question.text
        text, billed = await self._client.chat(
            prompts.rewriting(question),
            model=self._options.model,
            max_tokens=_QUESTION_TOKENS,
            part=PART,
            seconds=self._options.rewrite_seconds,
        )
        tokens = {"input_tokens": billed.input_tokens, "output_tokens": billed.output_tokens}
        spend(self._tally.add(calls=1, **tokens))
        rewritten = " ".join(text.split()).strip("\"'“”")
        return rewritten if prompts.is_rewriting(rewritten, question) else question.text

    async def write(self, brief: Brief) -> AsyncIterator[Wrote | Cited | Finished]:
        documents, chunks = prompts.documents(brief.passages)
        transcript = StreamEvents(PART, chunks, self._options.model)
        events = self._client.chat_events(
            prompts.messages(brief),
            documents,
            model=self._options.model,
            max_tokens=self._options.max_tokens,
            temperature=self._options.temperature,
            citations=self._options.citations,
            part=PART,
        )
        clock = asyncio.get_running_loop().time
        started = clock()
        last = started + self._options.whole_seconds
        limit = started + self._options.first_token_seconds
        async with aclosing(events):  # type: ignore[type-var] # an async generator
            while not transcript.ended:
                event = await self._next(events, min(limit, last))
                for ours in transcript.feed(event):
                    if isinstance(ours, Finished):
                        self._count(ours.usage)
                        await _read_out(events)
                    yield ours
                if transcript.begun:
                    limit = clock() + self._options.stall_seconds

    def usage(self) -> Usage:
        return self._tally.usage

    async def close(self) -> None:
        await self._client.release()

    async def _next(self, events: AsyncIterator[Any], until: float) -> Any:  # noqa: ANN401 - an SDK event
        timeout = asyncio.timeout_at(until)
        try:
            async with timeout:
                event = await anext(events, None)
        except TimeoutError:
            if not timeout.expired():
                raise
            raise Unavailable(PART, "Cohere stopped answering.") from None
        if event is None:
            raise Unavailable(PART, "Cohere's answer was cut off.")
        return event

    def _count(self, usage: Usage) -> None:
        tokens = {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}
        self._tally.add(calls=usage.calls, **tokens)


async def _read_out(events: AsyncIterator[Any]) -> None:
    """The rest of a stream that is over: its connection is then used again."""
    with suppress(TimeoutError, BackendError):
        async with asyncio.timeout(_REST_SECONDS):
            while await anext(events, None) is not None:
                pass
