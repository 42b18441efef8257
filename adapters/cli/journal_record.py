"""Records questions of the command line in the journal."""

import logging

from bot.model import Answer, Question
from bot.opened_records import Records
from bot.ports import Asked, BackendError, Newer, Place, Scope

log = logging.getLogger(__name__)


async def record(records: Records, question: Question, answer: Answer, seconds: float) -> None:
    """Record the answer. A journal that is down causes a warning only. Raises Newer."""
    asked = Asked(answer.id, f"cli:{answer.id}", "cli", Place(), "", question)
    try:
        await records.keep(
            asked, answer, worker=f"cli-{answer.id}", seconds=seconds, scope=Scope("cli", question.audience)
        )
    except Newer:
        raise
    except BackendError as error:
        log.warning("this answer is not in the journal: %s", error)
