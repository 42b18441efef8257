"""Whoever wants to hear what came to an end: metrics, traces. Without any, telling costs nothing."""

from collections.abc import Callable, Sequence
from typing import Protocol

from bot.model import Answer, SyncReport
from bot.ports import Rating
from bot.runtime.work_context import Work


class Observer(Protocol):
    """Hears at once what it must not keep anybody from: no call waits, and none raises."""

    def question_ended(
        self, platform: str, outcome: str, seconds: float, answer: Answer, work: Work | None
    ) -> None:
        """`outcome` is the answer's in small letters, or one of ours where nothing was answered."""
        ...

    def feedback_given(self, platform: str, verdict: Rating) -> None: ...

    def sync_ended(self, reports: Sequence[SyncReport], work: Work | None) -> None:
        """A run in which each of these sources was synced, or should have been."""
        ...


class Observers:
    """All who listen, as one; and who can say how many questions are being answered."""

    def __init__(self) -> None:
        self._all: list[Observer] = []
        self._running: dict[str, Callable[[], int]] = {}

    def add(self, observer: Observer) -> None:
        """It hears everything from now on."""
        self._all.append(observer)

    def count(self, platform: str, running: Callable[[], int]) -> None:
        """`running` says how many questions of the platform are being answered; the last one named counts."""
        self._running[platform] = running

    @property
    def running(self) -> dict[str, int]:
        """Questions that are being answered now, by platform."""
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
