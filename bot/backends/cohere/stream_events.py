"""Turns a chat stream's events into ours: text as it comes, citations by position, and how it ended."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.backends.cohere.transport import responses
from bot.model import Usage
from bot.ports import Cited, Finished, Unavailable, Wrote

Event = Wrote | Cited | Finished

# What Cohere calls a document that has no id.
_PLACE = re.compile(r"doc[:_](\d{1,4})")


@dataclass(slots=True)
class StreamEvents:
    """Reads one answer. `chunks` leads from the ids of the documents that were sent to chunks.

    A citation's position counts characters of its content block, and its words are sent along: only where the text
    really has those words is it passed on. One that comes before its text waits for it.
    """

    part: str
    chunks: Mapping[str, str]
    model: str
    text: str = ""
    begun: bool = False  # something of the answer came, if only thinking
    ended: bool = False
    _started: bool = False
    _blocks: dict[int, int] = field(default_factory=dict)  # index → where its text starts
    _waiting: list[Any] = field(default_factory=list)

    def feed(self, event: Any) -> Iterator[Event]:  # noqa: ANN401 - one of the SDK's dozen types
        kind = getattr(event, "type", "")
        if kind == "message-start":
            self._start()
        elif kind in ("content-start", "content-delta"):
            yield from self._content(event)
        elif kind == "citation-start":
            cited = _dig(event, "delta", "message", "citations")
            self._waiting += cited if isinstance(cited, list) else [cited]
            yield from self._settled(final=False)
        elif kind == "message-end":
            yield from self._end(event)

    def _start(self) -> None:
        if self._started:
            raise self._garbled()
        self._started = True

    def _garbled(self) -> Unavailable:
        return Unavailable(self.part, "Cohere's answer came garbled.")

    def _content(self, event: Any) -> Iterator[Event]:  # noqa: ANN401
        content = _dig(event, "delta", "message", "content")
        if not (content is None or hasattr(content, "__dict__")):
            raise self._garbled()
        self._blocks.setdefault(_whole(getattr(event, "index", None)) or 0, len(self.text))
        text = getattr(content, "text", None)
        self.begun = self.begun or bool(text) or bool(getattr(content, "thinking", None))
        if isinstance(text, str) and text:
            self.text += text
            yield Wrote(text)
            yield from self._settled(final=False)

    def _end(self, event: Any) -> Iterator[Event]:  # noqa: ANN401
        delta = getattr(event, "delta", None)
        reason = responses.check_finish(
            self.part, getattr(delta, "finish_reason", None), getattr(delta, "error", None)
        )
        if not self.text.strip():
            raise Unavailable(self.part, "Cohere's answer was empty.")
        yield from self._settled(final=True)
        self.ended = True
        billed = responses.billed(getattr(delta, "usage", None))
        tokens = {"input_tokens": billed.input_tokens, "output_tokens": billed.output_tokens}
        yield Finished(reason, Usage(self.model, calls=1, **tokens))

    def _settled(self, *, final: bool) -> Iterator[Cited]:
        """Give those of the waiting citations whose text is there."""
        waiting, self._waiting = self._waiting, []
        for citation in waiting:
            chunks = self._sources(citation)
            span = self._span(citation, final=final) if chunks else None
            if span is not None:
                yield Cited(*span, chunks)
            elif chunks:
                self._waiting.append(citation)

    def _sources(self, citation: Any) -> tuple[str, ...]:  # noqa: ANN401
        if "TEXT" not in str(getattr(citation, "type", None) or "TEXT"):
            return ()  # of a plan, or of thinking
        sources = getattr(citation, "sources", None) or []
        found = (self._chunk(source) for source in (sources if isinstance(sources, list) else [sources]))
        return tuple(dict.fromkeys(chunk for chunk in found if chunk is not None))

    def _chunk(self, source: Any) -> str | None:  # noqa: ANN401
        """Return the chunk of a source: by the id that was sent, or by an index where the server counts ("doc:0")."""
        ids = [str(each) for each in (source, _dig(source, "id"), _dig(source, "document", "id")) if each]
        for each in ids:
            if each in self.chunks:
                return self.chunks[each]
        places = (_PLACE.fullmatch(each) for each in ids)
        place = next((int(found[1]) for found in places if found), len(self.chunks))
        return [*self.chunks.values()][place] if place < len(self.chunks) else None

    def _span(self, citation: Any, *, final: bool) -> tuple[int, int] | None:  # noqa: ANN401
        start, end = _whole(getattr(citation, "start", None)), _whole(getattr(citation, "end", None))
        words = getattr(citation, "text", None) or ""
        base = self._blocks.get(_whole(getattr(citation, "content_index", None)) or 0, 0)
        if start is None or end is None or end <= start:
            return self._nearest(words, base) if final else None
        for origin in dict.fromkeys((base, 0)):
            first, last = origin + start, origin + end
            if last <= len(self.text) and (not words or self.text[first:last] == words):
                return first, last
        if not final:
            return None
        if not words:
            return (base + start, len(self.text)) if base + start < len(self.text) else None
        return self._other_units(words, base, start) or self._nearest(words, base + start)

    def _other_units(self, words: str, base: int, start: int) -> tuple[int, int] | None:
        """Return the positions where the server counts bytes or UTF-16 units; None if these don't fit either."""
        for encoding, size in (("utf-8", 1), ("utf-16-le", 2)):
            before = self.text[base:].encode(encoding)[: start * size].decode(encoding, "ignore")
            first = base + len(before)
            if self.text.startswith(words, first):
                return first, first + len(words)
        return None

    def _nearest(self, words: str, position: int) -> tuple[int, int] | None:
        words = words.strip()
        if not words:
            return None
        after, before = self.text.find(words, position), self.text.rfind(words, 0, position + len(words))
        found = [at for at in (after, before) if at >= 0]
        if not found:
            return None
        first = min(found, key=lambda at: abs(at - position))
        return first, first + len(words)


def _dig(value: Any, *names: str) -> Any:  # noqa: ANN401
    for name in names:
        value = getattr(value, name, None)
    return value


def _whole(value: Any) -> int | None:  # noqa: ANN401
    return int(value) if isinstance(value, int | float) and value >= 0 else None
