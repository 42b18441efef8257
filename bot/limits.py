"""Holds how long an answer and its parts may take and how much goes into them: the usual bounds, which docent.yaml may change.

Each number stands here alone; `bot.config` has its defaults from here.
"""

from dataclasses import dataclass
from typing import Final

ANSWER_CHARACTERS: Final = 900


@dataclass(frozen=True, slots=True)
class AnswerLimits:
    """Bounds of one answer: seconds, but for `question_characters` and `at_once`.

    A longer question is cut, and the answer says so. `answer` is for everything, `search` for all searches of it,
    `first_token` from a writer's start to its first event; `quoting` is kept for the fallback. A Retry-After of up to
    `patience` is waited for. So many questions are searched for and quoted `at_once`; None: all.
    """

    question_characters: int = 2_000
    answer: float = 60.0
    standalone: float = 8.0
    known: float = 3.0
    search: float = 10.0
    first_token: float = 8.0
    between_tokens: float = 15.0
    quoting: float = 5.0
    patience: float = 3.0
    at_once: int | None = None


@dataclass(frozen=True, slots=True)
class RetrievalLimits:
    """Seconds for the embedder and the reranker, and tokens of all passages together."""

    embed: float = 3.0
    rerank: float = 3.0
    passage_tokens: int = 4_000


ANSWER, RETRIEVAL = AnswerLimits(), RetrievalLimits()
