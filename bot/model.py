"""Defines the nouns that every part speaks. Standard library only; no platform's or vendor's type."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal


class Outcome(StrEnum):
    """How a question ended."""

    ANSWERED = "ANSWERED"
    NOT_FOUND = "NOT_FOUND"
    UNAVAILABLE = "UNAVAILABLE"


# --- asking ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier message of the conversation, oldest first in a history."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody asked, and what they and the place may see.

    `audience` is what the asker may see *and* what may be shown at the place of the answer: adapters intersect the
    two. If it is empty nothing is found. `sources` narrows to those sources; None is all. `guide`, `platform`,
    `places` and `language` (ISO 639-1) choose the style; `places` are the ids and names of the channel, and of a
    thread's channel. `detailed` asks for more than a first answer has said. `about` is what came with it, forwarded
    or attached: what its words point at. `not_found` is said where nothing is found, instead of that the docs don't
    say. `unasked`: nobody asked the bot, so that only strong evidence is worth a model's answer.
    """

    text: str
    audience: frozenset[str]
    history: tuple[Turn, ...] = ()
    sources: frozenset[str] | None = None
    guide: str | None = None
    places: frozenset[str] = frozenset()
    language: str | None = None
    detailed: bool = False
    platform: str | None = None
    about: tuple[str, ...] = ()
    not_found: str = ""
    unasked: bool = False


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of a page as it was found. `heading` is the path below the page's title, joined by " > ".

    `url` leads to the heading. `score` is of the stage that made it and only orders passages. `called` are terms
    that its page names itself by (`keywords:`), and that neither title nor heading has.
    """

    chunk_id: str
    doc_id: str
    source: str
    ordinal: int
    title: str
    heading: str
    url: str
    text: str
    score: float = 0.0
    updated_at: datetime | None = None
    owners: tuple[str, ...] = ()
    called: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Citation:
    """What a `[number]` in an answer's text stands for."""

    number: int
    doc_id: str
    title: str
    heading: str
    url: str
    quote: str
    updated_at: datetime | None = None
    owners: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Usage:
    """What one model was billed for."""

    model: str
    calls: int = 0
    texts: int = 0
    input_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage on its way through retrieval: for `docent why`, never for deciding.

    `keyword` is BM25, `vector` cosine similarity, `reranked` the reranker's relevance; None: not scored. `dropped`
    is the reason it didn't reach the writer; empty if it did.
    """

    passage: Passage
    keyword: float | None
    vector: float | None
    fused: float
    reranked: float | None = None
    dropped: str = ""


@dataclass(frozen=True, slots=True)
class Stage:
    """What is being done for a question while nothing can be shown: for people who wait.

    `number` is how many pages are read or, while waiting, how many questions are answered before this one.
    """

    kind: Literal["searching", "reading", "waiting", "thinking"]
    number: int = 0


@dataclass(frozen=True, slots=True)
class Trace:
    """How an answer came about."""

    queries: tuple[str, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    evidence: Mapping[str, float] = field(default_factory=dict)
    decision: str = ""
    examples: tuple[str, ...] = ()
    dropped_sentences: tuple[str, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """How a question ended: the one value that the core returns.

    `text` is Markdown with `[1]` markers that refer to `citations`. `nearest` holds the closest pages with
    NOT_FOUND (at most two), and further ones to see with ANSWERED (at most four). `degraded` holds one line on all
    parts that were down, or nothing. `strong` says that the evidence suffices to speak without having been asked.
    `verified` is the id of the verified answer that this repeats. `more` is False where a detailed answer would say
    nothing else. `audience` is whom a verified answer that cites nothing was written for; None: the question's says
    it. `gap` is False where NOT_FOUND is no fault of the docs: the asker may not see what they say, or nobody asked
    the bot.
    """

    id: str
    outcome: Outcome
    text: str
    citations: tuple[Citation, ...] = ()
    degraded: tuple[str, ...] = ()
    nearest: tuple[Citation, ...] = ()
    strong: bool = False
    usage: tuple[Usage, ...] = ()
    trace: Trace = field(default_factory=Trace)
    verified: str = ""
    more: bool = True
    gap: bool = True
    audience: frozenset[str] | None = None


# --- indexing -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Document:
    """A page as Markdown. `id` is `source:path`; paths are relative to the source's root, with `/`.

    `revision` changes whenever anything of the page changes that the index holds. `titled` is False where
    the title was only made from the file's name: such a title is searched but not embedded, so that
    a rename costs no embedding. `owners` are people to ask, the best first.
    """

    id: str
    source: str
    revision: str
    title: str
    url: str
    text: str
    audience: frozenset[str]
    updated_at: datetime | None = None
    owners: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    language: str = "en"
    titled: bool = True

    @property
    def path(self) -> str:
        """The page's path within its source."""
        return self.id.partition(":")[2]


def narrower(one: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    """Return the audience of those who are in both."""
    if "everyone" in one:
        return other
    return one if "everyone" in other else one & other


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a page. `anchor` is the URL fragment of its nearest heading, without `#`."""

    ordinal: int
    heading: str
    text: str
    anchor: str = ""


@dataclass(frozen=True, slots=True)
class Failure:
    """A page that could not be indexed, and why, in words for an admin. `for_all`: everyone may know of it."""

    name: str
    reason: str
    for_all: bool = False


@dataclass(frozen=True, slots=True)
class WordsKept:
    """How many words the files of a format (`pdf`) hold, by a plain count, and how many of these are in the index."""

    format: str
    held: int
    kept: int


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What one sync of one source did.

    `held_back` deletions wait for an admin's word; `held` are the first of their paths. `failed` pages keep their
    old version, if they had one; `warnings` are of pages that were indexed. `untaken` counts, by their endings, the
    files that no pattern of `include` takes. `unfit` are patterns that fit no page, and `left_out` counts the new
    pages that wait for one that would narrow who sees them. `drafts` and `empty` pages were left out as such.
    `words` says for each format how much of the pages that were read is in the index. `machines` is what was wrong
    with those that were to read them, which this one then did itself.
    """

    source: str
    added: int = 0
    changed: int = 0
    renamed: int = 0
    deleted: int = 0
    unchanged: int = 0
    failed: tuple[Failure, ...] = ()
    held_back: int = 0
    held: tuple[str, ...] = ()
    chunks: int = 0
    embedded: int = 0
    tokens: int = 0
    model: str = ""
    seconds: float = 0.0
    stages: Mapping[str, float] = field(default_factory=dict)
    error: str = ""
    cancelled: bool = False
    warnings: tuple[Failure, ...] = ()
    untaken: Mapping[str, int] = field(default_factory=dict)
    unfit: tuple[str, ...] = ()
    left_out: int = 0
    drafts: int = 0
    words: tuple[WordsKept, ...] = ()
    empty: int = 0
    machines: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a sync is. `total` is None until the source is listed."""

    source: str
    stage: Literal["listing", "indexing", "deleting", "done"]
    done: int = 0
    total: int | None = None
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Pages a second."""
        return self.done / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float | None:
        """Seconds that are left; None until it can be told."""
        return None if self.total is None or self.rate == 0 else (self.total - self.done) / self.rate
