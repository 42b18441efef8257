"""The nouns as JSON for the journal, and back. Unknown keys of a newer version are left out."""

import re
import unicodedata
from dataclasses import replace
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter

from bot.model import Answer, Candidate, Progress, Question, SyncReport, Trace
from bot.ports import Lesson, SyncRequest

Json = Any
NounT = TypeVar("NounT", Answer, Lesson, Progress, Question, SyncReport, SyncRequest)

_CANDIDATES: Final = 30
_EXCERPT: Final = 120
_WORDING: Final = 300
_adapters: dict[type, TypeAdapter[Any]] = {}


def dumped(noun: Answer | Lesson | Progress | Question | SyncReport | SyncRequest) -> Json:
    """As JSON's own types."""
    return _adapter(type(noun)).dump_python(noun, mode="json")


def loaded(kind: type[NounT], data: Json) -> NounT:
    """The noun that `dumped` made the data of."""
    noun: NounT = _adapter(kind).validate_python(data)
    return noun


def slim(answer: Answer, *, with_texts: bool) -> Answer:
    """The answer with a trace that `why` can show; without texts of the question, if so set."""
    trace = answer.trace
    candidates = tuple(_slim(candidate) for candidate in trace.candidates[:_CANDIDATES])
    if with_texts:
        return replace(answer, trace=replace(trace, candidates=candidates))
    silent = Trace(
        evidence=trace.evidence, decision=trace.decision, seconds=trace.seconds, candidates=candidates
    )
    return replace(answer, trace=silent)


def wording(text: str) -> str:
    """The same for questions that differ only in case, space and punctuation."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.findall(r"\w+", plain))[:_WORDING]


def storable(text: str) -> str:
    """Text that every database takes: no NUL, no half of a surrogate pair."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode("utf-8")


def _slim(candidate: Candidate) -> Candidate:
    return replace(candidate, passage=replace(candidate.passage, text=candidate.passage.text[:_EXCERPT]))


def _adapter(kind: type) -> TypeAdapter[Any]:
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]
