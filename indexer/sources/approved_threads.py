"""Makes pages of questions and answers that people approved in chat."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

_TITLE = 100


@dataclass(frozen=True, slots=True)
class ApprovedPost:
    """A message of a thread, its text Markdown already. `approved`: a human marked or pinned it."""

    author: str
    text: str
    at: datetime
    bot: bool = False
    approved: bool = False


def title(posts: Sequence[ApprovedPost]) -> str:
    """Make a title of the question's first line, or of as much of it as fits."""
    lines = [line.strip(" *_>#") for line in posts[0].text.splitlines() if line.strip(" *_>#")]
    line = lines[0] if lines else f"Message of {posts[0].at:%Y-%m-%d}"
    return line if len(line) <= _TITLE else line[:_TITLE].rsplit(" ", 1)[0] + " …"


def markdown(posts: Sequence[ApprovedPost]) -> str:
    """Write the question, then the approved answers; where none is, all that humans wrote.

    A bot's words are in it only where a human approved them: a bot must not learn from itself.
    """
    question, *rest = posts
    answers = [post for post in rest if post.approved] or [post for post in rest if not post.bot]
    answers = [post for post in answers if post.text.strip()]
    if not answers:
        return question.text
    parts = ["## Question", question.text, "## Answer" if len(answers) == 1 else "## Answers"]
    return "\n\n".join([*parts, *(f"{post.text}\n\n— {post.author}, {post.at:%Y-%m-%d}" for post in answers)])


def revision(posts: Sequence[ApprovedPost]) -> str:
    """Hash what the posts say: the revision changes when the page would."""
    return hashlib.blake2b(markdown(posts).encode(), digest_size=12).hexdigest()


def owners(posts: Sequence[ApprovedPost]) -> tuple[str, ...]:
    """Name who answered; for a message without answers, who wrote it."""
    answers = [post for post in posts[1:] if post.approved and not post.bot]
    answers = answers or [post for post in posts[1:] if not post.bot] or [posts[0]]
    return tuple(dict.fromkeys(post.author for post in answers if post.author))
