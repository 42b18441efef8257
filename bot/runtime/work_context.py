"""Knows what a task works on, a question or a sync: its id for the log, and its stages for traces.

It holds for the task and for those that it starts. Where nobody asked for it, noting a stage costs next to nothing.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final, Literal

Kind = Literal["answer", "sync"]

_MOST_SPANS: Final = 200  # of one work: more tell nobody anything


@dataclass(slots=True)
class Span:
    """A stage: its start (seconds since 1970), how many seconds it took, and the index of the span around it, if any."""

    name: str
    began: float
    seconds: float = 0.0
    parent: int | None = None
    failed: bool = False


@dataclass(slots=True)
class Work:
    """What a task works on. `sums` are seconds of pieces too many for a span each; `degraded` are parts that were down."""

    kind: Kind
    id: str
    began: float = field(default_factory=time.time)
    spans: list[Span] = field(default_factory=list)
    sums: dict[str, float] = field(default_factory=dict)
    degraded: set[str] = field(default_factory=set)
    has_ended: bool = False


_work: ContextVar[Work | None] = ContextVar("work", default=None)
_within: ContextVar[int | None] = ContextVar("within", default=None)


@contextmanager
def working_on(kind: Kind, id: str) -> Iterator[Work]:  # noqa: A002 - the answer's or the run's own field
    """Count what happens within as part of this work."""
    work = Work(kind, id)
    token, outer = _work.set(work), _within.set(None)
    try:
        yield work
    finally:
        work.has_ended = True
        _work.reset(token)
        _within.reset(outer)


def _current() -> Work | None:
    """Return the work, unless it has ended: a task that serves everybody may have been started by the first question."""
    work = _work.get()
    return None if work is None or work.has_ended else work


@contextmanager
def span(name: str) -> Iterator[None]:
    """Time a stage of the work, within the stage that is going on."""
    work = _current()
    if work is None or len(work.spans) >= _MOST_SPANS:
        yield
        return
    made, start = Span(name, time.time(), parent=_within.get()), time.monotonic()
    work.spans.append(made)
    token = _within.set(len(work.spans) - 1)
    try:
        yield
    except BaseException:
        made.failed = True
        raise
    finally:
        made.seconds = time.monotonic() - start
        _within.reset(token)


@contextmanager
def added_up(name: str) -> Iterator[None]:
    """Time a small piece of a stage; the pieces of one name are added up."""
    work, start = _current(), time.monotonic()
    try:
        yield
    finally:
        if work is not None:
            work.sums[name] = work.sums.get(name, 0.0) + time.monotonic() - start


def degraded(part: str) -> None:
    """Note that the work was done without this part. `part` is a name of ours ("the embedder"), never words of others."""
    work = _current()
    if work is not None:
        work.degraded.add(part.removeprefix("the ").replace(" ", "_"))


def worked_on() -> tuple[Kind, str] | None:
    """Return the kind and the id of the work, for a line of the log."""
    work = _current()
    return None if work is None else (work.kind, work.id)
