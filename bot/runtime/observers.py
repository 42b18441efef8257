"""Tells metrics and traces what came to an end. Without an observer, telling costs nothing."""

from collections.abc import Callable, Sequence
from typing import Protocol

from bot.model import Answer, SyncReport
from bot.ports import Rating
from bot.runtime.work_context import Work


class Observer(Protocol):
    """Hears what ended. A call must return at once, and raise nothing: whoever tells doesn't wait."""

    def question_ended(
        self, platform: str, outcome: str, seconds: float, answer: Answer, work: Work | None
    ) -> None:
        """A question ended. `outcome` is the answer's in small letters, or one of ours where nothing was answered."""
        ...

    def feedback_given(self, platform: str, verdict: Rating) -> None: ...

    def sync_ended(self, reports: Sequence[SyncReport], work: Work | None) -> None:
        """A run ended in which each of these sources was synced, or should have been."""
        ...


class Observers:
    """Passes what ended on to all observers, and counts the questions that are being answered."""

    def __init__(self) -> None:
        self._all: list[Observer] = []
        self._running: dict[str, Callable[[], int]] = {}

    def add(self, observer: Observer) -> None:
        """Tell this observer everything from now on."""
        self._all.append(observer)

    def count(self, platform: str, running: Callable[[], int]) -> None:
        """Count the platform's questions with `running`, which returns how many are being answered now."""
        self._running[platform] = running

    @property
    def running(self) -> dict[str, int]:
        """The questions that are being answered now, by platform."""
        return {platform: running() for platform, running in self._running.items()}

    def question_ended(
        self, platform: str, outcome: str, seconds: float, answer: Answer, work: Work | None = None
    ) -> None:
        for each in self._all:
            each.question_ended(platform, outcome, seconds, answer, work)

    def feedback_given(self, platform: str, verdict: Rating) -> None:
        for each in self._all:
            each.feedback_given(platform, verdict)

    def sync_ended(self, reports: Sequence[SyncReport], work: Work | None = None) -> None:
        for each in self._all:
            each.sync_ended(reports, work)
