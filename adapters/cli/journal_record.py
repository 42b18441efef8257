"""Questions of the command line in the journal."""

import logging

from bot.model import Answer, Question
from bot.opened_records import Records
from bot.ports import Asked, BackendError, Newer, Place, Scope

log = logging.getLogger(__name__)


async def record(records: Records, question: Question, answer: Answer, seconds: float) -> None:
    """Write it down; a journal that is down costs a warning, not the answer. Raises Newer."""
    asked = Asked(answer.id, f"cli:{answer.id}", "cli", Place(), "", question)
    try:
        await records.keep(
            asked, answer, worker=f"cli-{answer.id}", seconds=seconds, scope=Scope("cli", question.audience)
        )
    except Newer:
        raise
    except BackendError as error:
        log.warning("this answer is not in the journal: %s", error)
