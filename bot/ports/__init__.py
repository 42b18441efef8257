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

from bot.ports.errors import (
    BackendError,
    Corrupt,
    RateLimited,
    ReadOnly,
    Refused,
    Rejected,
    Unauthorized,
    Unavailable,
)
from bot.ports.finding import (
    Embedder,
    Hit,
    IndexedChunk,
    IndexedDocument,
    IndexFormat,
    Nearest,
    Reader,
    Reranker,
    SearchQuery,
    SourceStats,
    Span,
    Store,
    StoreStats,
    Vector,
    Vocabulary,
)
from bot.ports.records import (
    Asked,
    Complaint,
    Failing,
    Feedback,
    Gap,
    Journal,
    Judged,
    Leases,
    Lesson,
    LessonKind,
    Lessons,
    LessonState,
    Rating,
    Recorded,
    Rights,
    Runs,
    RunState,
    Scope,
    SpendingTotals,
    SyncRequest,
    SyncRun,
)
from bot.ports.writing import (
    DETAILED,
    Brief,
    Cited,
    Finished,
    Judge,
    Style,
    StyleExample,
    Writer,
    Wrote,
)

__all__ = [
    "DETAILED",
    "Asked",
    "BackendError",
    "Brief",
    "Cited",
    "Complaint",
    "Corrupt",
    "Embedder",
    "Failing",
    "Feedback",
    "Finished",
    "Gap",
    "Hit",
    "IndexFormat",
    "IndexedChunk",
    "IndexedDocument",
    "Journal",
    "Judge",
    "Judged",
    "Leases",
    "Lesson",
    "LessonKind",
    "LessonState",
    "Lessons",
    "Nearest",
    "RateLimited",
    "Rating",
    "ReadOnly",
    "Reader",
    "Recorded",
    "Refused",
    "Rejected",
    "Reranker",
    "Rights",
    "RunState",
    "Runs",
    "Scope",
    "SearchQuery",
    "SourceStats",
    "Span",
    "SpendingTotals",
    "Store",
    "StoreStats",
    "Style",
    "StyleExample",
    "SyncRequest",
    "SyncRun",
    "Unauthorized",
    "Unavailable",
    "Vector",
    "Vocabulary",
    "Writer",
    "Wrote",
]
