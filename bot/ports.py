"""What the core needs from others, and how they fail.

BackendError
├── Unavailable        down, too slow, cut off, 5xx; trying again later may help
│   └── RateLimited    says when: `retry_after` seconds
├── Unauthorized       a key is missing, wrong or lacks a right
├── Rejected           the request will never be accepted as it is (bad configuration, schema, too old)
├── Refused            the model declined to answer
├── ReadOnly           reads work, writes don't (a full disk)
└── Corrupt            the stored data can't be read; `remedy` names the command that mends it

Backends raise these only; whoever catches one decides by its type and shows `str(error)`: one sentence for
people, without secrets, headers, bodies, questions or documents. Bugs are not caught.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from bot.model import (
    Answer,
    Chunk,
    Citation,
    Document,
    Failure,
    Outcome,
    Passage,
    Progress,
    Question,
    SyncReport,
    Turn,
    Usage,
)

# float32, of the embedder's dimensions and of length 1.
Vector = NDArray[np.float32]


class BackendError(Exception):
    """A part failed. `part` is its name for people ("search", "the writer"); `remedy` says what to do."""

    def __init__(self, part: str, reason: str, *, remedy: str = "") -> None:
        super().__init__(f"{part}: {reason}" + (f" {remedy}" if remedy else ""))
        self.part = part
        self.reason = reason
        self.remedy = remedy


class Unavailable(BackendError): ...


class RateLimited(Unavailable):
    """Asked to wait `retry_after` seconds."""

    def __init__(self, part: str, reason: str, *, retry_after: float, remedy: str = "") -> None:
        super().__init__(part, reason, remedy=remedy)
        self.retry_after = retry_after


class Unauthorized(BackendError): ...


class Rejected(BackendError): ...


class Refused(BackendError): ...


class ReadOnly(BackendError): ...


class Corrupt(BackendError): ...


# --- the store ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class IndexFormat:
    """What an index was made with. Another one means a rebuild. `model` is "" for keywords alone."""

    model: str
    dimensions: int
    chunking: str


@dataclass(frozen=True, slots=True)
class IndexedChunk:
    """A chunk ready to be stored. `text_hash` is of the text that was embedded.

    `terms` is what `bot.terms.lines` makes of it; "" where the store shall make it itself.
    """

    chunk: Chunk
    text_hash: str
    vector: Vector | None
    terms: str = ""


@dataclass(frozen=True, slots=True)
class IndexedDocument:
    document: Document
    chunks: tuple[IndexedChunk, ...]


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """`alpha` is the vector leg's weight: 0 is keywords alone, 1 vectors alone. No vector: keywords."""

    text: str
    vector: Vector | None
    audience: frozenset[str]
    sources: frozenset[str] | None = None
    alpha: float = 0.5
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Hit:
    """`keyword` is BM25 and `vector` cosine similarity; None: that leg didn't score it.

    `terms` is what `bot.terms.lines` made of the chunk; None if the store doesn't keep it. `passage.score` is the relative-score fusion of the two: good for ordering, never for a threshold.
    """

    passage: Passage
    keyword: float | None
    vector: float | None
    terms: str | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """The chunks `first`..`last` (both included) of a document."""

    doc_id: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class SourceStats:
    documents: int
    chunks: int


