"""Turns a streamed answer with `[n]` markers into events: text without thinking and markers, citations, its end."""

from collections.abc import Iterator, Mapping
from typing import Literal

from bot.backends.shared.writing.chat_writer import PART, Event
from bot.backends.shared.writing.citation_markers import CitationMarkers
from bot.backends.shared.writing.thinking import ThinkingFilter
from bot.model import Usage
from bot.ports import Finished, Unavailable, Waiting, Wrote


class MarkedTranscript:
    """Reads one answer. `chunks` leads from a passage's number to its chunk. `unopened`: see ThinkingFilter."""

    def __init__(self, service: str, chunks: Mapping[int, str], *, unopened: bool) -> None:
        self._service = service
        self._thinking = ThinkingFilter(unopened=unopened)
        self._markers = CitationMarkers(chunks)
        self.thought = False

    @property
    def orphaned(self) -> bool:
        """Whether thinking ended that nothing had opened; some of it may have been given out as text."""
        return self._thinking.orphaned

    def write(self, piece: str) -> Iterator[Event]:
        text = self._thinking.feed(piece)
        if text:
            yield from self._markers.feed(text if self._markers.text else text.lstrip())
        elif self._thinking.thinks:
            yield from self.think()

    def think(self) -> Iterator[Event]:
        self.thought = True
        yield Waiting()

    def end(self, reason: Literal["complete", "length"], usage: Usage) -> Iterator[Event]:
        """Give the last events. Raises Unavailable for an answer without any words."""
        yield from self._markers.feed(self._thinking.finish())
        yield from self._markers.finish()
        if not self._markers.text.strip():
            if reason == "length":
                remedy = "Set its max_tokens higher."
                raise Unavailable(PART, f"{self._service}'s answer was cut before it began.", remedy=remedy)
            raise Unavailable(PART, f"{self._service}'s answer was empty.")
        if not any(character.isalnum() for character in self._markers.text):
            yield Wrote(" ")
        yield Finished(reason, usage)
