"""Streams answers of Anthropic's Messages API, from documents, with its own citations."""

from base64 import b64encode
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from bot.backends.anthropic.client import AnthropicClient, Json
from bot.backends.anthropic.options import ChatOptions
from bot.backends.shared.writing import prompts
from bot.backends.shared.writing.chat_writer import PART, Event
from bot.backends.shared.writing.context_window import within
from bot.backends.shared.writing.messages import Message, encodable
from bot.model import Usage
from bot.ports import Brief, Cited, Finished, Refused, Unavailable, Waiting, Wrote

_TITLE: Final = 250  # characters
_CITE: Final = (
    "- Use citations to back up what you say. If the documents don't answer the question, cite nothing."
)


class AnthropicChat:
    service = "Anthropic"

    def __init__(self, client: AnthropicClient, options: ChatOptions) -> None:
        self._client = client.use()
        self._options = options
        self.model = options.model

    async def window(self) -> int | None:
        """Return the window in tokens, as it was set."""
        return self._options.context

    async def models(self) -> list[str] | None:
        """Return None: nobody has to ask, because a model that isn't there is refused."""
        return None

    async def say(
        self, messages: Sequence[Message], *, max_tokens: int, part: str, seconds: float
    ) -> tuple[str, Usage]:
        system, turns = _split(messages)
        found = await self._client.whole(
            turns, system=system, model=self.model, max_tokens=max_tokens, part=part, seconds=seconds
        )
        if getattr(found, "stop_reason", None) == "refusal":
            raise Refused(part, "the model declined to answer.")
        text = "".join(
            str(getattr(block, "text", None) or "") for block in getattr(found, "content", None) or ()
        )
        return text, _usage(self.model, getattr(found, "usage", None), getattr(found, "usage", None))

    async def look(
        self, picture: bytes, media_type: str, words: str, *, max_tokens: int, part: str, seconds: float
    ) -> tuple[str, Usage]:
        source = {"type": "base64", "media_type": media_type, "data": b64encode(picture).decode()}
        content: Any = [{"type": "image", "source": source}, {"type": "text", "text": words}]
        return await self.say(
            [{"role": "user", "content": content}], max_tokens=max_tokens, part=part, seconds=seconds
        )

    def answer(self, brief: Brief) -> AsyncGenerator[Event, None]:
        return within(
            brief,
            self._options.context,
            self._options.max_tokens,
            render=prompts.with_passages,
            write=self._written,
        )

    async def close(self) -> None:
        await self._client.release()

    async def _written(self, brief: Brief, max_tokens: int) -> AsyncGenerator[Event, None]:
        documents, chunks = _documents(brief)
        system, turns = _split(prompts.messages(brief))
        turns[-1] = {"role": "user", "content": [*documents, {"type": "text", "text": turns[-1]["content"]}]}
        if documents:
            system = f"{system}\n{_CITE}"
        transcript = _Transcript(self.model, chunks)
        events = self._client.events(turns, system=system, model=self.model, max_tokens=max_tokens, part=PART)
        async with aclosing(events):
            async for event in events:
                for ours in transcript.feed(event):
                    yield ours
        for ours in transcript.end():
            yield ours