@dataclass(frozen=True, slots=True)
class StoreStats:
    documents: int
    chunks: int
    bytes: int | None
    sources: Mapping[str, SourceStats]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What an index knows of some terms (`bot.analyze`): in how many of its chunks each stands.

    Terms that stand nowhere are left out. `languages` are its pages', the usual ones first. `chunks` is
    None where the store can't count.
    """

    chunks: int | None = None
    holding: Mapping[str, int] = field(default_factory=dict)
    languages: tuple[str, ...] = ("en",)


class Store(Protocol):
    """The index. Every store passes tests/store_contract.py, which says the rest."""

    async def search(self, query: SearchQuery) -> list[Hit]:
        """The best `limit` chunks by fused score that the audience may see; no audience: none."""
        ...

    async def vocabulary(self, terms: Sequence[str]) -> Vocabulary:
        """How common the terms are, whoever may see the chunks: for weighing, never for showing."""
        ...

    async def passages(self, spans: Sequence[Span], audience: frozenset[str]) -> list[Passage]:
        """The chunks of the spans in their documents' order; what is gone or not visible is left out."""
        ...

    async def replace(self, documents: Sequence[IndexedDocument]) -> None:
        """Put each document in place of its older revision: readers see the old or the new one whole."""
        ...

    async def delete(self, doc_ids: Sequence[str]) -> None:
        """Unknown ids are no error."""
        ...

    async def revisions(self, source: str) -> dict[str, str]:
        """Document id → revision, of the documents that are stored whole."""
        ...

    async def vectors(self, text_hashes: Sequence[str]) -> dict[str, Vector]:
        """Those of the texts that were embedded already by this index's model."""
        ...

    async def format(self) -> IndexFormat | None:
        """What the live index was made with; None while there is none."""
        ...

    async def rebuild(self, wanted: IndexFormat) -> "Store":
        """A store that writes a new index beside the live one, or goes on with one left half-way.

        With no live index yet, the new one may be the live one from the start.
        """
        ...

    async def swap(self, wanted: IndexFormat) -> None:
        """Make the rebuilt index the live one in one step, and drop the old one. No-op if it is live."""
        ...

    async def settle(self) -> None:
        """After a sync: put the index into the form that is quickest to search, where that takes work."""
        ...

    async def stats(self) -> StoreStats: ...

    async def check(self) -> None:
        """Return if reads and writes would work; raise what stands in the way."""
        ...

    async def close(self) -> None: ...


# --- models ---------------------------------------------------------------------------------------


