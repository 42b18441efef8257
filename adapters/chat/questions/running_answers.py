"""Holds the answers that are under way in this process."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from adapters.chat.questions.answer_run import EDITED, AnswerRun
from adapters.chat.questions.reply import Reply
from bot.ports import Asked

_CANCELLED_WITHIN = 2.0  # seconds


@dataclass(frozen=True, slots=True)
class Running:
    """A question that is being answered, and where."""

    asked: Asked
    reply: Reply
    task: asyncio.Task[None]


class RunningAnswers:
    """Starts answers in the background, finds them by their message, cancels them and waits for them."""

    def __init__(self, run: AnswerRun) -> None:
        self._run = run
        self._running: dict[str, Running] = {}

    def __len__(self) -> int:
        return len(self._running)

    def start(self, asked: Asked, reply: Reply) -> None:
        """Answer a question in the background."""
        task = asyncio.create_task(self._run.run(asked, reply), name=f"answer {asked.id}")
        self._running[asked.key] = Running(asked, reply, task)
        task.add_done_callback(lambda _: self._running.pop(asked.key, None))

    def all(self) -> list[Running]:
        """Return each answer that is under way now."""
        return list(self._running.values())

    def to_message(self, key: str) -> list[Running]:
        """Return the answers to a message and to its edits, by the key of any of them."""
        return [one for one in self.all() if _message(one.asked.key) == _message(key)]

    async def cancel(self, running: Running) -> None:
        """Stop an answer. What is shown of it stays."""
        running.task.cancel()
        await asyncio.wait([running.task])

    async def ended(self, question_id: str, within: float) -> None:
        """Wait up to `within` seconds for an answer to be shown and recorded."""
        await self._wait((one for one in self.all() if one.asked.id == question_id), within)

    async def finish(self, grace: float) -> None:
        """Wait up to `grace` seconds for all answers, then cancel the rest."""
        await self._wait(self.all(), grace)
        late = self.all()
        for one in late:
            one.task.cancel()
        await self._wait(late, _CANCELLED_WITHIN)

    async def _wait(self, answers: Iterable[Running], seconds: float) -> None:
        tasks = [one.task for one in answers]
        if tasks:
            await asyncio.wait(tasks, timeout=seconds)


def _message(key: str) -> str:
    return key.partition(EDITED)[0]
