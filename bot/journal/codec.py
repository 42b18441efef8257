"""The nouns as JSON for the journal, and back. Unknown keys of a newer version are left out."""

import json
import re
import unicodedata
import zlib
from base64 import b85decode, b85encode
from dataclasses import replace
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter

from bot.model import Answer, Candidate, Passage, Progress, Question, SyncReport, Trace, Usage
from bot.ports import Asked, Lesson, Scope, SyncRequest

Json = Any
NounT = TypeVar("NounT", Answer, Lesson, Progress, Question, SyncReport, SyncRequest)

_CANDIDATES: Final = 10  # as many as `why` shows
_DIGITS: Final = 4
_PACKED: Final = "packed"
_LONG: Final = ("trace", "citations", "nearest")
# What packed answers have in common: never change it, what was packed with it could not be read any more.
_COMMON: Final = (
    b'{"trace":{"queries":[""],"candidates":[{"passage":{"chunk_id":"","doc_id":"","source":"","ordinal":0,"title":"",'
    b'"heading":"","url":"","text":"","score":0.0,"updated_at":null,"owners":[]},"keyword":null,"vector":0.,"fused":0.,'
    b'"reranked":null,"dropped":"below the best"}],"evidence":{"similarity":0.,"words":1.0,"coverage":1.0},"decision":'
    b'"","examples":[],"dropped_sentences":[],"seconds":{"read":0.0,"search":0.0,"write":0.0,"total":0.0}},"citations"'
    b':[{"number":1,"doc_id":"","title":"","heading":"","url":"https://","quote":"","updated_at":"20","owners":[]}],'
    b'"nearest":[{"number":1,"doc_id":"","title":"","heading":"","url":"https://","quote":"","updated_at":null,"owners":[]}]}'
)
_WORDING: Final = 300
_adapters: dict[type, TypeAdapter[Any]] = {}


def dumped(noun: Answer | Lesson | Progress | Question | SyncReport | SyncRequest) -> Json:
    """As JSON's own types."""
    return _adapter(type(noun)).dump_python(noun, mode="json")


def loaded(kind: type[NounT], data: Json) -> NounT:
    """The noun that `dumped` made the data of."""
    noun: NounT = _adapter(kind).validate_python(_unpacked(data) if kind is Answer else data)
    return noun


def question_values(asked: Asked, *, keep_texts: bool) -> dict[str, Any]:
    """The columns of an accepted question, but for its time and worker."""
    question = _stored(asked.question, keep_texts=keep_texts)
    return {
        "id": asked.id,
        "key": asked.key,
        "platform": asked.platform,
        "place": asked.place,
        "person": asked.person,
        "reply": asked.reply,
        "question": dumped(question),
        "text": question.text,
        "wording": wording(question.text),
    }


def answer_values(answer: Answer, seconds: float, scope: Scope | None, *, keep_texts: bool) -> dict[str, Any]:
    """The columns of how a question ended."""
    values = {
        "outcome": str(answer.outcome),
        "answer": _packed(dumped(slim(answer, with_texts=keep_texts))),
        "degraded": bool(answer.degraded),
        "seconds": seconds,
    }
    if scope is not None:
        values |= {"tenant": scope.tenant or None, "audience": audience_text(scope.audience)}
    if not answer.gap:
        values["wording"] = ""  # it groups gaps
    return values


def audience_text(audience: frozenset[str] | None) -> str | None:
    """The same text for the same words."""
    return None if audience is None else json.dumps(sorted(audience), ensure_ascii=False)


def usage_counts(spent: Usage) -> dict[str, int]:
    """What is summed by day and model; empty if nothing is."""
    counts = {name: int(getattr(spent, name)) for name in ("calls", "texts", "input_tokens", "output_tokens")}
    return counts if spent.model and any(counts.values()) else {}


def slim(answer: Answer, *, with_texts: bool) -> Answer:
    """The answer with a trace that `why` can show; without texts of the question, if so set."""
    trace = answer.trace
    candidates = tuple(_slim(candidate) for candidate in trace.candidates[:_CANDIDATES])
    if answer.citations:  # beside an answer other pages are named, and not quoted
        answer = replace(answer, nearest=tuple(replace(page, quote="") for page in answer.nearest))
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


def _stored(question: Question, *, keep_texts: bool) -> Question:
    if not keep_texts:
        return replace(question, text="", history=(), about=())
    turns = tuple(replace(turn, text=storable(turn.text)) for turn in question.history)
    about = tuple(map(storable, question.about))
    return replace(question, text=storable(question.text), history=turns, about=about)


def _slim(candidate: Candidate) -> Candidate:
    """By title and heading: what the page says stands in the index."""
    found = candidate.passage
    return Candidate(
        Passage("", found.doc_id, "", found.ordinal, found.title, found.heading, "", ""),
        keyword=_rounded(candidate.keyword),
        vector=_rounded(candidate.vector),
        fused=round(candidate.fused, _DIGITS),
        reranked=_rounded(candidate.reranked),
        dropped=candidate.dropped,
    )


def _rounded(score: float | None) -> float | None:
    return None if score is None else round(score, _DIGITS)


def _packed(answer: Json) -> Json:
    """An answer with what is long and read seldom in a few characters: it was nine tenths of the journal."""
    long = json.dumps({name: answer[name] for name in _LONG}, ensure_ascii=False, separators=(",", ":"))
    packer = zlib.compressobj(level=9, zdict=_COMMON)
    packed = b85encode(packer.compress(long.encode()) + packer.flush()).decode()
    return {name: value for name, value in answer.items() if name not in _LONG} | {_PACKED: packed}


def _unpacked(answer: Json) -> Json:
    """As it was before it was packed, if it was."""
    if _PACKED not in answer:
        return answer
    return {**answer, **json.loads(zlib.decompressobj(zdict=_COMMON).decompress(b85decode(answer[_PACKED])))}


def _adapter(kind: type) -> TypeAdapter[Any]:
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]