class Embedder(Protocol):
    """`model` names vendor, model and dimensions: two embedders of one name give the same vectors."""

    @property
    def model(self) -> str: ...

    @property
    def dimensions(self) -> int: ...

    async def embed_documents(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row a text, any number of texts; batches, rate limits and retries are the embedder's."""
        ...

    async def embed_query(self, text: str) -> Vector: ...

    def usage(self) -> Usage:
        """Since it was made."""
        ...

    async def close(self) -> None: ...


class Reranker(Protocol):
    async def rerank(self, question: str, texts: Sequence[str]) -> list[float]:
        """A relevance 0..1 for each text, in the order of the texts."""
        ...

    def usage(self) -> Usage: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class StyleExample:
    id: str
    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Style:
    """What of the style guide goes into one answer. Empty strings: nothing said.

    `not_found` is said where the docs don't answer, `hand_over` names people to ask. `refusal` is said
    instead of an answer. `phrases` are words of the guide that need no citation. `cite_each`: each sentence has
    its markers, not only the last that a source covers.
    """

    rules: tuple[str, ...] = ()
    examples: tuple[StyleExample, ...] = ()
    opening: str = ""
    closing: str = ""
    max_characters: int = 900
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
    """

    question: str
    passages: tuple[Passage, ...]
    style: Style
    history: tuple[Turn, ...] = ()
    wordings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Wrote:
    """The next piece of text."""

    text: str


@dataclass(frozen=True, slots=True)
class Cited:
    """Characters `start`..`end` of the whole text so far rest on these chunks."""

    start: int
    end: int
    chunk_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event of a complete answer. A stream that ends without it was cut off."""

    reason: Literal["complete", "length"]
    usage: Usage


class Writer(Protocol):
    """Writes from passages. Raises BackendError before or while it yields."""

    async def standalone(self, question: Question) -> str:
        """The question with what its history implies put in."""
        ...

    def write(self, brief: Brief) -> AsyncIterator[Wrote | Cited | Finished]: ...

    def usage(self) -> Usage: ...

    async def close(self) -> None: ...


class Judge(Protocol):
    """A model that marks style; only measuring asks it. `model` is its name for the report."""

    @property
    def model(self) -> str: ...

    async def broken(self, question: str, answer: str, rules: Sequence[str]) -> frozenset[int]:
        """The places (from 0) of the rules that the answer breaks. Raises BackendError."""
        ...

    def usage(self) -> Usage: ...

    async def close(self) -> None: ...


# --- the journal ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as an adapter accepted it.

    `key` is the same for every delivery of one message, on every process. `place` and `reply` are the
    adapter's own addresses (of the channel or thread, and of the message that will hold the answer).
    """

    id: str
    key: str
    platform: str
    place: str
    person: str
    question: Question
    reply: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A question and how it ended (None: not yet)."""

    asked: Asked
    asked_at: datetime
    answer: Answer | None
    reply: str
    seconds: float | None


Verdict = Literal["up", "down"]
Complaint = Literal["wrong", "outdated", "incomplete", "not my question", ""]


@dataclass(frozen=True, slots=True)
class Feedback:
    answer_id: str
    person: str
    verdict: Verdict
    complaint: Complaint = ""
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Gap:
    """A question that the docs don't answer, by its most usual wording."""

    question: str
    times: int
    last_asked: datetime


@dataclass(frozen=True, slots=True)
class Judged:
    """A question that somebody gave feedback on."""

    recorded: Recorded
    feedback: tuple[Feedback, ...]


@dataclass(frozen=True, slots=True)
class Tally:
    """Questions of some days. Seconds are of whole answers; None: there were none."""

    outcomes: Mapping[Outcome, int]
    unfinished: int
    degraded: int
    seconds_p50: float | None
    seconds_p95: float | None


@dataclass(frozen=True, slots=True)
class Failing:
    """A page that can't be indexed, and since when."""

    source: str
    failure: Failure
    since: datetime


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """`source` None is all of them; `paths` narrows to those; `asked_by` is for the report.

    `anew`: a run that goes on may have passed what has changed, so that one after it is asked for.
    """

    source: str | None = None
    full: bool = False
    confirm_deletes: bool = False
    paths: tuple[str, ...] = ()
    asked_by: str = ""
    anew: bool = False


RunState = Literal["waiting", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class SyncRun:
    """A requested sync: where it is, and at the end its reports, one a source."""

    id: str
    request: SyncRequest
    state: RunState
    requested_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    progress: Progress | None = None
    reports: tuple[SyncReport, ...] = ()
    error: str = ""
    cancel_wanted: bool = False


class Journal(Protocol):
    """Questions, answers, feedback, gaps. An answer's id is its question's."""

    async def accept(self, asked: Asked, *, worker: str) -> bool:
        """False if a question with this key was accepted before, by whichever process."""
        ...

    async def set_reply(self, question_id: str, reply: str) -> None: ...

    async def finish(self, question_id: str, answer: Answer, *, seconds: float) -> None: ...

    async def recorded(self, question_id: str) -> Recorded | None: ...

    async def recorded_by_reply(self, platform: str, reply: str) -> Recorded | None: ...

    async def beat(self, worker: str) -> None:
        """Tell that this worker lives; its unfinished questions are left to it."""
        ...

    async def adopt(
        self,
        platform: str,
        *,
        worker: str,
        silent_for: float,
        died: Callable[[str], bool] = lambda _: False,
    ) -> list[Recorded]:
        """Take over the unfinished questions of workers that were silent for so many seconds, or `died`."""
        ...

    async def give_back(self, worker: str) -> None:
        """Leave this worker's unfinished questions to whoever adopts next, at once."""
        ...

    async def asked_by(self, platform: str, person: str, *, within: float) -> int:
        """How many questions this person had accepted in the last so many seconds."""
        ...

    async def give_feedback(self, feedback: Feedback) -> None:
        """Once for each person and answer; a later one replaces the earlier."""
        ...

    async def feedback(self, answer_id: str) -> list[Feedback]: ...

    async def claim(self, key: str) -> bool:
        """True for the first who names this key, in whichever process: what it stands for is theirs to do."""
        ...

    async def release(self, key: str) -> None:
        """It couldn't be done: the next one may try."""
        ...

    async def judged(self, *, limit: int = 1000) -> list[Judged]:
        """The latest questions that got feedback."""
        ...

    async def tally(self, *, days: int = 7) -> Tally: ...

    async def spend(self, spent: Sequence[Usage]) -> None:
        """Add what models were billed for, beside answers (`finish`) and syncs (`Runs.end`)."""
        ...

    async def spent(self, *, days: int = 30) -> list[Usage]:
        """Sums by model."""
        ...

    async def gaps(self, *, limit: int = 20) -> list[Gap]: ...

    async def purge(self, *, older_than_days: int) -> int: ...


class Runs(Protocol):
    """Syncs, asked for in chat, by command or webhook; done by the indexer that leads."""

    async def request(self, request: SyncRequest) -> tuple[SyncRun, bool]:
        """The run and True, or the one that does it anyway, waiting or running, and False."""
        ...

    async def begin(
        self, request: SyncRequest, *, worker: str, died: Callable[[str], bool] = lambda _: False
    ) -> tuple[SyncRun, bool]:
        """Run it here and now: True if it is this worker's (a waiting one is taken), False if one runs.

        A run whose worker `died` is in nobody's way; whoever asks for the same goes on with it.
        """
        ...

    async def take(self, worker: str) -> SyncRun | None:
        """The oldest waiting run that no running one is in the way of, now running; or one whose worker was lost."""
        ...

    async def report_progress(self, run_id: str, progress: Progress) -> None: ...

    async def beat(self, run_id: str) -> None:
        """Tell that the run's worker lives, where there is no progress to report."""
        ...

    async def cancel(self, run_id: str) -> None:
        """A waiting run is cancelled at once, of a running one it is wanted."""
        ...

    async def give_back(self, run_id: str) -> None:
        """It was broken off: whoever leads next takes it at once and goes on."""
        ...

    async def end(
        self, run_id: str, state: RunState, reports: Sequence[SyncReport], error: str = ""
    ) -> None: ...

    async def run(self, run_id: str) -> SyncRun | None: ...

    async def latest(self, *, limit: int = 20) -> list[SyncRun]: ...

    async def last_good(self) -> dict[str, datetime]:
        """Source → end of its last sync without an error."""
        ...

    async def last_report(self, source: str) -> SyncReport | None:
        """Of its last whole sync that wasn't broken off, however many runs others had since."""
        ...

    async def failing(self) -> list[Failing]:
        """Pages that failed in their source's last whole sync."""
        ...


LessonKind = Literal["example", "verified"]
LessonState = Literal["proposed", "accepted", "rejected", "review"]


@dataclass(frozen=True, slots=True)
class Lesson:
    """A question and answer that an admin saved: an example of style, or a verified answer.

    An example is `proposed` until an admin accepts it; a verified answer is accepted as it is saved. `review`:
    it was in use and was withdrawn, for `reason`. `revisions` are of the cited pages when it was saved;
    `audience` is what could be shown where that was.
    """

    id: str
    kind: LessonKind
    state: LessonState
    question: str
    answer: str
    by: str
    saved_at: datetime
    citations: tuple[Citation, ...] = ()
    revisions: Mapping[str, str] = field(default_factory=dict)
    audience: frozenset[str] = frozenset()
    answer_id: str = ""
    language: str = ""
    expires_at: datetime | None = None
    reason: str = ""
    file: str = ""


class Lessons(Protocol):
    """What was saved in chat."""

    async def add(self, lesson: Lesson) -> None: ...

    async def lesson(self, lesson_id: str) -> Lesson | None: ...

    async def lessons(
        self, *, kind: LessonKind | None = None, states: Sequence[LessonState] = ()
    ) -> list[Lesson]:
        """Oldest first; no states: all."""
        ...

    async def change(self, lesson: Lesson, *, was: LessonState) -> bool:
        """Put it in place of the one with its id if that is still in state `was`; False if it isn't."""
        ...


class Leases(Protocol):
    """Who may do a thing. Times are the database's, so that clocks needn't agree."""

    async def acquire(self, name: str, holder: str, *, seconds: float) -> bool:
        """Take or renew it; False while another holder's lease lasts."""
        ...

    async def release(self, name: str, holder: str) -> None: ...
