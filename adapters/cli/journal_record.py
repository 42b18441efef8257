"""Questions of the command line in the journal."""

import logging

from bot.model import Answer, Question
from bot.ports import Asked, BackendError, Journal, Scope

log = logging.getLogger(__name__)


async def record(journal: Journal, question: Question, answer: Answer, seconds: float) -> None:
    """Write it down; a journal that is down costs a warning, not the answer."""
    asked = Asked(answer.id, f"cli:{answer.id}", "cli", "", "", question)
    try:
        await journal.accept(asked, worker=f"cli-{answer.id}")
        scope = Scope("cli", question.audience)
        await journal.finish(answer.id, answer, seconds=seconds, scope=scope)
    except BackendError as error:
        log.warning("this answer is not in the journal: %s", error)
