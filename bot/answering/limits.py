"""How long an answer and its stages may take, and how many are made at once."""

from dataclasses import dataclass

from bot.text.questions import question_text


@dataclass(frozen=True, slots=True)
class AnswerLimits:
    """Bounds of one answer: seconds, but for `question_characters` and `at_once`.

    A longer question is cut, and the answer says so. `answer` is for everything, `search` for all searches of it,
    `first_token` from a writer's start to its first event; `quoting` is kept for the fallback.
    """

    question_characters: int = question_text.LIMIT
    answer: float = 60.0
    standalone: float = 8.0
    known: float = 3.0
    search: float = 10.0
    first_token: float = 8.0
    between_tokens: float = 15.0
    quoting: float = 5.0
    patience: float = 3.0  # a Retry-After up to which a rate limit is waited for
    at_once: int | None = None  # questions that are searched for and quoted at a time; None: all
