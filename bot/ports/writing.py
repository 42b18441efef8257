"""Says what an answer is written from, what writes it, and what judges its style."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol, runtime_checkable

from bot.limits import ANSWER_CHARACTERS
from bot.model import Passage, Question, Turn, Usage

DETAILED: Final = 2  # times as long as usual an answer in detail may be


@dataclass(frozen=True, slots=True)
class StyleExample:
    id: str
    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Style:
    """What of the style guide goes into one answer. Empty strings: the guide doesn't say.

    `not_found` is said where the docs don't answer; `hand_over` names people to ask; `refusal` is said instead of
    an answer. `phrases` are words of the guide, which need no citation. `cite_each`: each sentence has its markers,
    not only the last that a source covers.
    """

    rules: tuple[str, ...] = ()
    examples: tuple[StyleExample, ...] = ()
    opening: str = ""
    closing: str = ""
    max_characters: int = ANSWER_CHARACTERS
    max_sentences: int | None = None
    language: str = ""
    not_found: str = ""
    hand_over: str = ""
    refusal: str = ""
    cite_each: bool = False
    phrases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Brief:
    """All that a writer gets. `question` stands alone; passages come best first.

    `wordings` are what else was searched for: the question with its slips mended, or in the pages' language.
    `detailed`: a first answer was given, and more is wanted; the style's limits are then DETAILED times as wide.
    """

    question: str
    passages: tuple[Passage, ...]
    style: Style
    history: tuple[Turn, ...] = ()
    wordings: tuple[str, ...] = ()
    detailed: bool = False


@dataclass(frozen=True, slots=True)
class Wrote:
    """The next piece of text."""

    text: str


@dataclass(frozen=True, slots=True)
class Cited:
    """Characters `start` to `end` of the whole text so far rest on these chunks."""

    start: int
    end: int
    chunk_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A sign of life without text: `ahead` questions are answered before this one or, if 0, the model thinks."""

    ahead: int = 0


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event of a complete answer. A stream that ends without it was cut off.

    `more` is False if a detailed answer would say nothing else. `degraded` is "what was done instead: why", or "".
    """

    reason: Literal["complete", "length"]
    usage: Usage
    more: bool = True
    degraded: str = ""


class Writer(Protocol):
    """Writes from passages. Raises BackendError before or while it yields."""

    async def standalone(self, question: Question) -> str:
        """Return the question with what its history implies put in."""
        ...

    def write(self, brief: Brief) -> AsyncIterator[Wrote | Cited | Finished | Waiting]: ...

    def usage(self) -> Usage: ...

    async def close(self) -> None: ...


@runtime_checkable
class PictureReader(Protocol):
    """A writer that may be able to look at pictures."""

    async def described(self, picture: bytes, media_type: str) -> str:
        """Return the text in a picture, and what it shows. Raises BackendError, also where its model can't look at any."""
        ...


class Judge(Protocol):
    """A model that marks style; only `docent eval` asks it. `model` is its name for the report."""

    @property
    def model(self) -> str: ...

    async def broken(self, question: str, answer: str, rules: Sequence[str]) -> frozenset[int]:
        """Return the indexes of the rules that the answer breaks. Raises BackendError."""
        ...

    def usage(self) -> Usage: ...

    async def close(self) -> None: ...
