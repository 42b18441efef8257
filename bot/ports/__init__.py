"""Says what the core needs from others, and how they fail.

BackendError
├── Unavailable        down, too slow, cut off, 5xx; trying again later may help
│   └── RateLimited    says when: `retry_after` seconds
├── Unauthorized       a key is missing, wrong or lacks a right
├── Rejected           the request will never be accepted as it is (bad configuration, schema, too old)
│   └── Newer          a newer Docent wrote what is stored: this one leaves it alone, and stops
├── Refused            the model declined to answer
├── ReadOnly           reads work, writes don't (a full disk)
└── Corrupt            the stored data can't be read; `remedy` names the command that mends it

Backends raise these only; whoever catches one decides by its type and shows `str(error)`: one sentence for
people, without secrets, headers, bodies, questions or documents. Bugs are not caught.
"""

from bot.ports.errors import (
    BackendError,
    Corrupt,
    Newer,
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
    Loadable,
    Narrowing,
    Nearest,
    Reader,
    Reranker,
    SearchQuery,
    SourceStats,
    Span,
    Store,
    StoredPage,
    StoreStats,
    Vector,
    Vocabulary,
)
from bot.ports.helping import HelpRequest, Tickets
from bot.ports.lessons import Lesson, LessonKind, Lessons, LessonState
from bot.ports.people import Forgetting, Forgotten, Someone
from bot.ports.questions import (
    Asked,
    Complaint,
    Feedback,
    Gap,
    Journal,
    Judged,
    Lookback,
    Place,
    QuestionFilter,
    Rating,
    Recorded,
    Rights,
    Scope,
    SpendingTotals,
)
from bot.ports.syncs import (
    SCHEDULE,
    Failing,
    Leases,
    RunMessage,
    RunMessages,
    Runs,
    RunState,
    SyncRequest,
    SyncRun,
)
from bot.ports.writing import (
    DETAILED,
    Brief,
    Cited,
    Finished,
    Judge,
    PictureReader,
    Style,
    StyleExample,
    Waiting,
    Writer,
    Wrote,
)

__all__ = [
    "DETAILED",
    "SCHEDULE",
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
    "Forgetting",
    "Forgotten",
    "Gap",
    "HelpRequest",
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
    "Loadable",
    "Lookback",
    "Narrowing",
    "Nearest",
    "Newer",
    "PictureReader",
    "Place",
    "QuestionFilter",
    "RateLimited",
    "Rating",
    "ReadOnly",
    "Reader",
    "Recorded",
    "Refused",
    "Rejected",
    "Reranker",
    "Rights",
    "RunMessage",
    "RunMessages",
    "RunState",
    "Runs",
    "Scope",
    "SearchQuery",
    "Someone",
    "SourceStats",
    "Span",
    "SpendingTotals",
    "Store",
    "StoreStats",
    "StoredPage",
    "Style",
    "StyleExample",
    "SyncRequest",
    "SyncRun",
    "Tickets",
    "Unauthorized",
    "Unavailable",
    "Vector",
    "Vocabulary",
    "Waiting",
    "Writer",
    "Wrote",
]
