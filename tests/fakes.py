"""Stand-ins for our own ports, shared by all tests. Add to it; keep each small."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from bot.model import Candidate, Citation, Passage, Question, Usage
from bot.ports import BackendError, Brief, Cited, Finished, Wrote


class FakeClock:
    """A clock that moves only when told to."""

    def __init__(self, now: float = 1_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def move(self, seconds: float) -> None:
        self.now += seconds


def make_passage(text: str, *, page: str = "time-off.md", title: str = "Time off", **fields) -> Passage:
    """A passage of the page `handbook:page`."""
    return Passage(
        **{
            "chunk_id": f"{page}#{fields.get('ordinal', 0)}",
            "doc_id": f"handbook:{page}",
            "source": "handbook",
            "ordinal": 0,
            "title": title,
            "heading": "",
            "url": f"https://docs.example/{page}",
            "text": text,
            "score": 1.0,
            "updated_at": datetime(2026, 1, 2, tzinfo=UTC),
            **fields,
        }
    )


@dataclass
class FakeRetrieval:
    """What bot.retrieve would have found."""

    passages: Sequence[Passage] = ()
    candidates: Sequence[Candidate] = ()
    enough: bool = True
    strong: bool = False
    nearest: Sequence[Citation] = ()
    degraded: Sequence[str] = ()
    queries: Sequence[str] = ()
    evidence: Mapping[str, float] = field(default_factory=dict)
    decision: str = ""


class FakeRetriever:
    """Gives what it was made with, after raising `failing`, one error a call."""

    def __init__(self, found: FakeRetrieval, *, failing: Sequence[BackendError] = ()) -> None:
        self.found = found
        self.failing = list(failing)
        self.asked: list[tuple[Question, str]] = []

    async def retrieve(self, question: Question, standalone: str) -> FakeRetrieval:
        self.asked.append((question, standalone))
        if self.failing:
            raise self.failing.pop(0)
        return self.found


@dataclass(frozen=True)
class Says:
    """A piece of a fake writer's answer, and the passages (by their number in the brief) it rests on."""

    text: str
    on: tuple[int, ...] = ()


@dataclass(frozen=True)
class Hangs:
    """The fake writer says nothing more."""


Script = Sequence[Says | BackendError | Hangs]


class FakeWriter:
    """Writes one script a call (the last one again and again). A script without `ends` is cut off."""

    def __init__(self, *scripts: Script, ends: bool = True, standalone: str | BackendError = "") -> None:
        self.scripts = list(scripts)
        self.ends = ends
        self.rewritten = standalone
        self.briefs: list[Brief] = []
        self.closed = False

    async def standalone(self, question: Question) -> str:
        if isinstance(self.rewritten, BackendError):
            raise self.rewritten
        return self.rewritten

    async def write(self, brief: Brief) -> AsyncIterator[Wrote | Cited | Finished]:
        self.briefs.append(brief)
        script = self.scripts.pop(0) if len(self.scripts) > 1 else self.scripts[0]
        at = 0
        for step in script:
            if isinstance(step, BackendError):
                raise step
            if isinstance(step, Hangs):
                await asyncio.Event().wait()
                continue
            yield Wrote(step.text)
            end = at + len(step.text)
            if step.on:
                yield Cited(at, end, tuple(brief.passages[n].chunk_id for n in step.on))
            at = end
        if self.ends:
            yield Finished("complete", Usage("fake", calls=1, output_tokens=at))

    def usage(self) -> Usage:
        return Usage("fake", calls=len(self.briefs))

    async def close(self) -> None:
        self.closed = True


class FakeReranker:
    """Relevance by a table from text to score, else `otherwise`; raises `failing` instead if set."""

    def __init__(
        self,
        scores: Mapping[str, float] | None = None,
        *,
        otherwise: float = 0.5,
        failing: BackendError | None = None,
    ) -> None:
        self.scores = dict(scores or {})
        self.otherwise = otherwise
        self.failing = failing
        self.calls = 0

    async def rerank(self, question: str, texts: Sequence[str]) -> list[float]:
        self.calls += 1
        if self.failing is not None:
            raise self.failing
        return [self.scores.get(text, self.otherwise) for text in texts]

    def usage(self) -> Usage:
        return Usage("fake-reranker", calls=self.calls)

    async def close(self) -> None: ...
