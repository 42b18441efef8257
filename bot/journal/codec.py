"""The nouns as JSON for the journal, and back. Unknown keys of a newer version are left out."""

import json
import re
import unicodedata
import zlib
from base64 import b85decode, b85encode
from dataclasses import replace
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter

from bot.model import Answer, Candidate, Outcome, Passage, Progress, Question, SyncReport, Trace, Usage
from bot.ports import Asked, Lesson, Scope, SyncRequest

Json = Any
NounT = TypeVar("NounT", Answer, Lesson, Progress, Question, SyncReport, SyncRequest)

_CANDIDATES: Final = 10  # as many as `why` shows
_TITLE: Final = 60  # characters that it shows
_DIGITS: Final = 4
# What packed answers have in common, by the key that they stand under: never change one, what was packed with it
# could not be read any more. "packed" held what is long of an answer, "whole" holds all of it but its defaults.
_PACKED, _WHOLE = "packed", "whole"
_NAMED: Final = ("text", "verified")
_IN_WHOLE: Final = (
    b'{"id":"","outcome":"NOT_FOUND","text":"I couldn\'t find an answer to that in the docs.","usage":[{"model":"extractive",'
    b'"calls":1}],"trace":{"queries":[""],"candidates":[{"passage":{"chunk_id":"","doc_id":"handbook:/index.md","source":"",'
    b'"ordinal":1,"title":"","heading":" > ","url":"","text":""},"keyword":1,"vector":0.,"fused":0.1,"dropped":"no room: '
    b'others fit better"},{"passage":{"chunk_id":"","doc_id":"","source":"","ordinal":0,"title":"","heading":"","url":"",'
    b'"text":""},"keyword":9.,"vector":null,"fused":0.,"dropped":"too little evidence: words 0. < 0.50"}],"evidence":{'
    b'"coverage":0.,"words":1.,"similarity":0.},"decision":"words 1. \xe2\x89\xa5 0.50","seconds":{"waiting":0.0,"verified"'
    b':0.0,"retrieve":0.0,"style":0.0,"first_text":0.0,"write":0.0,"total":0.0}},"citations":[{"number":1,"doc_id":"",'
    b'"title":"","heading":"","url":"https://","quote":"","updated_at":"2026-","owners":[""]}],"nearest":[{"number":1,'
    b'"doc_id":":","title":"","heading":"","url":"https://","quote":""}]}'
)
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
    """Turn a noun into JSON's own types. Reports and requests lose their defaults: there are many, and most say little."""
    short = isinstance(noun, SyncReport | SyncRequest)
    return _adapter(type(noun)).dump_python(noun, mode="json", exclude_defaults=short)


def loaded(kind: type[NounT], data: Json) -> NounT:
    """Turn what `dumped` made into the noun again."""
    noun: NounT = _adapter(kind).validate_python(_unpacked(data) if kind is Answer else data)
    return noun


def question_values(asked: Asked, *, keep_texts: bool) -> dict[str, Any]:
    """Return the columns of an accepted question, but for its time and worker."""
    question = _stored(asked.question, keep_texts=keep_texts)
    return {
        "id": asked.id,
        "key": asked.key,
        "platform": asked.platform,
        "thread": asked.place.thread,
        "direct": asked.place.direct,
        "automated": asked.place.automated,
        "details": dict(asked.place.details),
        "person": asked.person,
        "reply": asked.reply,
        "question": _shared(question),
        "text": question.text,
        "wording": wording(question.text),
    }


def answer_values(answer: Answer, seconds: float, scope: Scope | None, *, keep_texts: bool) -> dict[str, Any]:
    """Return the columns of how a question ended."""
    values = {
        "outcome": str(answer.outcome),
        "answer": _packed(slim(answer, with_texts=keep_texts)),
        "degraded": bool(answer.degraded),
        "seconds": seconds,
    }
    if scope is not None:
        values |= {"tenant": scope.tenant or None, "audience": audience_text(scope.audience)}
    if not answer.gap or answer.outcome is not Outcome.NOT_FOUND:
        values["wording"] = ""  # it groups gaps
    return values


def audience_text(audience: frozenset[str] | None) -> str | None:
    """Write an audience as text, the same for the same words in any order; None stays None."""
    return None if audience is None else json.dumps(sorted(audience), ensure_ascii=False)


def usage_counts(spent: Usage) -> dict[str, int]:
    """Return the counts that are summed by day and model; empty if there is nothing to sum."""
    counts = {name: int(getattr(spent, name)) for name in ("calls", "texts", "input_tokens", "output_tokens")}
    return counts if spent.model and any(counts.values()) else {}


def slim(answer: Answer, *, with_texts: bool) -> Answer:
    """Cut an answer's trace to what `why` shows; without `with_texts` also what repeats the question."""
    trace = replace(
        answer.trace,
        evidence={name: round(value, _DIGITS) for name, value in answer.trace.evidence.items()},
        seconds={name: round(value, _DIGITS) for name, value in answer.trace.seconds.items()},
    )
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
    """Return a text that is the same for questions that differ only in case, space and punctuation."""
    plain = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(re.findall(r"\w+", plain))[:_WORDING]


def storable(text: str) -> str:
    """Return the text as every database takes it: without NUL and halves of surrogate pairs."""
    return text.replace("\0", " ").encode("utf-8", "replace").decode("utf-8")


def _stored(question: Question, *, keep_texts: bool) -> Question:
    if not keep_texts:
        return replace(question, text="", history=(), about=())
    turns = tuple(replace(turn, text=storable(turn.text)) for turn in question.history)
    about = tuple(map(storable, question.about))
    return replace(question, text=storable(question.text), history=turns, about=about)


def _slim(candidate: Candidate) -> Candidate:
    """Keep a passage's title and heading: what the page says stands in the index."""
    found = candidate.passage
    return Candidate(
        Passage("", found.doc_id, "", found.ordinal, found.title[:_TITLE], found.heading[:_TITLE], "", ""),
        keyword=_rounded(candidate.keyword),
        vector=_rounded(candidate.vector),
        fused=round(candidate.fused, _DIGITS),
        reranked=_rounded(candidate.reranked),
        dropped=candidate.dropped,
    )


def _rounded(score: float | None) -> float | None:
    return None if score is None else round(score, _DIGITS)


def _packed(answer: Answer) -> Json:
    """Compress an answer: answers were nine tenths of the journal, and are read one at a time.

    Its id is left out, which is its question's. What has somebody's name in it stays readable (forgetting.py).
    """
    data = _adapter(Answer).dump_python(replace(answer, id=""), mode="json", exclude_defaults=True)
    named = {name: data.pop(name) for name in _NAMED if answer.verified}
    whole = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    packer = zlib.compressobj(level=9, zdict=_IN_WHOLE)
    return named | {_WHOLE: b85encode(packer.compress(whole.encode()) + packer.flush()).decode()}


def _unpacked(answer: Json) -> Json:
    """Undo `_packed`, where it was done."""
    for key, common in ((_WHOLE, _IN_WHOLE), (_PACKED, _COMMON)):
        if key in answer:
            packed = zlib.decompressobj(zdict=common).decompress(b85decode(answer[key]))
            return {**answer, **json.loads(packed)}
    return answer


def _shared(question: Question) -> Json:
    """Leave out a question's defaults, and its text, which has a column of its own."""
    data = _adapter(Question).dump_python(question, mode="json", exclude_defaults=True)
    return {name: value for name, value in data.items() if name != "text"}


def _adapter(kind: type) -> TypeAdapter[Any]:
    if kind not in _adapters:
        _adapters[kind] = TypeAdapter(kind)
    return _adapters[kind]