@dataclass(slots=True)
class _Transcript:
    """Turns the stream's events into ours.

    A text block is cited as a whole, by citations before, between and after its words.
    """

    model: str
    chunks: Mapping[int, str]
    text: str = ""
    _block: int = 0
    _cited: list[str] = field(default_factory=list)
    _stop: str = ""
    _began: Any = None
    _used: Any = None

    def feed(self, event: Any) -> Iterator[Event]:  # noqa: ANN401 - one of the SDK's dozen types
        kind = getattr(event, "type", "")
        if kind == "message_start":
            self._began = getattr(getattr(event, "message", None), "usage", None)
        elif kind == "content_block_start":
            self._block, self._cited = len(self.text), []
            block = getattr(event, "content_block", None)
            yield from self._words(getattr(block, "text", None))
        elif kind == "content_block_delta":
            yield from self._delta(getattr(event, "delta", None))
        elif kind == "content_block_stop":
            yield from self._cite()
        elif kind == "message_delta":
            self._stop = str(getattr(getattr(event, "delta", None), "stop_reason", None) or self._stop)
            self._used = getattr(event, "usage", None) or self._used

    def end(self) -> Iterator[Event]:
        """Give the last events. Raises Unavailable or Refused for what is no whole answer."""
        if not self._stop:
            raise Unavailable(PART, "Anthropic's answer was cut off.")
        if self._stop == "refusal":
            raise Refused(PART, "the model declined to answer.")
        if self._stop in ("tool_use", "pause_turn") and not self.text.strip():
            raise Unavailable(PART, "Anthropic asked for a tool instead of answering.")
        if not self.text.strip():
            raise Unavailable(PART, "Anthropic's answer was empty.")
        yield from self._cite()
        cut = self._stop in ("max_tokens", "model_context_window_exceeded")
        reason: Literal["complete", "length"] = "length" if cut else "complete"
        yield Finished(reason, _usage(self.model, self._began, self._used))

    def _delta(self, delta: Any) -> Iterator[Event]:  # noqa: ANN401
        kind = getattr(delta, "type", "")
        if kind == "text_delta":
            yield from self._words(getattr(delta, "text", None))
        elif kind == "citations_delta":
            place = getattr(getattr(delta, "citation", None), "document_index", None)
            if isinstance(place, int) and (chunk := self.chunks.get(place)) and chunk not in self._cited:
                self._cited.append(chunk)
        elif kind in ("thinking_delta", "signature_delta"):
            yield Waiting()

    def _words(self, text: Any) -> Iterator[Event]:  # noqa: ANN401
        if isinstance(text, str) and text:
            self.text += text
            yield Wrote(text)

    def _cite(self) -> Iterator[Event]:
        start, chunks = self._block, tuple(self._cited)
        self._block, self._cited = len(self.text), []
        words = self.text[start:]
        if chunks and words.strip():
            yield Cited(start + len(words) - len(words.lstrip()), start + len(words.rstrip()), chunks)


def _documents(brief: Brief) -> tuple[list[Json], dict[int, str]]:
    """Return the passages that have text as documents, and which chunk each document's index stands for."""
    sent: list[Json] = []
    chunks: dict[int, str] = {}
    for passage in brief.passages:
        text = encodable(passage.text).strip()
        if not text:
            continue
        chunks[len(sent)] = passage.chunk_id
        document: Json = {
            "type": "document",
            "source": {"type": "text", "media_type": "text/plain", "data": text},
            "title": encodable(prompts.title(passage))[:_TITLE] or "Untitled",
            "citations": {"enabled": True},
        }
        if passage.updated_at is not None:
            document["context"] = f"Last updated {passage.updated_at:%Y-%m-%d}."
        sent.append(document)
    return sent, chunks


def _split(messages: Sequence[Message]) -> tuple[str, list[Json]]:
    """Return the system's text, and the turns from the first question on."""
    system = "\n\n".join(one["content"] for one in messages if one["role"] == "system")
    turns: list[Json] = [dict(one) for one in messages if one["role"] != "system"]
    while len(turns) > 1 and turns[0]["role"] == "assistant":
        turns = turns[1:]
    return system, turns


def _usage(model: str, began: Any, ended: Any) -> Usage:  # noqa: ANN401 - what the SDK found
    """Return the usage; tokens that were read from a cache count as input, too."""

    def count(usage: Any, name: str) -> int:  # noqa: ANN401
        value = getattr(usage, name, None)
        return value if isinstance(value, int) else 0

    names = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")
    read = sum(count(began, name) for name in names)
    return Usage(model, calls=1, input_tokens=read, output_tokens=count(ended, "output_tokens"))
